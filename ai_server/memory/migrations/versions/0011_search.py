"""The index of what was said and is known."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision: str | None = "0010"
branch_labels: str | None = None
depends_on: str | None = None

_SAID = ("turns", "turn_id", "device_id, user_id, language, words, text")
_KNOWN = ("facts", "fact_id", "device_id, user_id, household, subject, kind, value, text")

_INDEX = """
CREATE VIRTUAL TABLE search_index
USING fts5(terms, content='search_entries', content_rowid='id', tokenize='ascii', detail=none, columnsize=0)
"""
"""The terms are digests of ASCII letters and digits; where a term stands in its text serves no search."""

_CLEAN = "INSERT INTO search_index (search_index, rank) VALUES ('secure-delete', 1)"
"""A deleted term leaves the pages of the index in the transaction that deletes it."""

_INDEXED = """
CREATE TRIGGER search_entries_indexed AFTER UPDATE OF terms ON search_entries WHEN old.terms IS NULL
BEGIN INSERT INTO search_index (rowid, terms) VALUES (new.id, new.terms); END
"""

_GONE = """
CREATE TRIGGER search_entries_gone AFTER DELETE ON search_entries WHEN old.terms IS NOT NULL
BEGIN INSERT INTO search_index (search_index, rowid, terms) VALUES ('delete', old.id, old.terms); END
"""

_INDEX_OF_POSTGRESQL = """
CREATE INDEX search_index ON search_entries
USING gin (array_to_tsvector(string_to_array(terms, ' '))) WITH (fastupdate = off)
"""
"""Without fast updates no search has to look through what is not in the index's tree yet."""


def upgrade() -> None:
    """Create the tables, and have each turn and fact make its entry anew whenever it is written."""
    op.create_table(
        "search_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("turn_id", sa.Integer()),
        sa.Column("fact_id", sa.Integer()),
        sa.Column("terms", sa.Text()),
        sa.Column("said", sa.Integer()),
        sa.Column("replied", sa.Integer()),
        sa.Column("asks", sa.Boolean()),
        sa.PrimaryKeyConstraint("id", name="pk_search_entries"),
        sa.ForeignKeyConstraint(["turn_id"], ["turns.id"], name="fk_search_entries_turn_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["fact_id"], ["facts.id"], name="fk_search_entries_fact_id", ondelete="CASCADE"),
        sa.UniqueConstraint("turn_id", name="uq_search_entries_turn_id"),
        sa.UniqueConstraint("fact_id", name="uq_search_entries_fact_id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_search_entries_pending",
        "search_entries",
        ["id"],
        sqlite_where=sa.text("terms IS NULL"),
        postgresql_where=sa.text("terms IS NULL"),
    )
    op.create_table(
        "embeddings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_embeddings"),
        sa.ForeignKeyConstraint(["entry_id"], ["search_entries.id"], name="fk_embeddings_entry_id", ondelete="CASCADE"),
        sa.UniqueConstraint("entry_id", name="uq_embeddings_entry_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_embeddings_device_id_user_id_entry_id", "embeddings", ["device_id", "user_id", "entry_id"])
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in (_INDEX, _CLEAN, _INDEXED, _GONE) if is_sqlite else (_INDEX_OF_POSTGRESQL,):
        op.execute(statement)
    for table, reference, columns in (_SAID, _KNOWN):
        for statement in (_sqlite_triggers if is_sqlite else _postgresql_triggers)(table, reference, columns):
            op.execute(statement)
        op.execute(f"INSERT INTO search_entries ({reference}) SELECT id FROM {table} ORDER BY id")  # noqa: S608


def _sqlite_triggers(table: str, reference: str, columns: str) -> list[str]:
    new, changed = f"AFTER INSERT ON {table}", f"AFTER UPDATE OF {columns} ON {table}"
    return [
        f"CREATE TRIGGER search_new_{table} {new} BEGIN {_steps(reference)} END",
        f"CREATE TRIGGER search_changed_{table} {changed} BEGIN {_steps(reference)} END",
    ]


def _postgresql_triggers(table: str, reference: str, columns: str) -> list[str]:
    function = f"search_enter_{table}()"
    body = f"BEGIN {_steps(reference)} RETURN NULL; END"
    written = f"AFTER INSERT OR UPDATE OF {columns} ON {table}"
    return [
        f"CREATE FUNCTION {function} RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$",
        f"CREATE TRIGGER search_entered_{table} {written} FOR EACH ROW EXECUTE FUNCTION {function}",
    ]


def _steps(reference: str) -> str:
    return (
        f"DELETE FROM search_entries WHERE {reference} = new.id; "  # noqa: S608
        f"INSERT INTO search_entries ({reference}) VALUES (new.id);"
    )
