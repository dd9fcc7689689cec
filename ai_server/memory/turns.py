"""What was said to each robot and what was answered, kept over restarts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, Row, Select, and_, bindparam, delete, func, insert, or_, select, update

from ai_server.memory import facts, undelivered
from ai_server.memory.facts import NewFact
from ai_server.memory.schema import conversations, inbox, turns
from ai_server.memory.storage.database import Database
from ai_server.memory.storage.rows import read_rows
from ai_server.memory.undelivered import NewPublication, StoredPublication
from ai_server.protocol.reply import ActionMessage, Reply, Timings, Usage
from ai_server.protocol.terms import Emotion

BYTES_PER_TOKEN = 3.5
"""A token of Llama 3.1's vocabulary holds about 4.4 bytes of English; other languages and small vocabularies less."""

TOKENS_AROUND_A_TURN = 14
"""Two message headers and ends of Llama 3.1's template at five tokens each, and the reply's emotion tag."""

_BLOCKS = 2
_NEARLY_FULL = 0.75

_REPLY_FIELDS = (
    "device_id",
    "request_id",
    "text",
    "emotion",
    "language",
    "intent",
    "confidence",
    "source",
    "finish_reason",
)
_USAGE_FIELDS = tuple(Usage.model_fields)
_TIMINGS_FIELDS = tuple(Timings.model_fields)

REPLY_COLUMNS = (
    turns.c.replied_at,
    turns.c.actions,
    *(turns.c[field] for field in (*_USAGE_FIELDS, *_TIMINGS_FIELDS, *_REPLY_FIELDS)),
)
"""What `reply_of` needs."""


class PastTurn(BaseModel):
    """What the model is told of a turn that is history; the fields are those of `Turn` and its reply."""

    model_config = ConfigDict(frozen=True)

    id: int
    request_id: str
    facts: str
    words: str
    emotion: Emotion
    text: str
    actions: tuple[ActionMessage, ...]


_OF_REQUEST = (turns.c.device_id == bindparam("device_id"), turns.c.request_id == bindparam("request_id"))
_OF_PERSON = and_(conversations.c.device_id == bindparam("device_id"), conversations.c.user_id == bindparam("of_user"))
_OF_NOBODY = and_(conversations.c.device_id == bindparam("device_id"), conversations.c.user_id == "")
_IS_HISTORY = and_(turns.c.conversation_id == bindparam("conversation_id"), turns.c.history_tokens > 0)

_HISTORY_END = select(func.max(turns.c.history_end)).where(turns.c.conversation_id == conversations.c.id)
_LAST_REPLIED_AT = (
    select(turns.c.replied_at)
    .where(turns.c.conversation_id == conversations.c.id, turns.c.words != "")
    .order_by(turns.c.history_end.desc(), turns.c.id.desc())
    .limit(1)
)
_LAST_SAID_AT = func.coalesce(
    _LAST_REPLIED_AT.scalar_subquery(), conversations.c.started_at, type_=turns.c.replied_at.type
)
_CONVERSATION = (
    select(
        conversations.c.id,
        conversations.c.started_at,
        conversations.c.ended_at,
        _LAST_SAID_AT.label("last_said_at"),
        func.coalesce(_HISTORY_END.scalar_subquery(), 0).label("history_end"),
    )
    .where(_OF_PERSON)
    .order_by(conversations.c.id.desc())
    .limit(1)
)

_FIND = select(turns).where(*_OF_REQUEST)
_NEWEST_CONVERSATION = select(func.max(conversations.c.id))
_SAID_TO_PERSON = turns.c.conversation_id == _NEWEST_CONVERSATION.where(_OF_PERSON).scalar_subquery()
_SAID_TO_ALL = and_(
    turns.c.conversation_id == _NEWEST_CONVERSATION.where(_OF_NOBODY).scalar_subquery(), turns.c.words == ""
)
_SAID_TO_ANYBODY = turns.c.conversation_id.in_(
    _NEWEST_CONVERSATION.where(conversations.c.device_id == bindparam("device_id")).group_by(conversations.c.user_id)
)
_LAST = select(turns).where(turns.c.text != "").order_by(turns.c.id.desc()).limit(1)
_LAST_TO_PERSON = _LAST.where(or_(_SAID_TO_PERSON, _SAID_TO_ALL))
_LAST_TO_ANYBODY = _LAST.where(_SAID_TO_ANYBODY)

