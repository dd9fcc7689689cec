"""Backups: files of SQLite, whichever kind of database they are of, so that one can be restored to the other."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection

from ai_server.memory.migrations import REVISIONS, migrate, stored_revision
from ai_server.memory.storage import damage, sqlite
from ai_server.memory.storage.encryption import is_plain, require_key
from ai_server.memory.storage.keys import Key
from ai_server.memory.storage.refusal import DatabaseError
from ai_server.memory.storage.replacement import alone, export, replacing
from ai_server.memory.storage.rowcopy import copy_rows
from ai_server.memory.storage.sole_user import sole_user
from ai_server.memory.storage.sqlite_file import SqliteFile, make_directory, refusals, system_refusals
from ai_server.memory.storage.store import Place

_NAME_ONE = "name a file that `naila memory backup` made"


async def back_up(place: Place, target: Path) -> int:
    """Write all of a database, as it is at one moment, into a file; its daemon may run meanwhile.

    The file is encrypted where the place has a key. It is whole, on the disk and has been read through when this
    returns; killed before, it leaves what was at `target`.

    Returns:
        The file's bytes.

    Raises:
        DatabaseError: if there is nothing to back up, the database or the file cannot be used, or the disk is full.
    """
    return await asyncio.to_thread(_back_up, place, target)


async def restore(backup: Path, place: Place) -> Path | None:
    """Put what a backup holds in the place of a database whose daemon does not run.

    Killed at any moment, it leaves the database as it was, or as it is in the backup.

    Returns:
        The file, beside the database, in which what was there before is kept; None where there was nothing.

    Raises:
        DatabaseError: if the file is no sound backup, or is encrypted with another key; if the database is used by
            another program, or cannot be written.
    """
    return await asyncio.to_thread(_restore, backup, place)


def _back_up(place: Place, target: Path) -> int:
    if not place.exists():
        raise DatabaseError(str(place), "there is no database yet", "start naila, which makes it")
    if place.path and target.exists() and target.samefile(place.path):
        raise DatabaseError(target, "this is the database itself", "name another file for the backup")
    with system_refusals(target):
        make_directory(target.parent)
        with replacing(target) as new:
            _copy(place, new)
            _require_backup(new, place.key)
        return target.stat().st_size


def _copy(place: Place, new: Path) -> None:
    if isinstance(place, SqliteFile):
        require_key(place.path, place.key)
        with refusals(place.path), closing(sqlite.connect_to_read(place.path, place.key)) as connection:
            connection.execute("VACUUM INTO ?", (str(new),))
        return
    with place.look() as source, _whole_schema(new, place.key) as target:
        copy_rows(source, target)


def _restore(backup: Path, place: Place) -> Path | None:
    if not backup.is_file():
        raise DatabaseError(backup, "there is no such file", _NAME_ONE)
    with system_refusals(backup):
        key = None if is_plain(backup) else place.key
        require_key(backup, key)
        _require_backup(backup, key)
    if isinstance(place, SqliteFile):
        return _restore_file(backup, key, place)
    return _restore_rows(backup, key, place)


def _restore_file(backup: Path, key: Key | None, place: SqliteFile) -> Path | None:
    path = place.path
    with system_refusals(path):
        make_directory(path.parent)
        with sole_user(path), refusals(path), replacing(path) as new:
            with closing(sqlite.connect_to_read(backup, key)) as connection:
                export(connection, new, place.key)
            return _keep(place) if path.exists() else None


def _keep(place: SqliteFile) -> Path:
    """Give a database a second name under which it stays; its first one keeps naming it until it is taken."""
    kept, key = _name_of_kept(place.path), None if is_plain(place.path) else place.key
    if damage.find_damage(place.path, key) is None:
        with alone(place.path, key):
            pass  # now all of it is in one file; where it is damaged, or has another key, it is kept in its parts
    _give_second_name(place.path, kept)
    with suppress(FileNotFoundError):
        place.path.with_name(place.path.name + "-wal").rename(kept.with_name(kept.name + "-wal"))
    place.path.with_name(place.path.name + "-shm").unlink(missing_ok=True)
    damage.sync_directory(kept.parent)
    return kept


def _give_second_name(path: Path, kept: Path) -> None:
    try:
        os.link(path, kept)
    except OSError:  # FAT has no links
        shutil.copyfile(path, kept)
        kept.chmod(0o600)


def _restore_rows(backup: Path, key: Key | None, place: Place) -> Path:
    kept = _name_of_kept(place.directory / "naila.db")
    store = place.open()
    try:
        _back_up(place, kept)
        with _current(backup, key, place.directory / "naila.db.restored") as source:
            store.transact(lambda target: copy_rows(source, target), "write")
    finally:
        store.close()
    return kept


@contextmanager
def _current(backup: Path, key: Key | None, copy: Path) -> Iterator[Connection]:
    """Lend a copy of a backup, brought to this program's schema, in a file that is deleted at the end."""
    with system_refusals(copy):
        with replacing(copy) as new, refusals(backup), closing(sqlite.connect_to_read(backup, key)) as connection:
            export(connection, new, key)
        try:
            with _whole_schema(copy, key) as current:
                yield current
        finally:
            copy.unlink()


@contextmanager
def _whole_schema(path: Path, key: Key | None) -> Iterator[Connection]:
    """Lend a file of SQLite in a transaction, brought to this program's schema first."""
    with refusals(path), sqlite.engine(path, key, sqlite.connect_bare).connect() as connection, connection.begin():
        connection.exec_driver_sql("BEGIN")
        migrate(connection)
        yield connection


def _require_backup(file: Path, key: Key | None) -> None:
    try:
        SqliteFile(file, key).require_sound()
    except DatabaseError as error:
        if not error.damaged:
            raise
        raise DatabaseError(file, "this is no backup, or a damaged one", _NAME_ONE) from error
    with SqliteFile(file, key).look() as connection:
        revision = stored_revision(connection)
    if revision is None:
        raise DatabaseError(file, "this is no backup of NAILA", _NAME_ONE)
    if revision not in REVISIONS:
        raise DatabaseError.of_newer_version(file, revision)


def _name_of_kept(path: Path) -> Path:
    return path.with_name(f"{path.name}.replaced-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}")
