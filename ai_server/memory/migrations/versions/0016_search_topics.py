"""The topics of what was said and is known, which the index has from now on: it is made anew."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision: str | None = "0015"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Empty the index, and have each entry indexed again when the brain runs next; embeddings stay."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("INSERT INTO search_index (search_index) VALUES ('delete-all')")
    op.execute("UPDATE search_entries SET terms = NULL WHERE terms IS NOT NULL")
