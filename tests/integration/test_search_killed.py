"""What is found after the process that stored and indexed it was killed."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, func, select

from ai_server.memory.schema import search_entries, turns
from ai_server.memory.search.search import Search
from ai_server.memory.storage.database import Database
from tests.killable import Killable

_ROUNDS = 2
_STORED = 40


async def test_the_index_is_whole_after_a_kill_and_everything_stored_is_found(tmp_path: Path) -> None:
    for round_number in range(_ROUNDS):
        path = tmp_path / f"naila{round_number}.db"
        stored = _store_until_killed(path)
        database = await Database.open(path)
        search = Search(database)
        await search.catch_up()
        assert await database.run(_entries_lacking) == 0
        for number in stored:
            found = await search.find(f"kept{number}")
            assert len(found) == (0 if number % 3 == 0 else 1), number
            assert all(each.text.endswith("changed") == (number % 4 == 0) for each in found)
        await database.close()


def _store_until_killed(path: Path) -> list[int]:
    process = Killable("tests.searching", str(path))
    process.wait_for(lines=_STORED)
    return [int(line) for line in process.kill()]


def _entries_lacking(connection: Connection) -> int:
    """Compare the index with its content, and return how many turns have no entry."""
    connection.exec_driver_sql("INSERT INTO search_index (search_index, rank) VALUES ('integrity-check', 1)")
    entries, all_turns = (
        connection.execute(select(func.count()).select_from(table)).scalar_one() for table in (search_entries, turns)
    )
    return int(all_turns - entries)
