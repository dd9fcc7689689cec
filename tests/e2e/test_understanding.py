"""Who answers what, and why."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from ai_server.mqtt.options import BrokerOptions
from tests.daemons import RunningDaemon, naila
from tests.faults.speech import BODY
from tests.robots import HeadlessRobot, Turn


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory, broker: BrokerOptions) -> Iterator[RunningDaemon]:
    with naila(tmp_path_factory.mktemp("naila"), broker, LLM_TEMPERATURE="0") as running:
        yield running


def why(daemon: RunningDaemon, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ai_server", "why", *arguments],
        cwd=daemon.directory,
        env=daemon.environment,
        capture_output=True,
        text=True,
        check=False,
    )


def trace(daemon: RunningDaemon, turn: Turn) -> dict[str, Any]:
    assert turn.reply is not None
    told = json.loads(why(daemon, turn.reply["request_id"], "--device", turn.reply["device_id"], "--json").stdout)
    return dict(told["trace"])


def declare(robot: HeadlessRobot, body: object) -> None:
    robot.publish(f"naila/devices/{robot.device_id}/capabilities", json.dumps(body), retain=True)


def test_why_tells_of_the_last_turn_in_plain_words(daemon: RunningDaemon, broker: BrokerOptions):
    with HeadlessRobot(broker, "asked") as robot:
        robot.say("what time is it")
        told = why(daemon, "--device", "asked").stdout
        assert "time_query, probability 1" in told
        assert "skill: a skill answers time_query" in told
        robot.say("tell me about the moon", request_id="moon")
        told = why(daemon, "moon").stdout
        assert "model: it is conversation" in told
        assert "1 earlier turns" in told
        assert "tokens" in told


def test_why_says_where_it_looked_for_a_turn_that_is_not_there(daemon: RunningDaemon):
    told = why(daemon, "nonesuch")
    assert told.returncode == 1
    assert "no turn of request nonesuch" in told.stderr


def test_which_of_several_timers_is_meant_is_asked_and_understood(daemon: RunningDaemon, broker: BrokerOptions):
    with HeadlessRobot(broker, "timed") as robot:
        for name in ("tea", "pasta"):
            robot.say(f"set a timer for ten minutes called {name}")
        asked = robot.say("cancel the timer")
        assert asked.reply is not None
        assert asked.reply["text"] == "Which one: timer Tea and timer Pasta?"
        chosen = robot.say("the second one")
        assert chosen.reply is not None
        assert chosen.reply["text"] == "Timer Pasta is cancelled."
        assert trace(daemon, chosen)["rule"] == "context"


def test_the_name_that_people_give_a_robot_is_no_part_of_what_they_say(daemon: RunningDaemon, broker: BrokerOptions):
    with HeadlessRobot(broker, "renamed") as robot:
        robot.say("your name is Big Bob")
        turn = robot.say("Big Bob, what time is it?")
        assert trace(daemon, turn)["rule"] != "classifier"
        assert turn.reply is not None
        assert turn.reply["intent"] == "time_query"


def test_a_command_that_says_a_whole_action_goes_straight_to_the_body(daemon: RunningDaemon, broker: BrokerOptions):
    with HeadlessRobot(broker, "commanded") as robot:
        declare(robot, BODY)
        turn = robot.say("please move 70 centimetres backward")
        assert turn.reply is not None
        assert turn.reply["source"] == "skill"
        assert turn.reply["usage"]["completion_tokens"] == 0
        assert turn.actions[0]["arguments"] == {"direction": "backward", "distance_cm": 70}
        assert trace(daemon, turn)["route"] == "action"


def test_a_command_that_needs_a_yes_is_asked_about_first(daemon: RunningDaemon, broker: BrokerOptions):
    with HeadlessRobot(broker, "careful") as robot:
        declare(robot, {"actions": [{**action, "confirm": True} for action in BODY["actions"]]})
        asked = robot.say("move forward 20 centimetres")
        assert asked.reply is not None
        assert asked.reply["text"] == "Shall I move, direction forward, distance 20 centimetres?"
        assert asked.actions == []
        assert robot.say("yes").actions[0]["arguments"] == {"direction": "forward", "distance_cm": 20}


def test_what_was_heard_badly_is_asked_again_in_other_words_twice_and_then_answered(
    daemon: RunningDaemon, broker: BrokerOptions
):
    with HeadlessRobot(broker, "deaf") as robot:
        turns = [robot.say("tell me of the boon", confidence=0.2) for _ in range(3)]
        texts = [turn.reply["text"] for turn in turns if turn.reply]
        assert [trace(daemon, turn)["route"] for turn in turns] == ["ask_again", "ask_again", "model"]
        assert texts[0] != texts[1]
        well = robot.say("tell me of the moon", confidence=0.9)
        assert trace(daemon, well)["route"] == "model"
        badly = robot.say("and of the sun", confidence=0.2)
        assert trace(daemon, badly)["route"] == "ask_again", "it counts in a row"


def test_a_known_phrase_that_was_heard_badly_is_answered(daemon: RunningDaemon, broker: BrokerOptions):
    with HeadlessRobot(broker, "sure") as robot:
        assert trace(daemon, robot.say("what time is it", confidence=0.2))["route"] == "skill"
