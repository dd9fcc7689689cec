"""What several tests of the memory and of its users begin with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ai_server.memory.storage.database import Database
from ai_server.memory.turns import Turns
from tests.asking import Asker, standing_asker


@pytest.fixture
def turns(database: Database) -> Turns:
    return Turns(database)


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asker]:
    """Answers what the tests of a module ask."""
    with standing_asker(tmp_path_factory.mktemp("asker")) as asker:
        yield asker


@pytest.fixture
def asker(standing: Asker) -> Asker:
    """The same, as if nothing had been asked yet."""
    standing.begin_anew()
    return standing
