"""The index of what was said is made anew where its terms have changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
import sqlcipher3.dbapi2
from alembic import command
from alembic.config import Config

from ai_server.memory import migrations
from ai_server.memory.schema import conversations, search_entries, turns
from ai_server.memory.search import index
from ai_server.memory.search.index import LookUp, Owners, term_digests
from tests.postgresql import TestServer
from tests.recall_history import turn_row

AT = datetime(2026, 5, 3, 12, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def connection(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Connection]:
    if request.param == "sqlite":
        engine = sa.create_engine(f"sqlite:///{tmp_path / 'naila.db'}", module=sqlcipher3.dbapi2)
    else:
        server: TestServer = request.getfixturevalue("server")
        server.say("CREATE DATABASE searched")
        engine = sa.create_engine(server.url("searched", scheme="postgresql+psycopg"))
    with engine.begin() as connection:
        yield connection
    engine.dispose()
    if request.param == "postgresql":
        server.say("DROP DATABASE searched")


def upgrade(connection: sa.Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def found(connection: sa.Connection, word: str) -> list[int]:
    groups = [term_digests(word, "en")]
    return index.newest(connection, [LookUp(groups, Owners.of_person("rover", "ada"), 10)])[0]


def test_what_was_indexed_without_topics_is_indexed_again(connection: sa.Connection) -> None:
    upgrade(connection, "0015")
    begun = {"id": 1, "device_id": "rover", "user_id": "ada", "started_at": AT}
    connection.execute(sa.insert(conversations).values(begun))
    connection.execute(sa.insert(turns), [turn_row(1, 1, "rover", "ada", "my hamster is Fips", "Hello Fips.", AT)])
    assert index.refresh(connection) == 1
    indexed = connection.execute(sa.select(search_entries.c.terms)).scalar_one()
    assert found(connection, "hamster") == [1]
    upgrade(connection, "0016")
    assert found(connection, "hamster") == []
    assert index.refresh(connection) == 1
    assert connection.execute(sa.select(search_entries.c.terms)).scalar_one() == indexed
    assert found(connection, "hamster") == [1]
