"""A database on a PostgreSQL server: its schema, its lock, and what happens when the server goes and comes back."""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from ai_server.memory import migrations
from ai_server.memory.privacy.selection import Selection
from ai_server.memory.schema import metadata
from ai_server.memory.storage.database import Database, DatabaseError
from ai_server.memory.storage.inspection import DatabaseReport, find_turn, inspect_database
from ai_server.memory.storage.places import place_of
from ai_server.memory.storage.postgresql import PostgresqlServer
from ai_server.memory.turns import Turn, Turns
from ai_server.protocol.reply import Reply
from ai_server.settings import SettingsError, load_settings
from tests.erasing import an_erasure
from tests.filled_memory import fact, say_turn
from tests.postgresql import PASSWORD, TestServer

AWAY = r"the server cannot be used \(.*\): see that it runs and lets this user in; naila goes on by itself then"


def turn(number: int = 0, words: str = "Hello") -> Turn:
    reply = Reply(request_id=f"q{number}", device_id="rover", text="Hello!", source="skill")
    return Turn(at=datetime.now(UTC), words=words, reply=reply)


@pytest.fixture
def fresh(server: TestServer) -> Iterator[PostgresqlServer]:
    """A database that nobody has used."""
    place = server.new(migrated=False)
    yield place
    server.drop(place)


@pytest.fixture
async def database(fresh: PostgresqlServer) -> AsyncIterator[Database]:
    database = await Database.open(fresh)
    yield database
    await database.close()


