"""The index of what was said is made anew where its terms have changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from ai_server.memory.schema import conversations, search_entries, turns
from ai_server.memory.search import index
from ai_server.memory.search.index import LookUp, Owners, term_digests
from tests.migrating import KINDS, fresh, upgrade
from tests.recall_history import turn_row

AT = datetime(2026, 5, 3, 12, tzinfo=UTC)


@pytest.fixture(params=KINDS)
def connection(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Connection]:
    with fresh(request.param, request, tmp_path) as connection:
        yield connection


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
