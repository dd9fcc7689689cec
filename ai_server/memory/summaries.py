"""What conversations were about, in short, and what there is still to be told of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any, Literal

from sqlalchemy import Connection, Select, and_, bindparam, exists, func, insert, select, update

from ai_server.memory import facts
from ai_server.memory.facts import NewFact
from ai_server.memory.schema import conversations, summaries, turns
from ai_server.memory.storage.database import Database
from ai_server.memory.storage.rows import read_rows
from ai_server.memory.turns import BYTES_PER_TOKEN
from ai_server.protocol.terms import Emotion

Maker = Literal["model", "extract"]

SUMMARY_TOKENS = 120
"""How long a summary may be, by estimate."""

MOST_TURNS = 200
"""So many turns, the newest, are told of a conversation of which nothing was summarised yet."""

_EARLIER = 3
"""So many conversations before the current one are told of."""

_EVER = 2**31 - 1
"""No turn has a higher id: PostgreSQL's integers end there."""

_MOST_FELT = 200
_AT_ONCE = 100
_OF_A_DAY = 20
"""So many conversations, the newest, are looked through for feelings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What was said in a conversation from one turn to another, in short.

    Attributes:
        from_turn_id: the first turn that it covers.
        to_turn_id: the last one.
        made_by: the model, or a choice of sentences.
    """

    conversation_id: int
    device_id: str
    user_id: str
    from_turn_id: int
    to_turn_id: int
    text: str
    made_by: Maker


@dataclass(frozen=True, slots=True)
class Said:
    """A turn as a summary is made of it: the person's words, and the reply."""

    id: int
    at: datetime
    words: str
    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Told:
    """What there is to tell of a conversation, or of its beginning.

    Attributes:
        began_at: when it began.
        summary: of its first turns; None where there is none.
        rest: the turns after those, oldest first.
    """

    began_at: datetime
    summary: Summary | None = None
    rest: tuple[Said, ...] = ()


@dataclass(frozen=True, slots=True)
class Felt:
    """How a person seemed to feel."""

    at: datetime
    emotion: Emotion


@dataclass(frozen=True, slots=True)
class Background:
    """What lies behind a conversation.

    Attributes:
        earlier: the conversations before it, the newest first.
        felt: how the person seemed to feel, oldest first.
    """

    earlier: tuple[Told, ...] = ()
    felt: tuple[Felt, ...] = ()


@dataclass(frozen=True, slots=True)
class Unreflected:
    """A conversation of which something is still to be made.

    Attributes:
        id: the conversation's.
        has_ended: nothing is added to it any more.
        facts_until: the model has looked for facts up to the turn of this id.
    """

    id: int
    device_id: str
    user_id: str
    has_ended: bool
    facts_until: int


_IS_HISTORY = and_(turns.c.conversation_id == bindparam("conversation_id"), turns.c.history_tokens > 0)
_OF_PERSON = and_(conversations.c.device_id == bindparam("device_id"), conversations.c.user_id == bindparam("of_user"))
_SUMMARY = (
    select(summaries)
    .where(summaries.c.conversation_id == bindparam("conversation_id"), summaries.c.to_turn_id <= bindparam("until"))
    .order_by(summaries.c.to_turn_id.desc(), summaries.c.made_by.desc())  # "model" before "extract"
    .limit(1)
)
_REST = (
    select(turns.c.id, turns.c.at, turns.c.words, turns.c.text, turns.c.language)
    .where(_IS_HISTORY, turns.c.id > bindparam("after"), turns.c.id <= bindparam("until"))
    .order_by(turns.c.id.desc())
    .limit(bindparam("at_most"))
)
_BEGAN_AT = select(conversations.c.started_at).where(conversations.c.id == bindparam("conversation_id"))
_EARLIER_ONES = (
    select(conversations.c.id)
    .where(
        _OF_PERSON,
        conversations.c.id < bindparam("before"),
        exists().where(turns.c.conversation_id == conversations.c.id, turns.c.history_tokens > 0),
    )
    .order_by(conversations.c.id.desc())
    .limit(_EARLIER)
)
_FELT = (
    select(turns.c.id, turns.c.at, turns.c.person_emotion)
    .where(
        turns.c.conversation_id.in_(
            select(conversations.c.id).where(_OF_PERSON).order_by(conversations.c.id.desc()).limit(_OF_A_DAY)
        ),
        turns.c.at >= bindparam("since"),
        turns.c.person_emotion.is_not(None),
    )
    .order_by(turns.c.at.desc())
    .limit(_MOST_FELT)
)
_NEWEST_TURN = select(func.max(turns.c.id)).where(_IS_HISTORY)
_UNREFLECTED = (
    select(
        conversations.c.id,
        conversations.c.device_id,
        conversations.c.user_id,
        conversations.c.ended_at,
        conversations.c.facts_until,
    )
    .where(conversations.c.reflected_at.is_(None))
    .order_by(conversations.c.id.desc())
    .limit(_AT_ONCE)
)
_FIRST_TURN = select(func.min(turns.c.id)).where(_IS_HISTORY)
_THERE = select(func.count()).select_from(turns).where(turns.c.id.in_(bindparam("ids", expanding=True)))
_ADD = insert(summaries)
_OF_CONVERSATION = conversations.c.id == bindparam("of_id")
_MARK_FACTS = update(conversations).where(_OF_CONVERSATION).values(facts_until=bindparam("until"))
_MARK_REFLECTED = (
    update(conversations)
    .where(_OF_CONVERSATION, conversations.c.ended_at.is_not(None))
    .values(reflected_at=bindparam("at"))
)


