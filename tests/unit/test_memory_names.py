"""Names: whom each robot knows by what name, over restarts, and no more than there is room for."""

from __future__ import annotations

import pytest

from ai_server.memory.names import Names
from ai_server.memory.storage.database import Database, DatabaseError
from ai_server.memory.storage.store import Place


async def test_names_outlive_a_restart(place: Place) -> None:
    database = await Database.open(place)
    names = Names(database, max_names=10)
    await names.call_robot("r1", "Bolt")
    await names.call_person("r1", "u1", "Ada")
    await names.call_person("r1", None, "Grace")
    await names.call_person("r1", "u1", "Ada Lovelace")
    await database.close()
    database = await Database.open(place)
    names = Names(database, max_names=10)
    await names.load()
    assert names.robot("r1") == "Bolt"
    assert names.person("r1", "u1") == "Ada Lovelace"
    assert names.person("r1", None) == "Grace"
    await database.close()


async def test_a_name_is_known_to_its_robot_and_its_person_alone(database: Database) -> None:
    names = Names(database, max_names=10)
    await names.call_person("r1", "u1", "Ada")
    await names.call_robot("r1", "Bolt")
    assert names.person("r1", "u2") is None
    assert names.person("r1", None) is None
    assert names.person("r2", "u1") is None
    assert names.robot("r2") is None


async def test_the_oldest_name_makes_room(database: Database) -> None:
    names = Names(database, max_names=2)
    for user_id in ("u1", "u2", "u1", "u3"):
        await names.call_person("r1", user_id, user_id.upper())
    again = Names(database, max_names=2)
    await again.load()
    for each in (names, again):
        assert [each.person("r1", user_id) for user_id in ("u1", "u2", "u3")] == ["U1", None, "U3"]


async def test_a_name_that_cannot_be_stored_is_not_taken(database: Database) -> None:
    names = Names(database, max_names=2)
    await names.call_robot("r1", "Bolt")
    await database.close()
    with pytest.raises(DatabaseError):
        await names.call_robot("r1", "Zip")
    assert names.robot("r1") == "Bolt"
