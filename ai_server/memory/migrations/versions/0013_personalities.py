"""How far each robot's personality has drifted towards each person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision: str | None = "0012"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "personalities",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("warmth", sa.Float(), nullable=False),
        sa.Column("energy", sa.Float(), nullable=False),
        sa.Column("formality", sa.Float(), nullable=False),
        sa.Column("humour", sa.Float(), nullable=False),
        sa.Column("directness", sa.Float(), nullable=False),
        sa.Column("moved", sa.Float(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("levels", sa.String()),
        sa.Column("persona_levels", sa.String()),
        sa.Column("spoken_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_personalities"),
        sa.UniqueConstraint("device_id", "user_id", name="uq_personalities_device_id_user_id"),
        sqlite_autoincrement=True,
    )
