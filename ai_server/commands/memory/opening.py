"""Getting at the database: beside the daemon to read, in its place or through it to write."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from ai_server.commands.memory.asking import DaemonLink
from ai_server.memory.facts import Facts
from ai_server.memory.personalities import Personalities
from ai_server.memory.privacy.audit import Audit
from ai_server.memory.privacy.erasure import Erasure
from ai_server.memory.privacy.steward import Steward
from ai_server.memory.privacy.transfer import Transfer
from ai_server.memory.storage.database import Database, DatabaseError
from ai_server.memory.storage.places import place_of
from ai_server.memory.storage.store import Place
from ai_server.protocol.operator import OperatorRequest, OperatorResponse
from ai_server.settings import Settings

Ask = Callable[[OperatorRequest], Awaitable[OperatorResponse]]


class NothingFoundError(Exception):
    """What was asked for is not there; the message says so."""


@asynccontextmanager
async def visiting(settings: Settings) -> AsyncIterator[Database]:
    """Lend the database for reading and for notes in its audit log; the daemon may run.

    Raises:
        NothingFoundError: if there is none yet.
        DatabaseError: if it cannot be used.
    """
    database = await Database.visit(place_to_use(settings))
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def asking(settings: Settings) -> AsyncIterator[Ask]:
    """Lend what carries out requests: the daemon where one runs, else the database itself.

    Raises:
        NothingFoundError: if there is no database yet.
        DatabaseError: if it cannot be used.
        NoAnswerError: if the daemon cannot be asked.
    """
    place = place_to_use(settings)
    try:
        database = await Database.open(place)
    except DatabaseError as error:
        if not error.held:
            raise
        async with DaemonLink(settings) as link:
            yield link.ask
        return
    try:
        yield steward_of(database, settings).carry_out
    finally:
        await database.close()


def steward_of(database: Database, settings: Settings) -> Steward:
    """Return what carries out requests on a database that no daemon uses."""
    return Steward(
        database=database,
        erasure=erasure_of(database, settings),
        facts=Facts(database),
        transfer=Transfer(database),
        personalities=Personalities(database, max_kept=settings.naila_max_robots),
        audit=Audit(database),
        backups=settings.backup_dir,
    )


def erasure_of(database: Database, settings: Settings) -> Erasure:
    """Return what erases from a database that no daemon uses, and from what an engine left on the disk."""

    async def nothing_is_held_in_memory() -> None:
        return

    return Erasure(
        database,
        data_dir=settings.data_dir,
        forget=lambda _device_id, _user_id: drop_spills(settings),
        forget_all=lambda: drop_spills(settings),
        refresh=nothing_is_held_in_memory,
    )


def drop_spills(settings: Settings) -> None:
    """Delete what an engine, which does not run, left of conversations on the disk: it can be made again.

    Raises:
        OSError: if it cannot be deleted.
    """
    if settings.spill_dir.exists():
        shutil.rmtree(settings.spill_dir)


def place_to_use(settings: Settings) -> Place:
    """Return where the database is.

    Raises:
        NothingFoundError: if there is none yet.
        DatabaseError: if its key cannot be read, or it cannot be used.
    """
    place = place_of(settings)
    if not place.exists():
        raise NothingFoundError(f"{place}: nothing is remembered yet; the daemon makes it at its first start")
    return place