_NEWEST_OF_HISTORY = (
    select(turns.c.id, turns.c.history_end, turns.c.history_tokens)
    .where(_IS_HISTORY)
    .order_by(turns.c.history_end.desc())
    .limit(1)
)
_HISTORY = (
    select(*(turns.c[field] for field in PastTurn.model_fields))
    .where(
        _IS_HISTORY,
        turns.c.history_end > bindparam("begin"),
        turns.c.history_end - turns.c.history_tokens >= bindparam("begin"),
    )
    .order_by(turns.c.history_end)
)
_LEFT_UNTIL = (
    select(turns.c.id)
    .where(_IS_HISTORY, turns.c.history_end - turns.c.history_tokens < bindparam("begin"))
    .order_by(turns.c.history_end.desc())
    .limit(1)
)
_COUNT = select(func.count()).select_from(turns)

_PLACE = select(turns.c.id, turns.c.conversation_id, turns.c.history_tokens, turns.c.history_end).where(*_OF_REQUEST)
_BEGIN = insert(conversations).returning(conversations.c.id)
_END = update(conversations).where(conversations.c.id == bindparam("of_id")).values(ended_at=bindparam("at"))
_OPEN = select(conversations.c.id, _LAST_SAID_AT.label("last_said_at")).where(
    conversations.c.reflected_at.is_(None), conversations.c.ended_at.is_(None)
)
_IS_BEGUN = select(turns.c.id).where(turns.c.conversation_id == bindparam("conversation_id")).limit(1)
_CURRENT = (
    select(func.max(conversations.c.id).label("id"), conversations.c.user_id)
    .where(conversations.c.device_id == bindparam("device_id"))
    .group_by(conversations.c.user_id)
)
_LEAVE_INBOX = (
    delete(inbox)
    .where(inbox.c.device_id == bindparam("device_id"), inbox.c.request_id == bindparam("request_id"))
    .returning(inbox.c.delivery)
)
_ADD = insert(turns).returning(turns.c.id)
_REPLACE = update(turns).where(turns.c.id == bindparam("of_id"))
_MOVE_LATER_TURNS = (
    update(turns)
    .where(
        turns.c.conversation_id == bindparam("of_conversation"),
        turns.c.history_end >= bindparam("from_end"),
        turns.c.id > bindparam("after_id"),
    )
    .values(history_end=turns.c.history_end + bindparam("by"))
)


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One utterance and its reply.

    Attributes:
        at: when it was said.
        words: what the person said; empty where the robot spoke of its own accord, which history leaves out.
        reply: what was answered; its `device_id` and `request_id` are the turn's. The text of a cancelled one is what
            had been said until then.
        facts: the bracketed line that the words were sent to the model with; empty where there was none.
        user_id: who spoke, where the robot knew.
        person_emotion: how the person seemed to feel, where that was known.
        learned: facts that the words tell; they are kept with the turn, and not read with it.
        trace: why it was answered so, for `naila why`; empty where nobody noted it.
    """

    at: datetime
    words: str
    reply: Reply
    facts: str = ""
    user_id: str | None = None
    person_emotion: Emotion | None = None
    learned: tuple[NewFact, ...] = ()
    trace: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class History:
    """What a prompt holds of a conversation.

    Attributes:
        conversation_id: None where what is said next begins a new one.
        began_at: when it began; None where it is still to begin.
        turns: the newest ones, oldest first.
        left_until: the id of the newest turn that is among them no more; 0 where none has left.
    """

    conversation_id: int | None = None
    began_at: datetime | None = None
    turns: tuple[PastTurn, ...] = ()
    left_until: int = 0


def estimated_tokens(turn: Turn) -> int:
    """Return about how many tokens a turn takes in a prompt: its UTF-8 bytes / 3.5, and 14 for what is around them."""
    actions = "".join(json.dumps(action.arguments) + action.action for action in turn.reply.actions)
    spoken = f"{turn.facts}{turn.words}{turn.reply.text}{actions}".encode()
    return ceil(len(spoken) / BYTES_PER_TOKEN) + TOKENS_AROUND_A_TURN


@dataclass(frozen=True, slots=True)
class _Limits:
    pause: timedelta
    max_facts: int


class Turns:
    """The turns of all robots. Every method can raise `DatabaseError`.

    A conversation is of one robot with one person, of somebody unknown with `user_id` None or empty. It ends when it is
    reset, or after a pause.

    Args:
        database: where they are.
        pause: after so long without a word from the person, the next one begins a new conversation.
        max_facts: so many are kept of one person with one robot.
        now: the time, with a zone.
    """

    def __init__(
        self,
        database: Database,
        *,
        pause: timedelta = timedelta(minutes=30),
        max_facts: int = facts.MAX_FACTS,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._limits = _Limits(pause, max_facts)
        self._now = now

    async def add(
        self,
        turn: Turn,
        publications: Sequence[NewPublication] = (),
        *,
        within: Callable[[Connection], bool] = lambda _: True,
    ) -> list[StoredPublication] | None:
        """Store a turn in its conversation, with what is to be published for it and the facts, in one transaction.

        Its utterance, where it waited among the accepted ones, waits no more. `within` writes first what else belongs
        to the transaction; where it returns False, having written nothing, the turn is not stored.

        Returns:
            The publications as they are stored; None if nothing is to be published: `within` said so, or a turn of this
            robot and `request_id` was stored before and stays as it is.
        """
        return await self._database.run(
            lambda connection: _add(connection, turn, publications, self._limits) if within(connection) else None
        )

    async def cancel(self, turn: Turn, publications: Sequence[NewPublication]) -> list[StoredPublication]:
        """Store a turn in place of the one that was stored under its `request_id` before it was cancelled.

        What was to be published for that one and is not delivered yet is replaced by `publications`, returned as they
        are stored. Where there is no such turn, this one is added.
        """
        return await self._database.run(lambda connection: _cancel(connection, turn, publications, self._limits))

    async def recent(self, device_id: str, user_id: str | None, token_budget: int) -> History:
        """Return the newest turns of the current conversation that fit the budget by `estimated_tokens`.

        Turns that ended in an error or expired, those cancelled before a word was said, and those that nobody's words
        began are left out. Once a conversation outgrows the budget, its oldest turns are dropped half of the budget
        at a time: most turns then add to the prompt of the one before, which the model's cache holds, and few begin a
        new one.
        """
        person = _person(device_id, user_id)
        return await self._database.read(
            lambda connection: _recent(connection, person, token_budget, self._now() - self._limits.pause)
        )

    async def last(self, device_id: str, user_id: str | None) -> Turn | None:
        """Return the newest turn in which the robot said something to a person, or of its own accord.

        What was said before a reset is not returned.
        """
        return await self._first(_LAST_TO_PERSON, _person(device_id, user_id))

    async def last_of_robot(self, device_id: str) -> Turn | None:
        """Return the newest turn in which a robot said something, to whomever; likewise."""
        return await self._first(_LAST_TO_ANYBODY, {"device_id": device_id})

    async def find(self, device_id: str, request_id: str) -> Turn | None:
        """Return the turn of a request, of whichever conversation."""
        return await self._first(_FIND, {"device_id": device_id, "request_id": request_id})

    async def reset(self, device_id: str, user_id: str | None = None) -> list[str]:
        """Begin new conversations: turns before it are kept, and are history no more.

        Args:
            device_id: the robot.
            user_id: the person, '' for somebody unknown; None for everybody.

        Returns:
            The persons whose conversation with the robot there was; '' for somebody unknown.
        """
        return await self._database.run(lambda connection: _reset(connection, device_id, user_id, self._now()))

    async def leave_next(self, conversation_id: int, token_budget: int) -> int:
        """Return the id of the last turn that `recent` will leave out next; 0 while it is not near to that."""
        return await self._database.read(lambda connection: _leave_next(connection, conversation_id, token_budget))

    async def end_paused(self) -> int:
        """End the conversations in which nobody said a word for longer than the pause; return how many."""
        since = self._now() - self._limits.pause
        return await self._database.run(lambda connection: _end_paused(connection, since))

    async def count(self) -> int:
        """Return how many turns are stored, of all robots."""
        return await self._database.read(lambda connection: int(connection.execute(_COUNT).scalar_one()))

    async def _first(self, query: Select[Any], values: dict[str, Any]) -> Turn | None:
        def work(connection: Connection) -> Turn | None:
            row = connection.execute(query, values).mappings().first()
            return None if row is None else turn_of(row)

        return await self._database.read(work)


def reply_of(row: Mapping[Any, Any]) -> Reply:
    """Return the reply in a row of the turns that has at least `REPLY_COLUMNS`."""
    return Reply.model_validate(
        {
            "timestamp": row["replied_at"],
            "actions": row["actions"],
            "usage": {field: row[field] for field in _USAGE_FIELDS},
            "timings": {field: row[field] for field in _TIMINGS_FIELDS},
            **{field: row[field] for field in _REPLY_FIELDS},
        }
    )


def _add(
    connection: Connection, turn: Turn, publications: Sequence[NewPublication], limits: _Limits
) -> list[StoredPublication] | None:
    request = _request(turn)
    delivery = connection.execute(_LEAVE_INBOX, request).scalar()
    if connection.execute(_PLACE, request).first():
        return None
    conversation, history_end = _conversation(connection, turn, limits.pause)
    tokens = _history_tokens(turn)
    place = {"conversation_id": conversation, "history_tokens": tokens, "history_end": history_end + tokens}
    number = connection.execute(_ADD, {**_row(turn), **place, "delivery": delivery}).scalar_one()
    facts.store(
        connection,
        turn.learned,
        device_id=turn.reply.device_id,
        user_id=turn.user_id,
        turn_id=number,
        at=turn.at,
        max_facts=limits.max_facts,
    )
    facts.claim(
        connection,
        device_id=turn.reply.device_id,
        user_id=turn.user_id,
        turn_id=number,
        at=turn.at,
        replied_at=turn.reply.timestamp,
    )
    return undelivered.store(connection, publications=publications, **request)


def _cancel(
    connection: Connection, turn: Turn, publications: Sequence[NewPublication], limits: _Limits
) -> list[StoredPublication]:
    request = _request(turn)
    place = connection.execute(_PLACE, request).first()
    if place is None:
        return _add(connection, turn, publications, limits) or []
    tokens = _history_tokens(turn)
    longer = tokens - place.history_tokens
    row = {"history_tokens": tokens, "history_end": place.history_end + longer, "of_id": place.id}
    connection.execute(_REPLACE, {**_row(turn), **row})
    later = {"of_conversation": place.conversation_id, "from_end": place.history_end, "after_id": place.id}
    connection.execute(_MOVE_LATER_TURNS, {**later, "by": longer})
    undelivered.drop(connection, **request)
    return undelivered.store(connection, publications=publications, **request)


def _request(turn: Turn) -> dict[str, str]:
    return {"device_id": turn.reply.device_id, "request_id": turn.reply.request_id}


def _person(device_id: str, user_id: str | None) -> dict[str, str]:
    return {"device_id": device_id, "of_user": user_id or ""}


def _conversation(connection: Connection, turn: Turn, pause: timedelta) -> tuple[int, int]:
    """Return the conversation that a turn goes on with and where its history ends; it is begun where there is none."""
    person = _person(turn.reply.device_id, turn.user_id)
    found = _current(connection, person, turn.at - pause)
    if found is None:
        return _begin(connection, person, turn.at), 0
    return found.id, found.history_end


def _current(
    connection: Connection, person: Mapping[str, str], paused_since: datetime
) -> Row[Any, Any, Any, Any, Any] | None:
    """Return the row of a person's conversation, unless it has ended, or nothing was said in it since then."""
    found = connection.execute(_CONVERSATION, person).first()
    if found is None or found.ended_at is not None:
        return None
    return found if found.last_said_at >= paused_since else None


