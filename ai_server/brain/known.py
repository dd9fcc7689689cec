"""What is known of a person before they speak: the second system message of a prompt."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ai_server.bounded import Newest
from ai_server.brain.dates import day_in_words
from ai_server.brain.extract import extract
from ai_server.brain.trend import trend
from ai_server.memory.facts import NOTE, USER, Fact, Facts
from ai_server.memory.summaries import Background, Summaries, Told, tokens_of
from ai_server.memory.turns import History

KNOWN_TOKENS = 256

_INTRODUCTION = "What you remember of the person who speaks now. Use it where it helps, with tact; do not recite it."
_HOUSEHOLD = "Of everybody at home:"
_MOST_PEOPLE = 1024
"""Of more, what was made first is made anew."""

_SHARE_OF_FACTS = 0.5
"""So much of the budget facts may take where there is something else to tell, too."""

_MOST_FACTS = 64
_NO_BRACKETS = str.maketrans({"[": "(", "]": ")", ";": ","})
_NO_QUOTES = str.maketrans({'"': "'", "“": "'", "”": "'"})
_BEFORE_THE_FIRST_WORDS = timedelta(minutes=1)
"""What was made so long before a conversation began was made for its first words."""

_Person = tuple[str, str]
"""The robot and the `user_id`, empty for whoever it does not know."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What a prompt tells of a person.

    Attributes:
        text: the message's; empty for none.
        facts: the ids of those that it tells.
    """

    text: str = ""
    facts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Gone:
    """What is told of the turns that have left the prompt.

    Attributes:
        text: in one line, without brackets; empty where none has left.
        covers: the ids of the first and the last of them; None where none has left.
    """

    text: str = ""
    covers: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class _Made:
    at: datetime
    conversation_id: int | None
    knowledge: Knowledge


@dataclass(frozen=True, slots=True)
class _Left:
    conversation_id: int | None
    left_until: int
    gone: Gone


class Known:
    """Puts together what is known of whoever speaks.

    It is made when a conversation begins and stays to the letter while that lasts, so that the model's cache holds it;
    what is learnt meanwhile stands in the turns themselves. Of turns that leave the prompt a summary is made when they
    do, and stays until others leave.

    Args:
        name: returns what a person is called; None where nobody said.
        facts: known for good.
        summaries: of what was said before.
        personality: returns what a prompt says of the robot's manner with a person in a conversation that began then.
        token_budget: at most so many by estimate; 0 tells nothing.
        now: the local time, with its zone.
    """

    def __init__(
        self,
        *,
        name: Callable[[str, str | None], str | None],
        facts: Facts,
        summaries: Summaries,
        personality: Callable[[str, str | None, datetime], Awaitable[str]],
        token_budget: int = KNOWN_TOKENS,
        now: Callable[[], datetime],
    ) -> None:
        self._name = name
        self._facts = facts
        self._summaries = summaries
        self._personality = personality
        self._token_budget = token_budget
        self._now = now
        self._made = Newest[_Person, _Made](_MOST_PEOPLE)
        self._left = Newest[_Person, _Left](_MOST_PEOPLE)
        self._forgotten = 0

    async def of(self, device_id: str, user_id: str | None, history: History) -> Knowledge:
        """Return what a prompt with these turns tells of a person, None for somebody whom the robot does not know.

        Raises:
            DatabaseError: if it cannot be read.
        """
        if not self._token_budget:
            return Knowledge()
        person, forgotten, now = (device_id, user_id or ""), self._forgotten, self._now()
        made = self._made.get(person)
        if made is not None and _still_serves(made, history):
            now, knowledge = made.at, made.knowledge
        else:
            knowledge = await self._make(device_id, user_id, history, now)
        if forgotten == self._forgotten:  # else it may tell what is forgotten
            self._made[person] = _Made(now, history.conversation_id, knowledge)
        return knowledge

    async def gone(self, device_id: str, user_id: str | None, history: History, token_budget: int) -> Gone:
        """Return what there is to tell of the turns that have left a prompt; it never waits for the model.

        Args:
            device_id: the robot.
            user_id: the person; None for somebody whom the robot does not know.
            history: what the prompt holds.
            token_budget: the text is estimated to take so many at most.

        Raises:
            DatabaseError: if it cannot be read.
        """
        if history.conversation_id is None or not history.left_until:
            return Gone()
        person, forgotten = (device_id, user_id or ""), self._forgotten
        left = self._left.get(person)
        if left and (left.conversation_id, left.left_until) == (history.conversation_id, history.left_until):
            return left.gone
        told = await self._summaries.told(history.conversation_id, history.left_until)
        sounded = await self._sounded(device_id, user_id)
        text = gist(told, token_budget - tokens_of(f" {sounded}")) if told else ""
        gone = Gone(" ".join(filter(None, (text, sounded))).translate(_NO_BRACKETS), _range(told) if told else None)
        if forgotten == self._forgotten:
            self._left[person] = _Left(history.conversation_id, history.left_until, gone)
        return gone

    def forget(self) -> None:
        """Make it anew for everybody: something that it may tell is known no more."""
        self._made.clear()
        self._left.clear()
        self._forgotten += 1

    async def _sounded(self, device_id: str, user_id: str | None) -> str:
        """Return how the person sounded lately, unless the message says so already."""
        felt = await self._summaries.felt(device_id, user_id, since=_midnight(self._now()))
        sounded = trend(felt, self._now(), _one_line(self._name(device_id, user_id) or "The person"))
        made = self._made.get((device_id, user_id or ""))
        return "" if made and sounded in made.knowledge.text else sounded

    async def _make(self, device_id: str, user_id: str | None, history: History, now: datetime) -> Knowledge:
        background = await self._summaries.background(device_id, user_id, history.conversation_id, since=_midnight(now))
        facts = await self._facts.known(device_id, user_id, _MOST_FACTS)
        manner = await self._personality(device_id, user_id, history.began_at or now)
        name = self._name(device_id, user_id) or ""
        return compose(facts, background, now, name=name, manner=manner, token_budget=self._token_budget)


def compose(
    facts: Sequence[Fact],
    background: Background,
    now: datetime,
    *,
    name: str = "",
    manner: str = "",
    token_budget: int = KNOWN_TOKENS,
) -> Knowledge:
    """Return what is told of a person, in at most so many tokens by estimate; what matters less is left out.

    Args:
        facts: what holds of the person and the household, the newest first.
        background: what lies behind the conversation.
        now: the local time, with its zone.
        name: what the person is called; empty where nobody said.
        manner: what is said of the robot's own; empty for nothing.
        token_budget: of all of it.
    """
    name = _one_line(name)
    called = f"- name: {name}" if name else ""
    fixed = [*filter(None, (manner, _INTRODUCTION, called))]
    sounded = trend(background.felt, now, name or "The person")
    left = token_budget - tokens_of("\n".join([*fixed, sounded]))
    told = _fitting(facts, int(left * _SHARE_OF_FACTS) if background.earlier else left)
    of_facts = _lines_of_facts(told)
    left -= tokens_of("\n".join(of_facts))
    talks = _lines_of_talks(background.earlier, now, left)
    if fixed == [_INTRODUCTION] and not of_facts and not talks and not sounded:
        return Knowledge()
    text = "\n".join([*fixed, *of_facts, *filter(None, (sounded,)), *talks])
    return Knowledge(text, tuple(fact.id for fact in told))


def _midnight(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def _still_serves(made: _Made, history: History) -> bool:
    """Say whether the conversation is the one that began with it."""
    if history.began_at is None:
        return False
    if made.conversation_id is None:
        return made.at >= history.began_at - _BEFORE_THE_FIRST_WORDS
    return made.conversation_id == history.conversation_id


def _fitting(facts: Sequence[Fact], tokens: int) -> list[Fact]:
    """Return the facts that fit: the person's before the household's, the newest first."""
    kept: list[Fact] = []
    left = tokens - tokens_of(_HOUSEHOLD)
    for fact in sorted(facts, key=lambda fact: fact.household):
        cost = tokens_of(f"- {_statement(fact)}\n")
        if cost <= left:
            kept.append(fact)
            left -= cost
    return kept


def _lines_of_facts(facts: Iterable[Fact]) -> list[str]:
    own = [f"- {_statement(fact)}" for fact in facts if not fact.household]
    shared = [f"- {_statement(fact)}" for fact in facts if fact.household]
    return [*own, *([_HOUSEHOLD, *shared] if shared else [])]


def _statement(fact: Fact) -> str:
    """Return a fact without a "you", which would be the model."""
    if fact.kind == NOTE:
        return f'asked you to remember: "{_one_line(fact.value).translate(_NO_QUOTES)}"'
    subject = "" if fact.subject == USER else f"{fact.subject}, "
    return _one_line(f"{subject}{fact.kind.replace('_', ' ')}: {fact.value}")


def _lines_of_talks(earlier: Iterable[Told], now: datetime, tokens: int) -> list[str]:
    """Return what is told of the conversations before this one, the newest first."""
    lines: list[str] = []
    for told in earlier:
        day = day_in_words(told.began_at, now)
        when = "Earlier today" if day == "today" else _capital(day)
        text = gist(told, tokens - tokens_of(f"{when}: \n"))
        if text:
            lines.append(f"{when}: {text}")
            tokens -= tokens_of(f"{lines[-1]}\n")
    return lines


def gist(told: Told, tokens: int) -> str:
    """Return the summary of a conversation and, of what that does not cover, what tells most; empty for nothing."""
    before = _cut(told.summary.text, tokens) if told.summary else ""
    rest = extract(told.rest, tokens - tokens_of(before) - tokens_of(" The person said: "))
    said = f"The person said: {rest}" if rest and not before.startswith("The person said") else rest
    return " ".join(filter(None, (before, said)))


def _range(told: Told) -> tuple[int, int]:
    first = told.summary.from_turn_id if told.summary else told.rest[0].id
    last = told.rest[-1].id if told.rest else told.summary.to_turn_id if told.summary else first
    return first, last


def _cut(text: str, tokens: int) -> str:
    """Return the beginning of a text that takes so many tokens, up to the end of a word; no quotation stays open."""
    whole = text = _one_line(text)
    while text and tokens_of(text) > tokens:
        whole = whole.rpartition(" ")[0]
        text = f'{whole}..."' if whole.count('"') % 2 else whole
    return text


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
