"""How each robot is to speak, and what robots and people are called."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision: str | None = "0006"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Create the two tables."""
    op.create_table(
        "voice_settings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("volume", sa.Integer()),
        sa.Column("rate", sa.Integer()),
        sa.Column("language", sa.String()),
        sa.PrimaryKeyConstraint("id", name="pk_voice_settings"),
        sa.UniqueConstraint("device_id", name="uq_voice_settings_device_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "names",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("bearer", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_names"),
        sa.UniqueConstraint("device_id", "bearer", "user_id", name="uq_names_device_id_bearer_user_id"),
        sqlite_autoincrement=True,
    )
