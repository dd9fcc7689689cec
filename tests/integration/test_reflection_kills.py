"""A process that reflects is killed at any instant: nothing is lost, and the next one goes on from there."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from ai_server.memory.schema import conversations, facts, summaries, turns
from ai_server.memory.storage.database import Database
from ai_server.memory.turns import Turn, Turns
from ai_server.protocol.reply import Reply
from tests.killable import Killable
from tests.reflecting import DONE

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
PEOPLE = 6
TURNS = 6
MOST_KILLS = 40


async def fill(path: Path) -> None:
    """Store what people said, each another thing."""
    database = await Database.open(path)
    stored = Turns(database)
    for person in range(PEOPLE):
        for number in range(TURNS):
            at = AT + timedelta(minutes=number)
            reply = Reply(request_id=f"{person}-{number}", device_id="rover", text="I see.", source="llm", timestamp=at)
            words = f"I spoke of thing{person}x{number}"
            await stored.add(Turn(at=at, words=words, reply=reply, user_id=f"person{person}"))
    await database.close()


def reflect_until_killed(path: Path, seconds: float) -> bool:
    """Return whether it came to its end before."""
    process = Killable("tests.reflecting", str(path))
    process.wait_for("begun")
    time.sleep(seconds)
    return DONE in process.kill()


async def test_killed_while_it_sums_up_and_finds_facts_it_loses_nothing_and_does_nothing_twice(tmp_path: Path) -> None:
    path, rng, kills = tmp_path / "naila.db", random.Random(3), 0
    await fill(path)
    while not reflect_until_killed(path, rng.uniform(0, 0.2) * (1 + kills)):
        kills += 1
        assert kills < MOST_KILLS, "it never comes to its end"
    assert kills >= 1
    database = await Database.open(path)
    found = {
        table: await database.read(lambda connection, table=table: connection.execute(select(table)).all())
        for table in (turns, facts, summaries, conversations)
    }
    await database.close()
    assert len(found[turns]) == PEOPLE * TURNS
    assert sorted((row.user_id, row.value) for row in found[facts]) == sorted(
        (f"person{person}", f"thing{person}x{number}") for person in range(PEOPLE) for number in range(TURNS)
    )
    assert {row.id: row.words.split()[-1] for row in found[turns]} == {row.turn_id: row.value for row in found[facts]}
    by_model = [row for row in found[summaries] if row.made_by == "model"]
    assert sorted(row.user_id for row in by_model) == sorted(f"person{person}" for person in range(PEOPLE))
    assert all(row.to_turn_id - row.from_turn_id == TURNS - 1 for row in by_model)
    assert all(row.reflected_at and row.facts_until for row in found[conversations])
