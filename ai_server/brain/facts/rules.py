"""Finds facts in what people say, by the rules of `config/facts/`: few, and sure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import product
from pathlib import Path
from string import Template
from typing import Generic, TypeVar

from ai_server.brain.facts.readings import Reading, Readings
from ai_server.brain.facts.rulefile import Keep, Query, Rule, RuleFile, load_rules
from ai_server.brain.intent.phrases import Automaton, Match
from ai_server.brain.intent.words import Spoken, Words
from ai_server.configfile import config_files
from ai_server.memory.facts import NOTE, USER, Fact, NewFact, is_single_valued

_Group = TypeVar("_Group", Rule, Query)

_SURE = 0.95
_FOUND = 0.6
_OF_VALUE = frozenset({"value", "value_said", "value_noun"})
_MOST_CHARACTERS = 1000
"""In longer utterances somebody reads something out, or tells a story."""

_MOST_PARTS = 6
_MOST_WORDS_OF_QUERY = 20
_SENTENCE = re.compile(r"(?:[^.!?;\n]|\.(?=\S)|(?<=\d)\.(?=\s+\w))+[.!?;\n]*")
"""The dot in "3.5", or after the day in "am 3. Mai", ends no sentence."""

_QUOTES = re.compile('["“”„«»]')
_SEPARATOR = re.compile(r"[,:–—]")  # noqa: RUF001


class FactRules:
    """The rules of all languages.

    Args:
        languages: by their primary tags of BCP 47.
    """

    def __init__(self, languages: Mapping[str, RuleFile]) -> None:
        self._languages = {language: _Language(language, rules) for language, rules in languages.items()}

    @classmethod
    def load(cls, folder: Path) -> FactRules:
        """Read `config/facts/`, a file for each language: `en.yaml`.

        Raises:
            ConfigError: if a file is wrong; it names the file, the line and what is wrong there.
        """
        return cls({path.stem: load_rules(path) for path in config_files(folder, ".yaml", ".yml")})

    def extract(self, words: str, language: str, now: datetime) -> tuple[NewFact, ...]:
        """Return the facts in what somebody says; what they ask to remember is among them.

        It takes less than a millisecond for most utterances. Nothing is found in a language without a file.

        Args:
            words: what was said.
            language: a primary tag of BCP 47.
            now: in the time zone of the person; what "tomorrow" counts from.
        """
        rules = self._languages.get(language)
        return rules.extract(words, now) if rules and len(words) <= _MOST_CHARACTERS else ()

    def remembered(self, words: str, language: str, now: datetime) -> tuple[NewFact, ...]:
        """Return what somebody asks to remember, among the rest of it; nothing where they ask no such thing."""
        rules = self._languages.get(language)
        return rules.remembered(words, now) if rules and len(words) <= _MOST_CHARACTERS else ()

    def queries(self, words: str, language: str, now: datetime) -> tuple[FactQuery, ...]:
        """Return which facts somebody may be asking for, the likeliest first."""
        rules = self._languages.get(language)
        return rules.queries(words, now) if rules and len(words) <= _MOST_CHARACTERS else ()

    def told(self, statement: str, language: str, now: datetime) -> tuple[NewFact, ...]:
        """Return what there is to remember of a statement: what rules find, and a note of it all unless that is all."""
        rules = self._languages.get(language)
        return rules.told(statement, now) if rules else (_noted(statement),)

    def tellable(self, language: str) -> tuple[str, ...]:
        """Return the kinds of facts that `state` can put in words of a language."""
        rules = self._languages.get(language)
        return tuple(sorted(rules.tellable)) if rules else ()

    def state(self, who: str, kind: str, value: str, language: str, now: datetime) -> NewFact | None:
        """Return a fact of what somebody else than a rule has found; None where it cannot be put in words.

        Args:
            who: `user`, or in the person's words whom it is about: "my brother Tom".
            kind: one of `tellable`.
            value: in the person's words.
            language: a primary tag of BCP 47.
            now: as of `extract`.
        """
        rules = self._languages.get(language)
        return rules.state(who, kind, value, now) if rules else None

    def to_forget(self, words: str, language: str) -> str:
        """Return what somebody asks to forget; empty where they ask no such thing."""
        rules = self._languages.get(language)
        return rules.to_forget(words) if rules else ""

    def is_oneself(self, words: str, language: str) -> bool:
        """Say whether words begin with who speaks: "me, please"."""
        rules = self._languages.get(language)
        return rules is not None and rules.is_oneself(words)

    def content_words(self, words: str, language: str) -> str:
        """Return those of the words that tell what it is about: none such as "the", "my" or "it"."""
        rules = self._languages.get(language)
        return rules.content_words(words) if rules else words

    def begins_lower(self, text: str, language: str) -> str:
        """Return a sentence to tell back as it goes on in another: its first letter is small, but that of a name."""
        rules = self._languages.get(language)
        return rules.begins_lower(text) if rules else text


@dataclass(frozen=True, slots=True)
class FactQuery:
    """Which facts somebody asks for.

    Attributes:
        kinds: any of these.
        subject: whom or what they are about.
        value: what they must say; empty for whatever that is.
    """

    kinds: frozenset[str]
    subject: str = USER
    value: str = ""

    def answers(self, known: Iterable[Fact]) -> list[Fact]:
        """Return those of the facts, the newest first, that answer it; of what has one value, the newest alone."""
        found: dict[object, Fact] = {}
        for fact in known:
            if fact.kind in self.kinds and self._is_about(fact) and self._says(fact):
                found.setdefault((fact.subject, fact.kind) if is_single_valued(fact.kind) else fact.id, fact)
        return list(found.values())

    def _is_about(self, fact: Fact) -> bool:
        subject, wanted = fact.subject.casefold(), self.subject.casefold()
        return subject == wanted or subject.startswith(f"{wanted} ") or subject.endswith(f" {wanted}")

    def _says(self, fact: Fact) -> bool:
        wanted, said = stems(self.value), stems(fact.value)
        return wanted <= said or (wanted >= said and bool(said))


@dataclass(frozen=True, slots=True)
class _Clause:
    """A part of a sentence: where it may begin, and where it may end."""

    starts: Sequence[int]
    ends: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Found:
    facts: tuple[NewFact, ...]
    start: int
    end: int


class _Language:
    def __init__(self, language: str, rules: RuleFile) -> None:
        self._rules = rules
        self._words = Words(rules.spellings)
        self.readings = Readings(language, rules, self._words)
        self._said = _Phrases([rule for rule in rules.facts if not rule.told], rules, self._words)
        self._told = _Phrases([rule for rule in rules.facts if rule.told], rules, self._words)
        self._forget = self._automaton(rules.forget)
        self._asked_for = _Phrases(rules.queries, rules, self._words)
        self._before = self._automaton(rules.before)
        self._after = self._automaton(rules.after)
        self._never = self._automaton(rules.never)
        self._taken_back = self._automaton(rules.taken_back)
        remember = rules.remember
        self._strictly = self._automaton(remember.strictly)
        self._loosely = self._automaton(remember.loosely)
        self._for_all = self._automaton(remember.for_all)
        self.tellable = {
            rule.kind: rule for rule in reversed(rules.facts) if rule.tell and _placeholders(rule.tell) <= _OF_VALUE
        }
        self._empty = frozenset(
            word
            for each in (*rules.no_value, *rules.articles, *rules.flip, *rules.joining, *rules.empty)
            for word in self._words.of(each)
        )
        self._pairs = frozenset(" ".join(self._words.of(pair)) for pair in rules.pairs)
        self._small = {told.split()[0].casefold() for told in rules.flip.values()} | rules.articles

    def extract(self, text: str, now: datetime) -> tuple[NewFact, ...]:
        if _QUOTES.search(text):
            return ()
        if asked := self.remembered(text, now):
            return asked
        facts, _ = self._facts(text, now, (self._said,))
        return facts

    def remembered(self, text: str, now: datetime) -> tuple[NewFact, ...]:
        spoken = self._words.spoken(text)
        if text.rstrip().endswith("?") or not spoken.words:
            return ()
        for automaton, is_for_all in ((self._for_all, True), (self._strictly, False)):
            if (rest := self._rest(automaton, spoken)) is not None:
                facts = self.told(rest, now) if self._is_note(rest) else ()
                return tuple(replace(fact, household=is_for_all) for fact in facts)
        rest = self._rest(self._loosely, spoken)
        return self._stated(rest, now)[0] if rest else ()

    def told(self, statement: str, now: datetime) -> tuple[NewFact, ...]:
        facts, is_all = self._stated(statement, now)
        return facts if is_all else (self._note(statement), *facts)

    def queries(self, text: str, now: datetime) -> tuple[FactQuery, ...]:
        spoken = self._words.spoken(text)
        if not 0 < len(spoken.words) <= _MOST_WORDS_OF_QUERY:
            return ()
        found: dict[FactQuery, None] = {}
        starts, ends = self._starts(spoken.words, 0), self._ends(spoken.words, len(spoken.words))
        for _, match in self._asked_for.matches(spoken.words, starts, ends):
            query, _ = self._asked_for.group(match)
            readings = {
                filled.slot.name or filled.slot.kind: self.readings.read(
                    filled.slot.kind, spoken, filled.start, filled.end, now
                )
                for filled in match.filled
            }
            if all(readings.values()):
                found[_query(query, {name: reading for name, reading in readings.items() if reading})] = None
        return tuple(found)

    def state(self, who: str, kind: str, value: str, now: datetime) -> NewFact | None:
        rule, spoken, words = self.tellable.get(kind), self._words.spoken(value), self._words.spoken(who)
        if rule is None or not spoken.words:
            return None
        read = self.readings.value(spoken, 0, len(spoken.words), now)
        if read is None:
            return None
        values = {"value": read.value, "value_said": read.said, "value_noun": read.noun}
        if who == USER:
            text = Template(rule.tell).substitute(values)
            return NewFact(USER, kind, read.value, _capital(text), _FOUND, "model")
        about = self.readings.who(words, 0, len(words.words), now)
        if about is None or not rule.tell_others:
            return None
        text = Template(rule.tell_others).safe_substitute(values, who_said=about.said)
        return NewFact(about.value, kind, read.value, _capital(text), _FOUND, "model")

    def to_forget(self, text: str) -> str:
        return self._rest(self._forget, self._words.spoken(text)) or ""

    def is_oneself(self, text: str) -> bool:
        return bool(words := self._words.of(text)) and words[0] in self._rules.oneself

    def content_words(self, text: str) -> str:
        spoken = self._words.spoken(text)
        content = [at for at, word in enumerate(spoken.words) if word not in self._empty]
        return " ".join(dict.fromkeys(spoken.stretch(at, at + 1) for at in content))

    def begins_lower(self, text: str) -> str:
        first = text.partition(" ")[0]
        return text[:1].lower() + text[1:] if first.casefold() in self._small else text

    def _automaton(self, templates: Iterable[str]) -> Automaton:
        return Automaton.of(templates, self._rules.lists, self._words.of, self._rules.kinds)

    def _rest(self, automaton: Automaton, spoken: Spoken) -> str | None:
        """Return what follows on one of the templates at the beginning; None where there is none, or nothing."""
        for start in self._starts(spoken.words, 0):
            for match in reversed(automaton.matches(spoken.words, start)):
                if match.end < len(spoken.words):
                    return spoken.text[spoken.starts[match.end] :].strip()
        return None

    def _is_note(self, statement: str) -> bool:
        words = self._words.of(statement)
        return len(words) > 1 and words[0] not in self._rules.remember.no_note

    def _stated(self, statement: str, now: datetime) -> tuple[tuple[NewFact, ...], bool]:
        """Return the facts in what somebody asks to remember, and whether they are all of it."""
        facts, is_all = self._facts(statement, now, (self._said, self._told))
        return tuple(replace(fact, source="told", confidence=1.0) for fact in facts), is_all

    def _note(self, statement: str) -> NewFact:
        return replace(_noted(statement), text=self._told_back(statement))

    def _told_back(self, statement: str) -> str:
        statement = statement.strip().rstrip(".!")
        if not self._rules.notes_quoted and self._rules.unflippable.isdisjoint(self._words.of(statement)):
            return f"{_capital(self.readings.told_back(statement))}."
        return Template(self._rules.quoted).substitute(said=statement)

    def _facts(self, text: str, now: datetime, phrases: Sequence[_Phrases[Rule]]) -> tuple[tuple[NewFact, ...], bool]:
        """Return the facts in a text, and whether each part of it is one."""
        if _has(self._taken_back, self._words.of(text)):
            return (), False
        facts: dict[tuple[str, str, str], NewFact] = {}
        is_all = True
        for sentence in _SENTENCE.findall(text):
            found = [] if "?" in sentence else self._of_sentence(sentence, now, phrases)
            is_all &= bool(found) and all(found)
            for fact in (fact for each in found for fact in each):
                facts.setdefault((fact.subject, fact.kind, fact.value.casefold()), fact)
        return tuple(facts.values()), is_all

    def _of_sentence(
        self, sentence: str, now: datetime, phrases: Sequence[_Phrases[Rule]]
    ) -> list[tuple[NewFact, ...]]:
        """Return the facts in each clause of a sentence; none at all where something in it calls them in question."""
        spoken = self._words.spoken(sentence)
        clauses = [self._of_clause(clause, spoken, now, phrases) for clause in self._clauses(spoken)]
        found = [each for each in clauses if each]
        covered = {at for each in found for at in range(each.start, each.end)}
        apart = ["" if at in covered else word for at, word in enumerate(spoken.words)]
        return [] if _has(self._never, apart) else [each.facts if each else () for each in clauses]

    def _of_clause(
        self, clause: _Clause, spoken: Spoken, now: datetime, several: Sequence[_Phrases[Rule]]
    ) -> _Found | None:
        for phrases in several:
            for start, match in phrases.matches(spoken.words, clause.starts, clause.ends):
                rule, is_others = phrases.group(match)
                if facts := self._kept(rule, match, spoken, now, is_others=is_others):
                    return _Found(facts, start, match.end)
        return None

    def _clauses(self, spoken: Spoken) -> Iterator[_Clause]:
        words = spoken.words
        starts = [0, *(at for at in range(1, len(words)) if self._begins_clause(spoken, at))]
        for number, start in enumerate(starts):
            end = starts[number + 1] if number + 1 < len(starts) else len(words)
            while end > start + 1 and end < len(words) and words[end - 1] in self._rules.joining:
                end -= 1
            yield _Clause(self._starts(words, start), self._ends(words, end))

    def _begins_clause(self, spoken: Spoken, at: int) -> bool:
        if spoken.words[at] not in self._rules.beginning:
            return False
        between = spoken.text[spoken.ends[at - 1] : spoken.starts[at]]
        return spoken.words[at - 1] in self._rules.joining or bool(_SEPARATOR.search(between))

    def _starts(self, words: Sequence[str], first: int) -> list[int]:
        starts = {first}
        for start in range(first, len(words)):
            if start in starts:
                starts.update(match.end for match in self._before.matches(words, start))
        return sorted(starts)

    def _ends(self, words: Sequence[str], last: int) -> frozenset[int]:
        ends = {last}
        for end in reversed(range(last)):
            if next(self._after.fillings(words[:last], end, ends), None):
                ends.add(end)
        return frozenset(ends)

    def _kept(self, rule: Rule, match: Match, spoken: Spoken, now: datetime, *, is_others: bool) -> tuple[NewFact, ...]:
        readings: dict[str, list[Reading]] = {}
        for filled in match.filled:
            stretches = self._parts(spoken, filled.start, filled.end) if rule.several else [(filled.start, filled.end)]
            read = [self.readings.read(filled.slot.kind, spoken, *stretch, now) for stretch in stretches]
            if not all(read):
                return ()
            readings[filled.slot.name or filled.slot.kind] = [each for each in read if each]
        statement = spoken.stretch(match.filled[0].start if rule.told else 0, match.end)
        return tuple(
            self._fact(keep, dict(zip(readings, chosen, strict=True)), statement)
            for chosen in product(*readings.values())
            for keep in rule.keeps(is_others=is_others)
        )

    def _parts(self, spoken: Spoken, start: int, end: int) -> list[tuple[int, int]]:
        """Return the stretches of an enumeration; "black and white" is one thing."""
        parts, words = [(start, start)], spoken.words
        for at in range(start + 1, end):
            between = spoken.text[spoken.ends[at - 1] : spoken.starts[at]]
            if words[at] in self._rules.enumerating:
                if " ".join(words[at - 1 : at + 2]) not in self._pairs:
                    parts.append((at, at + 1))
            elif "," in between and words[at - 1] not in self._rules.enumerating:
                parts.append((at, at))
        ends = [*(before for before, _ in parts[1:]), end]
        return [(first, last) for (_, first), last in zip(parts, ends, strict=True)][:_MOST_PARTS]

    def _fact(self, keep: Keep, readings: Mapping[str, Reading], statement: str) -> NewFact:
        values = {"names": "name"}
        for name, reading in readings.items():
            values |= {name: reading.value, f"{name}_said": reading.said, f"{name}_noun": reading.noun}
        if (who := readings.get("who")) and who.noun not in self._rules.only:
            values["names"] = "names"
        text = _capital(Template(keep.tell).substitute(values)) if keep.tell else self._told_back(statement)
        kind, subject, value = (Template(each).substitute(values) for each in (keep.kind, keep.subject, keep.value))
        return NewFact(subject, kind, value, text, _SURE, "rule")


class _Phrases(Generic[_Group]):
    """The phrases of rules or of queries, as an automaton."""

    def __init__(self, groups: Sequence[_Group], content: RuleFile, words: Words) -> None:
        said = [
            (group, is_others, phrase)
            for group in groups
            for is_others, phrases in ((False, group.phrases), (True, group.others))
            for phrase in phrases
        ]
        self._groups: list[tuple[_Group, bool]] = [(group, is_others) for group, is_others, _ in said]
        self._automaton = Automaton.of((phrase for *_, phrase in said), content.lists, words.of, content.kinds)

    def group(self, match: Match) -> tuple[_Group, bool]:
        """Return the rule or the query of a match, and whether it is of somebody else."""
        return self._groups[match.rule]

    def matches(self, words: Sequence[str], starts: Iterable[int], ends: frozenset[int]) -> list[tuple[int, Match]]:
        """Return the ways in which phrases stand between one of the starts and one of the ends, the best first."""
        found = [(start, match) for start in starts for match in self._automaton.fillings(words, start, ends)]
        return sorted(found, key=lambda each: (each[1].rule, each[1].end, -each[0]))


def _placeholders(template: str) -> set[str]:
    return set(Template(template).get_identifiers())


def stems(text: str) -> set[str]:
    """Return the words of a text in small letters, without the sign of a plural, so that others compare with them."""
    return {word.strip(".,;:!?").removesuffix("s") for word in text.casefold().split()}


def _query(query: Query, readings: Mapping[str, Reading]) -> FactQuery:
    nouns = {name: reading.noun or reading.value for name, reading in readings.items()}
    subject = readings["who"].value if "who" in readings else nouns.get("subject", USER)
    return FactQuery(
        kinds=frozenset(Template(kind).substitute(nouns) for kind in query.kinds),
        subject=subject,
        value=readings["value"].value if "value" in readings else "",
    )


def _has(automaton: Automaton, words: Sequence[str]) -> bool:
    return any(automaton.matches(words, start) for start in range(len(words)))


def _noted(statement: str) -> NewFact:
    statement = statement.strip().rstrip(".!")
    return NewFact(NOTE, NOTE, statement, f"{_capital(statement)}.", 1.0, "told")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
