"""One SQLite database on a thread of its own, so that a slow disk never stops the event loop."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import shutil
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import structlog
from sqlalchemy import Connection, create_engine, exc
from sqlalchemy.pool import NullPool
from sqlcipher3 import dbapi2

from ai_server.memory import damage, sqlite
from ai_server.memory.keys import Key
from ai_server.memory.migrations import HEAD, UnknownRevisionError, migrate
from ai_server.memory.rows import is_unreadable

log = structlog.get_logger(__name__)

T = TypeVar("T")

_WINDOW = 1000

_BEGIN_ANEW = "restore a backup, or start naila: it sets the file aside and begins a fresh one"

_FULL = ("the disk is full", "free some space; nothing else needs to be done")

_SHARED_MEMORY_BYTES = 32 * 1024
"""What SQLite begins with beside a write-ahead log; where there is no room for it, it tells of a failure of the disk."""

_MENDS = {
    "SQLITE_FULL": _FULL,
    "SQLITE_NOTADB": ("this is not a database", _BEGIN_ANEW),
    "SQLITE_CORRUPT": ("the database is damaged", _BEGIN_ANEW),
    "SQLITE_BUSY": ("another process holds the database", "end the program that writes to it"),
    "SQLITE_LOCKED": ("another process holds the database", "end the program that writes to it"),
    "SQLITE_READONLY": ("the database cannot be written", "give the user that runs naila the right to write there"),
    "SQLITE_PERM": ("the database cannot be opened", "give the user that runs naila the right to write there"),
    "SQLITE_CANTOPEN": ("the database cannot be opened", "give the user that runs naila the right to write there"),
    "SQLITE_IOERR": ("the disk failed", "look at the system's log for errors of the disk"),
}


class DatabaseError(Exception):
    """The database cannot do what was asked.

    Attributes:
        path: the database's file.
        what: what is wrong.
        mend: what to do about it.
        damaged: whether the file is: it will not serve again, and a new start begins a fresh one.
        full: whether the disk is: the same can be tried again.
    """

    def __init__(self, path: Path, what: str, mend: str, *, damaged: bool = False, full: bool = False) -> None:
        super().__init__(f"{path}: {what}: {mend}")
        self.path = path
        self.what = what
        self.mend = mend
        self.damaged = damaged
        self.full = full

    @classmethod
    def of_sqlite(cls, path: Path, error: BaseException | None) -> DatabaseError:
        """Put SQLite's refusal in words."""
        name = getattr(error, "sqlite_errorname", "")
        if name.startswith("SQLITE_IOERR") and _is_full(path):
            name = "SQLITE_FULL"
        return cls.of_result(path, name, str(error))

    @classmethod
    def of_damage(cls, path: Path, found: str) -> DatabaseError:
        """Say what was found damaged."""
        return cls(path, f"the database is damaged ({found})", _BEGIN_ANEW, damaged=True)

    @classmethod
    def of_row(cls, path: Path, what: str) -> DatabaseError:
        """Say that the file is a database, and a row of it holds what nobody wrote there."""
        return cls(path, f"a row cannot be read ({what})", "restore a backup; everything else can be read")

    @classmethod
    def of_result(cls, path: Path, name: str, detail: str = "") -> DatabaseError:
        """Put one of SQLite's result codes in words; most extended ones are taken for what they extend."""
        for known, (what, mend) in _MENDS.items():
            if name.startswith(known):
                damaged = known in {"SQLITE_NOTADB", "SQLITE_CORRUPT"}
                return cls(path, what, mend, damaged=damaged, full=(what, mend) == _FULL)
        return cls(path, f"the database refused ({detail})", "this is a fault of NAILA: please report it")

    @classmethod
    def of_newer_version(cls, path: Path, revision: str) -> DatabaseError:
        """Say that this program is older than the database."""
        return cls(
            path,
            f"a newer version of NAILA has written it (schema {revision}, this one knows {HEAD})",
            "install that version again, or restore a backup from before it",
        )

    @classmethod
    def of_other_version(cls, path: Path, revision: str | None) -> DatabaseError:
        """Say that the database is to be read by the program that wrote it, or to be brought up to date."""
        return cls(
            path,
            f"it has schema {revision or 'none'}, and this program reads {HEAD}",
            "run the same version of NAILA as the daemon; an older database is brought up to date when that starts",
        )

    @classmethod
    def of_system(cls, path: Path, error: OSError) -> DatabaseError:
        """Put what the operating system refused on the way to the database in words."""
        nearest = next(parent for parent in path.parents if parent.exists())
        if error.errno == errno.ENOSPC:
            return cls.of_result(path, "SQLITE_FULL")
        if not nearest.is_dir():
            return cls(path, f"{nearest} is not a directory", "set NAILA_DATA_DIR to a directory")
        return cls(
            path,
            f"{error.filename} cannot be written ({error.strerror})",
            "give the user that runs naila the right to write there, or set NAILA_DATA_DIR to another directory",
        )


