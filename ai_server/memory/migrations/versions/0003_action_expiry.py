"""Until when an action may be published, and when it was noticed that it was too late."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Add the columns; what waits from before never expires."""
    op.add_column("outbox", sa.Column("expires_at", sa.DateTime(timezone=True)))
    op.add_column("outbox", sa.Column("expired_at", sa.DateTime(timezone=True)))
    where = sa.text("expired_at IS NOT NULL")
    op.create_index("ix_outbox_expired_at", "outbox", ["expired_at"], sqlite_where=where, postgresql_where=where)
