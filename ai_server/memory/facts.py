"""What is known of people for good: who they are, what they like, where they put their keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Select, and_, bindparam, delete, func, insert, or_, select, update

from ai_server.masking import unmasked
from ai_server.memory.schema import fact_turns, facts
from ai_server.memory.storage.database import Database
from ai_server.memory.storage.rows import read_rows

Source = Literal["rule", "model", "told", "owner"]
"""Who took it out of what was said: a rule, or a language model; `told` where somebody asked to remember it; the owner,
who wrote it with a command."""

MAX_FACTS = 500
"""So many are kept of one person with one robot, those that no longer hold among them."""

USER = "user"
"""The subject of what people say of themselves."""

NOTE = "note"
"""The subject and the kind of a sentence that somebody asked to remember, and that is kept as it is."""

ANY = "any"
"""The value of a fact that says of no value that it is so: somebody has no car any more, whichever that was."""

SINGLE_VALUED = frozenset(
    {
        *("age", "birthday", "birthplace", "car", "childhood", "employer", "favourite", "height", "home", "is", "job"),
        *("location", "marital", "name", "origin", "study", "when"),
    }
)
"""The kinds, or the first words of kinds such as `favourite colour`, of which one value holds at a time."""

_CONTRARIES = {
    "likes": ("dislikes",),
    "dislikes": ("likes",),
    "not_job": ("job", "employer"),
    "employer": ("not_employer", "not_job"),
    "not_together": ("name", "names"),
    "name": ("not_name", "not_together"),
    "names": ("not_names", "not_together"),
}
"""Beside the kinds that `not_` parts."""

_NOT = "not_"

_OF_NOUN = frozenset({"car", "family", "pet"})
"""The kinds whose values may have words before the noun: who has no cat any more has no black cat either."""


@dataclass(frozen=True, slots=True)
class NewFact:
    """Something to keep of a person or of their world.

    Attributes:
        subject: whom or what it is about: `user` for who speaks, else in English what they call it: `wife`,
            `brother Tom`, `keys`.
        kind: what is said of it, such as `allergy` or `favourite colour`; `not_allergy` says that it is not so.
        value: what exactly, in the words of the person; a day is an ISO 8601 date, without a year `--MM-DD`.
        text: the sentence to tell it back with: "You are allergic to nuts."
        confidence: from 0 to 1, that it was meant so.
        source: who took it out of what was said.
        household: it was said for everybody, and reaches them all.
    """

    subject: str
    kind: str
    value: str
    text: str
    confidence: float
    source: Source
    household: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact(NewFact):
    """A fact on the disk.

    Attributes:
        id: never used again.
        device_id: the robot that heard it.
        user_id: who said it; empty for somebody whom the robot does not know.
        turn_id: the turn it was said in; None where that is gone, or there was none.
        learned_at: when it was said, the last time.
        superseded_at: since when it holds no more; None while it does.
        superseded_by: the id of what holds in its place; None where that is gone.
    """

    id: int
    device_id: str
    user_id: str
    turn_id: int | None
    learned_at: datetime
    superseded_at: datetime | None = None
    superseded_by: int | None = None


_OF_PERSON = and_(facts.c.device_id == bindparam("of_device"), facts.c.user_id == bindparam("of_user"))
_HOLDS = facts.c.superseded_at.is_(None)
_NEWEST_FIRST = (facts.c.learned_at.desc(), facts.c.id.desc())

_KNOWN = (
    select(facts).where(_HOLDS, or_(_OF_PERSON, facts.c.household)).order_by(*_NEWEST_FIRST).limit(bindparam("at_most"))
)
_ADD = insert(facts).returning(facts.c.id)
_IS_SAID_IN = select(fact_turns.c.id).where(
    fact_turns.c.fact_id == bindparam("of_fact"), fact_turns.c.turn_id == bindparam("of_turn")
)
_SAY = insert(fact_turns)
_WITHOUT_TURN = select(facts.c.id).where(
    _OF_PERSON,
    facts.c.source == "told",
    facts.c.turn_id.is_(None),
    facts.c.learned_at.between(bindparam("since"), bindparam("until")),
)
_LONGEST_UTTERANCE = timedelta(minutes=1)
"""What is asked to be remembered may be noted as of when the person began to speak."""

_REFRESH = update(facts).where(facts.c.id == bindparam("of_id"))
_SUPERSEDE = (
    update(facts)
    .where(facts.c.id == bindparam("of_id"))
    .values(superseded_at=bindparam("at"), superseded_by=bindparam("by"))
)
_OF_KIND = and_(
    _HOLDS,
    facts.c.subject == bindparam("of_subject"),
    facts.c.kind.in_(bindparam("of_kinds", expanding=True)),
)
_RELATED = select(facts).where(_OF_KIND, _OF_PERSON, ~facts.c.household)
_RELATED_IN_HOUSEHOLD = select(facts).where(_OF_KIND, or_(_OF_PERSON, facts.c.household))
_COUNT = select(func.count()).select_from(facts).where(_OF_PERSON)
_WORST_FIRST = select(facts.c.id).where(_OF_PERSON).order_by(_HOLDS, facts.c.confidence, facts.c.learned_at, facts.c.id)


def store(
    connection: Connection,
    new_facts: Sequence[NewFact],
    *,
    device_id: str,
    user_id: str | None,
    turn_id: int | None,
    at: datetime,
    max_facts: int = MAX_FACTS,
) -> None:
    """Keep facts, within the caller's transaction.

    One that is known already is refreshed. One that contradicts what is known takes its place, which is kept as
    history; what was said before it and is learnt only now goes into history at once. Of a person who has more than
    `max_facts`, those go first that no longer hold, then those of low confidence, of these the oldest.

    Args:
        connection: in a transaction that may write.
        new_facts: what to keep.
        device_id: the robot that heard them.
        user_id: who said them; None for somebody whom the robot does not know.
        turn_id: the turn they were said in; None where there is none.
        at: when they were said.
        max_facts: so many are kept of this person with this robot.
    """
    person = _Person(device_id, user_id or "")
    for fact in new_facts:
        _store_one(connection, fact, person, turn_id, at)
    if new_facts:
        _drop_beyond(connection, person, max_facts)


def claim(
    connection: Connection, *, device_id: str, user_id: str | None, turn_id: int, at: datetime, replied_at: datetime
) -> None:
    """Have what somebody asked to remember be said in a turn, once that is stored; within the caller's transaction.

    Args:
        connection: in a transaction that may write.
        device_id: the robot that heard it.
        user_id: who said it; None for somebody whom the robot does not know.
        turn_id: the turn.
        at: when its words were said.
        replied_at: when they were answered; what is noted since then is another turn's.
    """
    during = {"since": at - _LONGEST_UTTERANCE, "until": replied_at}
    values = {"of_device": device_id, "of_user": user_id or "", **during}
    for number in connection.execute(_WITHOUT_TURN, values).scalars().all():
        connection.execute(_REFRESH, {"of_id": number, "turn_id": turn_id})
        note_said(connection, number, turn_id)


def note_said(connection: Connection, fact_id: int, turn_id: int | None) -> None:
    """Keep that a fact was said in a turn, within the caller's transaction; None is no turn."""
    said = {"of_fact": fact_id, "of_turn": turn_id}
    if turn_id is not None and connection.execute(_IS_SAID_IN, said).first() is None:
        connection.execute(_SAY, {"fact_id": fact_id, "turn_id": turn_id})