class Database:
    """The one user of a database file: transactions run one after another on the database's own thread.

    Attributes:
        path: the file.
        last_alive: `time.monotonic()` when the thread last finished something.
        transactions: finished since the start.
        failures: of those, how many the database refused.
        last_error: the newest refusal; None once something could be written again.
        set_aside: where the file is that was found damaged at the start; None where all was well.
    """

    def __init__(self, path: Path, executor: ThreadPoolExecutor, opened: _Opened) -> None:
        self.path = path
        self.set_aside = opened.set_aside
        self.last_alive = time.monotonic()
        self.transactions = 0
        self.failures = 0
        self.last_error: DatabaseError | None = None
        self._executor = executor
        self._lock = opened.lock
        self._connection = opened.connection
        self._write_ms: deque[float] = deque(maxlen=_WINDOW)

    @classmethod
    async def open(cls, path: Path, key: Key | None = None) -> Database:
        """Open the database, creating it and its directory where missing, and migrate it to this program's schema.

        It is encrypted where there is a key.

        A file that is damaged or no database is renamed, and a fresh one begins.

        Raises:
            DatabaseError: if the directory or the file cannot be used, the disk is full, another daemon uses it, or a
                newer version of NAILA has written it.
        """
        executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="database")
        try:
            opened = await asyncio.get_running_loop().run_in_executor(executor, _open, path, key)
        except BaseException:
            executor.shutdown(wait=False)
            raise
        return cls(path, executor, opened)

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction that may write; when this returns, what it wrote is on the disk.

        A caller that is cancelled does not undo a transaction that has begun.

        Raises:
            DatabaseError: if the database refused; nothing of the transaction is kept.
        """
        return await self._submit(lambda: self._write(work))

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work`, which only reads, and sees the state of one moment.

        Raises:
            DatabaseError: if the database refused.
        """
        return await self._submit(lambda: self._transact(work, "BEGIN"))

    async def ping(self) -> None:
        """Show a sign of life: take and give back the right to write; write only to find out if a trouble is over.

        Raises:
            DatabaseError: if the database refused.
        """
        await self._submit(self._ping)

    async def close(self) -> None:
        """Finish what was asked before, then close the file. A second call does nothing."""
        if self._connection.closed:
            return
        await asyncio.get_running_loop().run_in_executor(self._executor, _close, self._connection, self._lock)
        self._executor.shutdown(wait=False)

    @property
    def size_bytes(self) -> int:
        """The bytes on the disk: the database and its write-ahead log."""
        return sum(_size(file) for file in (self.path, self.path.with_name(self.path.name + "-wal")))

    @property
    def write_ms(self) -> tuple[float, ...]:
        """How many milliseconds each of the last 1,000 writing transactions took, commit included."""
        return tuple(self._write_ms)

    async def _submit(self, work: Callable[[], T]) -> T:
        if self._connection.closed:
            raise DatabaseError(self.path, "the database is closed", "naila is stopping; start it again")
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def _ping(self) -> None:
        if self.last_error is None:
            self._transact(lambda _: None, "BEGIN IMMEDIATE")
        else:
            self._write(lambda connection: connection.exec_driver_sql("PRAGMA user_version = 0").close())

    def _write(self, work: Callable[[Connection], T]) -> T:
        began = time.perf_counter()
        result = self._transact(work, "BEGIN IMMEDIATE")
        self._write_ms.append((time.perf_counter() - began) * 1000)
        self.last_error = None
        return result

    def _transact(self, work: Callable[[Connection], T], begin: str) -> T:
        try:
            with _refusals(self.path):
                return _transact(self._connection, work, begin)
        except DatabaseError as refusal:
            self._note(refusal)
            raise
        finally:
            self.transactions += 1
            self.last_alive = time.monotonic()

    def _note(self, refusal: DatabaseError) -> None:
        self.failures += 1
        self.last_error = refusal
        if refusal.damaged:
            damage.mark(self.path)


