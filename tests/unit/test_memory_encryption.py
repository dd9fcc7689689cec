"""Encryption at rest: which key opens which file, what is said of a wrong one, and how a key is changed."""

from __future__ import annotations

import asyncio
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ai_server.memory.schema import turns as turns_table
from ai_server.memory.search.search import Search
from ai_server.memory.storage import sqlite
from ai_server.memory.storage.database import Database, DatabaseError
from ai_server.memory.storage.inspection import find_turn, inspect_database
from ai_server.memory.storage.keys import Key
from ai_server.memory.storage.places import place_of
from ai_server.memory.storage.rekeying import rekey
from ai_server.memory.storage.sqlite_file import SqliteFile
from ai_server.memory.turns import Turn, Turns
from ai_server.protocol.reply import Reply
from ai_server.settings import load_settings

KEY = Key("c0ffee00" * 8)
OTHER_KEY = Key("decade00" * 8)
SECRET = "a secret about hazelnuts"


def turn(number: int = 0) -> Turn:
    reply = Reply(request_id=f"q{number}", device_id="rover", text="I will keep it.", source="skill")
    return Turn(at=datetime.now(UTC), words=SECRET, reply=reply)


async def fill(file: SqliteFile) -> None:
    database = await Database.open(file)
    for number in range(20):
        await Turns(database).add(turn(number))
    await database.close()


async def count(file: SqliteFile) -> int:
    database = await Database.open(file)
    assert database.set_aside is None
    counted = await Turns(database).count()
    await database.close()
    return counted


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "naila.db"


def files_of(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.parent.iterdir() if not file.name.endswith((".lock", "-shm"))}


async def test_nothing_that_was_said_can_be_read_in_any_file_of_an_encrypted_database(path: Path) -> None:
    database = await Database.open(SqliteFile(path, KEY))
    await Turns(database).add(turn())
    files = files_of(path)
    assert "naila.db-wal" in files
    await database.close()
    for content in [*files.values(), *files_of(path).values()]:
        assert b"hazelnuts" not in content
        assert b"CREATE TABLE" not in content


async def test_an_encrypted_database_opens_again_with_its_key(path: Path) -> None:
    await fill(SqliteFile(path, KEY))
    assert await count(SqliteFile(path, KEY)) == 20
    assert inspect_database(SqliteFile(path, KEY)).turns == 20
    found = find_turn(SqliteFile(path, KEY), request_id="q3")
    assert found is not None
    assert found.words == SECRET


@pytest.mark.parametrize("checkpointed", [True, False])
@pytest.mark.parametrize(
    ("made_with", "opened_with", "what"),
    [
        (KEY, OTHER_KEY, "it is encrypted with another key: set NAILA_DATABASE_KEY_FILE"),
        (KEY, None, "it is encrypted, and no key is set: set NAILA_DATABASE_KEY_FILE"),
        (None, KEY, "a key is set, and it is not encrypted: encrypt it with `naila memory rekey`"),
    ],
)
async def test_a_key_that_does_not_fit_is_refused_in_words_and_nothing_is_changed(
    path: Path, made_with: Key | None, opened_with: Key | None, what: str, checkpointed: bool
) -> None:
    if checkpointed:
        await fill(SqliteFile(path, made_with))
    else:
        await _killed_before_the_first_checkpoint(SqliteFile(path, made_with))
    before = files_of(path)
    wrong = SqliteFile(path, opened_with)
    for look in (
        Database.open(wrong),
        Database.visit(wrong),
        asyncio.to_thread(inspect_database, wrong),
        asyncio.to_thread(find_turn, wrong),
    ):
        with pytest.raises(DatabaseError, match=what) as caught:
            await look
        assert not caught.value.damaged
        assert not caught.value.passing
        assert files_of(path) == before
    assert await count(SqliteFile(path, made_with)) == (20 if checkpointed else 1)


async def _killed_before_the_first_checkpoint(file: SqliteFile) -> None:
    """Leave what a process leaves that was killed at once: everything is in the write-ahead log."""
    database = await Database.open(file)
    await Turns(database).add(turn())
    files = files_of(file.path)
    await database.close()
    for name, content in files.items():
        file.path.with_name(name).write_bytes(content)
    assert files["naila.db-wal"]


async def test_damage_within_an_encrypted_database_is_set_aside_as_in_any_other(path: Path) -> None:
    await fill(SqliteFile(path, KEY))
    content = bytearray(path.read_bytes())
    content[5 * 4096 + 100 : 5 * 4096 + 300] = b"\xa5" * 200
    path.write_bytes(content)
    with pytest.raises(DatabaseError, match="damaged"):
        inspect_database(SqliteFile(path, KEY))
    database = await Database.open(SqliteFile(path, KEY))
    assert database.set_aside is not None
    assert database.set_aside.read_bytes() == content
    await database.close()


async def test_an_encrypted_database_whose_beginning_is_damaged_is_never_taken_for_damaged(path: Path) -> None:
    await fill(SqliteFile(path, KEY))
    content = bytearray(path.read_bytes())
    content[1000:1010] = bytes(10)
    path.write_bytes(content)
    with pytest.raises(DatabaseError, match="where this is it, the file's beginning is damaged: restore a backup"):
        await Database.open(SqliteFile(path, KEY))
    assert path.read_bytes() == content