def _begin(connection: Connection, person: Mapping[str, str], at: datetime) -> int:
    before = connection.execute(_CONVERSATION, person).first()
    if before is not None and before.ended_at is None:
        connection.execute(_END, {"of_id": before.id, "at": at})
    row = {"device_id": person["device_id"], "user_id": person["of_user"], "started_at": at}
    return int(connection.execute(_BEGIN, row).scalar_one())


def _reset(connection: Connection, device_id: str, user_id: str | None, at: datetime) -> list[str]:
    current = connection.execute(_CURRENT, {"device_id": device_id}).all()
    chosen = [each for each in current if user_id is None or each.user_id == user_id]
    for conversation in chosen:
        if connection.execute(_IS_BEGUN, {"conversation_id": conversation.id}).first():
            _begin(connection, _person(device_id, conversation.user_id), at)
    return [conversation.user_id for conversation in chosen]


def _history_tokens(turn: Turn) -> int:
    return estimated_tokens(turn) if turn.words and _is_history(turn.reply) else 0


def _is_history(reply: Reply) -> bool:
    return reply.finish_reason in {"stop", "length"} or (reply.finish_reason == "cancelled" and reply.text != "")


def _recent(connection: Connection, person: Mapping[str, str], token_budget: int, paused_since: datetime) -> History:
    conversation = _current(connection, person, paused_since)
    if conversation is None:
        return History()
    values = {"conversation_id": conversation.id}
    newest = connection.execute(_NEWEST_OF_HISTORY, values).first()
    if newest is None:
        return History(conversation.id, conversation.started_at)
    if newest.history_tokens > token_budget:
        return History(conversation.id, conversation.started_at, left_until=newest.id)
    begin = min(_block_start(newest.history_end, token_budget), newest.history_end - newest.history_tokens)
    within = {**values, "begin": begin}
    found = read_rows(connection, turns, _HISTORY, within, PastTurn.model_validate)
    left_until = connection.execute(_LEFT_UNTIL, within).scalar() if begin else 0
    return History(conversation.id, conversation.started_at, tuple(found), left_until or 0)


