"""The schema's versions, each a file in `versions/`, applied by alembic when the database is opened.

A new one: change `schema.py`, add `versions/NNNN_what.py` with its `upgrade`, and count it here.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

REVISIONS = tuple(f"{number:04}" for number in range(1, 17))
"""Every version that this program knows, oldest first."""

HEAD = REVISIONS[-1]


class UnknownRevisionError(Exception):
    """The database has a version that this program does not know; the message is the version."""


def stored_revision(connection: Connection) -> str | None:
    """Return the database's version; None where it is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def migrate(connection: Connection) -> None:
    """Bring the database to `HEAD`, within the connection's transaction.

    alembic is imported only where there is something to do: that takes longer than everything else at a start.

    Raises:
        UnknownRevisionError: if the database was made by a newer program.
    """
    stored = stored_revision(connection)
    if stored == HEAD:
        return
    if stored is not None and stored not in REVISIONS:
        raise UnknownRevisionError(stored)
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)
