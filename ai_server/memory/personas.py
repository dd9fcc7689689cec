"""Which persona was chosen for each robot, kept so that a restart makes nobody somebody else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ai_server.memory.newest import NewestOfRobots
from ai_server.memory.schema import chosen_personas
from ai_server.memory.storage.database import Database


class ChosenPersonas:
    """The last choice for each robot, of at most `max_robots`. Every method can raise `DatabaseError`.

    One robot more takes the place of the one whose choice is the oldest.
    """

    def __init__(self, database: Database, *, max_robots: int) -> None:
        self._rows = NewestOfRobots(database, chosen_personas, _chosen, max_robots=max_robots)

    async def keep(self, device_id: str, persona: str | None) -> None:
        """Put a new choice in the place of a robot's last; None deletes it."""
        row = {"chosen_at": datetime.now(UTC), "persona": persona}
        await self._rows.put(device_id, None if persona is None else row)

    async def load(self) -> list[tuple[str, str]]:
        """Return the robots and the personas chosen for them, the newest choice first."""
        return await self._rows.load()


def _chosen(row: Mapping[Any, Any]) -> tuple[str, str]:
    return row["device_id"], row["persona"]
