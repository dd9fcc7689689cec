from __future__ import annotations

from datetime import UTC, datetime

from ai_server.memory.database import Database
from ai_server.memory.retention import Retention
from ai_server.memory.turns import Turn, Turns
from ai_server.protocol.reply import Reply

MIB = 1024 * 1024


async def say(turns: Turns, count: int, device_id: str = "rover") -> None:
    first = await turns.count()
    for number in range(first, first + count):
        reply = Reply(request_id=f"q{number}", device_id=device_id, text="word " * 400, source="llm")
        await turns.add(Turn(at=datetime.now(UTC), words="Hello", reply=reply))


async def test_what_fits_is_kept(database: Database):
    turns = Turns(database)
    await say(turns, 50)
    assert await Retention(database, max_bytes=MIB).enforce() == 0
    assert await turns.count() == 50


async def test_beyond_the_bound_the_oldest_turns_go_and_the_file_stops_to_grow(database: Database):
    turns, retention = Turns(database), Retention(database, max_bytes=MIB)
    sizes = []
    for _ in range(4):
        await say(turns, 700)
        assert await retention.enforce() >= 500
        sizes.append(database.size_bytes)
    assert await turns.find("rover", "q0") is None
    assert await turns.recent("rover", 2000)
    assert sizes[-1] <= sizes[1] * 1.2


async def test_a_database_that_cannot_be_made_smaller_is_left_alone(database: Database):
    turns = Turns(database)
    await say(turns, 3)
    assert await Retention(database, max_bytes=1).enforce() == 3
    assert await turns.count() == 0
