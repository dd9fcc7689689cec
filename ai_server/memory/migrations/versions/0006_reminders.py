"""Timers, alarms and reminders, and when a rule made a robot speak."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision: str | None = "0005"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "reminders",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String()),
        sa.Column("text", sa.Text()),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("elapsed", sa.Boolean(), nullable=False),
        sa.Column("duration_s", sa.Float()),
        sa.Column("repeats", sa.String()),
        sa.Column("local_time", sa.String()),
        sa.Column("fired_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_reminders"),
        sqlite_autoincrement=True,
    )
    where = sa.text("due_at IS NOT NULL")
    op.create_index(
        "ix_reminders_due_at", "reminders", ["elapsed", "due_at"], sqlite_where=where, postgresql_where=where
    )
    op.create_index("ix_reminders_device_id_due_at", "reminders", ["device_id", "due_at"])
    op.create_table(
        "said_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("holds", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_said_rules"),
        sa.UniqueConstraint("device_id", "rule", name="uq_said_rules_device_id_rule"),
        sqlite_autoincrement=True,
    )
