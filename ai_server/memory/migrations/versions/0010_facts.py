"""What is known of people and of their world."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision: str | None = "0009"
branch_labels: str | None = None
depends_on: str | None = None

_THAT_REACH_ALL = sa.text("household AND superseded_at IS NULL")


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "facts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("household", sa.Boolean(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("turn_id", sa.Integer()),
        sa.Column("learned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True)),
        sa.Column("superseded_by", sa.Integer()),
        sa.PrimaryKeyConstraint("id", name="pk_facts"),
        sa.ForeignKeyConstraint(["turn_id"], ["turns.id"], name="fk_facts_turn_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["superseded_by"],
            ["facts.id"],
            name="fk_facts_superseded_by",
            ondelete="SET NULL",
            deferrable=True,  # rows are copied in the order of their ids, and what supersedes one comes later
            initially="DEFERRED",
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_facts_turn_id", "facts", ["turn_id"])
    op.create_index("ix_facts_superseded_by", "facts", ["superseded_by"])
    op.create_index("ix_facts_device_id_user_id_subject_kind", "facts", ["device_id", "user_id", "subject", "kind"])
    op.create_index(
        "ix_facts_household",
        "facts",
        ["subject", "kind"],
        sqlite_where=_THAT_REACH_ALL,
        postgresql_where=_THAT_REACH_ALL,
    )
