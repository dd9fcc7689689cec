"""A look at the database from outside, also beside a running daemon."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, exc, func, select, text
from sqlalchemy.pool import NullPool
from sqlcipher3 import dbapi2

from ai_server.memory import sqlite
from ai_server.memory.database import DatabaseError
from ai_server.memory.migrations import HEAD, REVISIONS, stored_revision
from ai_server.memory.schema import turns
from ai_server.memory.turns import Turn, turn_of


@dataclass(frozen=True)
class DatabaseReport:
    """What is seen of a database.

    Attributes:
        exists: whether there is a file yet.
        size_bytes: of the file, without its write-ahead log.
        revision: the version of its schema; None before the first start.
        turns: how many it holds.
    """

    exists: bool
    size_bytes: int = 0
    revision: str | None = None
    turns: int = 0


def inspect_database(path: Path) -> DatabaseReport:
    """Look at a database and check its structure; nothing is changed.

    Raises:
        DatabaseError: if it cannot be read or written, is damaged, or was written by a newer version of NAILA; where
            there is none yet, if none can be made there.
    """
    if not path.exists():
        _require_creatable(path)
        return DatabaseReport(exists=False)
    if not os.access(path, os.W_OK):
        raise DatabaseError.of_result(path, "SQLITE_READONLY")
    try:
        with _look_into(path).connect() as connection:
            return _report(path, connection)
    except exc.DBAPIError as error:
        raise DatabaseError.of_sqlite(path, error.orig) from error


def find_turn(path: Path, *, request_id: str | None = None, device_id: str | None = None) -> Turn | None:
    """Return the newest turn of a request, or of a robot, or of both, or of all; None where there is none.

    Raises:
        DatabaseError: if the database cannot be read, or was written by another version of NAILA.
    """
    if not path.exists():
        return None
    query = select(turns).order_by(turns.c.id.desc()).limit(1)
    if request_id is not None:
        query = query.where(turns.c.request_id == request_id)
    if device_id is not None:
        query = query.where(turns.c.device_id == device_id)
    try:
        with _look_into(path).connect() as connection:
            if (revision := stored_revision(connection)) != HEAD:
                raise DatabaseError.of_other_version(path, revision)
            row = connection.execute(query).mappings().one_or_none()
    except exc.DBAPIError as error:
        raise DatabaseError.of_sqlite(path, error.orig) from error
    return turn_of(row) if row else None


def _look_into(path: Path) -> Engine:
    return create_engine("sqlite://", module=dbapi2, creator=lambda: sqlite.connect_to_read(path), poolclass=NullPool)


def _report(path: Path, connection: Connection) -> DatabaseReport:
    if connection.execute(text("PRAGMA quick_check(1)")).scalar_one() != "ok":
        raise DatabaseError.of_result(path, "SQLITE_CORRUPT")
    revision = stored_revision(connection)
    size = path.stat().st_size
    if revision is None:
        return DatabaseReport(exists=True, size_bytes=size)
    if revision not in REVISIONS:
        raise DatabaseError.of_newer_version(path, revision)
    count = connection.execute(select(func.count()).select_from(turns)).scalar_one()
    return DatabaseReport(exists=True, size_bytes=size, revision=revision, turns=count)


def _require_creatable(path: Path) -> None:
    nearest = next(parent for parent in path.parents if parent.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        refusal = PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(nearest))
        raise DatabaseError.of_system(path, refusal)
