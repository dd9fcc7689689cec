"""What the tests of erasing, exporting and sweeping put into a memory."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select

from ai_server.memory import schema
from ai_server.memory.facts import NewFact
from ai_server.memory.storage.database import Database
from ai_server.memory.turns import Turn, Turns
from ai_server.memory.undelivered import NewPublication
from ai_server.protocol.reply import ActionMessage, Reply

BEGAN = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


class FilledMemory:
    """A memory that is filled."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.turns = Turns(database)
        self._numbers = itertools.count(1)

    async def say(
        self,
        words: str,
        reply: str = "I see.",
        *,
        device_id: str = "rover",
        user_id: str | None = "ada",
        at: datetime | None = None,
        **changes: Any,
    ) -> str:
        """Store a turn with its publication, a minute after the one before; return its request_id."""
        number = next(self._numbers)
        request_id, at = f"q{number}", at or BEGAN + timedelta(minutes=number)
        await say_turn(self.database, request_id, words, reply, device_id=device_id, user_id=user_id, at=at, **changes)
        return request_id

    async def put(self, table: Table, **row: Any) -> None:
        """Store a row."""
        await self.database.run(lambda connection: connection.execute(insert(table), row).close())

    async def summarise(self, text: str, *, device_id: str = "rover", user_id: str = "ada") -> None:
        """Store a summary of the newest conversation of a person, up to its newest turn."""

        def work(connection: Connection) -> None:
            newest = connection.execute(
                select(schema.turns.c.conversation_id, schema.turns.c.id)
                .where(schema.turns.c.device_id == device_id, schema.turns.c.user_id == user_id)
                .order_by(schema.turns.c.id.desc())
            ).first()
            assert newest
            first = select(func.min(schema.turns.c.id)).where(schema.turns.c.conversation_id == newest[0])
            row = {
                "conversation_id": newest[0],
                "device_id": device_id,
                "user_id": user_id,
                "from_turn_id": connection.execute(first).scalar_one(),
                "to_turn_id": newest[1],
                "text": text,
                "tokens": len(text),
                "made_by": "extract",
                "made_at": BEGAN + timedelta(days=1),
            }
            connection.execute(insert(schema.summaries), row)

        await self.database.run(work)

    async def column(self, name: str) -> list[Any]:
        """Return a column, as `table.column`, by the ids of its rows."""
        table = schema.metadata.tables[name.partition(".")[0]]
        query = select(table.c[name.partition(".")[2]]).order_by(table.c.id)
        return await self.database.read(lambda connection: list(connection.execute(query).scalars()))

    async def counts(self) -> dict[str, int]:
        """Return how many rows each table has that has any."""

        def work(connection: Connection) -> dict[str, int]:
            counted = {
                name: connection.execute(select(func.count()).select_from(table)).scalar_one()
                for name, table in schema.metadata.tables.items()
            }
            return {name: count for name, count in counted.items() if count}

        return await self.database.read(work)


async def say_turn(
    database: Database,
    request_id: str,
    words: str,
    reply: str = "I see.",
    *,
    device_id: str = "rover",
    user_id: str | None = "ada",
    at: datetime | None = None,
    learned: Sequence[NewFact] = (),
    actions: Sequence[ActionMessage] = (),
    **changes: Any,
) -> None:
    """Store a turn with its publication; `changes` are of the turn."""
    at = at or datetime.now(UTC)
    answer = Reply(
        request_id=request_id,
        device_id=device_id,
        text=reply,
        source="llm",
        timestamp=at + timedelta(seconds=2),
        actions=list(actions),
    )
    turn = Turn(at=at, words=words, reply=answer, user_id=user_id, learned=tuple(learned), **changes)
    sent = NewPublication(topic="t", payload=answer.model_dump_json().encode(), kind="reply")
    await Turns(database).add(turn, [sent])


def fact(text: str, *, kind: str = "note", household: bool = False, subject: str = "user", value: str = "") -> NewFact:
    """A fact whose value is its text, unless another is given."""
    return NewFact(
        subject=subject, kind=kind, value=value or text, text=text, confidence=0.9, source="rule", household=household
    )
