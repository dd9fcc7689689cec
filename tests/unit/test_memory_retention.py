"""What is too old goes, then the oldest until the rest fits; facts stay."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from ai_server.memory import schema
from ai_server.memory.privacy.retention import Retention
from ai_server.memory.storage.database import Database
from tests.filled_memory import FilledMemory, fact

BOUND = 3 * 2**19
NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture
def memory(database: Database) -> FilledMemory:
    return FilledMemory(database)


class Sweep:
    """A retention, and what it has the engine forget."""

    def __init__(self, database: Database, *, days: int = 0, max_bytes: int = 1 << 30) -> None:
        self.forgotten: list[tuple[str, str | None]] = []
        self._retention = Retention(
            database,
            max_bytes,
            days=days,
            forget=lambda device_id, user_id: self.forgotten.append((device_id, user_id)),
            now=lambda: NOW,
        )

    async def __call__(self) -> int:
        return await self._retention.sweep()


async def test_what_is_younger_and_fits_is_kept(memory: FilledMemory):
    for number in range(60):
        await memory.say("Hello", at=NOW - timedelta(days=29, hours=number % 24))
    assert await Sweep(memory.database, days=30)() == 0
    assert await memory.turns.count() == 60


async def test_what_is_too_old_goes_and_what_was_sworn_for_good_stays(memory: FilledMemory):
    for number in range(120):
        await memory.say(f"old {number}", at=NOW - timedelta(days=31), learned=[fact(f"fact {number}", kind="name")])
    await memory.summarise("of old")
    for number in range(3):
        await memory.say(f"new {number}", at=NOW - timedelta(days=29))
    sweep = Sweep(memory.database, days=30)
    assert await sweep() == 120
    assert await memory.column("turns.words") == ["new 0", "new 1", "new 2"]
    assert await memory.column("summaries.id") == []
    assert await sweep() == 0


async def test_nothing_is_too_old_for_ever(memory: FilledMemory):
    await memory.say("Hello", at=NOW - timedelta(days=10_000))
    assert await Sweep(memory.database, days=0)() == 0


async def test_a_fact_stays_while_it_holds_and_its_history_as_long_as_turns_do(memory: FilledMemory):
    for number, age in enumerate((40, 35, 20)):
        at = NOW - timedelta(days=age)
        await memory.say("I am called ...", at=at, learned=[fact(f"Name {number}", kind="name")])
    await Sweep(memory.database, days=30)()
    assert await memory.column("facts.text") == ["Name 1", "Name 2"]
    assert await memory.column("facts.turn_id") == [None, 3]


async def test_the_summary_of_a_conversation_stays_as_long_as_the_newest_turn_that_it_covers(memory: FilledMemory):
    await memory.say("old", at=NOW - timedelta(days=30, minutes=1))
    await memory.summarise("One.")
    await memory.say("new", at=NOW - timedelta(days=29, hours=23, minutes=50))
    await memory.summarise("Two.")
    await Sweep(memory.database, days=30)()
    assert await memory.column("turns.words") == ["new"]
    assert await memory.column("summaries.text") == ["Two."]


async def test_the_engine_forgets_the_conversation_that_goes_on_and_lost_a_turn(memory: FilledMemory):
    old, lately = NOW - timedelta(days=31), NOW - timedelta(days=1)
    await memory.say("old", user_id="ada", at=old)
    await memory.turns.reset("rover", "ada")
    await memory.say("new", user_id="ada", at=lately)
    await memory.say("old", user_id=None, at=old)
    sweep = Sweep(memory.database, days=30)
    await sweep()
    assert sweep.forgotten == [("rover", None)]
    assert await memory.column("conversations.user_id") == ["ada"]


async def say_two_megabytes(memory: FilledMemory) -> None:
    for _ in range(100):
        await memory.say(random.Random(1).randbytes(9000).hex(), at=NOW)


async def test_beyond_the_bound_the_oldest_turns_go(memory: FilledMemory):
    await say_two_megabytes(memory)
    assert await Sweep(memory.database, max_bytes=BOUND)() >= 25
    assert await memory.database.held_bytes() <= BOUND
    assert await memory.turns.find("rover", "q1") is None
    assert await memory.turns.find("rover", "q100")


async def test_a_file_stops_to_grow(sqlite_database: Database):
    memory, sizes = FilledMemory(sqlite_database), []
    for _ in range(3):
        await say_two_megabytes(memory)
        await Sweep(sqlite_database, max_bytes=BOUND)()
        sizes.append(sqlite_database.size_bytes)
    assert sizes[-1] <= sizes[0] * 1.2


async def test_a_database_that_cannot_be_made_smaller_is_left_alone(memory: FilledMemory):
    for _ in range(3):
        await memory.say("Hello", learned=[fact("You like tea.")])
    assert await Sweep(memory.database, max_bytes=1)() == 3
    assert await memory.turns.count() == 0
    assert await memory.column("facts.text") == ["You like tea."]


async def test_turns_of_another_time_than_their_order_are_found_too(memory: FilledMemory):
    await memory.say("new", at=NOW)
    await memory.say("imported", at=NOW - timedelta(days=99))
    await memory.database.run(
        lambda connection: connection.execute(update(schema.conversations).values(ended_at=NOW)).close()
    )
    assert await Sweep(memory.database, days=30)() == 1
    assert await memory.column("turns.words") == ["new"]
