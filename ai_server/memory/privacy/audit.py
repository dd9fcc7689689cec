"""The log of who read, exported, changed or erased what is remembered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from ai_server.memory.schema import audit
from ai_server.memory.storage.database import Database
from ai_server.memory.storage.rows import read_rows

What = Literal["read", "search", "export", "import", "erase", "correct", "remember", "backup", "restore", "rekey"]

MAX_ENTRIES = 10_000
"""So many are kept, the newest."""

_ADD = insert(audit)
_DROP_BEYOND = delete(audit).where(audit.c.id <= select(func.max(audit.c.id)).scalar_subquery() - bindparam("at_most"))
_NEWEST = select(audit).order_by(audit.c.id.desc()).limit(bindparam("at_most"))


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """That somebody did something with what is remembered.

    Attributes:
        at: when.
        who: where the wish came from and whose it was: `cli:root`, `mqtt:operator`, `voice:rover`, `naila` itself.
        what: was done.
        scope: to what: ids and times, never words.
        count: how many turns, facts and so on that was.
    """

    at: datetime
    who: str
    what: What
    scope: str
    count: int


class Audit:
    """The log. Both methods can raise `DatabaseError`."""

    def __init__(self, database: Database, *, max_entries: int = MAX_ENTRIES) -> None:
        """Use a database, and keep at most `max_entries`."""
        self._database = database
        self._max_entries = max_entries

    async def note(self, who: str, what: What, scope: str, count: int) -> None:
        """Add an entry; the oldest go where there are too many."""
        entry = {"who": who, "what": what, "scope": scope, "count": count}
        await self._database.run(lambda connection: _note(connection, entry, self._max_entries))

    async def newest(self, limit: int) -> list[AuditEntry]:
        """Return at most so many entries, the newest first."""
        values = {"at_most": limit}
        return await self._database.read(lambda connection: read_rows(connection, audit, _NEWEST, values, _entry))


def note(connection: Connection, *, who: str, what: What, scope: str, count: int) -> None:
    """Add an entry within the caller's transaction; those beyond `MAX_ENTRIES` go."""
    _note(connection, {"who": who, "what": what, "scope": scope, "count": count}, MAX_ENTRIES)


def _note(connection: Connection, entry: dict[str, Any], max_entries: int) -> None:
    connection.execute(_ADD, {"at": datetime.now(UTC), **entry})
    connection.execute(_DROP_BEYOND, {"at_most": max_entries})


def _entry(row: Mapping[Any, Any]) -> AuditEntry:
    return AuditEntry(**{name: row[name] for name in AuditEntry.__slots__})
