"""Why each turn was answered as it was."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision: str | None = "0007"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Add the column; turns from before have none."""
    op.add_column("turns", sa.Column("trace", sa.JSON()))
