"""What is kept of personalities: over restarts, for each person apart, and no more than there is room for."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from ai_server.memory.personalities import Drift, Personalities, Personality, Spoken, Traits
from ai_server.memory.storage.database import Database

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
A_BIT = Drift(Traits(0.1, -0.05, 0.0, 0.2, 0.01), 0.03, NOON)
MORE = Drift(Traits(0.2, -0.05, 0.0, 0.2, 0.01), 0.04, NOON)


async def put(
    database: Database, kept: Personalities, device_id: str, user_id: str | None, drift: Drift = A_BIT
) -> None:
    await database.run(lambda connection: kept.change(connection, device_id, user_id, lambda _: drift))


async def test_personalities_outlive_a_restart(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "naila.db")
    kept = Personalities(database, max_kept=10)
    await put(database, kept, "rover", "ada")
    await kept.speak("rover", "ada", Spoken("+===-", "=====", NOON))
    await database.close()
    database = await Database.open(tmp_path / "naila.db")
    kept = Personalities(database, max_kept=10)
    found = await kept.find("rover", "ada")
    await database.close()
    assert found == Personality("rover", "ada", A_BIT, Spoken("+===-", "=====", NOON))


async def test_what_prompts_say_stays_while_the_traits_move(database: Database) -> None:
    kept = Personalities(database, max_kept=10)
    await put(database, kept, "rover", "ada")
    await kept.speak("rover", "ada", Spoken("+====", "=====", NOON))
    await put(database, kept, "rover", "ada", MORE)
    assert await kept.find("rover", "ada") == Personality("rover", "ada", MORE, Spoken("+====", "=====", NOON))


async def test_a_personality_is_of_its_robot_and_its_person_alone(database: Database) -> None:
    kept = Personalities(database, max_kept=10)
    await put(database, kept, "rover", "ada")
    assert await kept.find("rover", "ben") is None
    assert await kept.find("rover", None) is None
    assert await kept.find("owl", "ada") is None


async def test_the_step_is_given_what_there_was_and_may_leave_it(database: Database) -> None:
    kept = Personalities(database, max_kept=10)
    given: list[Drift | None] = []

    def step(before: Drift | None) -> Drift | None:
        given.append(before)
        return [None, A_BIT, None][len(given) - 1]

    for _ in range(3):
        await database.run(lambda connection: kept.change(connection, "rover", "ada", step))
    assert given == [None, None, A_BIT]
    assert await kept.all() == [Personality("rover", "ada", A_BIT)]


async def test_the_personality_that_drifted_longest_ago_makes_room(database: Database) -> None:
    kept = Personalities(database, max_kept=2)
    for user_id in ("ada", "ben", "ada", "eve"):
        await put(database, kept, "rover", user_id)
    assert [each.user_id for each in await kept.all()] == ["eve", "ada"]


async def test_a_reset_takes_one_robot_one_person_or_all(database: Database) -> None:
    kept = Personalities(database, max_kept=10)
    people = [("rover", "ada"), ("rover", "ben"), ("rover", None), ("owl", "ada"), ("owl", None)]

    async def left(device_id: str | None, user_id: str | None) -> tuple[int, int]:
        for each in people:
            await put(database, kept, *each)
        return await kept.reset(device_id, user_id), len(await kept.all())

    assert await left("rover", "ada") == (1, 4)
    assert await left("rover", None) == (3, 2)
    assert await left(None, "ada") == (2, 3)
    assert await left(None, "") == (2, 3)
    assert await left("rover", "") == (1, 4)
    assert await left(None, None) == (5, 0)
    assert await kept.reset() == 0


async def test_those_of_one_robot_or_one_person_are_listed(database: Database) -> None:
    kept = Personalities(database, max_kept=10)
    for each in [("rover", "ada"), ("rover", None), ("owl", "ada")]:
        await put(database, kept, *each)
    assert [(each.device_id, each.user_id) for each in await kept.all("rover")] == [("rover", None), ("rover", "ada")]
    assert [each.device_id for each in await kept.all(user_id="ada")] == ["owl", "rover"]


async def test_a_damaged_row_is_as_none_and_the_next_turn_mends_it(database: Database) -> None:
    kept = Personalities(database, max_kept=10)
    await put(database, kept, "rover", "ada")
    await kept.speak("rover", "ada", Spoken("+====", "=====", NOON))
    await database.run(lambda connection: connection.execute(text("UPDATE personalities SET levels = 'x'")))
    assert await kept.find("rover", "ada") is None
    await put(database, kept, "rover", "ada")
    assert await kept.find("rover", "ada") == Personality("rover", "ada", A_BIT)
