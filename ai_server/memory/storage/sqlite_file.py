"""A database in a file of SQLite."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import structlog
from sqlalchemy import Connection, exc
from sqlcipher3 import dbapi2

from ai_server.memory.migrations import HEAD, UnknownRevisionError, migrate, stored_revision
from ai_server.memory.storage import damage, sqlite
from ai_server.memory.storage.encryption import require_key
from ai_server.memory.storage.keys import Key
from ai_server.memory.storage.refusal import HELD_ELSEWHERE, DatabaseError
from ai_server.memory.storage.replacement import unfinished
from ai_server.memory.storage.rows import is_unreadable
from ai_server.memory.storage.sole_user import become_sole_user
from ai_server.memory.storage.store import Access

log = structlog.get_logger(__name__)

T = TypeVar("T")

_SHARED_MEMORY_BYTES = 32 * 1024
"""What SQLite begins with beside a write-ahead log. Without room for it, it tells of a failure of the disk."""

_BEGIN_ANEW = "restore a backup, or start naila: it sets the file aside and begins a fresh one"

_DAMAGED = {
    "SQLITE_NOTADB": ("this is not a database", _BEGIN_ANEW),
    "SQLITE_CORRUPT": ("the database is damaged", _BEGIN_ANEW),
}

_REFUSED = {
    "SQLITE_BUSY": HELD_ELSEWHERE,
    "SQLITE_LOCKED": HELD_ELSEWHERE,
    "SQLITE_READONLY": ("the database cannot be written", "give the user that runs naila the right to write there"),
    "SQLITE_PERM": ("the database cannot be opened", "give the user that runs naila the right to write there"),
    "SQLITE_CANTOPEN": ("the database cannot be opened", "give the user that runs naila the right to write there"),
    "SQLITE_IOERR": ("the disk failed", "look at the system's log for errors of the disk"),
}


@dataclass(frozen=True, slots=True)
class SqliteFile:
    """A file of SQLite.

    Attributes:
        path: where it is, or is to be.
        key: what encrypts it; None for nothing.
    """

    path: Path
    key: Key | None = None

    def __str__(self) -> str:
        return str(self.path)

    @property
    def directory(self) -> Path:
        """Where the file is."""
        return self.path.parent

    def exists(self) -> bool:
        """Say whether there is a file yet; `Place.exists` tells more.

        Raises:
            DatabaseError: if there is none, and none can be made; or if it cannot be written.
        """
        if self.path.exists():
            if not os.access(self.path, os.W_OK):
                raise _refusal_of_result(self.path, "SQLITE_READONLY")
            return True
        nearest = next(parent for parent in self.path.parents if parent.exists())
        if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
            raise refusal_of_system(self.path, PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(nearest)))
        return False

    def open(self) -> SqliteStore:
        """Open the file as its daemon, migrated to this program's schema; it and its directory are made where missing.

        A file that is damaged or no database is renamed, and a fresh one begins.

        Raises:
            DatabaseError: if the directory or the file cannot be used, the key is another one, the disk is full,
                another daemon uses it, or a newer version of NAILA has written it.
        """
        with system_refusals(self.path):
            make_directory(self.path.parent)
            lock = become_sole_user(self.path)
            try:
                unfinished(self.path).unlink(missing_ok=True)
                require_key(self.path, self.key)
                connection, set_aside = self._connect_or_begin_anew()
            except BaseException:
                os.close(lock)
                raise
        return SqliteStore(self.path, connection, lock=lock, set_aside=set_aside)

    def visit(self) -> SqliteStore:
        """Open the file beside its daemon; `Place.visit` tells more."""
        if not self.exists():
            raise DatabaseError(self.path, "there is no database yet", "start naila, which makes it")
        with system_refusals(self.path), refusals(self.path):
            require_key(self.path, self.key)
            connection = sqlite.engine(self.path, self.key).connect()
        store = SqliteStore(self.path, connection)
        try:
            revision = store.transact(stored_revision, "read")
            if revision != HEAD:
                raise DatabaseError.of_other_version(self.path, revision)
        except DatabaseError:
            store.close()
            raise
        return store

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """Lend a connection that only reads; `Place.look` tells more."""
        with system_refusals(self.path), refusals(self.path):
            require_key(self.path, self.key)
            with sqlite.engine(self.path, self.key, sqlite.connect_to_read).connect() as connection:
                yield connection

    def require_sound(self) -> None:
        """Look through the structure of the whole file; `Place.require_sound` tells more."""
        with self.look() as connection:
            found = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one())
        _require_sound(self.path, None if found == "ok" else found.splitlines()[-1])

    def measure(self, connection: Connection) -> int:  # noqa: ARG002
        """Return the bytes on the disk: the file and its write-ahead log."""
        return _size_on_disk(self.path)

    def _connect_or_begin_anew(self) -> tuple[Connection, Path | None]:
        try:
            if damage.take_mark(self.path):
                raise refusal_of_damage(self.path, "found while it ran")
            return self._connect(), None
        except DatabaseError as error:
            if not error.damaged:
                raise
            reason = error.what
        aside = damage.set_aside(self.path)
        log.error(
            "a fresh database begins, what was known is set aside", reason=reason, path=str(self), aside=str(aside)
        )
        return self._connect(), aside

    def _connect(self) -> Connection:
        _require_writable(self.path)
        _require_sound(self.path, damage.find_damage(self.path, self.key))
        with refusals(self.path):
            connection = sqlite.engine(self.path, self.key).connect()
        try:
            with refusals(self.path):
                _transact(connection, migrate, "BEGIN IMMEDIATE")
                _require_sound(self.path, _transact(connection, damage.find_missing, "BEGIN"))
        except DatabaseError:
            connection.close()
            raise
        return connection


class SqliteStore:
    """A file of SQLite that is open; `Store` tells of the methods.

    Attributes:
        set_aside: where the file is that was found damaged; None where all was well.
    """

    def __init__(
        self, path: Path, connection: Connection, *, lock: int | None = None, set_aside: Path | None = None
    ) -> None:
        self.set_aside = set_aside
        self._path = path
        self._connection = connection
        self._lock = lock

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return self._connection.closed

    @property
    def size_bytes(self) -> int:
        """The bytes on the disk: the file and its write-ahead log."""
        return _size_on_disk(self._path)

    def transact(self, work: Callable[[Connection], T], access: Access) -> T:
        """Run `work` in one transaction."""
        begin = "BEGIN" if access == "read" else "BEGIN IMMEDIATE"

        def attempt() -> T:
            with sqlite.unsynchronised(self._connection) if access == "write_later" else nullcontext():
                return _transact(self._connection, work, begin)

        return self._attempt(attempt)

    def outside(self, work: Callable[[Connection], T]) -> T:
        """Run `work` outside of any transaction."""

        def attempt() -> T:
            with self._connection.begin():  # says nothing to SQLite: `_transact` says BEGIN itself
                return work(self._connection)

        return self._attempt(attempt)

    def held_bytes(self, connection: Connection) -> int:
        """Return the bytes of the pages that hold something."""
        pages, free, size = (
            int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
            for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * size

    def ping(self, *, well: bool) -> None:
        """Take and give back the right to write; where it was not `well`, write something."""
        self.transact(_do_nothing if well else _write_something, "write")

    def close(self) -> None:
        """Close the file, and give its lock back."""
        self._connection.close()
        if self._lock is not None:
            os.close(self._lock)

    def _attempt(self, work: Callable[[], T]) -> T:
        try:
            with refusals(self._path):
                return work()
        except DatabaseError as refusal:
            if refusal.damaged:
                damage.mark(self._path)
            raise


@contextmanager
def refusals(path: Path) -> Iterator[None]:
    """Raise whatever SQLite refuses as a `DatabaseError`."""
    try:
        yield
    except UnknownRevisionError as error:
        if not str(error).isdecimal():
            raise refusal_of_damage(path, f"its version reads {error}") from error
        raise DatabaseError.of_newer_version(path, str(error)) from error
    except UnicodeDecodeError as error:  # SQLite's own message quotes bytes of a damaged schema
        raise refusal_of_damage(path, "the schema cannot be read") from error
    except (exc.DBAPIError, dbapi2.Error, ValueError, TypeError) as error:
        if is_unreadable(error):
            raise DatabaseError.of_row(path, type(error).__name__) from error
        raise refusal_of(path, getattr(error, "orig", error)) from error


@contextmanager
def system_refusals(path: Path) -> Iterator[None]:
    """Raise whatever the operating system refuses on the way to a database as a `DatabaseError`."""
    try:
        yield
    except OSError as error:
        raise refusal_of_system(path, error) from error


def refusal_of(path: Path, error: BaseException | None) -> DatabaseError:
    """Put SQLite's refusal in words."""
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith("SQLITE_IOERR") and shutil.disk_usage(path.parent).free < _SHARED_MEMORY_BYTES:
        name = "SQLITE_FULL"
    return _refusal_of_result(path, name, str(error))


