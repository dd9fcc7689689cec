"""What is found after the process that stored and indexed it was killed."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from sqlalchemy import Connection, func, select

from ai_server.memory.schema import search_entries, turns
from ai_server.memory.search.search import Search
from ai_server.memory.storage.database import Database

_ROUNDS = 2
_STORED = 40


async def test_the_index_is_whole_after_a_kill_and_everything_stored_is_found(tmp_path: Path) -> None:
    for round_number in range(_ROUNDS):
        path = tmp_path / f"naila{round_number}.db"
        stored = await _store_until_killed(path)
        database = await Database.open(path)
        search = Search(database)
        await search.catch_up()
        assert await database.run(_entries_lacking) == 0
        for number in stored:
            found = await search.find(f"kept{number}")
            assert len(found) == (0 if number % 3 == 0 else 1), number
            assert all(each.text.endswith("changed") == (number % 4 == 0) for each in found)
        await database.close()


async def _store_until_killed(path: Path) -> list[int]:
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.searching", str(path)), stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    stored = [int(await child.stdout.readline()) for _ in range(_STORED)]
    child.send_signal(signal.SIGKILL)
    rest = await child.stdout.read()
    await child.wait()
    # The last line may be half of one.
    return stored + [int(line) for line in rest.split(b"\n")[:-1]]


def _entries_lacking(connection: Connection) -> int:
    """Compare the index with its content, and return how many turns have no entry."""
    connection.exec_driver_sql("INSERT INTO search_index (search_index, rank) VALUES ('integrity-check', 1)")
    entries, all_turns = (
        connection.execute(select(func.count()).select_from(table)).scalar_one() for table in (search_entries, turns)
    )
    return int(all_turns - entries)
