"""Who a robot is: by its capabilities, by its control, by default; over a restart, and while files are edited."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ai_server import resources
from ai_server.mqtt.options import BrokerOptions
from tests.brokers import Robot
from tests.daemons import RunningDaemon, naila
from tests.robots import HeadlessRobot


def write_persona(personas: Path, name: str, words: str) -> None:
    answers = f'[fallback.greeting]\nneutral = ["[happy] {words}"]\n'
    (personas / f"{name}.toml").write_text(f'name = "{name}"\ncharacter = "a robot"\n{answers}')


@pytest.fixture
def config(tmp_path: Path) -> Path:
    config = Path(shutil.copytree(resources.config_dir(), tmp_path / "config"))
    for name in ("naila", "anne", "bo"):
        write_persona(config / "personas", name, f"I am {name}.")
    return config


@pytest.fixture
def daemon(broker: BrokerOptions, tmp_path: Path, config: Path) -> Iterator[RunningDaemon]:
    with naila(tmp_path, broker, ready="degraded", LLM_MODEL_PATH="none", NAILA_CONFIG_DIR=str(config)) as running:
        yield running


def words(robot: HeadlessRobot) -> str:
    reply = robot.say("hello").reply
    assert reply is not None
    return str(reply["text"])


def until(robot: HeadlessRobot, expected: str) -> None:
    """Say hello until the answer is this one; the test's time limit ends it."""
    while words(robot) != expected:
        robot.listen(0.1)


def until_status(broker: BrokerOptions, holds: Callable[[str], bool]) -> None:
    with Robot(broker, "naila/ai/status", client_id="persona-watcher", protocol="3.1.1") as watcher:
        while not holds(json.loads(watcher.hear(30).payload)["reason"]):
            pass


def declare(robot: HeadlessRobot, persona: str) -> None:
    robot.publish(f"naila/devices/{robot.device_id}/capabilities", json.dumps({"persona": persona}))


def test_each_robot_is_who_it_declared_or_chose_to_be_also_after_a_restart(daemon, broker):
    with HeadlessRobot(broker, "p1") as one, HeadlessRobot(broker, "p2") as two:
        assert (words(one), words(two)) == ("I am naila.", "I am naila.")
        declare(one, "anne")
        until(one, "I am anne.")
        one.control("persona", persona="bo")
        until(one, "I am bo.")
        assert daemon.stop() == 0
        daemon.start()
        daemon.wait_for("degraded")
        until(one, "I am bo.")
        declare(one, "anne")
        one.control("persona", persona=None)
        until(one, "I am anne.")


def test_a_persona_that_is_not_there_is_refused_by_name(daemon, broker):
    with HeadlessRobot(broker, "p3") as robot:
        robot.control("persona", persona="nobody")
        robot.control("persona")
        while len(robot.turn("").errors) < 2:
            robot.listen(0.1)
        one, other = robot.turn("").errors
        assert one["error_code"] == other["error_code"] == "invalid_field"
        assert (
            one["error_message"] == "persona: there is no 'nobody'; those that there are: anne, bo, nabu, naila, ollie"
        )
        assert "null to take the choice back" in other["error_message"]
        assert words(robot) == "I am naila."


def test_a_file_that_is_edited_is_used_and_one_that_is_broken_is_told_of(daemon, broker, config):
    personas = config / "personas"
    with HeadlessRobot(broker, "p4") as robot:
        declare(robot, "anne")
        until(robot, "I am anne.")
        write_persona(personas, "anne", "I am Anne, the first of her name.")
        until(robot, "I am Anne, the first of her name.")
        (personas / "anne.toml").write_text("name = Anne")
        until_status(broker, lambda reason: f"{personas / 'anne.toml'}: is not TOML" in reason)
        assert words(robot) == "I am Anne, the first of her name."
        write_persona(personas, "anne", "I am mended.")
        until(robot, "I am mended.")
        until_status(broker, lambda reason: "anne.toml" not in reason)
        (personas / "anne.toml").unlink()
        until(robot, "I am naila.")
