"""What is to be published at least once, kept until the broker has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Delete,
    Update,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from ai_server.memory.schema import outbox
from ai_server.memory.storage.database import Database
from ai_server.memory.storage.rows import read_rows

_SWEPT_AT_ONCE = 1000
"""How many rows one transaction deletes, so that others come in between."""

_UNDELIVERED = and_(outbox.c.delivered_at.is_(None), outbox.c.expired_at.is_(None))
_OF_DEVICE = outbox.c.device_id == bindparam("device_id")
_OF_REQUEST = outbox.c.request_id == bindparam("request_id")
_ACTION = outbox.c.kind == "action"

_ADD = insert(outbox).returning(outbox.c.id)
_STORED = select(*(column for column in outbox.c if column not in {outbox.c.delivered_at, outbox.c.expired_at}))
_AFTER = _STORED.where(_UNDELIVERED, outbox.c.id > bindparam("after")).order_by(outbox.c.id).limit(bindparam("at_most"))
_ACTIONS_SINCE = _STORED.where(
    _ACTION, outbox.c.expired_at.is_(None), or_(_UNDELIVERED, outbox.c.delivered_at >= bindparam("since"))
).order_by(outbox.c.id)
_MARK = update(outbox).where(outbox.c.id == bindparam("of_id"), _UNDELIVERED)
_MARK_DELIVERED = _MARK.values(delivered_at=bindparam("at"))
_MARK_EXPIRED = _MARK.values(expired_at=bindparam("at"))
_DROP = delete(outbox).where(_UNDELIVERED, _OF_DEVICE, _OF_REQUEST)
_DROP_ACTIONS_OF_DEVICE = delete(outbox).where(_UNDELIVERED, _OF_DEVICE, _ACTION)
_DROP_ACTIONS_OF_REQUEST = delete(outbox).where(_UNDELIVERED, _OF_DEVICE, _OF_REQUEST, _ACTION)
_COUNT = select(func.count()).select_from(outbox).where(_UNDELIVERED)


def _some_of(settled: ColumnElement[bool]) -> Delete:
    return delete(outbox).where(outbox.c.id.in_(select(outbox.c.id).where(settled).limit(_SWEPT_AT_ONCE)))


_SWEEPS = tuple(_some_of(column < bindparam("before")) for column in (outbox.c.delivered_at, outbox.c.expired_at))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPublication:
    """A message to be published for a turn.

    Attributes:
        topic: where.
        payload: what.
        kind: whether it speaks or moves the body; actions can be dropped.
        correlation_data: what an MQTT 5 request wants back beside the reply.
        expires_at: after this it is not to be published any more; None for ever.
    """

    topic: str
    payload: bytes
    kind: Literal["reply", "action"]
    correlation_data: bytes | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPublication(NewPublication):
    """A message on the disk.

    Attributes:
        id: grows with every publication, and is never used again.
        device_id: the robot whose turn it belongs to.
        request_id: that turn's.
    """

    id: int
    device_id: str
    request_id: str


class Undelivered:
    """The publications of all robots, from the transaction of their turn to the sweep. Any method: `DatabaseError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def after(self, id: int, limit: int) -> list[StoredPublication]:  # noqa: A002  it is the field's name
        """Return at most `limit` of those that are neither delivered nor expired, from beyond `id`, by ascending id."""
        values = {"after": id, "at_most": limit}
        return await self._database.read(
            lambda connection: read_rows(connection, outbox, _AFTER, values, lambda row: StoredPublication(**row))
        )

    async def actions_since(self, since: datetime) -> list[StoredPublication]:
        """Return the actions that were delivered since a moment or still may be, by ascending id."""
        values = {"since": since}
        return await self._database.read(
            lambda connection: read_rows(
                connection, outbox, _ACTIONS_SINCE, values, lambda row: StoredPublication(**row)
            )
        )

    async def mark_delivered(self, ids: Sequence[int]) -> None:
        """Note that the broker has these; ids that are gone, delivered or expired already are passed over."""
        await self._mark(_MARK_DELIVERED, ids)

    async def mark_expired(self, ids: Sequence[int]) -> None:
        """Note that these came too late; ids that are gone, delivered or expired already are passed over."""
        await self._mark(_MARK_EXPIRED, ids)

    async def drop_actions(self, device_id: str, request_id: str | None = None) -> int:
        """Delete a robot's undelivered actions, with `request_id` those of that turn alone; return how many."""
        statement = _DROP_ACTIONS_OF_DEVICE if request_id is None else _DROP_ACTIONS_OF_REQUEST
        values = {"device_id": device_id, "request_id": request_id}
        return await self._database.run(lambda connection: connection.execute(statement, values).rowcount)

    async def sweep(self, settled_before: datetime) -> int:
        """Delete what was delivered, or expired, before that moment; return how many publications that were."""
        return sum([await self._sweep(statement, settled_before) for statement in _SWEEPS])

    async def count(self) -> int:
        """Return how many are neither delivered nor expired."""
        return await self._database.read(lambda connection: int(connection.execute(_COUNT).scalar_one()))

    async def _mark(self, statement: Update, ids: Sequence[int]) -> None:
        if ids:
            now = datetime.now(UTC)
            values = [{"of_id": number, "at": now} for number in ids]
            await self._database.run(lambda connection: connection.execute(statement, values).close())

    async def _sweep(self, statement: Delete, settled_before: datetime) -> int:
        values, swept, newly = {"before": settled_before}, 0, _SWEPT_AT_ONCE
        while newly == _SWEPT_AT_ONCE:
            newly = await self._database.run(lambda connection: connection.execute(statement, values).rowcount)
            swept += newly
        return swept


def store(
    connection: Connection, device_id: str, request_id: str, publications: Sequence[NewPublication]
) -> list[StoredPublication]:
    """Write the publications of a turn within its transaction, in their order."""
    stored = []
    for publication in publications:
        fields = {name: getattr(publication, name) for name in NewPublication.__slots__}
        row = {"device_id": device_id, "request_id": request_id, **fields}
        stored.append(StoredPublication(id=connection.execute(_ADD, row).scalar_one(), **row))
    return stored


def drop(connection: Connection, device_id: str, request_id: str) -> None:
    """Delete what is undelivered of a turn, within its transaction."""
    connection.execute(_DROP, {"device_id": device_id, "request_id": request_id})
