"""What owners, operators and robots do with what is remembered, beside a running daemon."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner, Result

from ai_server.cli import app
from ai_server.mqtt.options import BrokerOptions
from ai_server.protocol import topics
from ai_server.telemetry import logs
from tests.brokers import Robot, mosquitto
from tests.daemons import RunningDaemon, naila
from tests.robots import HeadlessRobot


@pytest.fixture(scope="module")
def daemon(broker: BrokerOptions, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDaemon]:
    """One daemon, without a model, for all tests of the module: each has robots of its own."""
    with naila(tmp_path_factory.mktemp("naila"), broker, LLM_MODEL_PATH="none") as running:
        yield running


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave the logs of this process, in which most commands are run, alone."""
    monkeypatch.setattr(logs, "configure", lambda *_: None)
    with structlog.testing.capture_logs():
        yield


def memory(daemon: RunningDaemon, *arguments: str, **environment: str) -> Result:
    """Run `naila memory` with the daemon's settings."""
    with contextlib.chdir(daemon.directory):
        return CliRunner().invoke(app, ["memory", *arguments], env={**daemon.environment, **environment})


def lines(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_an_owner_sees_corrects_exports_and_erases_beside_the_daemon(daemon, robot, tmp_path):
    robot.say("Tom comes to dinner on Friday", user_id="ada")
    of_robot = ("--robot", robot.device_id)
    (conversation,) = lines(memory(daemon, "list", *of_robot, "--json"))
    assert (conversation["user_id"], conversation["last_words"]) == ("ada", "Tom comes to dinner on Friday")
    remembered = memory(daemon, "remember", *of_robot, "--person", "ada", "The keys are in the blue box.")
    assert remembered.exit_code == 0, remembered.stderr
    fact = lines(memory(daemon, "facts", *of_robot, "--json"))[0]
    assert (fact["text"], fact["source"]) == ("The keys are in the blue box.", "owner")
    corrected = memory(daemon, "correct", fact["id"], "The keys are in the red box.")
    assert corrected.exit_code == 0, corrected.stderr
    exported = tmp_path / "export.jsonl"
    assert memory(daemon, "export", str(exported), *of_robot).exit_code == 0
    assert all(words in exported.read_text() for words in ("Tom comes to dinner", "blue box", "red box"))
    (erased,) = lines(memory(daemon, "forget", *of_robot, "--yes", "--json"))
    assert (erased["turns"], erased["facts"], erased["scrubbed"]) == (1, 2, True)
    assert memory(daemon, "list", *of_robot).exit_code == 1
    files = [file for file in daemon.data.rglob("*") if file.is_file()]
    assert not [file for file in files if b"Tom comes to dinner" in file.read_bytes()]
    (imported,) = lines(memory(daemon, "import", str(exported), "--json"))
    assert imported["added"] >= 4
    assert robot.say("hello", user_id="ada").reply, "the daemon goes on"
    entries = [each for each in lines(memory(daemon, "audit", "--json")) if "cli:" in each["who"]]
    assert [(each["who"].partition(":")[0], each["what"]) for each in reversed(entries)] == [
        ("cli", "read"), ("mqtt", "remember"), ("cli", "read"), ("mqtt", "correct"), ("cli", "export"),
        ("mqtt", "erase"), ("cli", "read"), ("mqtt", "import"),
    ]  # fmt: skip


def test_what_the_daemon_has_to_do_needs_its_broker(daemon, robot):
    robot.say("hello")
    done = memory(daemon, "forget", "--robot", robot.device_id, "--yes", MQTT_PORT="1")
    assert (done.exit_code, done.stdout) == (3, "")
    assert "The broker at 127.0.0.1:1 cannot be reached" in done.stderr
    assert len(lines(memory(daemon, "list", "--robot", robot.device_id, "--json", MQTT_PORT="1"))) == 1


def test_a_broker_without_the_daemon_is_told_from_one_that_is_not_there(daemon, robot, tmp_path):
    robot.say("hello")
    with mosquitto(tmp_path) as other:
        done = memory(daemon, "forget", "--robot", robot.device_id, "--yes", MQTT_PORT=str(other.port))
    assert (done.exit_code, done.stdout) == (3, "")
    assert f"is not on the broker at 127.0.0.1:{other.port}" in done.stderr


def test_a_backup_is_taken_while_the_daemon_runs_and_put_back_only_when_it_does_not(daemon, robot, tmp_path):
    robot.say("remember me")
    backup = tmp_path / "naila.backup"
    assert memory(daemon, "backup", str(backup)).exit_code == 0
    refused = memory(daemon, "restore", str(backup), "--yes")
    assert refused.exit_code == 3
    assert f"another naila uses it (process {daemon.pid})" in refused.stderr


def test_in_the_terminal_chat_one_sees_what_is_known_and_has_it_forgotten(daemon, robot):
    typed = "remember that the keys are in the blue box\n/memory\n/forget keys\n/memory\n/why\n"
    done = subprocess.run(
        [sys.executable, "-m", "ai_server", "chat", "--device-id", robot.device_id],
        cwd=daemon.directory, env=daemon.environment, input=typed, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 1, "there is nothing left to show, and nothing to tell why"
    assert re.search(r"^  .*keys.*blue box", done.stdout, re.MULTILINE), done.stdout
    assert re.search(r"^  Forgotten: 1 turn, 1 fact\b", done.stdout, re.MULTILINE), done.stdout
    assert "Nothing is known for good here" in done.stderr


class Operator(Robot):
    """A client that asks the brain, and hears what it answers and refuses."""

    def __init__(self, broker: BrokerOptions) -> None:
        super().__init__(broker, topics.response("+"), topics.system_error("protocol"), client_id="operator")

    def ask(self, command: str, **fields: Any) -> dict[str, Any]:
        self.publish(topics.REQUEST.format(command=command), json.dumps(fields))
        while True:
            heard = self.hear()
            if heard.topic == topics.response(command):
                answer: dict[str, Any] = json.loads(heard.payload)
                return answer


def test_what_an_operator_asks_twice_is_done_once(daemon, broker, robot):
    request = {"id": f"a-{robot.device_id}", "device_id": robot.device_id, "text": "The bins go out on Tuesday."}
    with Operator(broker) as operator:
        first = operator.ask("memory.remember", **request)
        (fact,) = lines(memory(daemon, "facts", "--robot", robot.device_id, "--json"))
        assert operator.ask("memory.forget", id="f", device_id=robot.device_id)["result"]["facts"] == 1
        assert operator.ask("memory.remember", **request) == first, "to the timestamp"
        assert memory(daemon, "show", fact["id"]).exit_code == 1
        assert memory(daemon, "facts", "--robot", robot.device_id).exit_code == 1


def test_an_operator_is_told_what_was_wrong_with_a_request(daemon, broker):
    with Operator(broker) as operator:
        misspelt = operator.ask("memory.forget", id="w1", abuot="Tom")
        assert (misspelt["id"], misspelt["ok"], misspelt["error_code"]) == ("w1", False, "invalid_field")
        assert "abuot" in misspelt["error_message"]
        nowhere = operator.ask("memory.correct", id="w2", fact=10**9, value="x")
        assert (nowhere["ok"], nowhere["error_message"]) == (False, f"fact: there is none with the id {10**9}")
        assert operator.ask("memory.stats", id="w3")["result"]["turns"] >= 0
        written = operator.ask("memory.backup", id="w4", name="mine.backup")
        assert Path(written["result"]["file"]).stat().st_size == written["result"]["bytes"]
        again = operator.ask("memory.backup", id="w5", name="mine.backup")
        assert (again["ok"], again["error_message"]) == (False, "name: there is a mine.backup already")


def test_a_robot_has_its_own_sent_and_forgotten_and_nobody_elses(daemon, broker, robot):
    with (
        Robot(broker, topics.memory("+"), topics.error("+"), client_id="listener") as listener,
        HeadlessRobot(broker, f"{robot.device_id[:30]}-x") as other,
    ):
        robot.say("my secret is cheese", user_id="ada")
        robot.say("what time is it", user_id="bob")
        other.say("my secret is ham", user_id="ada")
        robot.publish(topics.CAPABILITIES.format(device_id=robot.device_id), json.dumps({"max_payload_bytes": 300}))
        robot.control("export", request_id="e1")
        text = ""
        while True:
            heard = listener.hear()
            assert (heard.topic, len(heard.payload) <= 300) == (topics.memory(robot.device_id), True)
            part = json.loads(heard.payload)
            assert (part["command"], part["request_id"]) == ("export", "e1")
            text += part["text"]
            if part["last"]:
                break
        exported = [json.loads(line) for line in text.splitlines()]
        said = {each["words"] for each in exported if each["type"] == "turn"}
        assert said == {"my secret is cheese", "what time is it"}
        robot.control("forget", request_id="f1", user_id="ada")
        answer = json.loads(listener.hear().payload)
        assert (answer["command"], answer["request_id"], answer["erased"]["turns"]) == ("forget", "f1", 1)
        robot.control("forget", request_id="f2", about="!?")
        refusal = json.loads(listener.hear().payload)
        assert (refusal["error_code"], refusal["correlation_id"]) == ("invalid_field", "f2")
        (left,) = lines(memory(daemon, "list", "--robot", robot.device_id, "--json"))
        assert left["user_id"] == "bob"
        assert len(lines(memory(daemon, "list", "--robot", other.device_id, "--json"))) == 1