async def test_migrating_an_empty_database_gives_the_schema(database: Database) -> None:
    def compare(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return [change for change in compare_metadata(context, metadata) if "search_index" not in str(change)]

    assert await database.read(compare) == []
    assert await database.read(migrations.stored_revision) == migrations.HEAD


async def test_a_migration_that_fails_leaves_the_database_as_it_was(
    server: TestServer, fresh: PostgresqlServer
) -> None:
    name = fresh.url.database or ""
    server.say("CREATE TABLE outbox (id INTEGER)", name)
    with pytest.raises(DatabaseError, match="already exists"):
        await Database.open(fresh)
    tables = server.say("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", name)
    assert tables == [("outbox",)]


async def test_a_database_of_a_newer_version_is_refused_in_words(database: Database) -> None:
    await database.run(lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    await database.close()
    for look in (Database.open(database.place), asyncio.to_thread(inspect_database, database.place)):
        with pytest.raises(DatabaseError, match=r"newer version of NAILA .* 9999"):
            await look


async def test_a_second_daemon_is_refused_and_other_programs_may_visit(database: Database) -> None:
    with pytest.raises(
        DatabaseError, match=r"another naila uses it \(from 127\.0\.0\.1, the server's process"
    ) as caught:
        await Database.open(database.place)
    assert caught.value.held
    visitor = await Database.visit(database.place)
    await Turns(visitor).add(turn(1))
    await visitor.close()
    assert await Turns(database).count() == 1
    await database.close()
    await (await Database.open(database.place)).close()


async def test_daemons_share_a_server_with_a_database_each(server: TestServer, database: Database) -> None:
    other = server.new(migrated=False)
    await (await Database.open(other)).close()
    await database.ping()
    server.drop(other)


async def test_transactions_that_write_wait_for_one_another(database: Database) -> None:
    visitor = await Database.visit(database.place)
    began, go_on = threading.Event(), threading.Event()
    order: list[str] = []

    def first(_: Connection) -> None:
        began.set()
        go_on.wait(10)
        order.append("first")

    writing = asyncio.create_task(database.run(first))
    await asyncio.to_thread(began.wait, 10)
    waiting = asyncio.create_task(visitor.run(lambda _: order.append("second")))
    assert await visitor_reads_beside(database) == 0
    go_on.set()
    await asyncio.gather(writing, waiting)
    assert order == ["first", "second"]
    await visitor.close()


async def visitor_reads_beside(database: Database) -> int:
    reader = await Database.visit(database.place)
    counted = await Turns(reader).count()
    await reader.close()
    return counted


async def test_what_reads_cannot_write(database: Database) -> None:
    with pytest.raises(DatabaseError, match="the server takes no writes"):
        await database.read(lambda connection: connection.execute(text("DELETE FROM turns")))


async def test_a_commit_waits_for_the_disk_even_where_the_server_is_set_up_not_to(
    server: TestServer, fresh: PostgresqlServer
) -> None:
    name = fresh.url.database
    server.say(f"ALTER DATABASE {name} SET synchronous_commit = off")
    database = await Database.open(fresh)
    setting = await database.read(lambda c: c.execute(text("SHOW synchronous_commit")).scalar_one())
    assert setting == "on"
    await database.close()


async def test_what_can_be_made_again_leaves_it_to_the_next_commit_to_reach_the_disk(database: Database) -> None:
    def setting(connection: Connection) -> object:
        return connection.execute(text("SHOW synchronous_commit")).scalar_one()

    for _ in range(10):
        assert await database.run_undurably(setting) == "off"
    assert await database.run(setting) == "on"


async def test_figures_tell_how_much_is_held_and_what_the_server_needs_for_it(database: Database) -> None:
    before = await database.held_bytes()
    for number in range(20):
        await Turns(database).add(turn(number, words=" ".join(map(str, range(number * 100, number * 100 + 100)))))
    await database.ping()
    assert database.size_bytes > 1_000_000
    assert await database.held_bytes() > before + 20 * 300
    await database.run(lambda connection: connection.execute(text("DELETE FROM turns")))
    assert await database.held_bytes() < before + 20 * 300
    assert len(database.write_ms) == 21


async def test_inspecting_works_beside_a_running_daemon_and_before_it(
    fresh: PostgresqlServer, server: TestServer
) -> None:
    assert inspect_database(fresh) == DatabaseReport(exists=False)
    database = await Database.open(fresh)
    await Turns(database).add(turn(3))
    report = inspect_database(fresh)
    assert (report.exists, report.revision, report.turns) == (True, migrations.HEAD, 1)
    found = find_turn(fresh, request_id="q3")
    assert found is not None
    assert found.words == "Hello"
    await database.close()


async def test_a_statement_outside_of_transactions_is_one_of_its_own(database: Database) -> None:
    await database.outside(lambda connection: connection.exec_driver_sql("VACUUM turns").close())


@pytest.fixture
def forgetful(server: TestServer) -> Iterator[None]:
    """The server does not write new segments of its log over the bytes of old ones, which are deleted."""
    server.say("ALTER SYSTEM SET wal_recycle = off")
    server.say("SELECT pg_reload_conf()")
    yield
    server.say("ALTER SYSTEM RESET wal_recycle")
    server.say("SELECT pg_reload_conf()")


def files_with(word: bytes, directory: Path) -> list[str]:
    """The files of a server that hold a word; one may go meanwhile."""
    found = []
    for path in directory.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            if path.is_file() and word in path.read_bytes():
                found.append(str(path.relative_to(directory)))
    return found


@pytest.mark.usefixtures("forgetful")
async def test_no_byte_of_what_is_erased_is_left_in_any_file_of_the_server(
    server: TestServer, database: Database
) -> None:
    long = "blah " * 600
    for number in range(60):
        word = "quixotic" if number % 3 else "mundane"
        learned = [fact(f"You like {word} {number}.", kind=f"k{number}")]
        await say_turn(database, f"q{number}", f"I said {word}. {long * (number % 4)}", learned=learned)
    await database.outside(lambda connection: connection.exec_driver_sql("ANALYZE").close())
    assert files_with(b"quixotic", server.data)
    erased = await an_erasure(database).erase(Selection(about="quixotic"), by="test")
    assert (erased.turns, erased.scrubbed) == (40, True)
    assert files_with(b"quixotic", server.data) == []
    assert await Turns(database).count() == 20


async def test_while_somebody_reads_what_is_erased_stays_in_the_files_and_that_is_said(
    server: TestServer, database: Database
) -> None:
    await say_turn(database, "q1", "I said quixotic.")
    with psycopg.connect(server.url(database.place.url.database)) as reader:
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        assert reader.execute("SELECT count(*) FROM conversations").fetchone() == (1,)
        erased = await an_erasure(database).erase(Selection(about="quixotic"), by="test")
        assert (erased.turns, erased.scrubbed) == (1, False)
    assert await an_erasure(database).resume(await an_erasure(database).resume()) == set()


async def test_a_connection_that_the_server_ended_is_made_anew_without_a_word(
    server: TestServer, database: Database
) -> None:
    await Turns(database).add(turn(1))
    server.say(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database.place.url.database}'"
    )
    await Turns(database).add(turn(2))
    assert await Turns(database).count() == 2
    with pytest.raises(DatabaseError, match="another naila uses it"):
        await Database.open(database.place)


async def test_a_transaction_that_the_server_ended_is_undone_and_the_next_one_works(
    server: TestServer, database: Database
) -> None:
    def work(connection: Connection) -> None:
        connection.execute(text("INSERT INTO conversations (device_id, started_at) VALUES ('rover', now())"))
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        server.say(f"SELECT pg_terminate_backend({pid})")
        connection.execute(text("INSERT INTO conversations (device_id, started_at) VALUES ('rover', now())"))

    with pytest.raises(DatabaseError, match=AWAY) as caught:
        await database.run(work)
    assert caught.value.passing
    assert database.last_error is caught.value
    assert database.failures == 1
    await database.ping()
    assert database.last_error is None
    count = await database.read(lambda c: c.execute(text("SELECT count(*) FROM conversations")).scalar_one())
    assert count == 0


async def test_a_server_that_is_killed_at_work_has_every_turn_that_was_stored_and_is_used_again(
    server: TestServer, database: Database
) -> None:
    stored: list[str] = []
    enough = asyncio.Event()

    async def store() -> None:
        for number in range(100_000):
            await Turns(database).add(turn(number))
            stored.append(f"q{number}")
            if number == 20:
                enough.set()

    storing = asyncio.create_task(store())
    await enough.wait()
    await asyncio.to_thread(server.kill)
    for work in (storing, database.ping(), Database.open(database.place)):
        with pytest.raises(DatabaseError, match=AWAY) as caught:
            await work
        assert caught.value.passing
    await asyncio.to_thread(server.start)
    await database.ping()
    assert database.last_error is None
    found = await database.read(lambda c: c.execute(text("SELECT request_id FROM turns ORDER BY id")).scalars().all())
    assert found[: len(stored)] == stored
    assert len(found) <= len(stored) + 1, "a commit whose confirmation was lost, at most"


async def test_a_server_that_lets_nobody_in_is_told_of_without_the_password(server: TestServer, tmp_path: Path) -> None:
    url = server.url("postgres")
    wrong = PostgresqlServer.of_url(url.replace("let%20me%20in", "let%20me%20out"), tmp_path)
    missing = PostgresqlServer.of_url(server.url("nowhere"), tmp_path)
    unreachable = PostgresqlServer.of_url(url.replace(str(server.port), "1"), tmp_path)
    for place, why in (
        (wrong, "password authentication failed"),
        (missing, 'database "nowhere" does not exist'),
        (unreachable, "Connection refused"),
    ):
        with pytest.raises(DatabaseError, match=re.escape(why)) as caught:
            await Database.open(place)
        assert caught.value.passing
        assert "let me" not in str(caught.value) + repr(place)
        assert "let%20me" not in str(caught.value) + repr(place)


async def test_a_database_of_another_encoding_is_refused(server: TestServer) -> None:
    server.say("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
    with pytest.raises(DatabaseError, match=r"its encoding is LATIN1.* make another one"):
        await Database.open(PostgresqlServer.of_url(server.url("latin"), Path()))
    server.say("DROP DATABASE latin")


async def test_a_refusal_shows_nothing_of_what_was_said(database: Database) -> None:
    statement = text("INSERT INTO conversations (id, device_id, started_at) VALUES (1, :said, now())")
    await database.run(lambda connection: connection.execute(statement, {"said": "my secret"}))
    with pytest.raises(DatabaseError, match="duplicate key") as caught:
        await database.run(lambda connection: connection.execute(statement, {"said": "my secret"}))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://naila:hidden@host:port/naila",
        "postgresql://naila:hidden@host",
        "postgresql://naila:hidden@host/",
        "postgresql+asyncpg://naila:hidden@host/naila",
        "postgresql:naila:hidden@host/naila",
    ],
)
def test_what_is_no_url_of_a_database_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(DatabaseError, match=r"NAILA_DATABASE_URL: .* it must read postgresql://USER") as caught:
        PostgresqlServer.of_url(url, Path())
    assert "hidden" not in str(caught.value)


