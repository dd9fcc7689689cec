"""Which files are encrypted, and whether a key is theirs."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from sqlcipher3 import dbapi2

from ai_server.memory.storage import sqlite
from ai_server.memory.storage.keys import Key
from ai_server.memory.storage.refusal import DatabaseError

_PLAIN = b"SQLite format 3\0"
_PAGE_BYTES = 4096
_LOG_BYTES_BEFORE_PAGE = 32 + 24
"""The headers of a write-ahead log and of its first frame: https://sqlite.org/fileformat2.html#the_write_ahead_log."""

_VALUES_OF_NOISE = 240
"""Of the 256 values of a byte, a page of noise lacks hardly any; a page that was not encrypted has about half."""


def is_encrypted(path: Path) -> bool:
    """Say whether a file is encrypted: its first page is noise. One that is damaged is not, and an empty one is not.

    Raises:
        OSError: if it cannot be read.
    """
    page = _first_page(path)
    return not page.startswith(_PLAIN) and len(set(page)) >= _VALUES_OF_NOISE


def is_plain(path: Path) -> bool:
    """Say whether a file is a database of SQLite that is not encrypted.

    Raises:
        OSError: if it cannot be read.
    """
    return _first_page(path).startswith(_PLAIN)


def require_key(path: Path, key: Key | None) -> None:
    """See that the key, or that there is none, fits the file; whatever else is wrong with it is not looked at.

    Raises:
        DatabaseError: if it does not.
        OSError: if the file cannot be read.
    """
    if key is None:
        if is_encrypted(path):
            raise DatabaseError(
                path, "it is encrypted, and no key is set", "set NAILA_DATABASE_KEY_FILE to the file that holds its key"
            )
    elif is_plain(path):
        raise DatabaseError(
            path,
            "a key is set, and it is not encrypted",
            "encrypt it with `naila memory rekey`, or take NAILA_DATABASE_KEY_FILE away",
        )
    elif is_encrypted(path) and not _opens(path, key):
        raise DatabaseError(
            path,
            "it is encrypted with another key",
            "set NAILA_DATABASE_KEY_FILE to the file that holds its key; where this is it, the file's beginning is "
            "damaged: restore a backup",
        )


def _opens(path: Path, key: Key) -> bool:
    try:
        with closing(sqlite.connect_to_read(path, key)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except dbapi2.DatabaseError as error:
        return getattr(error, "sqlite_errorname", "") != "SQLITE_NOTADB"
    except UnicodeDecodeError:
        return True  # what it says of a damaged schema
    return True


def _first_page(path: Path) -> bytes:
    """Return the first page, which is in the write-ahead log alone until that is first written back."""
    for file, before in ((path, 0), (path.with_name(path.name + "-wal"), _LOG_BYTES_BEFORE_PAGE)):
        if file.exists():
            with file.open("rb") as opened:
                opened.seek(before)
                if page := opened.read(_PAGE_BYTES):
                    return page
    return b""
