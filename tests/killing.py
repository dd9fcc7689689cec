"""Kills a process at each step of what it does to a database, and sees each time that nothing is lost.

`python -m tests.killing WORK [URL]` does so with one of `WORKS`, on a file, or on the PostgreSQL database of the URL,
and prints how often it killed. It has no threads itself, so that it can fork: each work is a process of its own.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Coroutine
from contextlib import closing
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, event, text

from ai_server.memory import migrations
from ai_server.memory.schema import metadata
from ai_server.memory.storage import sqlite
from ai_server.memory.storage.backup import back_up, restore
from ai_server.memory.storage.database import Database, DatabaseError
from ai_server.memory.storage.keys import Key
from ai_server.memory.storage.postgresql import PostgresqlServer
from ai_server.memory.storage.rekeying import rekey
from ai_server.memory.storage.sqlite_file import SqliteFile
from ai_server.memory.storage.store import Place
from ai_server.memory.turns import Turn, Turns
from ai_server.protocol.reply import Reply

OLD, NEW = Key("c0ffee00" * 8), Key("decade00" * 8)
TURNS = 8
KILLS_AT_A_TIME = 4
BEFORE_CONVERSATIONS_HAD_PEOPLE = "0008"
_STEPS = {"open", "os.rename", "os.link", "os.remove", "os.truncate"}

Work = Callable[[], Coroutine[Any, Any, None]]


def in_process(work: Work, before: Callable[[], None] = lambda: None, *, kill_after_s: float | None = None) -> bool:
    """Run work in a process of its own; return whether it was killed. Where it fails, so does this."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            before()
            asyncio.run(work())
            code = 0
        except BaseException:  # noqa: BLE001  whatever it is, the parent must not go on twice
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    if kill_after_s is not None:
        time.sleep(kill_after_s)
        os.kill(child, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in {0, -signal.SIGKILL}, "what ran in the process failed"
    return code != 0


def kill_at_step(number: int, directory: Path) -> Callable[[], None]:
    """Have the process that calls this killed when it does the n-th thing to a file of the directory."""

    def arm() -> None:
        left = [number]

        def hook(name: str, arguments: tuple[Any, ...]) -> None:
            if name in _STEPS and arguments and str(arguments[0]).startswith(str(directory)):
                _count_down(left)

        sys.addaudithook(hook)

    return arm


def kill_at_statement(number: int) -> Callable[[], None]:
    """Have the process that calls this killed before it says its n-th SQL statement."""

    def arm() -> None:
        left = [number]
        event.listen(Engine, "before_cursor_execute", lambda *_: _count_down(left))

    return arm


def _count_down(left: list[int]) -> None:
    left[0] -= 1
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)


class Household:
    """A database at a place, with a directory for its backups, which is as it was prepared before each kill."""

    def __init__(self, folder: Path, url: str | None) -> None:
        self.directory = folder / "house"
        self.backup = self.directory / "backups" / "today.backup"
        self.server = PostgresqlServer.of_url(url, self.directory) if url else None
        self._prepared = folder / "prepared"
        self._name = self.server.url.database if self.server else ""

    def place(self, key: Key | None = None) -> Place:
        return self.server or SqliteFile(self.directory / "data" / "naila.db", key)

    def prepare(self, work: Work) -> None:
        """Prepare the house, once."""
        self.directory.mkdir()
        in_process(work)
        self.directory.rename(self._prepared)
        self._say(f"ALTER DATABASE {self._name} RENAME TO {self._name}_prepared")
        self.begin_anew()

    def begin_anew(self) -> None:
        """Have everything be as it was prepared."""
        shutil.rmtree(self.directory, ignore_errors=True)
        shutil.copytree(self._prepared, self.directory)
        self._say(f"DROP DATABASE IF EXISTS {self._name} WITH (FORCE)")
        self._say(f"CREATE DATABASE {self._name} TEMPLATE {self._name}_prepared")

    def _say(self, statement: str) -> None:
        if self.server is None:
            return
        url = self.server.url
        who = {"host": url.host, "port": url.port, "user": url.username, "password": url.password}
        with psycopg.connect(dbname="postgres", autocommit=True, **who) as connection:
            connection.execute(statement)

    async def fill(self, key: Key | None = None) -> None:
        database = await Database.open(self.place(key))
        for number in range(TURNS):
            await Turns(database).add(turn(number))
        await database.close()

    async def fill_and_go_on(self) -> None:
        """Store turns, back them up, and store one more."""
        await self.fill()
        await back_up(self.place(), self.backup)
        database = await Database.open(self.place())
        await Turns(database).add(turn(TURNS))
        await database.close()

    async def require_all(self, place: Place, turns: int = TURNS) -> None:
        """Fail unless the database opens as it is, with all its turns, and takes one more."""
        database = await Database.open(place)
        assert database.set_aside is None
        assert await Turns(database).count() == turns, await Turns(database).count()
        await Turns(database).add(turn(1000))
        await database.close()


def turn(number: int) -> Turn:
    reply = Reply(request_id=f"q{number}", device_id="rover", text="Hello!", source="skill")
    return Turn(at=datetime.now(UTC), words="Hello", reply=reply)


