"""Has nothing that was deleted be in the files of the database any more.

SQLite zeroes what is deleted (`PRAGMA secure_delete`) and leaves it in two places: in the write-ahead log until other
pages take its place there; and, where it distributed the rows of a page to several, in copies of those that moved,
between the page's pointers and its rows. For the latter see "B-tree Pages" in the description of its file format,
https://www.sqlite.org/fileformat2.html. PostgreSQL zeroes nothing: its tables are written anew into other files.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, exc

from ai_server.memory.schema import metadata
from ai_server.memory.storage.database import Database

_PAUSE_S = 0.25

_HOLD_WORDS = ("turns", "facts", "summaries", "names", "reminders", "inbox", "outbox")
"""The tables with what people said; the index holds digests of it."""

_LOCK_NOT_AVAILABLE = "55P03"
_READERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_xmin IS NOT NULL
"""
_MAY_END_LOG = """
SELECT has_function_privilege('pg_switch_wal()', 'EXECUTE') AND (
    SELECT coalesce(bool_or(pg_has_role(oid, 'USAGE')), false) FROM pg_roles WHERE rolname = 'pg_checkpoint'
)
"""
"""A superuser may; another role needs both, the latter of PostgreSQL 15."""

_HEADER_BYTES = {2: 12, 5: 12, 10: 8, 13: 8}
"""Of each kind of b-tree page. Every other page begins with a zero byte, in a file of fewer than 2^24 pages."""

_LARGEST_ROOT = slice(52, 56)
"""In the file's header; not 0 where there are pages with pointer maps, which begin as those of b-trees may."""

_MOST_PAGES = 1 << 24
_FILE_HEADER_BYTES = 100
_READ_AT_ONCE = 256


class Scrubber:
    """Scrubs one database, open all the while.

    A file of SQLite stays open as long as the process runs, once it was scrubbed: with the first close of a file a
    process gives back all its locks on it, those of SQLite among them.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._file: int | None = None

    async def scrub(self, patience_s: float = 0) -> bool:
        """Have nothing that was deleted be in the files any more; False where others held that up all the time.

        Of an encrypted file, the write-ahead log is emptied. On PostgreSQL, the tables with words are written anew,
        and the write-ahead log is ended as far as the role may do that.

        Args:
            patience_s: so long it waits for who reads, or writes from another program.

        Raises:
            DatabaseError: if the database refused.
        """
        give_up = time.monotonic() + patience_s
        while not await self._database.outside(self._scrub):
            if time.monotonic() >= give_up:
                return False
            await asyncio.sleep(_PAUSE_S)
        return True

    def _scrub(self, connection: Connection) -> bool:
        if connection.dialect.name == "postgresql":
            return _scrub_server(connection)
        with _impatient(connection):
            if connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0] != 0:
                return False
            place = self._database.place
            return place.path is None or place.key is not None or self._zero_unused(connection, place.path)

    def _zero_unused(self, connection: Connection, path: Path) -> bool:
        """Zero what is unused in the file while nobody writes; False where somebody does."""
        if self._file is None or os.fstat(self._file).st_ino != path.stat().st_ino:
            self._file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        except exc.OperationalError as error:
            if getattr(error.orig, "sqlite_errorname", "").startswith("SQLITE_BUSY"):
                return False
            raise
        try:
            if path.with_name(f"{path.name}-wal").stat().st_size:
                return False  # somebody wrote in between
            zero_unused(self._file)
            connection.exec_driver_sql("PRAGMA shrink_memory")  # or a page of before would be written again
        finally:
            connection.exec_driver_sql("ROLLBACK")
        return True


def _scrub_server(connection: Connection) -> bool:
    """Have a server keep what was deleted in no table; False where somebody reads.

    It is in the write-ahead log still until a checkpoint has dropped the segments before it.
    """
    if connection.exec_driver_sql(_READERS).scalar_one():
        return False  # what they may still see would be kept
    try:
        connection.exec_driver_sql(f"VACUUM (FULL) {', '.join(_HOLD_WORDS)}")
        connection.exec_driver_sql(f"VACUUM {', '.join(name for name in metadata.tables if name not in _HOLD_WORDS)}")
    except exc.OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            return False
        raise
    if connection.exec_driver_sql(_MAY_END_LOG).scalar_one():
        connection.exec_driver_sql("SELECT pg_switch_wal()").close()
        connection.exec_driver_sql("CHECKPOINT")
    return True


def zero_unused(file: int) -> None:
    """Zero the bytes between the pointers and the rows of each page of a SQLite file.

    Nobody may write to the database meanwhile, and its write-ahead log must be empty. Who reads is not disturbed: these
    bytes mean nothing. A file with pointer maps (`auto_vacuum`), which NAILA makes none of, is left as it is.

    Args:
        file: a descriptor that may read and write.

    Raises:
        OSError: if the disk refuses.
    """
    header = os.pread(file, _FILE_HEADER_BYTES, 0)
    if any(header[_LARGEST_ROOT]):
        return
    page_bytes = int.from_bytes(header[16:18], "big")
    page_bytes = 65536 if page_bytes == 1 else page_bytes
    pages = min(os.fstat(file).st_size // page_bytes, _MOST_PAGES)
    for first in range(0, pages, _READ_AT_ONCE):
        some = os.pread(file, min(_READ_AT_ONCE, pages - first) * page_bytes, first * page_bytes)
        for at in range(0, len(some), page_bytes):
            begin, end = _unused(some[at : at + page_bytes], _FILE_HEADER_BYTES if first == at == 0 else 0)
            if some.count(0, at + begin, at + end) < end - begin:
                os.pwrite(file, bytes(end - begin), first * page_bytes + at + begin)
    os.fsync(file)


def _unused(page: bytes, header: int) -> tuple[int, int]:
    """Return where the unused bytes of a page begin and end; its own header begins at `header`."""
    header_bytes = _HEADER_BYTES.get(page[header])
    if header_bytes is None:
        return 0, 0
    cells = int.from_bytes(page[header + 3 : header + 5], "big")
    begin = header + header_bytes + 2 * cells
    end = int.from_bytes(page[header + 5 : header + 7], "big") or len(page)
    return (begin, end) if begin < end <= len(page) else (0, 0)


@contextmanager
def _impatient(connection: Connection) -> Iterator[None]:
    """Have SQLite wait for nobody: turns wait to be stored meanwhile."""
    patience = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
    connection.exec_driver_sql("PRAGMA busy_timeout = 0")
    try:
        yield
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {patience}")
