"""What was said to each robot and what was answered, kept over restarts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, insert, select

from ai_server.memory.database import Database
from ai_server.memory.schema import conversations, turns
from ai_server.protocol.reply import Reply, Timings, Usage

BYTES_PER_TOKEN = 3.5
"""A token of Llama 3.1's vocabulary holds about 4.4 bytes of English; other languages and small vocabularies less."""

TOKENS_AROUND_A_TURN = 14
"""Two message headers and ends of Llama 3.1's template at five tokens each, and the reply's emotion tag."""

_BLOCKS = 4

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


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One utterance and its reply.

    Attributes:
        at: when it was said.
        words: what the person said.
        reply: what was answered; its `device_id` and `request_id` are the turn's. The text of a cancelled one is what
            had been said until then.
        facts: the bracketed line that the words were sent to the model with; empty where there was none.
        user_id: who spoke, where the robot knew.
    """

    at: datetime
    words: str
    reply: Reply
    facts: str = ""
    user_id: str | None = None


def estimated_tokens(turn: Turn) -> int:
    """Return about how many tokens a turn takes in a prompt: its UTF-8 bytes / 3.5, and 14 for what is around them."""
    actions = "".join(json.dumps(action.arguments) + action.action for action in turn.reply.actions)
    spoken = f"{turn.facts}{turn.words}{turn.reply.text}{actions}".encode()
    return ceil(len(spoken) / BYTES_PER_TOKEN) + TOKENS_AROUND_A_TURN


class Turns:
    """The turns of all robots. Every method can raise `DatabaseError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, turn: Turn) -> bool:
        """Store a turn in the robot's current conversation.

        Returns:
            False if a turn of this robot and `request_id` was stored before: that one stays as it is.
        """
        return await self._database.run(lambda connection: _add(connection, turn))

    async def recent(self, device_id: str, token_budget: int) -> list[Turn]:
        """Return the newest turns of the current conversation that fit the budget by `estimated_tokens`, oldest first.

        Turns that ended in an error or expired, and those cancelled before a word was said, are left out. Once a
        conversation outgrows the budget, its oldest turns are dropped a quarter of the budget at a time: most turns
        then add to the prompt of the one before, which the model's cache holds, and few begin a new one.
        """
        return await self._database.read(lambda connection: _recent(connection, device_id, token_budget))

    async def last(self, device_id: str) -> Turn | None:
        """Return the newest turn of the current conversation in which the robot said something."""
        query = (
            select(turns)
            .where(turns.c.conversation_id == _current(device_id), turns.c.text != "")
            .order_by(turns.c.history_end.desc(), turns.c.id.desc())
            .limit(1)
        )
        return await self._first(query)

    async def find(self, device_id: str, request_id: str) -> Turn | None:
        """Return the turn of a request, of whichever conversation."""
        return await self._first(select(turns).where(*_of_request(device_id, request_id)))

    async def reset(self, device_id: str) -> None:
        """Begin a new conversation: turns before it are kept, and are history no more."""
        await self._database.run(lambda connection: _reset(connection, device_id))

    async def count(self) -> int:
        """Return how many turns are stored, of all robots."""
        query = select(func.count()).select_from(turns)
        return await self._database.read(lambda connection: int(connection.execute(query).scalar_one()))

    async def _first(self, query: Any) -> Turn | None:
        def work(connection: Connection) -> Turn | None:
            row = connection.execute(query).mappings().first()
            return None if row is None else _turn(row)

        return await self._database.read(work)


def _current(device_id: str) -> Any:
    return select(func.max(conversations.c.id)).where(conversations.c.device_id == device_id).scalar_subquery()


def _conversation(connection: Connection, device_id: str) -> int:
    """Return the id of a robot's current conversation; 0 before the first."""
    return connection.execute(select(_current(device_id))).scalar_one() or 0


def _of_request(device_id: str, request_id: str) -> tuple[ColumnElement[bool], ...]:
    return turns.c.device_id == device_id, turns.c.request_id == request_id


def _add(connection: Connection, turn: Turn) -> bool:
    reply = turn.reply
    if connection.execute(select(turns.c.id).where(*_of_request(reply.device_id, reply.request_id))).first():
        return False
    conversation = _conversation(connection, reply.device_id) or _begin(connection, reply.device_id)
    tokens = estimated_tokens(turn) if _is_history(reply) else 0
    row = {
        **_row(turn),
        "conversation_id": conversation,
        "history_tokens": tokens,
        "history_end": _history_length(connection, conversation) + tokens,
    }
    connection.execute(insert(turns), row)
    return True


def _begin(connection: Connection, device_id: str) -> int:
    row = {"device_id": device_id, "started_at": datetime.now(UTC)}
    return int(connection.execute(insert(conversations).returning(conversations.c.id), row).scalar_one())


def _reset(connection: Connection, device_id: str) -> None:
    current = _conversation(connection, device_id)
    if current and connection.execute(select(turns.c.id).where(turns.c.conversation_id == current).limit(1)).first():
        _begin(connection, device_id)


def _history_length(connection: Connection, conversation: int) -> int:
    query = select(func.max(turns.c.history_end)).where(turns.c.conversation_id == conversation)
    return connection.execute(query).scalar_one() or 0


def _is_history(reply: Reply) -> bool:
    return reply.finish_reason in {"stop", "length"} or (reply.finish_reason == "cancelled" and reply.text != "")


def _recent(connection: Connection, device_id: str, token_budget: int) -> list[Turn]:
    of_conversation = turns.c.conversation_id == _conversation(connection, device_id), turns.c.history_tokens > 0
    end, tokens = turns.c.history_end, turns.c.history_tokens
    newest = connection.execute(select(end, tokens).where(*of_conversation).order_by(end.desc()).limit(1)).first()
    if newest is None or newest.history_tokens > token_budget:
        return []
    begin = min(_block_start(newest.history_end, token_budget), newest.history_end - newest.history_tokens)
    query = select(turns).where(*of_conversation, end > begin, end - tokens >= begin).order_by(end)
    return [_turn(row) for row in connection.execute(query).mappings()]


def _block_start(length: int, budget: int) -> int:
    """Return the estimated token of a conversation at which its history begins: a multiple of a block."""
    block = max(1, budget // _BLOCKS)
    return max(0, ceil((length - budget) / block) * block)


def _row(turn: Turn) -> dict[str, Any]:
    reply = turn.reply
    return {
        "at": turn.at,
        "words": turn.words,
        "facts": turn.facts,
        "user_id": turn.user_id,
        "replied_at": reply.timestamp,
        "actions": [action.model_dump() for action in reply.actions],
        **{field: getattr(reply, field) for field in _REPLY_FIELDS},
        **reply.usage.model_dump(),
        **reply.timings.model_dump(),
    }


def _turn(row: Mapping[Any, Any]) -> Turn:
    reply = Reply(
        timestamp=row["replied_at"],
        actions=row["actions"],
        usage=Usage(**{field: row[field] for field in Usage.model_fields}),
        timings=Timings(**{field: row[field] for field in Timings.model_fields}),
        **{field: row[field] for field in _REPLY_FIELDS},
    )
    return Turn(at=row["at"], words=row["words"], reply=reply, facts=row["facts"], user_id=row["user_id"])
