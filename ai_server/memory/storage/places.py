"""Where the settings say that the database is."""

from __future__ import annotations

from ai_server.memory.storage.keys import Key
from ai_server.memory.storage.sqlite_file import SqliteFile
from ai_server.memory.storage.store import Place
from ai_server.settings import Settings


def place_of(settings: Settings) -> Place:
    """Return the place of the database; whether anything is there is not looked at.

    Raises:
        DatabaseError: if the file of the key cannot be read, or holds none.
    """
    key = Key.read(settings.database_key_file) if settings.database_key_file else None
    if settings.naila_database_url is None:
        return SqliteFile(settings.database, key)
    from ai_server.memory.storage.postgresql import PostgresqlServer  # noqa: PLC0415  its driver takes a while to load

    return PostgresqlServer.of_url(settings.naila_database_url.get_secret_value(), settings.data_dir, key)
