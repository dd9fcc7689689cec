"""How each robot speaks with each person."""

from __future__ import annotations

revision = "0013"
down_revision: str | None = "0012"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Create what is needed."""
