"""Whose each conversation is, when it ended, and what is told of it in short."""

from __future__ import annotations

revision = "0009"
down_revision: str | None = "0008"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Create what is needed."""
