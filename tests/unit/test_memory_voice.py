"""Voices: what was asked of each robot's, over restarts, and no more than there is room for."""

from __future__ import annotations

from pathlib import Path

import pytest

from ai_server.memory.storage import sqlite
from ai_server.memory.storage.database import Database, DatabaseError
from ai_server.memory.storage.store import Place
from ai_server.memory.voice import Voice, Voices


async def test_a_voice_outlives_a_restart(place: Place) -> None:
    database = await Database.open(place)
    voices = Voices(database, max_robots=3)
    await voices.change("r1", Voice(volume=10))
    await voices.change("r1", Voice(volume=30, rate=70, language="de"))
    await database.close()
    database = await Database.open(place)
    voices = Voices(database, max_robots=3)
    await voices.load()
    assert voices.of("r1") == Voice(30, 70, "de")
    assert voices.of("r2") == Voice()
    await database.close()


async def test_the_voice_that_was_set_longest_ago_makes_room(database: Database) -> None:
    voices = Voices(database, max_robots=2)
    for device_id in ("r1", "r2", "r1", "r3"):
        await voices.change(device_id, Voice(volume=50))
    assert [voices.of(device_id).volume for device_id in ("r1", "r2", "r3")] == [50, None, 50]
    again = Voices(database, max_robots=2)
    await again.load()
    assert [again.of(device_id).volume for device_id in ("r1", "r2", "r3")] == [50, None, 50]


async def test_a_voice_that_cannot_be_stored_holds_until_the_next_start(database: Database) -> None:
    voices = Voices(database, max_robots=2)
    await database.close()
    with pytest.raises(DatabaseError):
        await voices.change("r1", Voice(volume=5))
    assert voices.of("r1").volume == 5


async def test_a_damaged_voice_is_left_out(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "naila.db")
    voices = Voices(database, max_robots=3)
    await voices.change("r1", Voice(language="es"))
    await voices.change("r2", Voice(language="de"))
    await database.close()
    with sqlite.connect(tmp_path / "naila.db") as connection:
        connection.execute("UPDATE voice_settings SET language = CAST(x'ff' AS TEXT) WHERE device_id = 'r1'")
    connection.close()
    database = await Database.open(tmp_path / "naila.db")
    voices = Voices(database, max_robots=3)
    await voices.load()
    assert (voices.of("r1").language, voices.of("r2").language) == (None, "de")
    await database.close()
