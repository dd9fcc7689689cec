"""A damaged database is set aside, and a fresh one begins; one damaged row spoils nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from ai_server.memory.accepted import AcceptedUtterances, Arrival
from ai_server.memory.storage import sqlite
from ai_server.memory.storage.database import Database, DatabaseError
from ai_server.memory.storage.inspection import inspect_database
from ai_server.memory.storage.sqlite_file import SqliteFile
from ai_server.memory.turns import Turn, Turns
from ai_server.memory.undelivered import NewPublication, Undelivered
from ai_server.protocol.reply import Reply
from ai_server.protocol.utterance import Utterance
from tests.migrated import new_database

NO_DATABASE = b"no database, but long enough to have a header that can be looked at" * 100
WORD = NewPublication(topic="naila/ai/responses/text/rover", payload=b"{}", kind="reply")


def turn(number: int) -> Turn:
    reply = Reply(request_id=f"q{number}", device_id="rover", text="Hello!", source="skill")
    return Turn(at=datetime.now(UTC), words="Hello", reply=reply)


async def fill(path: Path, count: int = 60) -> None:
    """Make a database of turns, publications and waiting utterances, and close it."""
    database = await new_database(path)
    accepted, turns = AcceptedUtterances(database), Turns(database)
    said = [Utterance(device_id="rover", request_id=f"q{number}", text="Hello") for number in range(count)]
    await accepted.accept([Arrival(utterance=each, arrived_at=datetime.now(UTC)) for each in said])
    for number in range(count - 10):
        await turns.add(turn(number), [WORD])
    await database.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "naila.db"


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def overwrite_pages(content: bytes) -> bytes:
    return content[: 3 * 4096] + b"\xa5" * (len(content) - 3 * 4096)


def overwrite_header(content: bytes) -> bytes:
    return bytes(100) + content[100:]


def garble_schema(content: bytes) -> bytes:
    return content.replace(b'CREATE TABLE "turns"', b'CREATE TABLE "\xff\xff\xff\xff\xff"', 1)


def raise_file_format(content: bytes) -> bytes:
    return content[:44] + b"\x00\x00\x00\x7f" + content[48:]


def rename_column(content: bytes) -> bytes:
    return content.replace(b"history_end INTEGER", b"history_and INTEGER", 1)


def replace_all(content: bytes) -> bytes:
    return NO_DATABASE


DAMAGES = (cut, overwrite_pages, overwrite_header, garble_schema, raise_file_format, rename_column, replace_all)


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_damaged_file_is_kept_aside_as_it_is_and_a_fresh_database_begins(
    path: Path, damage: Callable[[bytes], bytes]
) -> None:
    await fill(path)
    damaged = damage(path.read_bytes())
    path.write_bytes(damaged)
    with capture_logs() as lines:
        database = await Database.open(path)
    assert database.set_aside is not None
    assert database.set_aside.read_bytes() == damaged
    assert database.set_aside.name.startswith("naila.db.damaged-")
    (told,) = [line for line in lines if line["event"] == "a fresh database begins, what was known is set aside"]
    assert (told["log_level"], told["aside"]) == ("error", str(database.set_aside))
    assert await Turns(database).count() == 0
    assert await Turns(database).add(turn(0)) == []
    await database.close()
    sound = await Database.open(path)
    assert sound.set_aside is None
    assert await Turns(sound).count() == 1
    await sound.close()


async def test_a_sound_database_is_not_set_aside(path: Path) -> None:
    await fill(path)
    database = await Database.open(path)
    assert database.set_aside is None
    assert await Turns(database).count() == 50
    await database.close()


async def test_every_damaged_file_is_kept(path: Path) -> None:
    kept = set()
    for number in range(3):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(NO_DATABASE + bytes([number]))
        database = await Database.open(path)
        await database.close()
        assert database.set_aside is not None
        kept.add(database.set_aside.read_bytes()[-1])
    assert kept == {0, 1, 2}


async def test_the_write_ahead_log_goes_with_the_damaged_file(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(NO_DATABASE)
    log = path.with_name("naila.db-wal")
    log.write_bytes(b"what was written last")
    database = await Database.open(path)
    assert database.set_aside is not None
    assert Path(f"{database.set_aside}-wal").read_bytes() == b"what was written last"
    await database.close()


async def test_the_doctor_names_what_the_next_start_sets_aside(path: Path) -> None:
    await fill(path)
    for content, what in ((overwrite_pages(path.read_bytes()), "the database is damaged"), (NO_DATABASE, "not a data")):
        path.write_bytes(content)
        with pytest.raises(DatabaseError, match=f"{what}.*: restore a backup, or start naila: it sets") as caught:
            inspect_database(SqliteFile(path))
        assert caught.value.damaged
        assert path.read_bytes() == content


async def _damaged_while_running(path: Path) -> None:
    """Overwrite everything but the first pages under a running database, and have it find out."""
    await fill(path)
    database = await Database.open(path)
    with path.open("r+b") as file:
        file.seek(3 * 4096)
        file.write(b"\xa5" * (path.stat().st_size - 3 * 4096))
    with pytest.raises(DatabaseError, match="the database is damaged") as caught:
        await Turns(database).recent("rover", None, 10_000)
    assert caught.value.damaged
    assert database.last_error is caught.value
    assert database.failures == 1
    await database.close()


async def test_damage_that_is_found_while_running_is_told_apart_and_the_next_start_begins_anew(path: Path) -> None:
    await _damaged_while_running(path)
    database = await Database.open(path)
    assert database.set_aside is not None
    assert await Turns(database).count() == 0
    await database.close()


async def test_a_backup_that_is_restored_after_damage_is_not_set_aside(path: Path, tmp_path: Path) -> None:
    backup = tmp_path / "backup.db"
    await fill(backup)
    await _damaged_while_running(path)
    path.with_name("old").mkdir()
    path.rename(path.with_name("old") / path.name)
    shutil.copy(backup, path)
    for _ in range(2):
        database = await Database.open(path)
        assert database.set_aside is None
        assert await Turns(database).count() == 50
        await database.close()


async def test_a_directory_in_which_nothing_can_be_renamed_is_named() -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "naila.db"
        await (await Database.open(path)).close()
        path.write_bytes(NO_DATABASE)
        for file in (path, path.with_name("naila.db.lock")):
            file.chmod(0o666)
        Path(directory).chmod(0o555)
        privileged = os.geteuid() == 0
        if privileged:
            os.seteuid(65534)
        try:
            with pytest.raises(DatabaseError, match=r"cannot be written .*NAILA_DATA_DIR"):
                await Database.open(path)
        finally:
            if privileged:
                os.seteuid(0)
            Path(directory).chmod(0o755)
        assert path.read_bytes() == NO_DATABASE


async def _spoil(path: Path, statement: str) -> Database:
    await fill(path)
    with closing(sqlite.connect(path)) as connection, connection:
        assert connection.execute(statement).rowcount == 1
    return await Database.open(path)


@pytest.mark.parametrize(
    "change",
    [
        "emotion = 'hbppy'",
        "actions = '[{'",
        "text = CAST(x'48ff' AS TEXT)",
        "actions = 5",
    ],
)
async def test_history_leaves_out_a_turn_that_the_disk_changed(path: Path, change: str) -> None:
    database = await _spoil(path, f"UPDATE turns SET {change} WHERE request_id = 'q48'")
    with capture_logs() as lines:
        found = (await Turns(database).recent("rover", None, 200)).turns
    assert [each.request_id for each in found][-2:] == ["q47", "q49"]
    assert [line["event"] for line in lines] == ["a damaged row is left out"]
    with pytest.raises(DatabaseError, match="a row cannot be read") as caught:
        await Turns(database).find("rover", "q48")
    assert not caught.value.damaged
    await database.close()


@pytest.mark.parametrize("change", ["at = 'r026-11-21'", "at = 7"])
async def test_a_turn_whose_time_the_disk_changed_is_history_all_the_same(path: Path, change: str) -> None:
    database = await _spoil(path, f"UPDATE turns SET {change} WHERE request_id = 'q48'")
    found = (await Turns(database).recent("rover", None, 200)).turns
    assert [each.request_id for each in found][-2:] == ["q48", "q49"]
    with pytest.raises(DatabaseError, match="a row cannot be read"):
        await Turns(database).find("rover", "q48")
    await database.close()


async def test_what_waits_is_answered_though_the_disk_changed_one_of_it(path: Path) -> None:
    database = await _spoil(path, "UPDATE inbox SET ttl_ms = 'x' WHERE request_id = 'q55'")
    waiting = await AcceptedUtterances(database).waiting()
    assert [each.utterance.request_id for each in waiting] == [
        "q50",
        "q51",
        "q52",
        "q53",
        "q54",
        *map("q5{}".format, range(6, 10)),
    ]
    await database.close()


async def test_what_is_undelivered_goes_out_though_the_disk_changed_one_of_it(path: Path) -> None:
    database = await _spoil(path, "UPDATE outbox SET topic = CAST(x'48ff' AS TEXT) WHERE request_id = 'q3'")
    after = await Undelivered(database).after(0, 5)
    assert [each.request_id for each in after] == ["q0", "q1", "q2", "q4"]
    await database.close()


async def _use(path: Path) -> None:
    """Open whatever there is and do everything with it; only `DatabaseError` may come of it."""
    database = await Database.open(path)
    turns, accepted, undelivered = Turns(database), AcceptedUtterances(database), Undelivered(database)
    said = Utterance(device_id="rover", request_id="new", text="Hello")
    for work in (
        accepted.waiting(),
        undelivered.after(0, 1000),
        turns.recent("rover", None, 10_000),
        turns.last("rover", None),
        accepted.accept([Arrival(utterance=said, arrived_at=datetime.now(UTC))]),
        turns.add(turn(1000), [WORD]),
        undelivered.sweep(datetime.now(UTC)),
    ):
        with contextlib.suppress(DatabaseError):
            await work
    await database.close()


@settings(max_examples=50, deadline=None)
@given(flips=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 7)), min_size=1, max_size=20))
def test_whatever_bits_the_disk_changes_a_database_opens_and_refuses_by_name(
    sound: bytes, flips: list[tuple[int, int]]
) -> None:
    content = bytearray(sound)
    for place, bit in flips:
        content[place % len(content)] ^= 1 << bit
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "naila.db"
        path.write_bytes(content)
        asyncio.run(_use(path))


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("sound") / "naila.db"
    asyncio.run(fill(path))
    return path.read_bytes()


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """The files of a process that was killed after storing thirty turns: the database and its write-ahead log."""

    async def store() -> tuple[bytes, bytes]:
        path = tmp_path_factory.mktemp("killed") / "naila.db"
        await (await Database.open(path)).close()
        database = await Database.open(path)
        for number in range(30):
            await Turns(database).add(turn(number), [WORD])
        files = path.read_bytes(), path.with_name("naila.db-wal").read_bytes()
        await database.close()
        return files

    return asyncio.run(store())


async def _stored(path: Path) -> list[str]:
    database = await Database.open(path)
    assert database.set_aside is None
    published = [each.request_id for each in await Undelivered(database).after(0, 1000)]
    assert [each.request_id for each in (await Turns(database).recent("rover", None, 10_000)).turns] == published
    await database.close()
    return published


def _open_with_log(killed: tuple[bytes, bytes], log: bytes) -> list[str]:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "naila.db"
        path.write_bytes(killed[0])
        path.with_name("naila.db-wal").write_bytes(log)
        return asyncio.run(_stored(path))


def test_the_write_ahead_log_of_a_killed_process_is_read(killed: tuple[bytes, bytes]) -> None:
    assert _open_with_log(killed, killed[1]) == [f"q{number}" for number in range(30)]


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_a_truncated_write_ahead_log_keeps_the_turns_before_the_cut(
    killed: tuple[bytes, bytes], data: st.DataObject
) -> None:
    left = data.draw(st.integers(0, len(killed[1])))
    stored = _open_with_log(killed, killed[1][:left])
    assert stored == [f"q{number}" for number in range(len(stored))]
    assert len(stored) >= 30 * left // len(killed[1]) - 2


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_a_changed_bit_in_the_write_ahead_log_keeps_the_turns_before_it(
    killed: tuple[bytes, bytes], data: st.DataObject
) -> None:
    log = bytearray(killed[1])
    log[data.draw(st.integers(0, len(log) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    stored = _open_with_log(killed, bytes(log))
    assert stored == [f"q{number}" for number in range(len(stored))]
