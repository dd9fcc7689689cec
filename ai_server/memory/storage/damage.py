"""A damaged database is found, and moved out of the way for a fresh one."""

from __future__ import annotations

import contextlib
import os
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, exc, insert
from sqlcipher3 import dbapi2

from ai_server.memory.schema import metadata
from ai_server.memory.storage import sqlite
from ai_server.memory.storage.keys import Key

LOOK_S = 5.0
"""How long a start looks for damage: enough for 2 GB that the system holds in memory, less from a slow card."""

_MESSAGES_OF_DAMAGE = ("unsupported file format",)
"""What SQLite calls an error like any other."""

_PARTS = ("", "-wal", "-shm")
_STEPS = 1000
"""Of SQLite's virtual machine, between two looks at the clock."""


def find_damage(path: Path, key: Key | None = None) -> str | None:
    """Look through the structure of a whole database, for at most `LOOK_S`; return the first damage found.

    None of its files is changed, so that what is set aside is what was found.
    """
    end = time.monotonic() + LOOK_S
    try:
        with closing(sqlite.connect_to_read(path, key)) as connection:
            connection.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
            found: str = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except dbapi2.DatabaseError as error:
        return str(error) if _is_damage(error) else None  # whatever else it is, whoever wants to write hears it too
    except UnicodeDecodeError:
        return "the schema cannot be read"  # the driver stumbles over SQLite's message, which quotes it
    return None if found == "ok" else found.splitlines()[-1]


def _is_damage(error: Exception) -> bool:
    """Say whether SQLite's refusal means that the file is no database, or one that is damaged."""
    name = getattr(error, "sqlite_errorname", "")
    return name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")) or str(error) in _MESSAGES_OF_DAMAGE


def find_missing(connection: Connection) -> str | None:
    """Return what is missing of the schema in a database that was migrated to it."""
    for table in metadata.sorted_tables:
        statement = insert(table).compile(connection)
        try:
            connection.exec_driver_sql(f"EXPLAIN {statement}", (None,) * len(table.columns)).close()
        except exc.OperationalError as error:
            return str(error.orig)
    return None


def mark(path: Path) -> None:
    """Note beside a database that SQLite met damage in it, so that the next start need not find it."""
    with contextlib.suppress(OSError):  # a full disk, say: then the next start has to find it
        _mark(path).touch(mode=0o600)
        _mark(path).write_text(str(path.stat().st_ino))


def take_mark(path: Path) -> bool:
    """Say whether `mark` was called for this file, and not for one that a backup took the place of since; forget it.

    Raises:
        OSError: if the mark or the database cannot be read.
    """
    try:
        marked = _mark(path).read_text() == str(path.stat().st_ino)
    except FileNotFoundError:
        return False
    _mark(path).unlink()
    return marked


def set_aside(path: Path) -> Path:
    """Rename a database with its write-ahead log to a free name beside it, and return that.

    Raises:
        OSError: if it cannot be renamed.
    """
    aside = _free_name(path)
    for part in _PARTS:
        with contextlib.suppress(FileNotFoundError):
            _part(path, part).rename(_part(aside, part))
    sync_directory(path.parent)
    return aside


def sync_directory(directory: Path) -> None:
    """Have the names in a directory survive a power loss.

    Raises:
        OSError: if the disk refuses.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _mark(path: Path) -> Path:
    return _part(path, ".damaged")


def _free_name(path: Path) -> Path:
    first = _part(path, f".damaged-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    name, number = first, 1
    while name.exists():
        number += 1
        name = _part(first, f"-{number}")
    return name


def _part(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)