@pytest.mark.parametrize(("old", "new"), [(None, KEY), (KEY, OTHER_KEY), (KEY, None), (KEY, KEY), (None, None)])
async def test_a_database_gets_another_key_its_first_or_none(path: Path, old: Key | None, new: Key | None) -> None:
    await fill(SqliteFile(path, old))
    await rekey(SqliteFile(path, old), new)
    assert await count(SqliteFile(path, new)) == 20
    for wrong in {None, KEY, OTHER_KEY} - {new}:
        with pytest.raises(DatabaseError, match="encrypted"):
            await Database.open(SqliteFile(path, wrong))
    (content,) = [content for name, content in files_of(path).items() if name == "naila.db"]
    assert (b"hazelnuts" in content) == (new is None)
    assert set(files_of(path)) == {"naila.db"}
    assert path.stat().st_mode & 0o077 == 0


async def test_a_plain_database_is_encrypted_with_the_key_that_is_set_already(path: Path) -> None:
    await fill(SqliteFile(path))
    await rekey(SqliteFile(path, KEY), KEY)
    assert await count(SqliteFile(path, KEY)) == 20


async def test_a_database_with_another_key_goes_on_as_before(path: Path) -> None:
    await fill(SqliteFile(path))
    await rekey(SqliteFile(path), KEY)
    database = await Database.open(SqliteFile(path, KEY))
    assert await database.run(
        lambda c: c.execute(turns_table.delete().where(turns_table.c.request_id == "q19")).rowcount
    )
    await Turns(database).add(turn(20))
    newest = await database.read(lambda c: c.exec_driver_sql("SELECT max(id) FROM turns").scalar_one())
    assert newest == 21, "an id never comes back"
    search = Search(database)
    await search.catch_up()
    assert await search.find("hazelnuts", device_id="rover", limit=30)
    settings = await database.read(
        lambda c: [c.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("journal_mode", "secure_delete")]
    )
    assert settings == ["wal", 1]
    await database.close()


async def test_a_key_is_not_changed_while_a_daemon_runs_or_anybody_reads(path: Path) -> None:
    await fill(SqliteFile(path, KEY))
    database = await Database.open(SqliteFile(path, KEY))
    with pytest.raises(DatabaseError, match="another naila uses it") as caught:
        await rekey(SqliteFile(path, KEY), OTHER_KEY)
    assert caught.value.held
    await database.close()
    with closing(sqlite.connect(path, KEY)) as reader:
        reader.execute("PRAGMA user_version").fetchone()
        with pytest.raises(DatabaseError, match="another process holds the database"):
            await rekey(SqliteFile(path, KEY), OTHER_KEY)
    assert await count(SqliteFile(path, KEY)) == 20


async def test_a_wrong_old_key_changes_nothing(path: Path) -> None:
    await fill(SqliteFile(path, KEY))
    before = path.read_bytes()
    for wrong in (None, OTHER_KEY):
        with pytest.raises(DatabaseError, match="it is encrypted"):
            await rekey(SqliteFile(path, wrong), KEY)
    assert path.read_bytes() == before


async def test_there_is_no_key_to_change_before_the_first_start(path: Path) -> None:
    with pytest.raises(DatabaseError, match="there is no database yet"):
        await rekey(SqliteFile(path), KEY)
    assert not path.parent.exists()


async def test_what_a_killed_change_left_is_gone_after_the_next_start(path: Path) -> None:
    await fill(SqliteFile(path, KEY))
    path.with_name("naila.db.new").write_bytes(b"the plain words of everybody")
    assert await count(SqliteFile(path, KEY)) == 20
    assert set(files_of(path)) == {"naila.db"}


def test_a_key_is_the_hexadecimal_digits_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    for text in (KEY.digits, KEY.digits + "\n", KEY.digits.upper() + "\r\n"):
        file.write_text(text)
        assert Key.read(file) == KEY


@pytest.mark.parametrize(
    "content", [b"", b"correct horse battery staple", b"ab" * 31, b"ab" * 33, b"\xff" * 32, b"zz" * 32]
)
def test_a_file_without_a_key_is_named_and_not_shown(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "key"
    file.write_bytes(content)
    with pytest.raises(
        DatabaseError, match=r"this is no key of 64 hexadecimal digits: put the key there.* openssl"
    ) as caught:
        Key.read(file)
    assert "horse" not in str(caught.value)
    with pytest.raises(DatabaseError, match=r"missing: the key cannot be read \(No such file"):
        Key.read(tmp_path / "missing")


def test_a_key_is_not_shown() -> None:
    assert "c0ffee" not in repr(SqliteFile(Path("naila.db"), KEY)) + str(KEY)


def test_the_settings_and_the_credentials_name_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "naila_database_key_file").write_text(KEY.digits)
    (tmp_path / "other").write_text(OTHER_KEY.digits)
    assert place_of(load_settings(None, naila_data_dir=tmp_path)) == SqliteFile(tmp_path / "naila.db")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert place_of(load_settings(None, naila_data_dir=tmp_path)) == SqliteFile(tmp_path / "naila.db", KEY)
    monkeypatch.setenv("NAILA_DATABASE_KEY_FILE", str(tmp_path / "other"))
    assert place_of(load_settings(None, naila_data_dir=tmp_path)) == SqliteFile(tmp_path / "naila.db", OTHER_KEY)
