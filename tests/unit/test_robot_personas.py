"""Which persona a robot has: chosen, declared or none; over restarts, and for no more robots than there is room for."""

from __future__ import annotations

from pathlib import Path

import pytest

from ai_server.brain.robot_personas import RobotPersonas
from ai_server.brain.robots import Robot
from ai_server.memory.personas import ChosenPersonas
from ai_server.memory.storage import sqlite
from ai_server.memory.storage.database import Database, DatabaseError
from ai_server.protocol.device import Capabilities


def robot(device_id: str = "r1", declared: str | None = None) -> Robot:
    return Robot(device_id, capabilities=Capabilities(persona=declared))


def personas_of(database: Database, max_robots: int = 3) -> RobotPersonas:
    return RobotPersonas(ChosenPersonas(database, max_robots=max_robots), max_robots=max_robots)


@pytest.fixture
def personas(database: Database) -> RobotPersonas:
    return personas_of(database)


def test_a_robot_that_wants_none_has_none(personas: RobotPersonas) -> None:
    assert personas.of(robot()) is None


def test_a_robot_has_the_persona_that_it_declares(personas: RobotPersonas) -> None:
    assert personas.of(robot(declared="ollie")) == "ollie"


async def test_a_choice_wins_over_what_is_declared(personas: RobotPersonas) -> None:
    await personas.choose("r1", "nabu")
    assert personas.of(robot(declared="ollie")) == "nabu"
    assert personas.of(robot("r2", declared="ollie")) == "ollie"


async def test_a_choice_that_is_taken_back_leaves_it_to_what_is_declared(personas: RobotPersonas) -> None:
    await personas.choose("r1", "nabu")
    await personas.choose("r1", None)
    assert personas.of(robot(declared="ollie")) == "ollie"
    assert personas.of(robot()) is None


async def test_a_choice_holds_after_a_restart_and_one_taken_back_does_not(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "naila.db")
    before = personas_of(database)
    for device_id, persona in (("r1", "nabu"), ("r2", "ollie"), ("r1", "ollie"), ("r2", None)):
        await before.choose(device_id, persona)
    await database.close()
    database = await Database.open(tmp_path / "naila.db")
    after = personas_of(database)
    await after.load()
    await database.close()
    assert (after.of(robot("r1")), after.of(robot("r2"))) == ("ollie", None)


async def test_one_robot_too_many_takes_the_place_of_the_oldest_choice_now_and_after_a_restart(
    database: Database, personas: RobotPersonas
) -> None:
    for device_id in ("r1", "r2", "r3", "r1", "r4"):
        await personas.choose(device_id, "ollie")
    after = personas_of(database)
    await after.load()
    await after.choose("r5", "ollie")
    for known, expected in ((personas, ["r1", "r3", "r4"]), (after, ["r1", "r4", "r5"])):
        assert [name for name in ("r1", "r2", "r3", "r4", "r5") if known.of(robot(name))] == expected


async def test_no_more_choices_are_loaded_than_there_is_room_for_now(
    database: Database, personas: RobotPersonas
) -> None:
    for device_id in ("r1", "r2", "r3"):
        await personas.choose(device_id, "ollie")
    fewer = personas_of(database, max_robots=2)
    await fewer.load()
    assert [name for name in ("r1", "r2", "r3") if fewer.of(robot(name))] == ["r2", "r3"]


async def test_a_choice_that_cannot_be_stored_does_not_hold(database: Database, personas: RobotPersonas) -> None:
    await personas.choose("r1", "nabu")
    with sqlite.connect(database.path) as connection:
        connection.execute("DROP TABLE chosen_personas")
    connection.close()
    with pytest.raises(DatabaseError):
        await personas.choose("r1", "ollie")
    assert personas.of(robot()) == "nabu"