class Facts:
    """What is known of people. Every method can raise `DatabaseError`.

    What somebody says belongs to them and the robot that heard it; what is said for the household reaches everybody.
    """

    def __init__(
        self, database: Database, *, max_facts: int = MAX_FACTS, mask: Callable[[str], str] = unmasked
    ) -> None:
        """Use a database; keep at most `max_facts` of one person with one robot, and what `mask` makes of them."""
        self._database = database
        self._max_facts = max_facts
        self._mask = mask

    async def known(self, device_id: str, user_id: str | None, limit: int = MAX_FACTS) -> list[Fact]:
        """Return what holds of a person, and of the household, the newest first."""
        values = {"of_device": device_id, "of_user": user_id or "", "at_most": limit}
        return await self._database.read(lambda connection: _read(connection, _KNOWN, values))

    async def all(self, device_id: str | None = None, user_id: str | None = None) -> list[Fact]:
        """Return every fact, also what no longer holds, the newest first.

        Args:
            device_id: of this robot alone.
            user_id: of this person alone, '' for whoever their robots did not know.
        """
        query = select(facts).order_by(*_NEWEST_FIRST)
        if device_id is not None:
            query = query.where(facts.c.device_id == device_id)
        if user_id is not None:
            query = query.where(facts.c.user_id == user_id)
        return await self._database.read(lambda connection: _read(connection, query, {}))

    async def add(
        self,
        device_id: str,
        user_id: str | None,
        new_facts: Sequence[NewFact],
        *,
        at: datetime,
        turn_id: int | None = None,
    ) -> None:
        """Keep facts in a transaction of their own, as `store` does."""
        kept = [replace(fact, value=self._mask(fact.value), text=self._mask(fact.text)) for fact in new_facts]
        await self._database.run(
            lambda connection: store(
                connection,
                kept,
                device_id=device_id,
                user_id=user_id,
                turn_id=turn_id,
                at=at,
                max_facts=self._max_facts,
            )
        )


