"""What several tests of the memory and of its users begin with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ai_server.memory.database import Database
from ai_server.memory.turns import Turns


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = await Database.open(tmp_path / "naila.db")
    yield database
    await database.close()


@pytest.fixture
def turns(database: Database) -> Turns:
    return Turns(database)
