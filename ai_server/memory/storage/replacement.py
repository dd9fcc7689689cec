"""A new file that takes the place of a database file, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from ai_server.memory.storage import damage, sqlite
from ai_server.memory.storage.keys import Key

_PATIENCE_MS = 1000
"""With others who have a database open."""


def unfinished(path: Path) -> Path:
    """Return where the file is written that is to take the place of `path`; what is there from before is of no use."""
    return path.with_name(path.name + ".new")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Lend an empty file, its owner's alone, that takes the place of `path` at the end, and survives a power loss then.

    Where the body fails it is deleted, and `path` is as it was.

    Raises:
        OSError: if there is no room, or no right.
    """
    new = unfinished(path)
    new.unlink(missing_ok=True)
    os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        yield new
        _sync(new)
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    damage.sync_directory(path.parent)


@contextmanager
def alone(path: Path, key: Key | None) -> Iterator[Any]:
    """Lend a connection that nobody can read or write beside, to a file without a write-ahead log.

    Raises:
        sqlcipher3.dbapi2.Error: if SQLite refuses: because somebody else has the file open, say.
    """
    with closing(sqlite.connect_bare(path, key)) as connection:
        connection.execute(f"PRAGMA busy_timeout = {_PATIENCE_MS}")
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("COMMIT")
        yield connection


def export(connection: Any, target: Path, key: Key | None) -> None:
    """Copy the whole database of a connection into an empty file, with another key or none.

    Raises:
        sqlcipher3.dbapi2.Error: if SQLite refuses.
    """
    uri = f"{target.absolute().as_uri()}?mode=rw"
    connection.execute(f"ATTACH DATABASE ? AS copied KEY {sqlite.key_literal(key)}", (uri,))
    try:
        connection.execute("SELECT sqlcipher_export('copied')")
    finally:
        connection.execute("DETACH DATABASE copied")


def _sync(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
