"""What a robot's body is told, with whose yes, and what comes of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ai_server.mqtt.options import BrokerOptions
from tests.brokers import TIMEOUT_S
from tests.daemons import RunningDaemon, naila
from tests.faults.speech import BODY, DRIVE
from tests.robots import HeadlessRobot, Turn

CAUTIOUS = {"actions": [{**action, "confirm": True} for action in BODY["actions"]]}
QUESTION = "Shall I move, direction forward, distance 50 centimetres?"


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory, broker: BrokerOptions) -> Iterator[RunningDaemon]:
    with naila(tmp_path_factory.mktemp("naila"), broker, LLM_TEMPERATURE="0", NAILA_HISTORY_TOKENS="0") as running:
        yield running


def listen_until(robot: HeadlessRobot, condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < give_up
        robot.listen(0.05)


def ask(robot: HeadlessRobot) -> Turn:
    """Say what the robot asks back before it does it."""
    asked = robot.say(DRIVE)
    assert asked.reply is not None
    assert asked.reply["text"].endswith(QUESTION)
    assert asked.reply["actions"] == []
    return asked


def moved(robot: HeadlessRobot) -> list[dict[str, Any]]:
    return [action for turn in robot.heard.values() for action in turn.actions]


@pytest.mark.parametrize("interrupted", [False, True], ids=["said at once", "said after the wake word"])
def test_a_yes_moves_the_body_once(daemon: RunningDaemon, broker: BrokerOptions, interrupted: bool):
    with HeadlessRobot(broker, f"willing-{interrupted}") as robot:
        robot.publish(f"naila/devices/{robot.device_id}/capabilities", json.dumps(CAUTIOUS), retain=True)
        ask(robot)
        if interrupted:
            robot.publish(f"naila/devices/{robot.device_id}/audio/wake_word", '{"wake_word": "naila"}')
        yes = robot.say("yes please", interrupt=interrupted)
        listen_until(robot, lambda: bool(yes.actions))
        assert yes.reply is not None
        assert (yes.reply["text"], yes.reply["intent"], yes.reply["source"]) == ("Okay.", "affirm", "skill")
        assert yes.actions == yes.reply["actions"]
        assert yes.actions[0]["arguments"] == {"direction": "forward", "distance_cm": 50}
        assert robot.say("yes").actions == []
        robot.listen(0.5)
        assert len(moved(robot)) == 1


@pytest.mark.parametrize("words", ["no", "what time is it", "stop", "", "reset"])
def test_what_is_no_yes_keeps_the_body_still(daemon: RunningDaemon, broker: BrokerOptions, words: str):
    with HeadlessRobot(broker, f"wary-{words.replace(' ', '-')}") as robot:
        robot.publish(f"naila/devices/{robot.device_id}/capabilities", json.dumps(CAUTIOUS), retain=True)
        ask(robot)
        if words in {"", "reset"}:
            robot.control(words or "cancel")
        else:
            assert robot.say(words).actions == []
        assert robot.say("yes").actions == []
        robot.listen(0.5)
        assert moved(robot) == []


def test_a_yes_that_waited_behind_the_request_is_no_answer_to_the_question(
    daemon: RunningDaemon, broker: BrokerOptions
):
    with HeadlessRobot(broker, "hasty") as robot:
        robot.publish("naila/devices/hasty/capabilities", json.dumps(CAUTIOUS), retain=True)
        robot.say("hello")
        for number, words in enumerate((DRIVE, "yes")):
            robot.publish_soon("naila/devices/hasty/text", json.dumps({"text": words, "request_id": f"h{number}"}))
        robot.wait("h0")
        robot.wait("h1")
        robot.listen(0.5)
        assert moved(robot) == []


def test_a_failure_is_told_once_and_counted(daemon: RunningDaemon, broker: BrokerOptions):
    with HeadlessRobot(broker, "clumsy") as robot:
        robot.publish("naila/devices/clumsy/capabilities", json.dumps(BODY), retain=True)
        turn = robot.say(DRIVE)
        listen_until(robot, lambda: bool(turn.actions))
        (action,) = turn.actions
        assert action["expires_at"] > turn.reply["timestamp"]
        result = {"command_id": action["command_id"], "status": "failed", "detail": "wall after 30 cm"}
        for _ in range(2):
            robot.publish("naila/devices/clumsy/status/action", json.dumps(result))
        told = robot.turn(f"failed-{action['command_id']}")
        listen_until(robot, lambda: told.reply is not None)
        assert told.reply["text"] == "I could not move: wall after 30 cm."
        repeated = robot.say("what did you say?").reply
        assert repeated["text"] == told.reply["text"]
