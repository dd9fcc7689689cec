"""Connections to a file of SQLite, which SQLCipher encrypts where there is a key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2

from ai_server.memory.keys import Key

_BUSY_TIMEOUT_MS = 5000

_KEPT_BYTES_OF_LOG = 8 * 2**20
"""What stays of the write-ahead log after a long reader made it grow: twice what it is between two checkpoints."""


def connect(path: Path, key: Key | None = None) -> Any:
    """Open a file for reading and writing, so that each commit reaches the disk and what is deleted leaves it.

    Raises:
        sqlcipher3.dbapi2.Error: if SQLite refuses.
    """
    connection = _connect(path, key, "rwc")
    for pragma in (
        f"busy_timeout = {_BUSY_TIMEOUT_MS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "secure_delete = ON",
        f"journal_size_limit = {_KEPT_BYTES_OF_LOG}",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def connect_to_read(path: Path, key: Key | None = None) -> Any:
    """Open a file that there is, also beside a program that writes to it, and change nothing.

    Raises:
        sqlcipher3.dbapi2.Error: if SQLite refuses.
    """
    return _connect(path, key, "ro")


def _connect(path: Path, key: Key | None, mode: str) -> Any:
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    # The driver's own idea of when a transaction begins is switched off: whoever needs one says BEGIN.
    connection = dbapi2.connect(uri, uri=True, isolation_level=None)
    connection.execute("PRAGMA cipher_log_level = NONE")  # it would write to stderr, and whoever asks hears it anyway
    if key is not None:
        connection.execute(f"PRAGMA key = {key.pragma}")
    return connection
