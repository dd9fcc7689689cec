"""How long what was said is kept, and how much of it: what is too old goes, then the oldest until the rest fits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Connection, Select, bindparam, delete, exists, func, select

from ai_server.memory.schema import conversations, facts, summaries, turns
from ai_server.memory.storage.database import Database, DatabaseError

log = structlog.get_logger(__name__)

_INTERVAL_S = 60.0

_AT_ONCE = 25
"""How many turns or facts one transaction deletes: it takes milliseconds, and turns to be stored come in between."""

_PAUSE_S = 0.01
"""Between two such transactions, for those of others."""

_OLDEST = select(turns.c.id).order_by(turns.c.id).limit(_AT_ONCE)
_TOO_OLD = select(turns.c.id).where(turns.c.at < bindparam("before")).order_by(turns.c.at).limit(_AT_ONCE)
_LONG_SUPERSEDED = select(facts.c.id).where(facts.c.superseded_at < bindparam("before")).limit(_AT_ONCE)
_CURRENT = select(func.max(conversations.c.id)).where(
    conversations.c.device_id == bindparam("of_device"), conversations.c.user_id == bindparam("of_user")
)

_Person = tuple[str, str]


class Retention:
    """Sweeps what was said out of the database.

    A turn goes with its trace, and with it the summaries that cover none that is newer. Facts stay until somebody
    forgets them; those that no longer hold go when that is as long ago as turns are kept.

    What is deleted leaves pages that later turns fill, so the file stops to grow, and does not shrink.

    Args:
        database: that is swept.
        max_bytes: it is to hold at most so much.
        days: what was said longer ago goes; 0 for never.
        forget: has the engine forget a person's conversation with a robot, of which something went; None for whoever
            the robot does not know.
        now: the time, with a zone.
    """

    def __init__(
        self,
        database: Database,
        max_bytes: int,
        *,
        days: int = 0,
        forget: Callable[[str, str | None], None] = lambda _device_id, _user_id: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._max_bytes = max_bytes
        self._days = days
        self._forget = forget
        self._now = now

    async def run(self) -> None:
        """Sweep once a minute, until cancelled."""
        while True:
            try:
                await self.sweep()
            except DatabaseError as error:
                log.warning("old turns could not be deleted", reason=str(error))
            await asyncio.sleep(_INTERVAL_S)

    async def sweep(self) -> int:
        """Delete what is too old, then the oldest turns until the rest fits; return how many turns.

        Wherever the process ends, what is left is swept the next time.

        Raises:
            DatabaseError: if the database refused.
        """
        too_old = await self._sweep_too_old()
        beyond = await self._sweep_beyond()
        if too_old + beyond:
            log.info("the oldest turns were deleted", too_old=too_old, days=self._days, beyond=beyond)
        return too_old + beyond

    async def _sweep_too_old(self) -> int:
        if not self._days:
            return 0
        before = self._now() - timedelta(days=self._days)
        deleted = 0
        while newly := await self._delete_turns(_TOO_OLD.params(before=before)):
            deleted += newly
        while await self._database.run(lambda connection: _delete_facts(connection, before)):
            pass
        return deleted

    async def _sweep_beyond(self) -> int:
        deleted = 0
        while await self._database.held_bytes() > self._max_bytes:
            newly = await self._delete_turns(_OLDEST)
            if newly == 0:
                break
            deleted += newly
        return deleted

    async def _delete_turns(self, which: Select[tuple[int]]) -> int:
        count, people = await self._database.run(lambda connection: _delete_turns(connection, which))
        for device_id, user_id in people:
            self._forget(device_id, user_id or None)
        await asyncio.sleep(_PAUSE_S)
        return count


def _delete_turns(connection: Connection, which: Select[tuple[int]]) -> tuple[int, set[_Person]]:
    """Delete some turns; return how many, and the people whose current conversation lost one."""
    ids = connection.execute(which).scalars().all()
    gone = delete(turns).where(turns.c.id.in_(ids))
    rows = connection.execute(gone.returning(turns.c.device_id, turns.c.user_id, turns.c.conversation_id)).all()
    connection.execute(delete(summaries).where(summaries.c.to_turn_id.in_(ids)))
    touched = {row.conversation_id for row in rows}
    people = {
        (device_id, user_id)
        for device_id, user_id, conversation_id in rows
        if _is_current(connection, device_id, user_id, conversation_id)
    }
    empty = ~exists().where(turns.c.conversation_id == conversations.c.id)
    connection.execute(delete(conversations).where(conversations.c.id.in_(touched), empty))
    return len(rows), people


def _is_current(connection: Connection, device_id: str, user_id: str, conversation_id: int) -> bool:
    newest = connection.execute(_CURRENT, {"of_device": device_id, "of_user": user_id}).scalar()
    return bool(newest == conversation_id)


def _delete_facts(connection: Connection, before: datetime) -> int:
    ids = connection.execute(_LONG_SUPERSEDED, {"before": before}).scalars().all()
    return connection.execute(delete(facts).where(facts.c.id.in_(ids))).rowcount
