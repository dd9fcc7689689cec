"""Another key for a database file that is there, or its first, or none any more."""

from __future__ import annotations

import asyncio

from ai_server.memory.storage.encryption import is_plain, require_key
from ai_server.memory.storage.keys import Key
from ai_server.memory.storage.refusal import DatabaseError
from ai_server.memory.storage.replacement import alone, export, replacing
from ai_server.memory.storage.sole_user import sole_user
from ai_server.memory.storage.sqlite_file import SqliteFile, refusals, system_refusals


async def rekey(file: SqliteFile, new: Key | None) -> None:
    """Encrypt a database anew; killed at any moment, it leaves the whole database under the old key or the new.

    Args:
        file: the database, and the key that it has; a file that is not encrypted needs none.
        new: None to have it not encrypted any more.

    Raises:
        DatabaseError: if there is none, `file.key` is not its key, it is damaged, the disk is full, or another program
            uses it.
    """
    await asyncio.to_thread(_rekey, file, new)


def _rekey(file: SqliteFile, new: Key | None) -> None:
    path = file.path
    if not file.exists():
        raise DatabaseError(path, "there is no database yet", "start naila, which makes it with its key")
    with system_refusals(path), sole_user(path):
        old = None if is_plain(path) else file.key
        require_key(path, old)
        with refusals(path), alone(path, old) as connection, replacing(path) as target:
            export(connection, target, new)
            SqliteFile(target, new).require_sound()
