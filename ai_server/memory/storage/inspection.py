"""A look at the database from outside, also beside a running daemon."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from ai_server.memory.migrations import HEAD, REVISIONS, stored_revision
from ai_server.memory.schema import turns
from ai_server.memory.storage.refusal import DatabaseError
from ai_server.memory.storage.store import Place
from ai_server.memory.turns import Turn, turn_of


@dataclass(frozen=True)
class DatabaseReport:
    """What is seen of a database.

    Attributes:
        exists: whether there is one yet.
        size_bytes: what it takes.
        revision: the version of its schema; None before the first start.
        turns: how many it holds.
    """

    exists: bool
    size_bytes: int = 0
    revision: str | None = None
    turns: int = 0


def inspect_database(place: Place) -> DatabaseReport:
    """Look at a database and check its structure; nothing is changed.

    Raises:
        DatabaseError: if it cannot be read or written, is damaged, or was written by a newer version of NAILA; where
            there is none yet, if none can be made there.
    """
    if not place.exists():
        return DatabaseReport(exists=False)
    place.require_sound()
    with place.look() as connection:
        revision, size = stored_revision(connection), place.measure(connection)
        if revision is None:
            return DatabaseReport(exists=True, size_bytes=size)
        if revision not in REVISIONS:
            raise DatabaseError.of_newer_version(str(place), revision)
        count = connection.execute(select(func.count()).select_from(turns)).scalar_one()
        return DatabaseReport(exists=True, size_bytes=size, revision=revision, turns=count)


def find_turn(place: Place, *, request_id: str | None = None, device_id: str | None = None) -> Turn | None:
    """Return the newest turn of a request, or of a robot, or of both, or of all; None where there is none.

    Raises:
        DatabaseError: if the database cannot be read, or was written by another version of NAILA.
    """
    if not place.exists():
        return None
    query = select(turns).order_by(turns.c.id.desc()).limit(1)
    if request_id is not None:
        query = query.where(turns.c.request_id == request_id)
    if device_id is not None:
        query = query.where(turns.c.device_id == device_id)
    with place.look() as connection:
        if (revision := stored_revision(connection)) != HEAD:
            raise DatabaseError.of_other_version(str(place), revision)
        row = connection.execute(query).mappings().one_or_none()
        return turn_of(row) if row else None
