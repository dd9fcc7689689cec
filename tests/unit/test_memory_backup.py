"""Backups of each kind of database, restored to each kind."""

from __future__ import annotations

import asyncio
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select

from ai_server.memory.facts import NewFact
from ai_server.memory.schema import audit, metadata
from ai_server.memory.search.search import Search
from ai_server.memory.storage import sqlite
from ai_server.memory.storage.backup import back_up, restore
from ai_server.memory.storage.database import Database, DatabaseError
from ai_server.memory.storage.keys import Key
from ai_server.memory.storage.postgresql import PostgresqlServer
from ai_server.memory.storage.sqlite_file import SqliteFile
from ai_server.memory.storage.store import Place
from ai_server.memory.turns import Turn, Turns
from ai_server.protocol.reply import ActionMessage, Reply

KEY = Key("c0ffee00" * 8)
OTHER_KEY = Key("decade00" * 8)
AT = datetime(2026, 5, 3, 10, 0, 0, 123456, tzinfo=UTC)
MADE_BY_TRIGGERS = {"search_entries", "embeddings"}


def turn(number: int, words: str = "Hello") -> Turn:
    reply = Reply(request_id=f"q{number}", device_id="rover", text="Grüße 👋", source="skill", timestamp=AT)
    return Turn(at=AT + timedelta(seconds=number), words=words, reply=reply, user_id="ada")


async def fill(place: Place, count: int = 5) -> Database:
    """Return the place's database, in which things were said."""
    database = await Database.open(place)
    turns = Turns(database)
    for number in range(count):
        await turns.add(turn(number))
    learned = (NewFact("user", "allergy", "nuts", "You are allergic to nuts.", 0.95, "rule"),)
    action = ActionMessage(command_id="c1", request_id="q100", action="wave", arguments={"times": 2})
    said = turn(100, "I am allergic to nuts")
    reply = said.reply.model_copy(update={"actions": [action]})
    await turns.add(Turn(at=AT, words=said.words, reply=reply, user_id="ada", learned=learned, trace={"rule": "é"}))
    return database


async def rows_of(place: Place) -> dict[str, list[tuple[object, ...]]]:
    """Return all rows of a database that no daemon uses."""

    def work(connection: Connection) -> dict[str, list[tuple[object, ...]]]:
        tables = [table for table in metadata.sorted_tables if table.name not in MADE_BY_TRIGGERS]
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(table.c.id))]
            for table in tables
        }

    database = await Database.visit(place)
    rows = await database.read(work)
    await database.close()
    return rows


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    return tmp_path / "backups" / "today.backup"


async def test_a_backup_that_is_made_while_the_daemon_runs_is_restored_to_the_same_kind(
    place: Place, backup: Path
) -> None:
    database = await fill(place)
    size = await back_up(place, backup)
    before = await rows_of(place)
    await Turns(database).add(turn(6))
    await database.close()
    kept = await restore(backup, place)
    assert await rows_of(place) == before
    assert len(before["turns"]) == 6
    assert len(before["facts"]) == 1
    assert size == backup.stat().st_size > 0
    assert kept is not None
    assert len((await rows_of(SqliteFile(kept)))["turns"]) == 7, "what was there before is kept"


@pytest.mark.parametrize("key", [None, KEY], ids=["plain", "encrypted"])
async def test_a_backup_of_one_kind_is_restored_to_the_other(
    sqlite_place: SqliteFile, postgresql_place: PostgresqlServer, backup: Path, key: Key | None
) -> None:
    server = PostgresqlServer(postgresql_place.url, backup.parent, key)
    await (await fill(server)).close()
    there = await rows_of(server)
    await back_up(server, backup)
    file = SqliteFile(sqlite_place.path, key)
    assert await restore(backup, file) is None
    assert await rows_of(file) == there
    database = await Database.open(file)
    await Turns(database).add(turn(7))
    await database.close()
    await back_up(file, backup)
    await restore(backup, server)
    assert await rows_of(server) == await rows_of(file)