def _leave_next(connection: Connection, conversation_id: int, token_budget: int) -> int:
    values = {"conversation_id": conversation_id}
    newest = connection.execute(_NEWEST_OF_HISTORY, values).first()
    if newest is None:
        return 0
    begin = _block_start(newest.history_end, token_budget)
    if newest.history_end - begin < _NEARLY_FULL * token_budget:
        return 0
    return connection.execute(_LEFT_UNTIL, {**values, "begin": begin + _block(token_budget)}).scalar() or 0


def _end_paused(connection: Connection, paused_since: datetime) -> int:
    ended = 0
    for conversation in connection.execute(_OPEN).all():
        if conversation.last_said_at < paused_since:
            connection.execute(_END, {"of_id": conversation.id, "at": conversation.last_said_at})
            ended += 1
    return ended


def _block_start(length: int, budget: int) -> int:
    """Return the estimated token of a conversation at which its history begins: a multiple of a block."""
    block = _block(budget)
    return max(0, ceil((length - budget) / block) * block)


def _block(budget: int) -> int:
    return max(1, budget // _BLOCKS)


def _row(turn: Turn) -> dict[str, Any]:
    reply = turn.reply
    return {
        "at": turn.at,
        "words": turn.words,
        "facts": turn.facts,
        "trace": turn.trace or None,
        "user_id": turn.user_id or "",
        "person_emotion": turn.person_emotion,
        "replied_at": reply.timestamp,
        "actions": [action.model_dump(mode="json", exclude_none=True) for action in reply.actions],
        **{field: getattr(reply, field) for field in _REPLY_FIELDS},
        **reply.usage.model_dump(),
        **reply.timings.model_dump(),
    }


def turn_of(row: Mapping[Any, Any]) -> Turn:
    """Return the turn that a row of the table holds."""
    return Turn(
        at=row["at"],
        words=row["words"],
        reply=reply_of(row),
        facts=row["facts"],
        user_id=row["user_id"] or None,
        person_emotion=row["person_emotion"],
        trace=row["trace"] or {},
    )
