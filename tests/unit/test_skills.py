from __future__ import annotations

from datetime import datetime

import pytest

from ai_server.brain.robots import Situation
from ai_server.brain.skills.simple import SKILLS, Question
from ai_server.brain.skills.skill import Answer

NOW = datetime(2026, 11, 1, 9, 7)  # noqa: DTZ001  a robot's local clock


def _ask(intent: str, situation: Situation | None = None, *, last: Answer | None = None, **slots: str) -> Answer:
    return SKILLS[intent](Question(NOW, situation or Situation(), slots, last))


def test_the_clock_is_read():
    assert _ask("time_query") == Answer("It is 09:07.")
    assert _ask("date_query") == Answer("Today is Sunday, 1 November 2026.")


def test_the_last_answer_is_said_again_with_its_feeling():
    assert _ask("repeat", last=Answer("Hooray!", "happy")) == Answer("Hooray!", "happy")
    assert "not said anything" in _ask("repeat").text


@pytest.mark.parametrize(
    ("sensor", "situation", "said"),
    [
        ("battery", Situation(battery_percent=72), "72 percent"),
        ("battery", Situation(battery_percent=5, charging=True), "and charging"),
        ("temperature", Situation(temperature_c=21.5), "21.5 degrees"),
        ("temperature", Situation(temperature_c=0), "0 degrees"),
        ("humidity", Situation(humidity_percent=40), "40 percent"),
        ("distance", Situation(distance_cm=30), "30 centimetres"),
        ("vision", Situation(sees="a cup"), "a cup"),
        ("touch", Situation(touched=True), "I feel a touch"),
    ],
)
def test_a_sensor_is_told(sensor, situation, said):
    assert said in _ask("sensor_query", situation, sensor=sensor).text


@pytest.mark.parametrize("sensor", ["battery", "temperature", "humidity", "distance", "vision", "touch", ""])
def test_a_silent_sensor_is_admitted(sensor):
    text = _ask("sensor_query", sensor=sensor).text
    assert any(word in text for word in ("no ", "not ", "nothing", "None"))


def test_a_low_battery_is_sad_unless_it_charges():
    assert _ask("sensor_query", Situation(battery_percent=10), sensor="battery").emotion == "sad"
    assert _ask("sensor_query", Situation(battery_percent=10, charging=True), sensor="battery").emotion == "neutral"


def test_without_a_named_sensor_all_that_is_known_is_told():
    text = _ask("sensor_query", Situation(battery_percent=50, temperature_c=20)).text
    assert "50 percent" in text
    assert "20 degrees" in text
    assert "humidity" not in text