def is_single_valued(kind: str) -> bool:
    """Say whether a new value of this kind takes the place of the old one."""
    return kind.partition(" ")[0] in SINGLE_VALUED


def same_value(one: str, other: str) -> bool:
    """Say whether two values are the same but for case and spaces."""
    return _plain(one) == _plain(other)


@dataclass(frozen=True, slots=True)
class _Person:
    device_id: str
    user_id: str


def _store_one(connection: Connection, fact: NewFact, person: _Person, turn_id: int | None, at: datetime) -> None:
    related = _related(connection, fact, person)
    same = next((old for old in related if _is_same(old, fact)), None)
    if same is not None:
        _refresh(connection, same, fact, turn_id, at)
        number = same.id
        note_said(connection, number, turn_id)
    else:
        number = _insert(connection, fact, person, turn_id, at)
    for old in related:
        if old is same or not _contradicts(fact, old):
            continue
        older, newer, since = (number, old.id, old.learned_at) if _stands(old, fact, at) else (old.id, number, at)
        connection.execute(_SUPERSEDE, {"of_id": older, "by": newer, "at": since})


def _related(connection: Connection, fact: NewFact, person: _Person) -> list[Fact]:
    """Return what holds of the same subject and kind, or of the contrary kind, where the new fact reaches."""
    values = {
        "of_device": person.device_id,
        "of_user": person.user_id,
        "of_subject": fact.subject,
        "of_kinds": [fact.kind, *_contraries(fact.kind)],
    }
    return _read(connection, _RELATED_IN_HOUSEHOLD if fact.household else _RELATED, values)


def _contraries(kind: str) -> tuple[str, ...]:
    """Return the kinds that say the contrary."""
    if kind in _CONTRARIES:
        return _CONTRARIES[kind]
    return (kind.removeprefix(_NOT) if kind.startswith(_NOT) else f"{_NOT}{kind}",)


def _is_same(old: Fact, new: NewFact) -> bool:
    return old.kind == new.kind and old.household == new.household and same_value(old.value, new.value)


def _contradicts(new: NewFact, old: Fact) -> bool:
    if old.kind == new.kind and is_single_valued(new.kind):
        return True
    if same_value(old.value, new.value):  # of the contrary kind, or said for oneself and now for everybody
        return True
    return old.kind != new.kind and (_denies(new, old) or _denies(old, new))


def _denies(one: NewFact, other: NewFact) -> bool:
    """Say whether a fact of the contrary kind says that another, with some value or with more words, is not so."""
    if not one.kind.startswith(_NOT):
        return False
    if other.kind not in _OF_NOUN:
        return one.value == ANY
    shorter, longer = sorted((_plain(one.value), _plain(other.value)), key=len)
    return one.value == ANY or longer.endswith(f" {shorter}")


def _stands(old: Fact, new: NewFact, at: datetime) -> bool:
    """Say whether an old fact outlives a new one: it was said later, or in the same words and is surer."""
    return old.learned_at > at or (old.learned_at == at and old.confidence > new.confidence)


def _refresh(connection: Connection, old: Fact, new: NewFact, turn_id: int | None, at: datetime) -> None:
    values: dict[str, Any] = {"confidence": max(old.confidence, new.confidence)}
    if at >= old.learned_at:
        values |= {"learned_at": at, "turn_id": turn_id}
    if new.confidence >= old.confidence:
        values |= {"value": new.value, "text": new.text, "source": new.source}
    connection.execute(_REFRESH, {"of_id": old.id, **values})


def _insert(connection: Connection, fact: NewFact, person: _Person, turn_id: int | None, at: datetime) -> int:
    row = {name: getattr(fact, name) for name in NewFact.__slots__}
    place = {"device_id": person.device_id, "user_id": person.user_id, "turn_id": turn_id, "learned_at": at}
    number = int(connection.execute(_ADD, {**row, **place}).scalar_one())
    if turn_id is not None:
        connection.execute(_SAY, {"fact_id": number, "turn_id": turn_id})
    return number


def _drop_beyond(connection: Connection, person: _Person, max_facts: int) -> None:
    values = {"of_device": person.device_id, "of_user": person.user_id}
    beyond = connection.execute(_COUNT, values).scalar_one() - max_facts
    if beyond > 0:
        worst = connection.execute(_WORST_FIRST, values).scalars().fetchmany(beyond)
        connection.execute(delete(facts).where(facts.c.id.in_(worst)))


def _read(connection: Connection, query: Select[Any], values: Mapping[str, Any]) -> list[Fact]:
    return read_rows(connection, facts, query, values, _fact)


def _fact(row: Mapping[Any, Any]) -> Fact:
    return Fact(**row)


def _plain(value: str) -> str:
    return " ".join(value.casefold().split())