def refusal_of_damage(path: Path, found: str) -> DatabaseError:
    """Say what was found damaged."""
    return DatabaseError(path, f"the database is damaged ({found})", _BEGIN_ANEW, damaged=True)


def refusal_of_system(path: Path, error: OSError) -> DatabaseError:
    """Put what the operating system refused on the way to a database in words."""
    nearest = next(parent for parent in path.parents if parent.exists())
    if error.errno == errno.ENOSPC:
        return _refusal_of_result(path, "SQLITE_FULL")
    if not nearest.is_dir():
        return DatabaseError(path, f"{nearest} is not a directory", "set NAILA_DATA_DIR to a directory")
    return DatabaseError(
        path,
        f"{error.filename} cannot be written ({error.strerror})",
        "give the user that runs naila the right to write there, or set NAILA_DATA_DIR to another directory",
    )


def _refusal_of_result(path: Path, name: str, detail: str = "") -> DatabaseError:
    """Put one of SQLite's result codes in words; most extended ones are taken for what they extend."""
    if name.startswith("SQLITE_FULL"):
        mend = "free some space; nothing else needs to be done"
        return DatabaseError(path, "the disk is full", mend, passing=True)
    for known, (what, mend) in _DAMAGED.items():
        if name.startswith(known):
            return DatabaseError(path, what, mend, damaged=True)
    for known, (what, mend) in _REFUSED.items():
        if name.startswith(known):
            return DatabaseError(path, what, mend)
    return DatabaseError.of_fault(path, detail)


def make_directory(directory: Path) -> None:
    """Make a directory, its owner's alone, and those that it is in; all survive a power loss.

    Raises:
        OSError: if one cannot be made.
    """
    missing = [each for each in (directory, *directory.parents) if not each.exists()]
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for each in reversed(missing):
        damage.sync_directory(each.parent)


def _require_writable(path: Path) -> None:
    # SQLite opens a file that it may not write without a word, and complains at the first turn.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def _require_sound(path: Path, found: str | None) -> None:
    if found is not None:
        raise refusal_of_damage(path, found)


def _transact(connection: Connection, work: Callable[[Connection], T], begin: str) -> T:
    with connection.begin():
        connection.exec_driver_sql(begin)
        return work(connection)


def _do_nothing(connection: Connection) -> None:
    """Do nothing: that the transaction began shows that all is well."""


def _write_something(connection: Connection) -> None:
    connection.exec_driver_sql("PRAGMA user_version = 0").close()


def _size_on_disk(path: Path) -> int:
    return sum(_size(file) for file in (path, path.with_name(path.name + "-wal")))


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
