"""Which persona was chosen for each robot."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision: str | None = "0004"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Create the table of the last choices."""
    op.create_table(
        "chosen_personas",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("persona", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_chosen_personas"),
        sa.UniqueConstraint("device_id", name="uq_chosen_personas_device_id"),
        sqlite_autoincrement=True,
    )