@dataclass(frozen=True, slots=True)
class _Opened:
    lock: int
    connection: Connection
    set_aside: Path | None


def _open(path: Path, key: Key | None) -> _Opened:
    try:
        _make_directory(path.parent)
        lock = _sole_user(path)
    except OSError as error:
        raise DatabaseError.of_system(path, error) from error
    try:
        return _Opened(lock, *_connect_or_begin_anew(path, key))
    except OSError as error:
        os.close(lock)
        raise DatabaseError.of_system(path, error) from error
    except BaseException:
        os.close(lock)
        raise


def _make_directory(directory: Path) -> None:
    missing = [each for each in (directory, *directory.parents) if not each.exists()]
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for each in reversed(missing):
        damage.sync_directory(each.parent)


def _connect_or_begin_anew(path: Path, key: Key | None) -> tuple[Connection, Path | None]:
    try:
        if damage.take_mark(path):
            raise DatabaseError.of_damage(path, "found while it ran")
        return _connect(path, key), None
    except DatabaseError as error:
        if not error.damaged:
            raise
        reason = error.what
    aside = damage.set_aside(path)
    log.error("a fresh database begins, what was known is set aside", reason=reason, path=str(path), aside=str(aside))
    return _connect(path, key), aside


def _sole_user(path: Path) -> int:
    lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(lock, 20).decode("ascii", "replace").strip() or "unknown"
        os.close(lock)
        raise DatabaseError(
            path,
            f"another naila uses it (process {holder})",
            "stop that one, or give this one its own NAILA_DATA_DIR",
        ) from None
    with suppress(OSError):  # on a full disk nobody can tell who holds the lock, and it is held all the same
        os.truncate(lock, 0)
        os.write(lock, str(os.getpid()).encode())
    return lock


def _require_writable(path: Path) -> None:
    # SQLite opens a file that it may not write without a word, and complains at the first turn.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def _connect(path: Path, key: Key | None) -> Connection:
    _require_writable(path)
    _require_sound(path, damage.find_damage(path, key))
    # Errors show the statement, and not what people said.
    engine = create_engine(
        "sqlite://",
        module=dbapi2,
        creator=lambda: sqlite.connect(path, key),
        poolclass=NullPool,
        hide_parameters=True,
    )
    with _refusals(path):
        connection = engine.connect()
    try:
        with _refusals(path):
            _transact(connection, migrate, "BEGIN IMMEDIATE")
            _require_sound(path, _transact(connection, damage.find_missing, "BEGIN"))
    except DatabaseError:
        connection.close()
        raise
    return connection


@contextmanager
def _refusals(path: Path) -> Iterator[None]:
    """Raise whatever the database refuses as a `DatabaseError`."""
    try:
        yield
    except UnknownRevisionError as error:
        raise DatabaseError.of_newer_version(path, str(error)) from error
    except UnicodeDecodeError as error:  # SQLite's own message quotes bytes of a damaged schema
        raise DatabaseError.of_damage(path, "the schema cannot be read") from error
    except (exc.DBAPIError, ValueError, TypeError) as error:
        if is_unreadable(error):
            raise DatabaseError.of_row(path, type(error).__name__) from error
        raise DatabaseError.of_sqlite(path, getattr(error, "orig", error)) from error


def _require_sound(path: Path, found: str | None) -> None:
    if found is not None:
        raise DatabaseError.of_damage(path, found)


def _transact(connection: Connection, work: Callable[[Connection], T], begin: str) -> T:
    with connection.begin():
        connection.exec_driver_sql(begin)
        return work(connection)


def _close(connection: Connection, lock: int) -> None:
    connection.close()
    os.close(lock)


def _is_full(path: Path) -> bool:
    return shutil.disk_usage(path.parent).free < _SHARED_MEMORY_BYTES


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
