"""What people want remembered, ask back, and want forgotten."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta

import structlog

from ai_server.bounded import Newest
from ai_server.brain.facts.rules import FactQuery, FactRules, stems
from ai_server.brain.skills.parts import Parts
from ai_server.brain.skills.skill import Answer, Question, Skill
from ai_server.brain.skills.tool import NOTHING, number_of, takes, text, words_of
from ai_server.memory.facts import NOTE, USER, Fact, NewFact
from ai_server.memory.privacy.selection import Selection
from ai_server.memory.storage.database import DatabaseError

log = structlog.get_logger(__name__)

_LONGEST = 400
_MOST_TOLD = 12
"""So much is told of what is known: a person listens to it."""

_YES_LASTS = timedelta(seconds=60)
_MOST_ASKED = 1024
"""Of more people, the question that was asked first is let go."""

_LEAST_OF_NOTE = 2
"""Fewer words in common with a question are chance."""

_OF_ITS_SUBJECT = frozenset({"is", "location", "when"})
"""The kinds of facts that people know by what they are about, and the others by what they say."""


def skills(parts: Parts) -> Iterable[Skill]:
    """Return the skills of this module."""
    return RememberFact(parts), RecallFact(parts), Forget(parts)


class RememberFact:
    """Keeps what somebody asks to remember."""

    name = "remember_fact"
    description = "Remember for good what the person wants remembered."
    intents = frozenset({"fact_remember"})
    parameters = takes("statement", statement=text("what to remember, as the person said it", _LONGEST))

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def knows(self, question: Question) -> bool:
        """Say whether there is something to remember in what was said."""
        return bool(self._found(question))

    async def answer(self, question: Question) -> Answer:
        """Keep it, and say so."""
        sayings, language, rules = self._parts.sayings(), question.language, self._parts.fact_rules()
        facts = self._found(question)
        if not facts:
            return Answer(sayings.say(language, "memories.unclear"))
        try:
            await self._parts.facts.add(question.device_id, question.user_id, facts, at=question.now)
        except DatabaseError as error:
            log.error("a fact cannot be stored", device_id=question.device_id, reason=str(error))  # noqa: TRY400
            return Answer(sayings.say(language, "memories.not_kept"), "sad")
        said = facts[:1] if facts[0].kind == NOTE else facts  # a note says all that was said
        told = dict.fromkeys(rules.begins_lower(fact.text.rstrip("."), language) for fact in said)
        key = "memories.kept_for_all" if facts[0].household else "memories.kept"
        return Answer(sayings.say(language, key, fact=sayings.form(language).listing(told)), "happy")

    def _found(self, question: Question) -> tuple[NewFact, ...]:
        rules = self._parts.fact_rules()
        if statement := words_of(question, "statement")[:_LONGEST]:
            return rules.told(statement, question.language, question.now)
        return rules.remembered(question.text, question.language, question.now)


class RecallFact:
    """Answers what somebody asks where a fact answers it; it is no answer to anything else."""

    name = "recall_fact"
    description = ""
    intents = frozenset({"fact_query"})
    parameters = NOTHING

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._known = Newest[Selection, tuple[datetime, list[Fact]]](_MOST_ASKED)
        """What was known at the moment of a question, so that it is read once to answer it."""

    async def knows(self, question: Question) -> bool:
        """Say whether a fact answers it, or it asks for all of them."""
        if question.intent in self.intents:
            return True
        queries = self._queries(question)
        if not queries:
            return False
        known = await _known(self._parts, question)
        self._known[_whose(question)] = question.now, known
        return bool(self._answers(question, queries, known))

    async def answer(self, question: Question) -> Answer:
        """Tell the facts that answer it; of all of them the newest, and what the person is called."""
        at, known = self._known.pop(_whose(question), (None, []))
        if at != question.now:
            known = await _known(self._parts, question)
        found = self._answers(question, self._queries(question), known)
        told = " ".join(dict.fromkeys(fact.text for fact in found[:_MOST_TOLD]))
        return Answer(told or self._everything(question, known))

    def _everything(self, question: Question, known: Sequence[Fact]) -> str:
        sayings, language = self._parts.sayings(), question.language
        name = self._parts.names.person(question.device_id, question.user_id)
        told = [sayings.say(language, "names.person", name=name)] if name else []
        told += [fact.text for fact in known[:_MOST_TOLD]]
        if len(known) > _MOST_TOLD:
            told.append(sayings.say(language, "memories.more", count=len(known) - _MOST_TOLD))
        return " ".join(dict.fromkeys(told)) or sayings.say(language, "memories.nothing")

    def _queries(self, question: Question) -> tuple[FactQuery, ...]:
        return self._parts.fact_rules().queries(question.text, question.language, question.now)

    def _answers(self, question: Question, queries: Sequence[FactQuery], known: Sequence[Fact]) -> list[Fact]:
        if not queries:
            return []
        asked = self._parts.fact_rules().content_words(question.text, question.language)
        return next(filter(None, (query.answers(known) for query in queries)), []) or _notes_on(asked, known)


class Forget:
    """Forgets what somebody wants forgotten, once the turn is over; everything only after a yes within a minute."""

    name = "forget"
    description = ""
    intents = frozenset({"fact_forget"})
    parameters = NOTHING

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._asked = Newest[Selection, datetime](_MOST_ASKED)

    async def knows(self, question: Question) -> bool:
        """Say whether it is clear what is to be forgotten."""
        return self._is_everything(question) or _span(question) is not None or bool(self._about(question))

    async def answer(self, question: Question) -> Answer:
        """Promise it, without a word of what it is; of everything, ask whether to."""
        sayings, language = self._parts.sayings(), question.language
        whose = _whose(question)
        if self._is_everything(question):
            return self._everything(question, whose)
        if span := _span(question):
            return await self._promise(question, [replace(whose, since=span[0], until=span[1])])
        facts = _meant(self._parts.fact_rules(), question, await _known(self._parts, question))
        about = self._about(question)
        ids: defaultdict[str, set[int]] = defaultdict(set)
        for fact in facts:
            ids[_named(fact) or about].add(fact.id)
        if not ids:
            ids[about] = set()
        if "" in ids:
            return Answer(sayings.say(language, "memories.unclear"))
        return await self._promise(
            question, [replace(whose, about=each, facts=frozenset(those)) for each, those in ids.items()]
        )

    async def _promise(self, question: Question, forgets: Sequence[Selection]) -> Answer:
        """Promise to forget something, also where there was nothing of it but what was said just now."""
        try:
            is_there = any([await self._parts.is_remembered(each) for each in forgets])
        except DatabaseError as error:
            log.error("what is to be forgotten cannot be read", device_id=question.device_id, reason=str(error))  # noqa: TRY400
            is_there = True  # it is erased, or the robot is told that it is not
        key = "memories.forgotten" if is_there else "memories.nothing_to_forget"
        return Answer(self._parts.sayings().say(question.language, key), forgets=tuple(forgets))

    def _is_everything(self, question: Question) -> bool:
        about = words_of(question, "about")
        return (
            "all" in question.slots
            or "choice" in question.slots
            or self._parts.fact_rules().is_oneself(about, question.language)
        )

    def _everything(self, question: Question, whose: Selection) -> Answer:
        """Ask whether to forget everything, or do what was asked before; nothing else than a yes soon after does it."""
        sayings, language = self._parts.sayings(), question.language
        asked, choice = self._asked.pop(whose, None), words_of(question, "choice")
        if choice == "no":
            return Answer(sayings.say(language, "memories.kept_all"))
        if choice == "yes" and asked and timedelta(0) <= question.now - asked <= _YES_LASTS:
            return Answer(sayings.say(language, "memories.forgotten_all"), forgets=(whose,))
        self._asked[whose] = question.now
        return Answer(sayings.say(language, "memories.forget_all"), choices=("yes", "no"))

    def _about(self, question: Question) -> str:
        """Return the words that tell what is to be forgotten."""
        if words_of(question, "what") == "name":
            return self._parts.names.person(question.device_id, question.user_id) or ""
        rules, language = self._parts.fact_rules(), question.language
        return rules.content_words(words_of(question, "about") or rules.to_forget(question.text, language), language)


def _whose(question: Question) -> Selection:
    return Selection(question.device_id, question.user_id or "")


async def _known(parts: Parts, question: Question) -> list[Fact]:
    try:
        return await parts.facts.known(question.device_id, question.user_id)
    except DatabaseError as error:
        log.error("what is known cannot be read", device_id=question.device_id, reason=str(error))  # noqa: TRY400
        return []


def _notes_on(asked: str, known: Iterable[Fact]) -> list[Fact]:
    """Return the notes that have all the words of a question, but for what it asks with."""
    words = stems(asked)
    if len(words) < _LEAST_OF_NOTE:
        return []
    return [fact for fact in known if fact.kind == NOTE and words <= stems(fact.value)]


def _span(question: Question) -> tuple[datetime, datetime] | None:
    """Return between which moments everything is to be forgotten; None where that is not what is wanted."""
    now, seconds, day = question.now, number_of(question, "duration"), words_of(question, "date")
    if seconds and seconds > 0:
        return now - timedelta(seconds=seconds), now
    if not day:
        return None
    midnight = datetime.combine(date.fromisoformat(day), time(), now.tzinfo)
    return (midnight, min(midnight + timedelta(days=1), now)) if midnight < now else None


def _meant(rules: FactRules, question: Question, known: Sequence[Fact]) -> list[Fact]:
    """Return the facts that somebody wants forgotten: those that they state, or those that answer what they say."""
    statement = rules.to_forget(question.text, question.language)
    if not statement or "about" in question.slots:
        return []
    told = {(fact.subject, fact.kind, fact.value.casefold()) for fact in rules.told(statement, *_spoken(question))}
    stated = [fact for fact in known if (fact.subject, fact.kind, fact.value.casefold()) in told]
    queries = rules.queries(statement, *_spoken(question))
    return stated or next(filter(None, (query.answers(known) for query in queries)), [])


def _named(fact: Fact) -> str:
    """Return what a fact is found by, where it is spoken of; empty for a figure, which is said in many ways."""
    if fact.subject != USER and fact.kind in _OF_ITS_SUBJECT:
        return fact.subject
    return fact.value if any(map(str.isalpha, fact.value)) else ""


def _spoken(question: Question) -> tuple[str, datetime]:
    return question.language, question.now
