"""Every turn that a fact was said in, and who set a reminder."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision: str | None = "0014"
branch_labels: str | None = None
depends_on: str | None = None

_LAST_SAID = """
INSERT INTO fact_turns (fact_id, turn_id) SELECT id, turn_id FROM facts WHERE turn_id IS NOT NULL ORDER BY id
"""
_WHO_SPOKE_THEN = """
UPDATE reminders SET user_id = coalesce((
    SELECT turns.user_id FROM turns
    WHERE turns.device_id = reminders.device_id AND reminders.set_at BETWEEN turns.at AND turns.replied_at
    ORDER BY turns.replied_at LIMIT 1
), '')
"""


_WITHOUT_STATISTICS = (
    ("turns", ("words", "facts", "text", "actions", "trace")),
    ("facts", ("subject", "value", "text")),
    ("summaries", ("text",)),
    ("names", ("name",)),
    ("reminders", ("name", "text")),
    ("inbox", ("text",)),
    ("outbox", ("payload",)),
)
"""PostgreSQL's planner keeps common values of other columns in a table of its own, whatever becomes of the rows."""


def upgrade() -> None:
    """Create what is needed, and fill it in as far as the turns tell."""
    op.create_table(
        "fact_turns",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("fact_id", sa.Integer(), nullable=False),
        sa.Column("turn_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_fact_turns"),
        sa.ForeignKeyConstraint(["fact_id"], ["facts.id"], name="fk_fact_turns_fact_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["turn_id"], ["turns.id"], name="fk_fact_turns_turn_id", ondelete="CASCADE"),
        sa.UniqueConstraint("fact_id", "turn_id", name="uq_fact_turns_fact_id_turn_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_fact_turns_turn_id", "fact_turns", ["turn_id"])
    op.add_column("reminders", sa.Column("user_id", sa.String(), nullable=False, server_default=""))
    op.execute(_LAST_SAID)
    op.execute(_WHO_SPOKE_THEN)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET CONSTRAINTS ALL IMMEDIATE")  # no table is altered while rows wait to be checked
        for table, columns in _WITHOUT_STATISTICS:
            for column in columns:
                op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS 0")
