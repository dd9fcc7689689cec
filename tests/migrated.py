"""New databases for tests of what is done with one: migrating takes far longer than copying what was migrated."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from ai_server.memory.storage.database import Database
from ai_server.memory.storage.sqlite_file import SqliteFile


def make_database(path: Path) -> Path:
    """Make an empty database of the newest version where there is none yet; return its path."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(_migrated())
    return path


async def new_database(path: Path) -> Database:
    """Open such a database."""
    return await Database.open(make_database(path))


@functools.cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = SqliteFile(Path(folder) / "naila.db")
        file.open().close()
        return file.path.read_bytes()
