"""Declarations: the last of each robot, over restarts, and no more than there is room for."""

from __future__ import annotations

import pytest

from ai_server.memory.declarations import Declarations
from ai_server.memory.storage import sqlite
from ai_server.memory.storage.database import Database
from ai_server.memory.storage.store import Place
from ai_server.protocol.device import Capabilities

ROVER = Capabilities.model_validate(
    {
        "name": "Rover",
        "persona": "ollie",
        "max_payload_bytes": 256,
        "actions": [
            {
                "name": "move",
                "description": "drive",
                "confirm": True,
                "parameters": {
                    "properties": {
                        "way": {"type": "string", "enum": ["vor", "zurück"]},
                        "say": {"type": "string", "maxLength": 20},
                        "cm": {"type": "integer", "minimum": 1, "maximum": 200},
                        "speed": {"type": "number", "minimum": 0.1, "maximum": 1.5},
                    },
                    "required": ["way", "say", "cm", "speed"],
                    "additionalProperties": False,
                },
            }
        ],
    }
)


def named(name: str) -> Capabilities:
    return Capabilities(name=name)


@pytest.fixture
def declarations(database: Database) -> Declarations:
    return Declarations(database, max_robots=3, max_actions=25)


async def test_a_declaration_comes_back_after_a_restart_exactly_as_it_was(place: Place) -> None:
    database = await Database.open(place)
    await Declarations(database, max_robots=3, max_actions=25).keep("r1", ROVER)
    await database.close()
    database = await Database.open(place)
    assert await Declarations(database, max_robots=3, max_actions=25).load() == [("r1", ROVER)]
    await database.close()


async def test_a_new_declaration_takes_the_place_of_the_last(declarations: Declarations) -> None:
    await declarations.keep("r1", ROVER)
    await declarations.keep("r2", named("Two"))
    await declarations.keep("r1", named("One"))
    assert await declarations.load() == [("r1", named("One")), ("r2", named("Two"))]


async def test_a_declaration_of_nothing_deletes_the_last(declarations: Declarations) -> None:
    await declarations.keep("r1", ROVER)
    await declarations.keep("r1", Capabilities())
    await declarations.keep("r2", Capabilities())
    assert await declarations.load() == []


async def test_one_robot_too_many_takes_the_place_of_the_oldest_declaration(declarations: Declarations) -> None:
    for device_id in ("r1", "r2", "r3", "r1", "r4"):
        await declarations.keep(device_id, ROVER)
    assert [device_id for device_id, _ in await declarations.load()] == ["r4", "r1", "r3"]


async def test_no_more_are_loaded_than_there_is_room_for_now(declarations: Declarations, database: Database) -> None:
    for device_id in ("r1", "r2", "r3"):
        await declarations.keep(device_id, ROVER)
    assert [device_id for device_id, _ in await Declarations(database, max_robots=2, max_actions=25).load()] == [
        "r3",
        "r2",
    ]


async def test_a_body_of_more_actions_than_are_allowed_now_is_not_loaded(
    declarations: Declarations, database: Database
) -> None:
    await declarations.keep("r1", ROVER)
    await declarations.keep("r2", named("Two"))
    assert await Declarations(database, max_robots=3, max_actions=0).load() == [("r2", named("Two"))]


@pytest.mark.parametrize("spoilt", ['{"actions": [{"name": "a b"}]}', '"text"', "no json", '{"actions": 5}'])
async def test_a_declaration_that_cannot_be_read_is_left_out(sqlite_database: Database, spoilt: str) -> None:
    declarations = Declarations(sqlite_database, max_robots=3, max_actions=25)
    await declarations.keep("r1", ROVER)
    await declarations.keep("r2", ROVER)
    with sqlite.connect(sqlite_database.path) as connection:
        connection.execute("UPDATE declarations SET capabilities = ? WHERE device_id = 'r1'", (spoilt,))
    connection.close()
    assert await declarations.load() == [("r2", ROVER)]