async def test_what_is_restored_is_found_and_goes_on(place: Place, backup: Path) -> None:
    await (await fill(place)).close()
    await back_up(place, backup)
    await restore(backup, place)
    database = await Database.open(place)
    search = Search(database)
    await search.catch_up()
    found = await search.recall("rover", "ada", "nuts")
    assert "nuts" in found[0].text
    await Turns(database).add(turn(8))
    newest = await database.read(lambda connection: connection.execute(select(func.max(audit.c.id))).scalar())
    assert newest is None
    assert await Turns(database).count() == 7
    await database.close()


async def test_an_id_that_was_given_never_comes_back_after_a_restore(place: Place, backup: Path) -> None:
    database = await fill(place)
    turns = metadata.tables["turns"]
    highest = await database.read(lambda connection: connection.execute(select(func.max(turns.c.id))).scalar_one())
    await database.run(lambda connection: connection.execute(turns.delete()).close())
    await database.close()
    await back_up(place, backup)
    await restore(backup, place)
    database = await Database.open(place)
    await Turns(database).add(turn(9))
    assert await database.read(lambda c: c.execute(select(func.max(turns.c.id))).scalar_one()) > highest
    await database.close()


async def test_a_backup_is_one_moment_of_a_database_that_is_written_to(place: Place, backup: Path) -> None:
    database = await fill(place)
    ended = threading.Event()

    async def write() -> None:
        for number in range(10, 60):
            if not ended.is_set():
                await Turns(database).add(turn(number))

    writing = asyncio.create_task(write())
    await back_up(place, backup)
    ended.set()
    await writing
    await database.close()
    held = await rows_of(SqliteFile(backup))
    requests = [row[3] for row in held["turns"]]
    assert requests[:6] == [f"q{number}" for number in (0, 1, 2, 3, 4, 100)]
    assert requests[6:] == [f"q{number}" for number in range(10, 10 + len(requests) - 6)]
    ids = {row[0] for row in held["conversations"]}
    assert {row[1] for row in held["turns"]} <= ids


async def test_a_backup_and_what_it_makes_are_the_owners_alone(place: Place, backup: Path) -> None:
    await (await fill(place)).close()
    await back_up(place, backup)
    kept = await restore(backup, place)
    assert kept
    for file in (backup, backup.parent, kept):
        assert file.stat().st_mode & 0o077 == 0
    assert [file.name for file in backup.parent.iterdir() if file != kept] == [backup.name]


async def test_a_backup_takes_the_place_of_an_older_one(place: Place, backup: Path) -> None:
    database = await fill(place)
    await back_up(place, backup)
    await Turns(database).add(turn(7))
    await database.close()
    await back_up(place, backup)
    assert len((await rows_of(SqliteFile(backup)))["turns"]) == 7


async def test_a_backup_is_not_restored_while_a_daemon_runs(place: Place, backup: Path) -> None:
    database = await fill(place)
    await back_up(place, backup)
    with pytest.raises(DatabaseError, match="another naila uses it") as caught:
        await restore(backup, place)
    assert caught.value.held
    await Turns(database).add(turn(7))
    assert await Turns(database).count() == 7
    await database.close()


async def test_what_is_no_backup_is_refused_by_name_and_changes_nothing(place: Place, tmp_path: Path) -> None:
    await (await fill(place)).close()
    before = await rows_of(place)
    missing, text, empty = tmp_path / "missing", tmp_path / "text", tmp_path / "empty"
    text.write_text("no database, but long enough to have a header" * 200)
    empty.touch()
    for file, what in ((missing, "no such file"), (text, "no backup, or a damaged one"), (empty, "no backup of NAILA")):
        with pytest.raises(DatabaseError, match=what) as caught:
            await restore(file, place)
        assert caught.value.where == str(file)
        assert not caught.value.damaged
    assert await rows_of(place) == before


