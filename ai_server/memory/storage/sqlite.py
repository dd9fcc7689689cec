"""Connections to a file of SQLite, which SQLCipher encrypts where there is a key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.pool import NullPool
from sqlcipher3 import dbapi2

from ai_server.memory.storage.keys import Key

_BUSY_TIMEOUT_MS = 5000

_KEPT_BYTES_OF_LOG = 8 * 2**20
"""What stays of the write-ahead log after a long reader made it grow: twice what it is between two checkpoints."""


def connect(path: Path, key: Key | None = None) -> Any:
    """Open a file for reading and writing, so that each commit reaches the disk and what is deleted leaves it.

    Raises:
        sqlcipher3.dbapi2.Error: if SQLite refuses.
    """
    connection = connect_bare(path, key)
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "secure_delete = ON",
        f"journal_size_limit = {_KEPT_BYTES_OF_LOG}",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection


@contextmanager
def unsynchronised(connection: Connection) -> Iterator[None]:
    """Have commits leave it to the next one outside of this to reach the disk; for between transactions."""
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA synchronous = NORMAL")
    try:
        yield
    finally:
        driver.execute("PRAGMA synchronous = FULL")


def connect_to_read(path: Path, key: Key | None = None) -> Any:
    """Open a file that there is, also beside a program that writes to it, and change nothing.

    Raises:
        sqlcipher3.dbapi2.Error: if SQLite refuses.
    """
    return connect_bare(path, key, mode="ro")


def connect_bare(path: Path, key: Key | None, *, mode: str = "rwc") -> Any:
    """Open a file as SQLite does by itself; `mode` is that of its URI.

    Raises:
        sqlcipher3.dbapi2.Error: if SQLite refuses.
    """
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    # The driver's own idea of when a transaction begins is switched off: whoever needs one says BEGIN.
    connection = dbapi2.connect(uri, uri=True, isolation_level=None)
    connection.execute("PRAGMA cipher_log_level = NONE")  # it would write to stderr what whoever asks hears anyway
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
    if key is not None:
        connection.execute(f"PRAGMA key = {key_literal(key)}")
    return connection


def key_literal(key: Key | None) -> str:
    """Return a key as SQLCipher's statements take it: no passphrase, the key itself; empty for no encryption."""
    return "''" if key is None else f"\"x'{key.digits}'\""


def engine(path: Path, key: Key | None, connect_so: Callable[[Path, Key | None], Any] = connect) -> Engine:
    """Return an engine each of whose connections is made by `connect_so`."""
    # Errors show the statement, and not what people said.
    return create_engine(
        "sqlite://",
        module=dbapi2,
        creator=lambda: connect_so(path, key),
        poolclass=NullPool,
        hide_parameters=True,
    )
