"""What the brain lives on goes wrong: the disk is full, the database is damaged, the clock is set back."""

from __future__ import annotations

import errno
import shutil
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from ai_server.mqtt.options import BrokerOptions
from tests.brokers import TIMEOUT_S
from tests.daemons import RunningDaemon, naila, until
from tests.faults.account import Account
from tests.faults.observer import Observer
from tests.faults.simulator import Manners, Simulator
from tests.faults.speech import WORDS
from tests.faults.store import Store, end, look
from tests.robots import HeadlessRobot

_ON_SMALL_DISK = """
import os, sys
data, size = os.environ["NAILA_DATA_DIR"], sys.argv.pop(1)
os.makedirs(data, exist_ok=True)
mount = f'mount -t tmpfs -o size={size},mode=700 tmpfs "$NAILA_DATA_DIR" && exec "$0" -m ai_server "$@"'
namespace = ["unshare", "--user", "--map-root-user", "--mount"]
os.execvp("unshare", [*namespace, "sh", "-c", mount, sys.executable, *sys.argv[1:]])
"""
"""Runs the daemon in a mount namespace of its own, in which its data directory is a disk of this size."""


def full_disk(directory: Path, broker: BrokerOptions, *, size: str = "16m", robots: int = 3) -> Account:
    """Fill the disk of the database while robots talk: new words are refused by name, and taken once there is room.

    The disk is a small tmpfs that only the daemon's process sees.
    """
    assert shutil.which("unshare"), "this needs unshare of util-linux"
    daemon = RunningDaemon(directory, broker)
    daemon.program = ("-c", _ON_SMALL_DISK, size)
    with (
        Observer(broker) as observer,
        Simulator(broker, robots, name="hoarder", manners=Manners(resend_s=1.0)) as simulator,
    ):
        daemon.start()
        try:
            seen = observer.wait_for_state("ready")
            # The process sees its own disk there; this one sees it through /proc.
            disk = Path(f"/proc/{daemon.pid}/root{daemon.data}")
            simulator.say(WORDS)
            assert simulator.settle().answered == robots * len(WORDS)
            _fill(disk / "ballast")
            seen = _say_until_refused(simulator, observer, seen)
            assert "the disk is full" in observer.statuses[seen - 1]["reason"]
            assert daemon.exit_code is None
            (disk / "ballast").unlink()
            account = simulator.settle()
            observer.wait_for_state("ready", seen)
            until(lambda: _look_through(disk, directory).idle)
            _look_through(disk, directory).assert_one_answer_each(account)
            assert daemon.stop() == 0, daemon.trouble()
        finally:
            daemon.kill()
    account.assert_nothing_lost()
    return account


def _look_through(disk: Path, directory: Path) -> Store:
    """Look into a copy: SQLite would follow the path into this process's own file system."""
    copy = directory / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    for name in ("naila.db", "naila.db-wal"):
        shutil.copy(disk / name, copy)
    return look(copy)


def _fill(ballast: Path) -> None:
    try:
        with ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
    except OSError as error:
        assert error.errno == errno.ENOSPC, error


def _say_until_refused(simulator: Simulator, observer: Observer, seen: int) -> int:
    """Say more until the brain is `degraded` and a robot was told why; return how many statuses there are up to it."""
    give_up = time.monotonic() + TIMEOUT_S
    while "degraded" not in observer.states[seen:] or not _refusals(simulator):
        assert time.monotonic() < give_up, "the disk was never full"
        if simulator.idle:
            simulator.say(WORDS[:1])
        time.sleep(0.02)
    return observer.wait_for_state("degraded", seen)


def _refusals(simulator: Simulator) -> int:
    errors = [error for request in simulator.account().requests for error in request.errors]
    assert {error["error_code"] for error in errors} <= {"storage_unavailable"}, errors
    return len(errors)


def damaged_database(directory: Path, broker: BrokerOptions, *, at: int = 4096) -> Path:
    """Overwrite a part of the database between two runs: it is set aside whole, and a fresh one begins.

    Returns:
        Where the daemon put it.
    """
    with naila(directory, broker, LLM_MODEL_PATH="none") as daemon:
        with HeadlessRobot(broker, "elephant") as robot:
            assert robot.say("hello", request_id="before").reply
        assert daemon.stop() == 0
        database = daemon.data / "naila.db"
        damaged = bytearray(database.read_bytes())
        damaged[at : at + 8192] = b"\xa5" * 8192
        database.write_bytes(damaged)
        daemon.start()
        daemon.wait_for("degraded")
        with HeadlessRobot(broker, "elephant") as robot:
            assert robot.say("hello", request_id="after").reply
        assert daemon.stop() == 0
        aside = [file for file in daemon.data.iterdir() if file.name != "naila.db" and _is(file, damaged)]
        assert len(aside) == 1, sorted(daemon.data.iterdir())
        assert any(aside[0].name in line for line in daemon.log.read_text().splitlines()), "the log says where"
        assert set(look(daemon.data).texts) == {("elephant", "after")}
    return aside[0]


def _is(file: Path, content: bytes | bytearray) -> bool:
    return file.is_file() and file.read_bytes() == content


def clock_set_back(directory: Path, broker: BrokerOptions, *, days: int = 1, robots: int = 3) -> Account:
    """Kill the daemon while utterances wait, and start it in the past: all that it stored is of the future then.

    What waits is answered in order, what was answered is remembered, and nothing expires early or waits for tomorrow.
    """
    daemon = RunningDaemon(directory, broker, LLM_MODEL_PATH="none")
    with Simulator(broker, robots, name="traveller") as simulator:
        try:
            daemon.program = _killed_with_waiting()
            daemon.start()
            simulator.say(WORDS)
            until(lambda: daemon.exit_code is not None)
            assert daemon.exit_code == -signal.SIGKILL
            assert look(daemon.data).waiting
            _move_times(daemon.data / "naila.db", f"+{days} days")
            daemon.program = RunningDaemon.program
            daemon.start()
            account = simulator.settle()
            simulator.say(["what time is it"])
            account = simulator.settle()
            end(daemon, account)
        finally:
            daemon.kill()
    account.assert_nothing_lost()
    assert account.expired == 0
    return account


def _killed_with_waiting() -> tuple[str, ...]:
    from tests.faults import launcher

    return launcher.program("after_puback", 2)


def _move_times(database: Path, by: str) -> None:
    """Move each moment in the database."""
    with closing(sqlite3.connect(database)) as connection, connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        moved = 0
        for table in tables:
            for _, column, kind, *_ in connection.execute(f"PRAGMA table_info({table})").fetchall():
                if kind.upper() == "DATETIME":
                    moment = f"strftime('%Y-%m-%d %H:%M:%f', {column}, '{by}') || '000'"
                    moved += connection.execute(
                        f"UPDATE {table} SET {column} = {moment} WHERE {column} IS NOT NULL"
                    ).rowcount
        assert moved
