"""Utterances that wait for an answer, and publications that wait for the broker."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Create the tables, and the column of the turns that tells a message delivered twice."""
    op.add_column("turns", sa.Column("delivery", sa.String()))
    _create_partial_index("ix_turns_device_id_delivery", "turns", ["device_id", "delivery"], "delivery IS NOT NULL")
    op.create_table(
        "inbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivery", sa.String()),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Float()),
        sa.Column("language", sa.String()),
        sa.Column("emotion", sa.String()),
        sa.Column("user_id", sa.String()),
        sa.Column("ttl_ms", sa.Integer(), nullable=False),
        sa.Column("interrupt", sa.Boolean(), nullable=False),
        sa.Column("response_topic", sa.String()),
        sa.Column("correlation_data", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("id", name="pk_inbox"),
        sa.UniqueConstraint("device_id", "request_id", name="uq_inbox_device_id_request_id"),
        sqlite_autoincrement=True,
    )
    _create_partial_index("ix_inbox_device_id_delivery", "inbox", ["device_id", "delivery"], "delivery IS NOT NULL")
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("correlation_data", sa.LargeBinary()),
        sa.Column("delivered_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sqlite_autoincrement=True,
    )
    _create_partial_index("ix_outbox_undelivered", "outbox", ["device_id", "request_id"], "delivered_at IS NULL")
    _create_partial_index("ix_outbox_undelivered_id", "outbox", ["id"], "delivered_at IS NULL")
    _create_partial_index("ix_outbox_delivered_at", "outbox", ["delivered_at"], "delivered_at IS NOT NULL")


def _create_partial_index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
