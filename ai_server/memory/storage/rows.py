"""Reading rows of which a disk may have changed one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection, Select, Table, exc

log = structlog.get_logger(__name__)

T = TypeVar("T")


def read_rows(
    connection: Connection,
    table: Table,
    query: Select[Any],
    values: Mapping[str, Any],
    make: Callable[[Mapping[Any, Any]], T],
) -> list[T]:
    """Return what `make` makes of each row of a query on a table; rows that hold nonsense are logged and left out."""
    try:
        return [make(row) for row in connection.execute(query, values).mappings()]
    except Exception as error:
        if not is_unreadable(error):
            raise
    made = []
    for number in connection.execute(query.with_only_columns(table.c.id), values).scalars().all():
        try:
            made += [make(row) for row in connection.execute(query.where(table.c.id == number), values).mappings()]
        except Exception as error:
            if not is_unreadable(error):
                raise
            log.error("a damaged row is left out", table=table.name, id=number, reason=type(error).__name__)  # noqa: TRY400
    return made


def is_unreadable(error: Exception) -> bool:
    """Say whether an error means that a row holds what nobody wrote there, in a database that is otherwise sound.

    The driver refuses a text that is not UTF-8, a column's type or a message's model what it cannot make sense of.
    What the database itself refuses has a code of SQLite's, or of PostgreSQL's.
    """
    if isinstance(error, exc.DBAPIError):
        return not hasattr(error.orig, "sqlite_errorname") and not hasattr(error.orig, "sqlstate")
    return isinstance(error, (ValueError, TypeError))
