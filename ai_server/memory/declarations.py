"""What each robot last declared of itself, kept so that a restart forgets no body."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import structlog

from ai_server.memory.newest import NewestOfRobots
from ai_server.memory.schema import declarations
from ai_server.memory.storage.database import Database
from ai_server.protocol.device import Capabilities

log = structlog.get_logger(__name__)


class Declarations:
    """The last good declaration of each robot. Every method can raise `DatabaseError`.

    Args:
        database: where they are kept.
        max_robots: of so many; one robot more takes the place of the one whose declaration is the oldest.
        max_actions: a declaration of more, from when more were allowed, is not loaded.
    """

    def __init__(self, database: Database, *, max_robots: int, max_actions: int) -> None:
        self._rows = NewestOfRobots(database, declarations, _declared, max_robots=max_robots)
        self._max_actions = max_actions

    async def keep(self, device_id: str, capabilities: Capabilities) -> None:
        """Put a robot's new declaration in the place of its last; one that declares nothing deletes it."""
        declared = capabilities.model_dump(mode="json", by_alias=True, exclude_unset=True)
        row = {"declared_at": datetime.now(UTC), "capabilities": declared}
        await self._rows.put(device_id, None if capabilities == Capabilities() else row)

    async def load(self) -> list[tuple[str, Capabilities]]:
        """Return the robots and what they declared, the newest declaration first; what cannot be read is left out."""
        return [(device_id, each) for device_id, each in await self._rows.load() if self._has_room(device_id, each)]

    def _has_room(self, device_id: str, capabilities: Capabilities) -> bool:
        count = len(capabilities.actions)
        if count > self._max_actions:
            log.warning("a body of too many actions is left out", device_id=device_id, actions=count)
        return count <= self._max_actions


def _declared(row: Mapping[Any, Any]) -> tuple[str, Capabilities]:
    return row["device_id"], Capabilities.model_validate(row["capabilities"])
