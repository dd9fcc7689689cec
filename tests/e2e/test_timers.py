"""Timers of a running daemon: set by word of mouth, told over the broker, and told after a kill as well."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import Any

from tests.brokers import TIMEOUT_S, mosquitto
from tests.daemons import RunningDaemon, naila
from tests.robots import HeadlessRobot, Turn


def first_words(robot: HeadlessRobot, intent: str, count: int = 1) -> list[dict[str, Any]]:
    """Listen until the robot has spoken first so often; return what it said."""
    return [turn.reply for turn in _heard(robot, lambda turn: _is(turn, intent), count) if turn.reply]


def _is(turn: Turn, intent: str) -> bool:
    return turn.ended() and turn.reply is not None and turn.reply["intent"] == intent


def _heard(robot: HeadlessRobot, wanted: Callable[[Turn], bool], count: int) -> list[Turn]:
    give_up = time.monotonic() + TIMEOUT_S
    while len(found := [turn for turn in robot.heard.values() if wanted(turn)]) < count:
        assert time.monotonic() < give_up, f"only {len(found)} of {count} came: {robot.heard}"
        robot.listen(0.1)
    return found


def said(turn: Turn) -> str:
    assert turn.reply is not None
    return str(turn.reply["text"])


def told(robot: HeadlessRobot) -> str:
    """What the robot said of timers of its own accord."""
    return " ".join(said(turn) for turn in robot.heard.values() if _is(turn, "timer_due"))


def test_a_timer_is_told_when_its_time_is_up(daemon: RunningDaemon, robot: HeadlessRobot):
    assert said(robot.say("set a timer for one second called tea")) == "Timer Tea, 1 second, starting now."
    (reply,) = first_words(robot, "timer_due")
    assert (reply["text"], reply["source"]) == ("Your timer Tea is up.", "skill")
    assert robot.turn(reply["request_id"]).types() == ["started", "emotion", "delta", "sentence", "finished"]


def test_several_run_and_one_is_cancelled(daemon: RunningDaemon, robot: HeadlessRobot):
    robot.say("set a timer for 20 minutes called pasta")
    robot.say("set a timer for one hour called bread")
    assert "2 timers" in said(robot.say("how much time is left on my timers"))
    assert said(robot.say("cancel the pasta timer")) == "Timer Pasta is cancelled."
    assert "Bread" in said(robot.say("how much time is left on my timers"))


def test_what_fell_due_while_the_daemon_was_killed_is_told_once_at_the_start(tmp_path):
    with mosquitto(tmp_path) as broker, HeadlessRobot(broker.options, "killed") as robot:
        with naila(tmp_path, broker.options, LLM_MODEL_PATH="none") as daemon:
            robot.say("set a timer for three seconds called tea")
            robot.say("set a timer for 8 seconds called soup")
            assert daemon.stop(signal.SIGKILL) == -signal.SIGKILL
            time.sleep(3.1)
        with naila(tmp_path, broker.options, LLM_MODEL_PATH="none"):
            give_up = time.monotonic() + TIMEOUT_S
            while "Soup" not in told(robot):  # with Tea, where the start took so long that both were due
                assert time.monotonic() < give_up, f"only this came: {told(robot)}"
                robot.listen(0.1)
            robot.listen(1.0)
        assert [told(robot).count(name) for name in ("Tea", "Soup")] == [1, 1]


def test_what_a_sensor_tells_is_spoken_of_once(daemon: RunningDaemon, robot: HeadlessRobot):
    for temperature_c in (20, 50, 51, 52):
        robot.sense("environment", temperature_c=temperature_c)
    (reply,) = first_words(robot, "rule_too_hot")
    assert reply["text"] == "It is 50 degrees here, and that is too hot for me."
    robot.listen(0.5)
    assert len(first_words(robot, "rule_too_hot")) == 1
