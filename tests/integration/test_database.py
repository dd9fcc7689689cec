"""The database on a real disk: durability, migrations, and what it says when something is wrong."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, text

from ai_server.memory import migrations
from ai_server.memory.accepted import AcceptedUtterances, Arrival
from ai_server.memory.schema import metadata
from ai_server.memory.storage import sqlite
from ai_server.memory.storage.database import Database, DatabaseError
from ai_server.memory.storage.inspection import DatabaseReport, inspect_database
from ai_server.memory.storage.sqlite_file import SqliteFile
from ai_server.memory.turns import Turn, Turns
from ai_server.memory.undelivered import NewPublication, Undelivered
from ai_server.protocol.reply import Reply
from ai_server.protocol.utterance import Utterance

NOBODY = 65534


def turn(number: int = 0) -> Turn:
    reply = Reply(request_id=f"q{number}", device_id="rover", text="Hello!", source="skill")
    return Turn(at=datetime.now(UTC), words="Hello", reply=reply)


@contextmanager
def unprivileged() -> Iterator[None]:
    """Run as a user whom file permissions bind: root writes everywhere."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "naila.db"


@pytest.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    database = await Database.open(path)
    yield database
    await database.close()


def pragma(connection: Connection, name: str) -> object:
    return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()


async def test_every_commit_reaches_the_disk(database: Database) -> None:
    settings = await database.read(
        lambda connection: [pragma(connection, name) for name in ("journal_mode", "synchronous", "foreign_keys")]
    )
    assert settings == ["wal", 2, 1]


async def test_what_can_be_made_again_leaves_it_to_the_next_commit_to_reach_the_disk(database: Database) -> None:
    def synchronous(connection: Connection) -> object:
        return pragma(connection, "synchronous")

    def fail(connection: Connection) -> None:
        raise RuntimeError(str(synchronous(connection)))

    assert await database.run_undurably(synchronous) == 1
    with pytest.raises(RuntimeError, match="1"):
        await database.run_undurably(fail)
    assert await database.run(synchronous) == 2


async def test_work_runs_on_one_thread_that_is_not_the_event_loops(database: Database) -> None:
    threads = await asyncio.gather(*(database.run(lambda _: threading.get_ident()) for _ in range(10)))
    assert len(set(threads)) == 1
    assert threads[0] != threading.get_ident()


async def test_a_failed_transaction_leaves_nothing_behind(database: Database) -> None:
    def work(connection: Connection) -> None:
        connection.execute(text("INSERT INTO conversations (device_id, started_at) VALUES ('rover', '2026-01-01')"))
        raise LookupError

    with pytest.raises(LookupError):
        await database.run(work)
    count = await database.read(lambda c: c.execute(text("SELECT count(*) FROM conversations")).scalar_one())
    assert count == 0


async def test_turns_survive_a_killed_process(path: Path) -> None:
    script = f"""
import asyncio, os, pathlib, signal
from ai_server.memory.storage.database import Database
from ai_server.memory.turns import Turns
from tests.integration.test_database import turn

async def main():
    database = await Database.open(pathlib.Path({str(path)!r}))
    await Turns(database).add(turn(7))
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""
    killed = subprocess.run([sys.executable, "-c", script], cwd=Path(__file__).parents[2], check=False)
    assert killed.returncode == -signal.SIGKILL
    database = await Database.open(path)
    assert await Turns(database).find("rover", "q7") is not None
    await database.close()


async def test_figures_are_kept_of_what_the_thread_did(database: Database) -> None:
    before, transactions = time.monotonic(), database.transactions
    await Turns(database).add(turn())
    await database.ping()
    assert database.last_alive >= before
    assert database.transactions == transactions + 2
    assert database.failures == 0
    assert len(database.write_ms) == 1
    assert database.size_bytes > 0


async def test_closing_twice_is_closing_once_and_later_work_is_refused(database: Database) -> None:
    await database.close()
    await database.close()
    with pytest.raises(DatabaseError, match="is closed"):
        await database.ping()


async def test_a_new_data_directory_and_its_files_are_the_owners_alone(database: Database) -> None:
    files = list(database.path.parent.iterdir())
    assert len(files) >= 2
    assert all(file.stat().st_mode & 0o077 == 0 for file in [database.path.parent, *files])


def test_migrating_an_empty_database_gives_the_schema(path: Path) -> None:
    path.parent.mkdir()
    with sqlite.engine(path, None).begin() as connection:
        migrations.migrate(connection)
        options = {"compare_type": True, "include_name": lambda name, *_: not str(name).startswith("search_index")}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []
        assert migrations.stored_revision(connection) == migrations.HEAD


def test_the_listed_revisions_are_the_files() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    scripts = ScriptDirectory.from_config(config)
    assert tuple(script.revision for script in scripts.walk_revisions())[::-1] == migrations.REVISIONS


async def test_opening_a_migrated_database_does_not_import_alembic(path: Path) -> None:
    await (await Database.open(path)).close()
    script = f"""
import asyncio, pathlib, sys
from ai_server.memory.storage.database import Database

async def main():
    await (await Database.open(pathlib.Path({str(path)!r}))).close()

asyncio.run(main())
print("alembic" in sys.modules)
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"


async def test_a_migration_that_fails_leaves_the_database_as_it_was(path: Path) -> None:
    path.parent.mkdir()
    with sqlite.connect(path) as connection:
        connection.execute("CREATE TABLE turns (id INTEGER)")
    with pytest.raises(DatabaseError, match="already exists"):
        await Database.open(path)
    tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
    connection.close()
    assert tables == [("turns",)]


