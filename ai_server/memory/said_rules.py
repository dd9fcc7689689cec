"""When rules made robots speak, kept so that a restart makes none of them say it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from ai_server.memory.schema import said_rules
from ai_server.memory.storage.database import Database
from ai_server.memory.storage.rows import read_rows

_OF_RULE = (said_rules.c.device_id == bindparam("of_device"), said_rules.c.rule == bindparam("of_rule"))
_NEWEST = select(said_rules).order_by(said_rules.c.id.desc()).limit(bindparam("at_most"))
_DROP = delete(said_rules).where(*_OF_RULE)
_ADD = insert(said_rules)
_DROP_BEYOND = delete(said_rules).where(
    said_rules.c.id.not_in(select(said_rules.c.id).order_by(said_rules.c.id.desc()).limit(bindparam("at_most")))
)
_REARM = update(said_rules).where(*_OF_RULE).values(holds=False)


@dataclass(frozen=True, slots=True)
class SaidRule:
    """That a rule made a robot speak.

    Attributes:
        said_at: when it did so last.
        holds: whether its sensor has not been back since where the rule may speak again.
    """

    said_at: datetime
    holds: bool


class SaidRules:
    """The last of each rule at each robot. Every method can raise `DatabaseError`.

    Args:
        database: where they are kept.
        max_kept: so many; one more takes the place of the oldest.

    Attributes:
        max_kept: the same.
    """

    def __init__(self, database: Database, *, max_kept: int) -> None:
        self._database = database
        self.max_kept = max_kept
        self._limit = {"at_most": max_kept}

    async def load(self) -> dict[tuple[str, str], SaidRule]:
        """Return them by robot and rule, the oldest first."""
        rows = await self._database.read(
            lambda connection: read_rows(connection, said_rules, _NEWEST, self._limit, _keyed)
        )
        return dict(reversed(rows))

    async def rearm(self, device_id: str, rule: str) -> None:
        """Note that the sensor is back where the rule may speak again."""
        values = {"of_device": device_id, "of_rule": rule}
        await self._database.run(lambda connection: connection.execute(_REARM, values).close())

    def note(self, connection: Connection, device_id: str, rule: str, said_at: datetime) -> None:
        """Note, within the transaction that stores what is said, that a rule makes a robot speak."""
        connection.execute(_DROP, {"of_device": device_id, "of_rule": rule})
        connection.execute(_ADD, {"device_id": device_id, "rule": rule, "said_at": said_at, "holds": True})
        connection.execute(_DROP_BEYOND, self._limit)


def _keyed(row: Mapping[Any, Any]) -> tuple[tuple[str, str], SaidRule]:
    return (row["device_id"], row["rule"]), SaidRule(row["said_at"], row["holds"])