def killed_while_rekeying(house: Household) -> int:
    """The database is whole under one of the two keys, and the change can be made again."""

    async def change() -> None:
        await rekey(SqliteFile(house.directory / "data" / "naila.db", OLD), NEW)

    async def look() -> None:
        try:
            await house.require_all(house.place(OLD))
        except DatabaseError as error:
            assert "another key" in error.what, error
            await house.require_all(house.place(NEW))
            return
        await change()
        await house.require_all(house.place(NEW), TURNS + 1)
        assert {file.name for file in (house.directory / "data").iterdir()} == {"naila.db", "naila.db.lock"}

    return _kill_everywhere(house, lambda: house.fill(OLD), change, look)


def killed_while_backing_up(house: Household) -> int:
    """The backup of yesterday stays whole until today's is, and the database serves on."""

    async def change() -> None:
        await back_up(house.place(), house.backup)

    async def look() -> None:
        with closing(sqlite.connect_to_read(house.backup)) as connection:
            (held,) = connection.execute("SELECT count(*) FROM turns").fetchone()
        assert held in {TURNS, TURNS + 1}
        await house.require_all(house.place(), TURNS + 1)
        await change()
        await house.require_all(SqliteFile(house.backup), TURNS + 2)

    return _kill_everywhere(house, house.fill_and_go_on, change, look)


def killed_while_restoring(house: Household) -> int:
    """The database is as it was, or as in the backup, and what it was is not lost."""

    async def change() -> None:
        await restore(house.backup, house.place())

    async def look() -> None:
        database = await Database.open(house.place())
        assert database.set_aside is None
        held = await Turns(database).count()
        await database.close()
        assert held in {TURNS, TURNS + 1}
        kept = [SqliteFile(file) for file in house.directory.rglob("naila.db.replaced-*Z")]
        if held == TURNS:
            await house.require_all(kept[-1], TURNS + 1)
        await change()
        await house.require_all(house.place())

    return _kill_everywhere(house, house.fill_and_go_on, change, look)


def killed_while_migrating(house: Household) -> int:
    """The database of an older version is as it was, and the next start brings it up to date."""

    async def prepare() -> None:
        _make_old(house.place())

    async def change() -> None:
        await (await Database.open(house.place())).close()

    async def look() -> None:
        await house.require_all(house.place())
        with house.place().look() as connection:
            assert migrations.stored_revision(connection) == migrations.HEAD

    statements = [0]

    async def count_statements() -> None:
        event.listen(Engine, "before_cursor_execute", lambda *_: statements.__setitem__(0, statements[0] + 1))
        await change()
        (house.directory / "statements").write_text(str(statements[0]))

    house.prepare(prepare)
    in_process(count_statements)
    total = int((house.directory / "statements").read_text())
    kills, wanted = 0, KILLS_AT_A_TIME if house.server else 2 * KILLS_AT_A_TIME
    for number in random.Random(7).sample(range(1, total), wanted):
        house.begin_anew()
        kills += in_process(change, kill_at_statement(number))
        in_process(look)
    return kills


def _make_old(place: Place) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    if isinstance(place, SqliteFile):
        place.path.parent.mkdir(exist_ok=True)
        engine = sqlite.engine(place.path, None)
    else:
        engine = place.outside().execution_options(isolation_level="READ COMMITTED")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, BEFORE_CONVERSATIONS_HAD_PEOPLE)
        _add_old_turns(connection)


def _add_old_turns(connection: Connection) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    connection.execute(text("INSERT INTO conversations (device_id, started_at) VALUES ('rover', :at)"), {"at": moment})
    later = {"id", "person_emotion", "delivery"}
    of_then = [column for column in metadata.tables["turns"].columns if column.name not in later]
    values = {"conversation_id": 1, "at": moment, "replied_at": moment, "actions": "[]", "trace": None}
    numbers = {column.name: 0 for column in of_then if column.type.python_type in {int, float}}
    words = {column.name: "" for column in of_then if column.type.python_type is str}
    names = ", ".join(column.name for column in of_then)
    statement = text(f"INSERT INTO turns ({names}) VALUES ({', '.join(f':{column.name}' for column in of_then)})")
    for number in range(TURNS):
        who = {"device_id": "rover", "request_id": f"q{number}", "user_id": None if number % 2 else "ada"}
        said = {"words": "Hello", "text": "Hi", "emotion": "happy", "source": "llm", "finish_reason": "stop"}
        connection.execute(statement, {**numbers, **words, **values, **who, **said})


def _kill_everywhere(house: Household, prepare: Work, change: Work, look: Work) -> int:
    """Kill at each step that is done to a file, each third beside a server, then at random moments; return how often.

    A server's own transactions need no proof here, and take long to be made anew.
    """
    house.prepare(prepare)
    kills = 0
    began = time.monotonic()
    for step in count(1, 3 if house.server else 1):
        if not in_process(change, kill_at_step(step, house.directory)):
            break
        kills += 1
        in_process(look)
        house.begin_anew()
        began = time.monotonic()
    whole_s = time.monotonic() - began
    rng = random.Random(7)
    for _ in range(1 if house.server else KILLS_AT_A_TIME):
        house.begin_anew()
        kills += in_process(change, kill_after_s=rng.uniform(0, whole_s))
        in_process(look)
    return kills


WORKS = {
    "rekey": killed_while_rekeying,
    "back_up": killed_while_backing_up,
    "restore": killed_while_restoring,
    "migrate": killed_while_migrating,
}


if __name__ == "__main__":
    # A kill loses nothing that is in the system's memory, so a disk in memory shows the same, sooner.
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        print(WORKS[sys.argv[1]](Household(Path(folder), *sys.argv[2:] or [None])))