def test_a_place_is_named_without_its_secrets() -> None:
    url = "postgresql://naila:hid%2Fden@db.example:5433/naila?sslmode=require&sslpassword=hidden"
    place = PostgresqlServer.of_url(url, Path())
    assert str(place) == "postgresql://naila@db.example:5433/naila"
    assert "hid" not in repr(place)
    assert place.url.password == "hid/den"


def test_the_settings_and_the_credentials_name_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "naila_database_url").write_text("postgresql://a:b@c/d\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert str(place_of(load_settings(None))) == "postgresql://a@c/d"
    monkeypatch.setenv("NAILA_DATABASE_URL", "postgres://e:f@g/h")
    assert str(place_of(load_settings(None))) == "postgresql://e@g/h"
    monkeypatch.setenv("NAILA_DATABASE_URL", "mysql://e:hidden@g/h")
    with pytest.raises(SettingsError, match=r"NAILA_DATABASE_URL='\*{8}' is not allowed: postgresql://") as caught:
        load_settings(None)
    assert "hidden" not in str(caught.value)


def test_the_tests_password_has_what_a_url_cannot_hold_as_it_is() -> None:
    assert psycopg.conninfo.conninfo_to_dict("postgresql://a:let%20me%20in%3F@b/c")["password"] == PASSWORD
