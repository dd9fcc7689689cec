"""How much is kept: once the database holds more than it may, the oldest turns go."""

from __future__ import annotations

import asyncio

import structlog
from sqlalchemy import Connection, delete, exists, func, select

from ai_server.memory.database import Database, DatabaseError
from ai_server.memory.schema import conversations, turns

log = structlog.get_logger(__name__)

_INTERVAL_S = 60.0

_DELETED_AT_ONCE = 500
"""How many turns one transaction deletes, so that others come in between."""

_DELETE_OLDEST = delete(turns).where(turns.c.id.in_(select(turns.c.id).order_by(turns.c.id).limit(_DELETED_AT_ONCE)))

_newer = conversations.alias()
_DELETE_EMPTY = delete(conversations).where(
    ~exists().where(turns.c.conversation_id == conversations.c.id),
    conversations.c.id
    < select(func.max(_newer.c.id)).where(_newer.c.device_id == conversations.c.device_id).scalar_subquery(),
)


class Retention:
    """Keeps what the database holds within `max_bytes`.

    What is deleted leaves pages that later turns fill, so the file stops to grow, and does not shrink.
    """

    def __init__(self, database: Database, max_bytes: int) -> None:
        self._database = database
        self._max_bytes = max_bytes

    async def run(self) -> None:
        """Look once a minute, until cancelled."""
        while True:
            try:
                await self.enforce()
            except DatabaseError as error:
                log.warning("old turns could not be deleted", reason=str(error))
            await asyncio.sleep(_INTERVAL_S)

    async def enforce(self) -> int:
        """Delete the oldest turns until the rest fits; return how many.

        Raises:
            DatabaseError: if the database refused.
        """
        deleted = newly = 0
        while await self._database.read(_held_bytes) > self._max_bytes:
            newly = await self._database.run(_delete_oldest)
            if newly == 0:
                break
            deleted += newly
        if deleted:
            log.info("the oldest turns were deleted", count=deleted, max_bytes=self._max_bytes)
        return deleted


def _held_bytes(connection: Connection) -> int:
    """Return the bytes of the pages that hold something."""
    figures = (connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("page_count", "freelist_count"))
    pages, free = figures
    return int(pages - free) * int(connection.exec_driver_sql("PRAGMA page_size").scalar_one())


def _delete_oldest(connection: Connection) -> int:
    deleted = connection.execute(_DELETE_OLDEST).rowcount
    connection.execute(_DELETE_EMPTY)
    return deleted