def tokens_of(text: str) -> int:
    """Return about how many tokens a text takes in a prompt: its UTF-8 bytes / 3.5."""
    return ceil(len(text.encode()) / BYTES_PER_TOKEN)


class Summaries:
    """The summaries of all conversations, and what they are made of. Every method can raise `DatabaseError`.

    Args:
        database: where they are.
    """

    def __init__(self, database: Database, *, max_facts: int = facts.MAX_FACTS) -> None:
        """Use a database, and keep at most `max_facts` of one person with one robot."""
        self._database = database
        self._max_facts = max_facts

    async def background(
        self, device_id: str, user_id: str | None, conversation_id: int | None, *, since: datetime
    ) -> Background:
        """Return what lies behind a person's conversation.

        Args:
            device_id: the robot.
            user_id: the person; None for somebody whom the robot does not know.
            conversation_id: None for one that is to begin.
            since: feelings from then on.
        """
        person = {"device_id": device_id, "of_user": user_id or ""}
        before = conversation_id or _EVER
        return await self._database.read(lambda connection: _background(connection, person, before, since))

    async def felt(self, device_id: str, user_id: str | None, *, since: datetime) -> tuple[Felt, ...]:
        """Return how a person seemed to feel from then on, oldest first."""
        person = {"device_id": device_id, "of_user": user_id or ""}
        return await self._database.read(lambda connection: _felt(connection, person, since))

    async def unreflected(self) -> list[Unreflected]:
        """Return the newest conversations of which something is still to be made, the newest first."""

        def work(connection: Connection) -> list[Unreflected]:
            return [
                Unreflected(row.id, row.device_id, row.user_id, row.ended_at is not None, row.facts_until)
                for row in connection.execute(_UNREFLECTED)
            ]

        return await self._database.read(work)

    async def told(self, conversation_id: int, until: int, made_by: Maker | None = None) -> Told | None:
        """Return what there is to tell of a conversation up to a turn; None where there is nothing.

        Args:
            conversation_id: which one.
            until: the turn's id.
            made_by: who made the summary that it begins with; None for whoever.
        """
        return await self._database.read(lambda connection: _told(connection, conversation_id, until, made_by))

    async def said_after(self, conversation_id: int, after: int) -> tuple[Said, ...]:
        """Return the first `MOST_TURNS` turns of a conversation after one of them, oldest first."""
        query = _REST.order_by(None).order_by(turns.c.id)
        return tuple(await self._read_turns(query, conversation_id, after, _EVER))

    async def said_until(self, conversation_id: int, until: int) -> tuple[Said, ...]:
        """Return the last `MOST_TURNS` turns of a conversation up to one of them, oldest first."""
        return tuple(reversed(await self._read_turns(_REST, conversation_id, 0, until)))

    async def newest_turn(self, conversation_id: int) -> int:
        """Return the id of the newest turn that is history; 0 where there is none."""
        values = {"conversation_id": conversation_id}
        return await self._database.read(lambda connection: connection.execute(_NEWEST_TURN, values).scalar() or 0)

    async def add(self, told: Told, conversation: Unreflected, text: str, *, made_by: Maker, at: datetime) -> bool:
        """Store what was made of a part of a conversation, with the range of turns that it covers.

        Returns:
            Whether it was stored: not where one of its turns, or the summary that it goes on from, is gone meanwhile,
            nor where there is one already.
        """
        return await self._database.run(
            lambda connection: _add(connection, told, conversation, text, made_by=made_by, at=at)
        )

    async def add_facts(
        self, conversation: Unreflected, said: Sequence[Said], found: Sequence[tuple[Said, NewFact]]
    ) -> None:
        """Store what the model found in these turns, and in which, and that it has looked.

        Where one of them is gone meanwhile, nothing was found.
        """
        await self._database.run(lambda connection: _add_facts(connection, conversation, said, found, self._max_facts))

    async def finish(self, conversation_id: int, at: datetime) -> None:
        """Note that all was made of a conversation that has ended."""
        await self._database.run(
            lambda connection: connection.execute(_MARK_REFLECTED, {"of_id": conversation_id, "at": at})
        )

    async def _read_turns(self, query: Select[Any], conversation_id: int, after: int, until: int) -> list[Said]:
        values = {"conversation_id": conversation_id, "after": after, "until": until, "at_most": MOST_TURNS}
        return await self._database.read(lambda connection: read_rows(connection, turns, query, values, _said_of))


