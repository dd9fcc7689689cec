"""Vectors of what was said and is known, by which it is found where other words mean the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, bindparam, delete, exists, func, insert, select

from ai_server.memory.schema import embeddings, facts, search_entries, turns
from ai_server.memory.storage.database import Database

_AT_ONCE = 8
"""Texts of one request, so that a person's question waits for few others."""
_LOOKED_AT = 1000
"""Entries of which one transaction looks whether they have a vector."""

_NEWEST = 2000
"""Of a person's vectors so many are compared: a few milliseconds' worth."""
_STANDS_OUT = 2.0
"""By so many standard deviations a vector must be nearer than a person's others are: how near is near depends on the
model."""
_ENOUGH = 10
"""So many vectors it takes to tell what stands out."""
_NEAR = 0.6
"""So near is near where there are fewer."""

_LACKS = ~exists().where(embeddings.c.entry_id == search_entries.c.id, embeddings.c.model == bindparam("of_model"))
_PENDING = (
    select(
        search_entries.c.id,
        turns.c.device_id,
        turns.c.user_id,
        turns.c.words,
        facts.c.device_id.label("fact_device_id"),
        facts.c.user_id.label("fact_user_id"),
        facts.c.household,
        facts.c.text,
    )
    .select_from(search_entries)
    .outerjoin(turns, turns.c.id == search_entries.c.turn_id)
    .outerjoin(facts, facts.c.id == search_entries.c.fact_id)
    .where(search_entries.c.id > bindparam("above"), search_entries.c.id <= bindparam("up_to"), _LACKS)
    .order_by(search_entries.c.id.desc())
    .limit(_AT_ONCE)
)
_NEWEST_ENTRY = select(func.coalesce(func.max(search_entries.c.id), 0))
_VECTORS = (
    select(embeddings.c.entry_id, embeddings.c.vector)
    .where(
        embeddings.c.device_id == bindparam("of_device"),
        embeddings.c.user_id == bindparam("of_user"),
        embeddings.c.model == bindparam("of_model"),
    )
    .order_by(embeddings.c.entry_id.desc())
    .limit(_NEWEST)
)
_HOUSEHOLD = ("", "")
"""In place of a robot and a person; no robot has an empty id."""


class Embedder(Protocol):
    """What makes vectors; both are None where it cannot now."""

    async def fingerprint(self) -> str | None:
        """Return what tells its vectors from others."""

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float16] | None:
        """Return a row of length 1, or zeros, for each text."""


class Embeddings:
    """The vectors of a database, made in idle time; each goes with what it is of. What was interrupted goes on.

    Every method can raise `DatabaseError`.
    """

    def __init__(self, database: Database, embedder: Embedder) -> None:
        self._database = database
        self._embedder = embedder
        self._model: str | None = None
        self._looked_at: tuple[int, int] | None = None

    async def fill(self) -> bool:
        """Make some of the vectors that are lacking: of what is new first, then of what is older.

        Returns:
            Whether there may be more to do at once.
        """
        model = await self._fingerprint()
        span = await self._next_span()
        if model is None or span is None:
            return False
        values = {"above": span[0], "up_to": span[1], "of_model": model}
        rows = await self._database.read(lambda connection: connection.execute(_PENDING, values).mappings().all())
        if rows:
            vectors = await self._embedder.embed([_text(row) for row in rows])
            if vectors is None:
                return False
            made = [_embedding(row, model, vector) for row, vector in zip(rows, vectors, strict=True)]
            await self._database.run(lambda connection: _store(connection, made))
        if len(rows) < _AT_ONCE:
            self._note_looked_at(span)
        return True

    async def nearest(self, device_id: str, user_id: str, words: str, limit: int) -> list[int]:
        """Return the ids of the entries that mean much the same as some words, the nearest first.

        Those of a person with a robot, and of the household, are compared with the words: the newest 2,000. Only what
        stands out from the rest is returned; nothing where the model cannot be asked.
        """
        model = await self._fingerprint()
        asked = None if model is None else await self._embedder.embed([words])
        if asked is None:
            return []
        whose = [{"of_device": device, "of_user": user} for device, user in ((device_id, user_id), _HOUSEHOLD)]
        values = [{**each, "of_model": model} for each in whose]
        rows = await self._database.read(
            lambda connection: [row for each in values for row in connection.execute(_VECTORS, each).all()]
        )
        return _nearest([row.entry_id for row in rows], [row.vector for row in rows], asked[0], limit)

    async def _fingerprint(self) -> str | None:
        if self._model is None:
            self._model = await self._embedder.fingerprint()
        return self._model

    async def _next_span(self) -> tuple[int, int] | None:
        """Return the ids, from above one to another, among which to look for what lacks a vector."""
        newest = await self._database.read(lambda connection: int(connection.execute(_NEWEST_ENTRY).scalar_one()))
        above, up_to = self._looked_at or (newest, newest)
        self._looked_at = (above, up_to)
        if newest > up_to:
            return up_to, min(newest, up_to + _LOOKED_AT)
        return (max(0, above - _LOOKED_AT), above) if above > 0 else None

    def _note_looked_at(self, span: tuple[int, int]) -> None:
        above, up_to = self._looked_at or span
        self._looked_at = (min(above, span[0]), max(up_to, span[1]))


def _text(row: Mapping[Any, Any]) -> str:
    return str(row["text"] if row["words"] is None else row["words"])


def _embedding(row: Mapping[Any, Any], model: str, vector: NDArray[np.float16]) -> dict[str, Any]:
    if row["words"] is not None:
        device_id, user_id = row["device_id"], row["user_id"]
    else:
        device_id, user_id = _HOUSEHOLD if row["household"] else (row["fact_device_id"], row["fact_user_id"])
    halves = vector.astype("<f2").tobytes()
    return {"entry_id": row["id"], "model": model, "device_id": device_id, "user_id": user_id, "vector": halves}


def _store(connection: Connection, made: Sequence[Mapping[str, Any]]) -> None:
    """Store the vectors of what is still there, in place of those of another model."""
    ids = [each["entry_id"] for each in made]
    there = set(connection.execute(select(search_entries.c.id).where(search_entries.c.id.in_(ids))).scalars())
    connection.execute(delete(embeddings).where(embeddings.c.entry_id.in_(ids)))
    if there:
        connection.execute(insert(embeddings), [each for each in made if each["entry_id"] in there])


def _nearest(ids: Sequence[int], halves: Sequence[bytes], asked: NDArray[np.float16], limit: int) -> list[int]:
    if not ids:
        return []
    vectors = np.frombuffer(b"".join(halves), dtype="<f2").reshape(len(ids), -1).astype(np.float32)
    nearness = vectors @ asked.astype(np.float32)
    spread = float(nearness.std())
    least = float(nearness.mean()) + _STANDS_OUT * spread if len(ids) >= _ENOUGH and spread > 0 else _NEAR
    best = np.argsort(-nearness, kind="stable")[:limit]
    return [ids[place] for place in best if nearness[place] >= least]
