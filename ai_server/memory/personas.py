"""Which persona was chosen for each robot, kept so that a restart makes nobody somebody else."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, bindparam, delete, insert, select

from ai_server.memory.database import Database
from ai_server.memory.rows import read_rows
from ai_server.memory.schema import chosen_personas

_NEWEST = select(chosen_personas).order_by(chosen_personas.c.id.desc()).limit(bindparam("at_most"))
_DROP = delete(chosen_personas).where(chosen_personas.c.device_id == bindparam("of_device"))
_ADD = insert(chosen_personas)
_DROP_BEYOND = delete(chosen_personas).where(
    chosen_personas.c.id.not_in(
        select(chosen_personas.c.id).order_by(chosen_personas.c.id.desc()).limit(bindparam("at_most"))
    )
)


class ChosenPersonas:
    """The last choice for each robot, of at most `max_robots`. Every method can raise `DatabaseError`.

    One robot more takes the place of the one whose choice is the oldest.
    """

    def __init__(self, database: Database, *, max_robots: int) -> None:
        self._database = database
        self._max_robots = max_robots

    async def keep(self, device_id: str, persona: str | None) -> None:
        """Put a new choice in the place of a robot's last; None deletes it."""
        await self._database.run(lambda connection: self._keep(connection, device_id, persona))

    async def load(self) -> list[tuple[str, str]]:
        """Return the robots and the personas chosen for them, the newest choice first."""
        values = {"at_most": self._max_robots}
        return await self._database.read(
            lambda connection: read_rows(
                connection, chosen_personas, _NEWEST, values, lambda row: (row["device_id"], row["persona"])
            )
        )

    def _keep(self, connection: Connection, device_id: str, persona: str | None) -> None:
        connection.execute(_DROP, {"of_device": device_id})
        if persona is None:
            return
        connection.execute(_ADD, {"device_id": device_id, "chosen_at": datetime.now(UTC), "persona": persona})
        connection.execute(_DROP_BEYOND, {"at_most": self._max_robots})
