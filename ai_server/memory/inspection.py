"""A look at the database from outside, also beside a running daemon."""

from __future__ import annotations

import errno
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, create_engine, exc, func, select, text
from sqlalchemy.pool import NullPool

from ai_server.memory.database import DatabaseError
from ai_server.memory.migrations import REVISIONS, stored_revision
from ai_server.memory.schema import turns


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
    uri = f"{path.absolute().as_uri()}?mode=ro"
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(uri, uri=True), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            return _report(path, connection)
    except exc.DBAPIError as error:
        raise DatabaseError.of_sqlite(path, error.orig) from error


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