def _background(connection: Connection, person: Mapping[str, str], before: int, since: datetime) -> Background:
    earlier = [
        told
        for number in connection.execute(_EARLIER_ONES, {**person, "before": before}).scalars().all()
        if (told := _told(connection, number, _EVER, None))
    ]
    return Background(tuple(earlier), _felt(connection, person, since))


def _felt(connection: Connection, person: Mapping[str, str], since: datetime) -> tuple[Felt, ...]:
    rows = connection.execute(_FELT, {**person, "since": since}).all()
    return tuple(Felt(row.at, row.person_emotion) for row in reversed(rows))


def _told(connection: Connection, conversation_id: int, until: int, made_by: Maker | None) -> Told | None:
    values = {"conversation_id": conversation_id, "until": until}
    query = _SUMMARY if made_by is None else _SUMMARY.where(summaries.c.made_by == made_by)
    found = read_rows(connection, summaries, query, values, _summary_of)
    summary = found[0] if found else None
    after = {"after": summary.to_turn_id if summary else 0, "at_most": MOST_TURNS}
    rest = read_rows(connection, turns, _REST, {**values, **after}, _said_of)
    if summary is None and not rest:
        return None
    began_at = connection.execute(_BEGAN_AT, {"conversation_id": conversation_id}).scalar_one()
    return Told(began_at, summary, tuple(reversed(rest)))


def _add(
    connection: Connection, told: Told, conversation: Unreflected, text: str, *, made_by: Maker, at: datetime
) -> bool:
    if not _are_there(connection, told.rest):
        return False
    before = told.summary
    values = {"conversation_id": conversation.id, "until": told.rest[-1].id}
    if (
        before
        and before.text
        not in connection.execute(
            select(summaries.c.text).where(
                summaries.c.conversation_id == conversation.id, summaries.c.to_turn_id == before.to_turn_id
            )
        )
        .scalars()
        .all()
    ):
        return False
    newest = connection.execute(_SUMMARY.where(summaries.c.made_by == made_by), values).mappings().first()
    if newest is not None and newest["to_turn_id"] == values["until"]:
        return False
    row = {
        "conversation_id": conversation.id,
        "device_id": conversation.device_id,
        "user_id": conversation.user_id,
        "from_turn_id": connection.execute(_FIRST_TURN, values).scalar_one(),
        "to_turn_id": values["until"],
        "text": text,
        "tokens": tokens_of(text),
        "made_by": made_by,
        "made_at": at,
    }
    connection.execute(_ADD, row)
    return True


def _add_facts(
    connection: Connection,
    conversation: Unreflected,
    said: Sequence[Said],
    found: Sequence[tuple[Said, NewFact]],
    max_facts: int,
) -> None:
    for turn, fact in found if _are_there(connection, said) else ():
        facts.store(
            connection,
            [fact],
            device_id=conversation.device_id,
            user_id=conversation.user_id,
            turn_id=turn.id,
            at=turn.at,
            max_facts=max_facts,
        )
    connection.execute(_MARK_FACTS, {"of_id": conversation.id, "until": said[-1].id})


def _are_there(connection: Connection, said: Sequence[Said]) -> bool:
    ids = [each.id for each in said]
    return bool(ids) and connection.execute(_THERE, {"ids": ids}).scalar_one() == len(ids)


def _said_of(row: Mapping[Any, Any]) -> Said:
    return Said(row["id"], row["at"], row["words"], row["text"], row["language"])


def _summary_of(row: Mapping[Any, Any]) -> Summary:
    return Summary(**{name: row[name] for name in Summary.__slots__})