async def test_a_damaged_backup_is_refused_and_changes_nothing(place: Place, backup: Path) -> None:
    await (await fill(place)).close()
    await back_up(place, backup)
    content = bytearray(backup.read_bytes())
    content[3 * 4096 :] = b"\xa5" * (len(content) - 3 * 4096)
    backup.write_bytes(content)
    before = await rows_of(place)
    with pytest.raises(DatabaseError, match="damaged"):
        await restore(backup, place)
    assert await rows_of(place) == before


async def test_a_backup_of_a_newer_version_is_refused(place: Place, backup: Path) -> None:
    await (await fill(place)).close()
    await back_up(place, backup)
    with closing(sqlite.connect(backup)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseError, match="a newer version of NAILA has written it"):
        await restore(backup, place)


async def test_there_is_nothing_to_back_up_before_the_first_start(tmp_path: Path, server, backup: Path) -> None:
    fresh = server.new(migrated=False)
    for place in (SqliteFile(tmp_path / "data" / "naila.db"), fresh):
        with pytest.raises(DatabaseError, match="there is no database yet"):
            await back_up(place, backup)
    server.drop(fresh)
    assert not backup.parent.exists()


async def test_the_database_itself_is_no_place_for_its_backup(sqlite_place: SqliteFile) -> None:
    database = await fill(sqlite_place)
    with pytest.raises(DatabaseError, match="this is the database itself"):
        await back_up(sqlite_place, sqlite_place.path)
    assert await Turns(database).count() == 6
    await database.close()


async def test_an_encrypted_database_has_encrypted_backups(place: Place, backup: Path, tmp_path: Path) -> None:
    encrypted = (
        SqliteFile(tmp_path / "encrypted.db", KEY)
        if isinstance(place, SqliteFile)
        else PostgresqlServer(place.url, tmp_path, KEY)
    )
    await (await fill(encrypted)).close()
    before = await rows_of(encrypted)
    await back_up(encrypted, backup)
    assert b"allergic" not in backup.read_bytes()
    with pytest.raises(DatabaseError, match="it is encrypted, and no key is set"):
        await restore(backup, SqliteFile(tmp_path / "other.db"))
    with pytest.raises(DatabaseError, match="it is encrypted with another key"):
        await restore(backup, SqliteFile(tmp_path / "other.db", OTHER_KEY))
    await restore(backup, encrypted)
    assert await rows_of(encrypted) == before


async def test_a_backup_that_is_not_encrypted_is_encrypted_when_it_is_restored(tmp_path: Path, backup: Path) -> None:
    plain, encrypted = SqliteFile(tmp_path / "plain.db"), SqliteFile(tmp_path / "encrypted.db", KEY)
    await (await fill(plain)).close()
    await back_up(plain, backup)
    await restore(backup, encrypted)
    assert await rows_of(encrypted) == await rows_of(plain)
    assert b"allergic" not in encrypted.path.read_bytes()


async def test_a_damaged_database_is_kept_with_its_log_when_a_backup_takes_its_place(
    sqlite_place: SqliteFile, backup: Path
) -> None:
    await (await fill(sqlite_place)).close()
    await back_up(sqlite_place, backup)
    before = await rows_of(sqlite_place)
    sqlite_place.path.write_bytes(b"damaged" * 1000)
    log = sqlite_place.path.with_name("naila.db-wal")
    log.write_bytes(b"what was written last")
    kept = await restore(backup, sqlite_place)
    assert kept is not None
    assert kept.read_bytes() == b"damaged" * 1000
    assert kept.with_name(kept.name + "-wal").read_bytes() == b"what was written last"
    database = await Database.open(sqlite_place)
    assert database.set_aside is None
    await database.close()
    assert await rows_of(sqlite_place) == before


async def test_a_target_that_cannot_be_written_is_named(place: Place, tmp_path: Path) -> None:
    await (await fill(place)).close()
    (tmp_path / "file").touch()
    with pytest.raises(DatabaseError, match="file is not a directory"):
        await back_up(place, tmp_path / "file" / "backup")
