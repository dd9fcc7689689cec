"""The database on a thread of its own, so that neither a slow disk nor a slow server ever stops the event loop."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection

from ai_server.memory.storage.refusal import DatabaseError
from ai_server.memory.storage.sqlite_file import SqliteFile
from ai_server.memory.storage.store import Access, Place, Store

__all__ = ["Database", "DatabaseError"]

T = TypeVar("T")

_WINDOW = 1000


class Database:
    """Transactions that run one after another on the database's own thread.

    Attributes:
        place: where the database is.
        last_alive: `time.monotonic()` when the thread last finished something.
        transactions: finished since the start.
        failures: of those, how many the database refused.
        last_error: the newest refusal; None once something could be written again.
    """

    def __init__(self, place: Place, store: Store, executor: ThreadPoolExecutor) -> None:
        self.place = place
        self.last_alive = time.monotonic()
        self.transactions = 0
        self.failures = 0
        self.last_error: DatabaseError | None = None
        self._store = store
        self._executor = executor
        self._write_ms: deque[float] = deque(maxlen=_WINDOW)

    @classmethod
    async def open(cls, place: Place | Path) -> Database:
        """Open the database as its daemon, creating it where missing, and migrate it to this program's schema.

        A damaged file is renamed, and a fresh one begins.

        Args:
            place: where it is; a path is a file of SQLite that is not encrypted.

        Raises:
            DatabaseError: if it cannot be used, another daemon uses it, or a newer version of NAILA has written it.
        """
        place = SqliteFile(place) if isinstance(place, Path) else place
        return await cls._start(place, place.open)

    @classmethod
    async def visit(cls, place: Place) -> Database:
        """Open the database for another program than its daemon, which may be running; both may read and write.

        Raises:
            DatabaseError: if it cannot be used, is not there yet, or another version of NAILA has written it.
        """
        return await cls._start(place, place.visit)

    @classmethod
    async def _start(cls, place: Place, begin: Callable[[], Store]) -> Database:
        executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="database")
        try:
            store = await asyncio.get_running_loop().run_in_executor(executor, begin)
        except BaseException:
            executor.shutdown(wait=False)
            raise
        return cls(place, store, executor)

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction that may write; when this returns, what it wrote is on the disk.

        A caller that is cancelled does not undo a transaction that has begun.

        Raises:
            DatabaseError: if the database refused; nothing of the transaction is kept.
        """
        return await self._submit(lambda: self._write(work, "write"))

    async def run_undurably(self, work: Callable[[Connection], T]) -> T:
        """Run `work` likewise, for what can be made again: it is on the disk with what `run` writes next.

        Until then a loss of power undoes it, as a whole.

        Raises:
            DatabaseError: if the database refused; nothing of the transaction is kept.
        """
        return await self._submit(lambda: self._write(work, "write_later"))

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work`, which only reads, and sees the state of one moment.

        Raises:
            DatabaseError: if the database refused.
        """
        return await self._submit(lambda: self._noted(lambda: self._store.transact(work, "read")))

    async def ping(self) -> None:
        """Show a sign of life: take and give back the right to write; write only to find out if a trouble is over.

        Raises:
            DatabaseError: if the database refused.
        """
        await self._submit(self._ping)

    async def outside(self, work: Callable[[Connection], T]) -> T:
        """Run `work` outside of any transaction: each of its statements is one.

        Raises:
            DatabaseError: if the database refused; what its statements did before stays.
        """
        return await self._submit(lambda: self._noted(lambda: self._store.outside(work)))

    async def held_bytes(self) -> int:
        """Return the bytes of the database that hold something, which deleting makes fewer.

        Raises:
            DatabaseError: if the database refused.
        """
        return await self.read(self._store.held_bytes)

    async def close(self) -> None:
        """Finish what was asked before, then close the database. A second call does nothing."""
        if self._store.closed:
            return
        await asyncio.get_running_loop().run_in_executor(self._executor, self._store.close)
        self._executor.shutdown(wait=False)

    @property
    def path(self) -> Path | None:
        """The database's file; None where a server keeps it."""
        return self.place.path

    @property
    def set_aside(self) -> Path | None:
        """Where the file is that was found damaged at the start; None where all was well."""
        return self._store.set_aside

    @property
    def size_bytes(self) -> int:
        """The bytes on the disk: a file with its write-ahead log, or what a server last told."""
        return self._store.size_bytes

    @property
    def write_ms(self) -> tuple[float, ...]:
        """How many milliseconds each of the last 1,000 writing transactions took, commit included."""
        return tuple(self._write_ms)

    async def _submit(self, work: Callable[[], T]) -> T:
        if self._store.closed:
            raise DatabaseError(str(self.place), "the database is closed", "naila is stopping; start it again")
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def _ping(self) -> None:
        self._noted(lambda: self._store.ping(well=self.last_error is None))
        self.last_error = None

    def _write(self, work: Callable[[Connection], T], access: Access) -> T:
        began = time.perf_counter()
        result = self._noted(lambda: self._store.transact(work, access))
        self._write_ms.append((time.perf_counter() - began) * 1000)
        self.last_error = None
        return result

    def _noted(self, work: Callable[[], T]) -> T:
        """Run `work` on the store, and note how that went."""
        try:
            return work()
        except DatabaseError as refusal:
            self.failures += 1
            self.last_error = refusal
            raise
        finally:
            self.transactions += 1
            self.last_alive = time.monotonic()
