"""How each robot is to speak, kept so that a restart changes nobody's voice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ai_server.bounded import Newest
from ai_server.memory.newest import NewestOfRobots
from ai_server.memory.schema import voice_settings
from ai_server.memory.storage.database import Database


@dataclass(frozen=True, slots=True)
class Voice:
    """What somebody asked for; None where nobody asked for anything.

    Attributes:
        volume: from 0 to 100.
        rate: how fast it speaks, from 0 to 100 of what it can.
        language: that it answers in, a primary tag of BCP 47.
    """

    volume: int | None = None
    rate: int | None = None
    language: str | None = None


class Voices:
    """The voice of each robot, of at most `max_robots`; one more takes the place of the one set longest ago."""

    def __init__(self, database: Database, *, max_robots: int) -> None:
        self._rows = NewestOfRobots(database, voice_settings, _voice, max_robots=max_robots)
        self._max_robots = max_robots
        self._known = Newest[str, Voice](max_robots)

    async def load(self) -> None:
        """Take in what was asked for before the start.

        Raises:
            DatabaseError: if it cannot be read.
        """
        self._known = Newest(self._max_robots, reversed(await self._rows.load()))

    def of(self, device_id: str) -> Voice:
        """Return how a robot is to speak."""
        return self._known.get(device_id, Voice())

    async def change(self, device_id: str, voice: Voice) -> None:
        """Have a robot speak so from now on; it holds until the next start at least.

        Raises:
            DatabaseError: if it cannot be stored, and a restart will forget it.
        """
        self._known[device_id] = voice
        row = {"set_at": datetime.now(UTC), "volume": voice.volume, "rate": voice.rate, "language": voice.language}
        await self._rows.put(device_id, row)


def _voice(row: Mapping[Any, Any]) -> tuple[str, Voice]:
    return row["device_id"], Voice(row["volume"], row["rate"], row["language"])
