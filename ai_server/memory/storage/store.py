"""What the database asks of a place where it can live: a file of SQLite, or a PostgreSQL server."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Literal, Protocol, TypeAlias, TypeVar

from sqlalchemy import Connection

from ai_server.memory.storage.keys import Key

T = TypeVar("T")

Access: TypeAlias = Literal["read", "write", "write_later"]
"""What a transaction may do. What it writes is on the disk when it ends; with `write_later`, once the next one that
writes ends: until then a loss of power undoes it, as a whole."""


class Store(Protocol):
    """An open database. It is used by one thread at a time."""

    @property
    def set_aside(self) -> Path | None:
        """Where the file is that was found damaged when this was opened; None where all was well."""

    @property
    def size_bytes(self) -> int:
        """The bytes that the database takes, as they were last measured. Any thread may ask."""

    @property
    def closed(self) -> bool:
        """Whether `close` was called. Any thread may ask."""

    def transact(self, work: Callable[[Connection], T], access: Access) -> T:
        """Run `work` in one transaction; one that writes is alone.

        Raises:
            DatabaseError: if the database refused; nothing of the transaction is kept.
        """

    def outside(self, work: Callable[[Connection], T]) -> T:
        """Run `work` outside of any transaction: each of its statements is one.

        Raises:
            DatabaseError: if the database refused.
        """

    def held_bytes(self, connection: Connection) -> int:
        """Return the bytes of the database that hold something, which deleting makes fewer."""

    def ping(self, *, well: bool) -> None:
        """Show a sign of life: take and give back the right to write; where it was not `well`, write something.

        Raises:
            DatabaseError: if the database refused.
        """

    def close(self) -> None:
        """Let go of the database."""


class Place(Protocol):
    """Where a database is. Its `str` names it in messages, and shows no secret."""

    @property
    def path(self) -> Path | None:
        """The file; None where a server keeps it."""

    @property
    def directory(self) -> Path:
        """Where what a backup takes the place of is kept."""

    @property
    def key(self) -> Key | None:
        """What the file, and each backup, is encrypted with; None for not at all."""

    def exists(self) -> bool:
        """Say whether there is a database yet.

        Raises:
            DatabaseError: if there is none, and none can be made.
        """

    def open(self) -> Store:
        """Open the database as its daemon, migrated to this program's schema; a missing one is made.

        Raises:
            DatabaseError: if it cannot be used, or another daemon uses it.
        """

    def visit(self) -> Store:
        """Open a database of this program's schema for another program than its daemon, which may be running.

        Raises:
            DatabaseError: if it cannot be used.
        """

    def look(self) -> AbstractContextManager[Connection]:
        """Lend a connection that only reads, and changes nothing; its refusals become `DatabaseError`."""

    def require_sound(self) -> None:
        """Look through the structure of the whole database.

        Raises:
            DatabaseError: if it is damaged.
        """

    def measure(self, connection: Connection) -> int:
        """Return the bytes that the database takes."""
