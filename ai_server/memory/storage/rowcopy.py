"""All rows of one database into another, of whichever kinds the two are."""

from __future__ import annotations

from sqlalchemy import Connection, delete, func, insert, select, text

from ai_server.memory.schema import metadata

_MADE_BY_TRIGGERS = ("search_entries", "embeddings")
"""What stands for a turn or a fact comes and goes with it; the search fills it in."""

_TABLES = [table for table in metadata.sorted_tables if table.name not in _MADE_BY_TRIGGERS]

_AT_ONCE = 500


def copy_rows(source: Connection, target: Connection) -> None:
    """Put the rows of `source` in the place of those of `target`; both have this program's schema."""
    for table in reversed(_TABLES):
        target.execute(delete(table))
    for table in _TABLES:
        found = source.execute(select(table).order_by(table.c.id), execution_options={"stream_results": True})
        for rows in found.mappings().partitions(_AT_ONCE):
            target.execute(insert(table), [dict(row) for row in rows])
    _set_last_ids(target, _last_ids(source))


def _last_ids(connection: Connection) -> dict[str, int]:
    """Return the last id that each table gave, also to a row that is gone: it never comes back."""
    if connection.dialect.name == "sqlite":
        return {row.name: row.seq for row in connection.execute(text("SELECT name, seq FROM sqlite_sequence"))}
    query = text("SELECT last_value FROM pg_sequences WHERE sequencename = :name")
    values = {table.name: connection.execute(query, {"name": f"{table.name}_id_seq"}).scalar() for table in _TABLES}
    return {name: number for name, number in values.items() if number is not None}


def _set_last_ids(connection: Connection, ids: dict[str, int]) -> None:
    if connection.dialect.name == "sqlite":
        update = text("UPDATE sqlite_sequence SET seq = :id WHERE name = :table")
        add = text("INSERT INTO sqlite_sequence (seq, name) SELECT :id, :table WHERE changes() = 0")
        for name, number in ids.items():
            connection.execute(update, {"id": number, "table": name})
            connection.execute(add, {"id": number, "table": name})
        return
    for table in _TABLES:
        newest = connection.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one()
        number = max(ids.get(table.name, 0), newest)
        if number:
            connection.execute(
                text("SELECT setval(pg_get_serial_sequence(:table, 'id'), :id)"), {"table": table.name, "id": number}
            )
