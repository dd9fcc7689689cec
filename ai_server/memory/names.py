"""What people and robots want to be called."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select

from ai_server.bounded import Newest
from ai_server.memory.schema import names
from ai_server.memory.storage.database import Database
from ai_server.memory.storage.rows import read_rows

_NEWEST = select(names).order_by(names.c.id.desc()).limit(bindparam("at_most"))
_DROP = delete(names).where(
    names.c.device_id == bindparam("of_device"),
    names.c.bearer == bindparam("of_bearer"),
    names.c.user_id == bindparam("of_user"),
)
_DROP_BEYOND = delete(names).where(
    names.c.id.not_in(select(names.c.id).order_by(names.c.id.desc()).limit(bindparam("at_most")))
)

_Key = tuple[str, str, str]
"""The robot; whose name it is, `robot` or `person`; that person's `user_id`, empty where there is none."""


class Names:
    """The names that people gave their robots and themselves, at most `max_names`: the newest.

    People are told apart by their `user_id`; those of a robot who have none share one name.
    """

    def __init__(self, database: Database, *, max_names: int) -> None:
        self._database = database
        self._limit = {"at_most": max_names}
        self._known = Newest[_Key, str](max_names)

    async def load(self) -> None:
        """Take in what was said before the start.

        Raises:
            DatabaseError: if it cannot be read.
        """
        rows = await self._database.read(lambda connection: read_rows(connection, names, _NEWEST, self._limit, _named))
        self._known = Newest(self._limit["at_most"], reversed(rows))

    def robot(self, device_id: str) -> str | None:
        """Return what somebody called a robot; None where its persona's name stands."""
        return self._known.get(_robot(device_id))

    def person(self, device_id: str, user_id: str | None) -> str | None:
        """Return what somebody who speaks with a robot is called; None where nobody said."""
        return self._known.get(_person(device_id, user_id))

    async def call_robot(self, device_id: str, name: str) -> None:
        """Call a robot so from now on.

        Raises:
            DatabaseError: if it cannot be stored; the name before holds then.
        """
        await self._call(_robot(device_id), name)

    async def call_person(self, device_id: str, user_id: str | None, name: str) -> None:
        """Call somebody who speaks with a robot so from now on.

        Raises:
            DatabaseError: if it cannot be stored; the name before holds then.
        """
        await self._call(_person(device_id, user_id), name)

    async def _call(self, key: _Key, name: str) -> None:
        await self._database.run(lambda connection: self._put(connection, key, name))
        self._known[key] = name

    def _put(self, connection: Connection, key: _Key, name: str) -> None:
        device_id, bearer, user_id = key
        connection.execute(_DROP, {"of_device": device_id, "of_bearer": bearer, "of_user": user_id})
        row = {"device_id": device_id, "bearer": bearer, "user_id": user_id, "name": name, "said_at": datetime.now(UTC)}
        connection.execute(insert(names), row)
        connection.execute(_DROP_BEYOND, self._limit)


def _robot(device_id: str) -> _Key:
    return device_id, "robot", ""


def _person(device_id: str, user_id: str | None) -> _Key:
    return device_id, "person", user_id or ""


def _named(row: Mapping[Any, Any]) -> tuple[_Key, str]:
    return (row["device_id"], row["bearer"], row["user_id"]), row["name"]
