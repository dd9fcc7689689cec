"""Places for databases, which the tests of the memory run at one after the other: a file of SQLite, and PostgreSQL."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from ai_server.memory.storage.database import Database
from ai_server.memory.storage.postgresql import PostgresqlServer
from ai_server.memory.storage.sqlite_file import SqliteFile
from ai_server.memory.storage.store import Place
from tests.migrated import make_database, new_database
from tests.postgresql import TestServer, running_server

_OF_THE_MEMORY = "test_memory_"
"""How the names of modules begin whose tests run at both places."""


def pytest_configure() -> None:
    """Take Ctrl-C, also where the shell has its background jobs ignore it: so would the programs that tests start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    module = metafunc.module.__name__.rpartition(".")[2]
    if "place" in metafunc.fixturenames and module.startswith(_OF_THE_MEMORY):
        metafunc.parametrize("place", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture(scope="session")
def shared_directory(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A directory of all the processes that tests run in."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@pytest.fixture(scope="session")
def server(shared_directory: Path) -> Iterator[TestServer]:
    """A PostgreSQL server of this process, started by the first test that wants it."""
    with running_server(shared_directory) as server:
        yield server


@pytest.fixture(scope="session")
def _standing_place(server: TestServer) -> PostgresqlServer:
    return server.new()


@pytest.fixture
def postgresql_place(server: TestServer, _standing_place: PostgresqlServer) -> PostgresqlServer:
    """An empty database of this program's schema."""
    server.empty(_standing_place)
    return _standing_place


@pytest.fixture
def sqlite_place(tmp_path: Path) -> SqliteFile:
    """A file of SQLite that is not there yet."""
    return SqliteFile(tmp_path / "naila.db")


@pytest.fixture
def place(request: pytest.FixtureRequest) -> Place:
    """A place without anything in it; in modules of the memory each test that wants it runs at both kinds."""
    place: Place = request.getfixturevalue(f"{getattr(request, 'param', 'sqlite')}_place")
    return place


@pytest.fixture
async def database(place: Place) -> AsyncIterator[Database]:
    """The database of `place`."""
    if isinstance(place, SqliteFile):
        make_database(place.path)
    database = await Database.open(place)
    yield database
    await database.close()


@pytest.fixture
async def sqlite_database(sqlite_place: SqliteFile) -> AsyncIterator[Database]:
    """A database in a file, for what is about the file."""
    database = await new_database(sqlite_place.path)
    yield database
    await database.close()
