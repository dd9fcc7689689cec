"""Tables with one row for each robot, the newest, of so many robots as there is room for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Table, bindparam, delete, insert, select

from ai_server.memory.storage.database import Database
from ai_server.memory.storage.rows import read_rows

T = TypeVar("T")


class NewestOfRobots(Generic[T]):
    """Such a table. Every method can raise `DatabaseError`.

    One robot more takes the place of the one whose row is the oldest.

    Args:
        database: where it is.
        table: with the columns `id`, whose values never come back, and `device_id`, which is unique.
        of_row: makes a value of a row.
        max_robots: so many rows are kept.
    """

    def __init__(
        self, database: Database, table: Table, of_row: Callable[[Mapping[Any, Any]], T], *, max_robots: int
    ) -> None:
        newest = table.c.id.desc()
        self._database = database
        self._table = table
        self._of_row = of_row
        self._limit = {"at_most": max_robots}
        self._newest = select(table).order_by(newest).limit(bindparam("at_most"))
        self._drop = delete(table).where(table.c.device_id == bindparam("of_device"))
        self._drop_beyond = delete(table).where(
            table.c.id.not_in(select(table.c.id).order_by(newest).limit(bindparam("at_most")))
        )

    async def put(self, device_id: str, values: Mapping[str, Any] | None) -> None:
        """Put a robot's new row, these values of the other columns, in the place of its last; None deletes that."""
        await self._database.run(lambda connection: self._put(connection, device_id, values))

    async def load(self) -> list[T]:
        """Return what the rows hold, the newest first; what cannot be read is left out."""
        return await self._database.read(
            lambda connection: read_rows(connection, self._table, self._newest, self._limit, self._of_row)
        )

    def _put(self, connection: Connection, device_id: str, values: Mapping[str, Any] | None) -> None:
        connection.execute(self._drop, {"of_device": device_id})
        if values is None:
            return
        connection.execute(insert(self._table), {"device_id": device_id, **values})
        connection.execute(self._drop_beyond, self._limit)
