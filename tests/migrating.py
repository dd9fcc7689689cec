"""Databases that migrations are tried on, one version after another."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
import sqlcipher3.dbapi2
from alembic import command
from alembic.config import Config

from ai_server.memory import migrations
from tests.postgresql import TestServer

KINDS = ("sqlite", "postgresql")


@contextlib.contextmanager
def fresh(kind: str, request: pytest.FixtureRequest, directory: Path) -> Iterator[sa.Connection]:
    """Connect to an empty database of a kind."""
    with _postgresql(request) if kind == "postgresql" else _sqlite(directory) as engine:
        with engine.begin() as connection:
            yield connection
        engine.dispose()


def upgrade(connection: sa.Connection, revision: str) -> None:
    """Bring a database to a version."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


@contextlib.contextmanager
def _sqlite(directory: Path) -> Iterator[sa.Engine]:
    yield sa.create_engine(f"sqlite:///{directory / 'naila.db'}", module=sqlcipher3.dbapi2)


@contextlib.contextmanager
def _postgresql(request: pytest.FixtureRequest) -> Iterator[sa.Engine]:
    server: TestServer = request.getfixturevalue("server")
    place = server.new(migrated=False)
    yield sa.create_engine(server.url(place.url.database or "", scheme="postgresql+psycopg"))
    server.drop(place)
