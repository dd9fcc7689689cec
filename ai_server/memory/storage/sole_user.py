"""The lock that one program at a time has on a database file."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ai_server.memory.storage.refusal import DatabaseError


def become_sole_user(path: Path) -> int:
    """Take the lock of a database file; return a descriptor whose closing gives it back, as the process's end does.

    Raises:
        DatabaseError: if another program has it.
        OSError: if there is no room or no right to make its file.
    """
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
            held=True,
        ) from None
    with suppress(OSError):  # on a full disk nobody can tell who holds the lock, and it is held all the same
        os.truncate(lock, 0)
        os.write(lock, str(os.getpid()).encode())
    return lock


@contextmanager
def sole_user(path: Path) -> Iterator[None]:
    """Hold the lock of a database file for a while.

    Raises:
        DatabaseError: if another program has it.
        OSError: if there is no room or no right to make its file.
    """
    lock = become_sole_user(path)
    try:
        yield
    finally:
        os.close(lock)
