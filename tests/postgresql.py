"""A real PostgreSQL server for tests, on a free port of loopback with its files in a directory of its own."""

from __future__ import annotations

import fcntl
import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg

from ai_server.memory.schema import metadata
from ai_server.memory.storage.postgresql import PostgresqlServer
from tests import need_postgresql

PASSWORD = "let me in?"
_PASSWORD_IN_URL = "let%20me%20in%3F"
_START_TIMEOUT_S = 60.0
_TEMPLATE = "migrated"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    # What is lost with the machine's power is lost with the test.
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "16MB",
    "max_connections": "20",
    "autovacuum": "off",
}


class TestServer:
    """A server that can be killed and started again on the same port. Where we are root it runs as `postgres`.

    Attributes:
        port: where it listens, from the first start.
        data: the directory of its files.
    """

    __test__ = False

    def __init__(self, directory: Path) -> None:
        found = need_postgresql.programs()
        assert found, need_postgresql.MEND
        self.port = _free_port()
        self._programs = found
        self._directory = directory
        self.data = directory / "data"
        self._log = directory / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count()
        if _user():
            shutil.chown(directory, _user(), _user())

    def make_files(self, like: Path) -> None:
        """Have the files of a new server, where `like` has none, or of the one that is there; they are kept there."""
        if not like.exists():
            self._initialise()
            self.start()
            self.say(f"CREATE DATABASE {_TEMPLATE}")
            self._place(_TEMPLATE).open().close()
            self.stop()
            _copy(self.data, like.with_suffix(".half"))
            like.with_suffix(".half").rename(like)
        else:
            _copy(like, self.data)

    def start(self) -> None:
        settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self.data, "-p", str(self.port), *settings],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **_as_user(),
            )
        give_up = time.monotonic() + _START_TIMEOUT_S
        while not self._answers():
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < give_up, self._log.read_text()
            time.sleep(0.05)

    def stop(self) -> None:
        """Have it end all connections and write down what it holds."""
        self._end(signal.SIGINT)

    def throw_away(self) -> None:
        """Have it end at once: it will not start again."""
        self._end(signal.SIGQUIT)

    def kill(self) -> None:
        """Kill it; its processes notice and end, and the next start recovers."""
        assert self._process is not None
        children = psutil.Process(self._process.pid).children(recursive=True)
        self._end(signal.SIGKILL)
        # They notice, and let go of the shared memory; before that it will not start again.
        assert not psutil.wait_procs(children, _START_TIMEOUT_S)[1]

    def new(self, *, migrated: bool = True) -> PostgresqlServer:
        """Return a fresh database."""
        name = f"naila_{next(self._numbers)}"
        self.say(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE if migrated else 'template0'}")
        return self._place(name)

    def empty(self, place: PostgresqlServer) -> None:
        """Delete all rows of a database, and number anew: a new one takes several times as long."""
        deletions = [f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables)]
        anew = "DO $$ BEGIN PERFORM setval(sequencename::regclass, 1, false) FROM pg_sequences; END $$"
        self.say("; ".join([*deletions, anew]), place.url.database or "")

    def drop(self, place: PostgresqlServer) -> None:
        self.say(f"DROP DATABASE {place.url.database} WITH (FORCE)")

    def say(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run a statement as the server's owner; return the rows."""
        with psycopg.connect(self.url(database, scheme="postgresql"), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def url(self, database: str, *, scheme: str = "postgresql") -> str:
        return f"{scheme}://naila:{_PASSWORD_IN_URL}@127.0.0.1:{self.port}/{database}"

    def _place(self, name: str) -> PostgresqlServer:
        return PostgresqlServer.of_url(self.url(name), self._directory)

    def _initialise(self) -> None:
        password = self._directory / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        command = [self._programs / "initdb", "-D", self.data, "-U", "naila", "--encoding=UTF8", "--locale=C"]
        command += ["--auth=scram-sha-256", f"--pwfile={password}", "--no-sync", "--no-instructions"]
        command += ["--wal-segsize=1"]
        made = subprocess.run(command, check=False, capture_output=True, text=True, **_as_user())
        assert made.returncode == 0, made.stdout + made.stderr

    def _answers(self) -> bool:
        try:
            self.say("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process:
            process.send_signal(how)
            process.wait(_START_TIMEOUT_S)


@contextmanager
def running_server(shared: Path) -> Iterator[TestServer]:
    """Lend a server that runs; whichever process comes first makes the files for all that share the directory."""
    directory = Path(tempfile.mkdtemp(prefix="naila-postgresql-"))
    try:
        server = TestServer(directory)
        with (shared / "postgresql.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            server.make_files(shared / "postgresql")
        server.start()
        try:
            yield server
        finally:
            server.throw_away()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _copy(files: Path, target: Path) -> None:
    subprocess.run(["cp", "-a", files, target], check=True)  # the owner stays


def _user() -> str | None:
    return "postgres" if os.geteuid() == 0 else None


def _as_user() -> dict[str, object]:
    return {"user": "postgres", "group": "postgres", "extra_groups": [], "cwd": "/"} if _user() else {"cwd": "/"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
