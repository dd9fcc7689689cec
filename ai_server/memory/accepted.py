"""Utterances that are on the disk and not answered yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, bindparam, insert, select, tuple_

from ai_server.memory.database import Database
from ai_server.memory.schema import inbox, turns
from ai_server.memory.turns import REPLY_COLUMNS, reply_of
from ai_server.protocol.reply import Reply
from ai_server.protocol.utterance import Utterance

_REDELIVERED_WITHIN = timedelta(days=7)
"""MQTT uses its 65,535 packet ids again and again: the same one and the same words after longer are a new message."""

_LOOKED_UP_AT_ONCE = 1000
"""SQLite takes at most 32,766 values in one statement."""

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

_Key = tuple[str, str]
"""A robot, and one of its requests."""


def _among_keys(table: Table) -> Any:
    return tuple_(table.c.device_id, table.c.request_id).in_(bindparam("keys", expanding=True))


_ADD = insert(inbox)
_WAITING = select(inbox).order_by(inbox.c.id)
_STORED_AMONG = select(inbox.c.device_id, inbox.c.request_id).where(_among_keys(inbox))
_ANSWERED_AMONG = select(*REPLY_COLUMNS).where(_among_keys(turns))
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
    """The utterances of all robots, from before their PUBACK to their turn. Every method can raise `DatabaseError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def accept(self, arrivals: Sequence[Arrival]) -> list[Acceptance]:
        """Store what is new in one transaction, all or nothing; return what became of each arrival, in their order."""
        if not arrivals:
            return []
        return await self._database.run(lambda connection: _accept_all(connection, arrivals))

    async def waiting(self) -> list[Arrival]:
        """Return everything that is accepted and not answered, oldest first."""
        return await self._database.read(
            lambda connection: [_arrival(row) for row in connection.execute(_WAITING).mappings()]
        )


def _accept_all(connection: Connection, arrivals: Sequence[Arrival]) -> list[Acceptance]:
    acceptances = []
    for begin in range(0, len(arrivals), _LOOKED_UP_AT_ONCE):
        acceptances += _accept(connection, arrivals[begin : begin + _LOOKED_UP_AT_ONCE])
    return acceptances


def _accept(connection: Connection, arrivals: Sequence[Arrival]) -> list[Acceptance]:
    arrivals = _recognise(connection, arrivals)
    keys = {"keys": [_key(arrival) for arrival in arrivals]}
    answered = {
        (row["device_id"], row["request_id"]): row for row in connection.execute(_ANSWERED_AMONG, keys).mappings()
    }
    stored = {(row.device_id, row.request_id) for row in connection.execute(_STORED_AMONG, keys)}
    acceptances, rows = [], []
    for arrival in arrivals:
        key, utterance = _key(arrival), arrival.utterance
        if key in answered:
            acceptances.append(Acceptance(utterance=utterance, reply=reply_of(answered[key])))
            continue
        acceptances.append(Acceptance(utterance=utterance, waiting=key in stored))
        if key not in stored:
            stored.add(key)
            rows.append(_row(arrival))
    if rows:
        connection.execute(_ADD, rows)
    return acceptances


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


def _key(arrival: Arrival) -> _Key:
    return arrival.utterance.device_id, arrival.utterance.request_id


def _row(arrival: Arrival) -> dict[str, Any]:
    fields = {field: getattr(arrival.utterance, field) for field in _UTTERANCE_FIELDS}
    return {**fields, "arrived_at": arrival.arrived_at, "delivery": arrival.delivery}


def _arrival(row: Mapping[Any, Any]) -> Arrival:
    utterance = Utterance(**{field: row[field] for field in _UTTERANCE_FIELDS})
    return Arrival(utterance=utterance, arrived_at=row["arrived_at"], delivery=row["delivery"])
