"""Utterances that are on the disk and not answered yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, bindparam, exists, func, insert, select

from ai_server.masking import unmasked
from ai_server.memory.schema import inbox, turns
from ai_server.memory.storage.database import Database
from ai_server.memory.storage.rows import read_rows
from ai_server.memory.turns import REPLY_COLUMNS, reply_of
from ai_server.protocol.reply import Reply
from ai_server.protocol.utterance import Utterance

_REDELIVERED_WITHIN = timedelta(days=7)
"""MQTT uses its 65,535 packet ids again and again: the same one and the same words after longer are a new message."""

_UTTERANCE_FIELDS = (
    "device_id",
    "request_id",
    "text",
    "confidence",
    "language",
    "emotion",
    "user_id",
    "ttl_ms",
    "interrupt",
    "response_topic",
    "correlation_data",
)

_ROW_FIELDS = (*_UTTERANCE_FIELDS, "arrived_at", "delivery")

_Key = tuple[str, str]
"""A robot, and one of its requests."""


def _is_of_new(table: Table) -> ColumnElement[bool]:
    return (table.c.device_id == bindparam("new_device_id")) & (table.c.request_id == bindparam("new_request_id"))


_ADD = insert(inbox).from_select(
    _ROW_FIELDS,
    select(*(bindparam(f"new_{field}", type_=inbox.c[field].type) for field in _ROW_FIELDS)).where(
        ~exists().where(_is_of_new(inbox)), ~exists().where(_is_of_new(turns))
    ),
)
_NEWEST_ID = select(func.max(inbox.c.id))
_ADDED = select(inbox.c.device_id, inbox.c.request_id).where(inbox.c.id > bindparam("after"))
_ANSWER = select(*REPLY_COLUMNS).where(_is_of_new(turns))
_WAITING = select(inbox).order_by(inbox.c.id)
_NEWEST_OF_DELIVERY = tuple(
    select(table.c.request_id)
    .where(
        table.c.device_id == bindparam("device_id"),
        table.c.delivery == bindparam("delivery"),
        arrived_at >= bindparam("since"),
    )
    .order_by(table.c.id.desc())
    .limit(1)
    for table, arrived_at in ((inbox, inbox.c.arrived_at), (turns, turns.c.at))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """An utterance as it came.

    Attributes:
        utterance: a final one.
        arrived_at: when, by the wall clock.
        delivery: fingerprint of the MQTT delivery (packet id and payload) of a message without an id of its own.
        redelivered: MQTT marked it as delivered before, perhaps.
    """

    utterance: Utterance
    arrived_at: datetime
    delivery: str | None = None
    redelivered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """What became of an arrival: it is stored and new, unless one of the others is said.

    Attributes:
        utterance: the arrival's; the `request_id` of one that was delivered before is that of then.
        reply: what it was answered with already.
        waiting: it was stored already, and is not answered yet.
    """

    utterance: Utterance
    reply: Reply | None = None
    waiting: bool = False


class AcceptedUtterances:
    """The utterances of all robots, from before their PUBACK to their turn. Every method can raise `DatabaseError`.

    Args:
        database: where they are.
        mask: returns what is stored in the place of words; what is accepted keeps its own until the next start.
    """

    def __init__(self, database: Database, *, mask: Callable[[str], str] = unmasked) -> None:
        self._database = database
        self._mask = mask

    async def accept(self, arrivals: Sequence[Arrival]) -> list[Acceptance]:
        """Store what is new in one transaction, all or nothing; return what became of each arrival, in their order."""
        if not arrivals:
            return []
        return await self._database.run(lambda connection: _accept(connection, arrivals, self._mask))

    async def waiting(self) -> list[Arrival]:
        """Return everything that is accepted and not answered, oldest first."""
        return await self._database.read(lambda connection: read_rows(connection, inbox, _WAITING, {}, _arrival))


def _accept(connection: Connection, arrivals: Sequence[Arrival], mask: Callable[[str], str]) -> list[Acceptance]:
    newest = connection.execute(_NEWEST_ID).scalar() or 0
    recognised = _recognise(connection, arrivals)
    connection.execute(_ADD, [_row(arrival, mask) for arrival in recognised])
    added = {(row.device_id, row.request_id) for row in connection.execute(_ADDED, {"after": newest})}
    acceptances = []
    for arrival in recognised:
        utterance = arrival.utterance
        key = utterance.device_id, utterance.request_id
        if key in added:
            added.remove(key)  # the next one of this batch is its repeat
            acceptances.append(Acceptance(utterance=utterance))
        else:
            reply = _stored_reply(connection, utterance)
            acceptances.append(Acceptance(utterance=utterance, reply=reply, waiting=reply is None))
    return acceptances


def _stored_reply(connection: Connection, utterance: Utterance) -> Reply | None:
    values = {"new_device_id": utterance.device_id, "new_request_id": utterance.request_id}
    row = connection.execute(_ANSWER, values).mappings().first()
    return None if row is None else reply_of(row)


def _recognise(connection: Connection, arrivals: Sequence[Arrival]) -> list[Arrival]:
    """Give what was delivered again the `request_id` that it had the first time."""
    recognised: list[Arrival] = []
    of_delivery: dict[_Key, str] = {}
    for arrival in arrivals:
        if arrival.delivery is None:
            recognised.append(arrival)
            continue
        delivery = arrival.utterance.device_id, arrival.delivery
        known = (of_delivery.get(delivery) or _first_request_id(connection, arrival)) if arrival.redelivered else None
        if known is not None:
            utterance = arrival.utterance.model_copy(update={"request_id": known})
            arrival = replace(arrival, utterance=utterance)  # noqa: PLW2901
        of_delivery[delivery] = arrival.utterance.request_id
        recognised.append(arrival)
    return recognised


def _first_request_id(connection: Connection, arrival: Arrival) -> str | None:
    values = {
        "device_id": arrival.utterance.device_id,
        "delivery": arrival.delivery,
        "since": arrival.arrived_at - _REDELIVERED_WITHIN,
    }
    for query in _NEWEST_OF_DELIVERY:
        found: str | None = connection.execute(query, values).scalar()
        if found is not None:
            return found
    return None


def _row(arrival: Arrival, mask: Callable[[str], str]) -> dict[str, Any]:
    fields = {f"new_{field}": getattr(arrival.utterance, field) for field in _UTTERANCE_FIELDS}
    fields["new_text"] = mask(arrival.utterance.text)
    return {**fields, "new_arrived_at": arrival.arrived_at, "new_delivery": arrival.delivery}


def _arrival(row: Mapping[Any, Any]) -> Arrival:
    utterance = Utterance(**{field: row[field] for field in _UTTERANCE_FIELDS})
    return Arrival(utterance=utterance, arrived_at=row["arrived_at"], delivery=row["delivery"])
