"""The daemon with its memory on a PostgreSQL server, and in a file that is encrypted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ai_server.memory.storage.inspection import inspect_database
from ai_server.memory.storage.keys import Key
from ai_server.memory.storage.postgresql import PostgresqlServer
from ai_server.memory.storage.sqlite_file import SqliteFile
from ai_server.mqtt.options import BrokerOptions
from tests.daemons import RunningDaemon, naila, until
from tests.postgresql import TestServer
from tests.robots import HeadlessRobot

KEY, OTHER_KEY = "c0ffee00" * 8, "decade00" * 8


@pytest.fixture
def fresh(server: TestServer) -> Iterator[PostgresqlServer]:
    place = server.new(migrated=False)
    yield place
    server.drop(place)


def test_a_server_that_is_away_is_waited_for_and_one_that_goes_is_used_again_when_it_is_back(
    server: TestServer, fresh: PostgresqlServer, broker: BrokerOptions, tmp_path: Path
) -> None:
    url = server.url(fresh.url.database or "")
    daemon = RunningDaemon(tmp_path, broker, LLM_MODEL_PATH="none", NAILA_DATABASE_URL=url)
    server.kill()
    try:
        daemon.start()
        until(lambda: "waiting for the database" in daemon.log.read_text())
        server.start()
        daemon.wait_for("degraded")
        with HeadlessRobot(broker, "r-server") as robot:
            assert robot.say("hello", request_id="before").reply
            server.kill()
            status = daemon.wait_for("degraded")
            until(lambda: "the server cannot be used" in daemon.wait_for("degraded")["reason"])
            server.start()
            until(lambda: "the server cannot be used" not in daemon.wait_for("degraded")["reason"])
            assert robot.say("hello", request_id="after").reply
        assert daemon.stop() == 0, daemon.trouble()
    finally:
        daemon.kill()
    assert status["reason"]
    assert not (daemon.data / "naila.db").exists()
    assert "let%20me%20in" not in daemon.log.read_text()
    assert server.say("SELECT count(*) FROM turns", fresh.url.database or "") == [(2,)]


def test_a_daemon_without_the_right_key_does_not_start_and_says_why(broker: BrokerOptions, tmp_path: Path) -> None:
    key, other = tmp_path / "key", tmp_path / "other"
    key.write_text(KEY)
    other.write_text(OTHER_KEY)
    with naila(tmp_path, broker, LLM_MODEL_PATH="none", NAILA_DATABASE_KEY_FILE=str(key)) as daemon:
        with HeadlessRobot(broker, "r-key") as robot:
            assert robot.say("my secret is a hazelnut", request_id="before").reply
        assert daemon.stop() == 0
        content = (daemon.data / "naila.db").read_bytes()
        assert b"hazelnut" not in content
        for wrong, why in (
            (str(other), "it is encrypted with another key"),
            ("", "it is encrypted, and no key is set"),
            (str(tmp_path / "missing"), "the key cannot be read"),
        ):
            daemon.environment["NAILA_DATABASE_KEY_FILE"] = wrong
            daemon.start()
            until(lambda: daemon.exit_code is not None)
            assert daemon.exit_code == 1
            assert why in daemon.log.read_text()
            assert (daemon.data / "naila.db").read_bytes() == content
        daemon.environment["NAILA_DATABASE_KEY_FILE"] = str(key)
        daemon.start()
        daemon.wait_for("degraded")
        with HeadlessRobot(broker, "r-key") as robot:
            assert robot.say("hello", request_id="after").reply
        assert daemon.stop() == 0
    assert inspect_database(SqliteFile(daemon.data / "naila.db", Key(KEY))).turns == 2