async def test_a_database_of_a_newer_version_is_refused_in_words(path: Path) -> None:
    database = await Database.open(path)
    await database.run(lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    await database.close()
    for look in (Database.open(path), asyncio.to_thread(inspect_database, SqliteFile(path))):
        with pytest.raises(DatabaseError, match=r"newer version of NAILA .* 9999.*: install that version") as caught:
            await look
        assert caught.value.where == str(path)


async def test_a_second_daemon_on_the_same_directory_is_told_who_is_first(database: Database) -> None:
    with pytest.raises(DatabaseError, match=rf"another naila uses it \(process {os.getpid()}\).*NAILA_DATA_DIR"):
        await Database.open(database.path)
    await database.ping()


async def test_the_directory_is_free_again_after_closing(path: Path) -> None:
    for _ in range(2):
        await (await Database.open(path)).close()


async def test_a_failed_opening_frees_the_directory(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(DatabaseError, match=r"naila\.db cannot be written \(Is a directory\)"):
        await Database.open(path)
    path.rmdir()
    await (await Database.open(path)).close()


async def test_a_read_only_directory_is_named() -> None:
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o555)
        with unprivileged(), pytest.raises(DatabaseError, match=rf"{directory}.* cannot be written .*NAILA_DATA_DIR"):
            await Database.open(Path(directory) / "naila.db")
        Path(directory).chmod(0o755)


async def test_a_read_only_file_is_named() -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "naila.db"
        await (await Database.open(path)).close()
        path.with_name("naila.db.lock").chmod(0o666)
        path.chmod(0o444)
        Path(directory).chmod(0o777)
        with unprivileged(), pytest.raises(DatabaseError, match=r"naila\.db cannot be written .* give the user"):
            await Database.open(path)


async def test_a_file_in_place_of_the_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(DatabaseError, match=r"data is not a directory: set NAILA_DATA_DIR"):
        await Database.open(tmp_path / "data" / "naila.db")
    with pytest.raises(DatabaseError, match=r"data is not a directory: set NAILA_DATA_DIR"):
        await Database.open(tmp_path / "data" / "deeper" / "naila.db")


async def test_the_write_ahead_log_shrinks_again_after_a_long_reader_made_it_grow(database: Database) -> None:
    log, turns = database.path.with_name("naila.db-wal"), Turns(database)
    await turns.add(turn(0))
    reader = sqlite.connect(database.path)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM turns").fetchone()
    long = NewPublication(topic="naila/ai/responses/text/rover", payload=bytes(1_000_000), kind="reply")
    for number in range(1, 16):
        await turns.add(turn(number), [long])
    assert log.stat().st_size > 12_000_000
    reader.close()
    for number in range(16, 20):
        await turns.add(turn(number), [long])
    assert log.stat().st_size <= 9_000_000


async def test_no_statement_reads_a_whole_table(database: Database) -> None:
    seen: set[str] = set()
    await database.read(
        lambda connection: event.listen(connection, "before_cursor_execute", lambda *args: seen.add(args[2]))
    )
    turns, accepted, undelivered = Turns(database), AcceptedUtterances(database), Undelivered(database)
    said = Utterance(device_id="rover", request_id="q1", text="Hello")
    came = Arrival(utterance=said, arrived_at=datetime.now(UTC), delivery="f1", redelivered=True)
    await accepted.accept([came] * 3)
    stored = await turns.add(turn(1), [NewPublication(topic="naila", payload=b"", kind="action")])
    await accepted.accept([came])
    await turns.cancel(turn(1), [])
    await turns.recent("rover", None, 1000)
    await turns.last("rover", None)
    await turns.find("rover", "q1")
    await turns.reset("rover")
    await undelivered.after(0, 10)
    await undelivered.mark_delivered([each.id for each in stored or []])
    await undelivered.drop_actions("rover")
    await undelivered.drop_actions("rover", "q1")
    await undelivered.sweep(datetime.now(UTC))

    def plan(connection: Connection, statement: str) -> list[str]:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", (None,) * statement.count("?"))
        return [row[3] for row in rows]

    for statement in seen - {"BEGIN", "BEGIN IMMEDIATE"}:
        steps = await database.read(lambda connection, statement=statement: plan(connection, statement))
        assert not [step for step in steps if step.startswith("SCAN") and "CONSTANT" not in step], statement
    assert len(seen) > 20


async def test_a_lock_held_by_another_program_is_named(database: Database) -> None:
    await database.read(lambda connection: connection.exec_driver_sql("PRAGMA busy_timeout = 1").close())
    other = sqlite.connect(database.path)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseError, match="another process holds the database"):
        await Turns(database).add(turn())
    other.close()
    assert await Turns(database).add(turn()) == []


async def test_a_path_with_odd_characters_is_a_path(tmp_path: Path) -> None:
    path = tmp_path / "50% of ?mode=ro#ü" / "naila.db"
    database = await Database.open(path)
    await Turns(database).add(turn())
    await database.close()
    assert inspect_database(SqliteFile(path)).turns == 1


async def test_inspecting_works_beside_a_running_daemon_and_changes_nothing(database: Database) -> None:
    await Turns(database).add(turn())
    report = inspect_database(database.place)
    assert (report.exists, report.revision, report.turns) == (True, migrations.HEAD, 1)
    assert report.size_bytes > 0


def test_inspecting_where_there_is_no_database_makes_none(path: Path) -> None:
    assert inspect_database(SqliteFile(path)) == DatabaseReport(exists=False)
    assert not path.parent.exists()


def test_inspecting_an_unmigrated_file_finds_no_version(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    assert inspect_database(SqliteFile(path)).revision is None


def test_inspecting_where_none_can_be_made_says_why(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(DatabaseError, match="data is not a directory"):
        inspect_database(SqliteFile(tmp_path / "data" / "naila.db"))
