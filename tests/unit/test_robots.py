from __future__ import annotations

from datetime import datetime

import pytest

from ai_server.brain.robots import Robots
from ai_server.protocol.device import ActionDeclaration, Capabilities, SensorReading, VisionEvent

SATURDAY = datetime(2026, 11, 21, 14, 5)  # noqa: DTZ001  a robot's local clock


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def robots(clock: Clock) -> Robots:
    return Robots(clock)


def test_of_an_unknown_robot_only_the_time_is_true(robots):
    assert robots.situation("r1").facts(SATURDAY) == "Saturday 14:05"
    assert len(robots) == 1


def test_all_that_is_known_stands_in_one_line(robots):
    robots.read_sensor("r1", "battery", SensorReading(percentage=72, charging=True))
    robots.read_sensor("r1", "environment", SensorReading(temperature_c=21.5, humidity_percent=40))
    robots.read_sensor("r1", "proximity", SensorReading(distance_cm=30))
    robots.read_sensor("r1", "touch", SensorReading(touched=True))
    robots.see("r1", VisionEvent(event_type="object_detected", object="a cup"))
    assert robots.situation("r1", "sad").facts(SATURDAY) == (
        "Saturday 14:05; battery 72% charging; temperature 21.5 C; humidity 40%; distance 30 cm; touched; sees a cup; "
        "person feels sad"
    )


def test_the_latest_reading_counts(robots, clock):
    robots.read_sensor("r1", "battery", SensorReading(percentage=80))
    clock.now += 1
    robots.read_sensor("r1", "battery", SensorReading(percentage=79))
    assert robots.situation("r1").battery_percent == 79


def test_of_two_sensors_for_one_thing_the_newer_counts(robots, clock):
    robots.read_sensor("r1", "z_outside", SensorReading(temperature_c=5))
    clock.now += 1
    robots.read_sensor("r1", "a_inside", SensorReading(temperature_c=20))
    assert robots.situation("r1").temperature_c == 20


def test_a_silent_sensor_is_not_spoken_of(robots, clock):
    robots.read_sensor("r1", "battery", SensorReading(percentage=80))
    robots.see("r1", VisionEvent(event_type="person_recognized", person_id="Ada", emotion="happy"))
    clock.now += 61
    assert robots.situation("r1").sees is None
    assert robots.situation("r1").battery_percent == 80
    clock.now += 600
    assert robots.situation("r1").battery_percent is None


def test_a_feeling_in_the_voice_wins_over_the_face(robots):
    robots.see("r1", VisionEvent(event_type="person_recognized", person_id="Ada", emotion="happy"))
    assert robots.situation("r1").person_emotion == "happy"
    assert robots.situation("r1", "angry").person_emotion == "angry"


def test_a_cleared_sensor_is_forgotten(robots):
    robots.read_sensor("r1", "battery", SensorReading(percentage=80))
    robots.read_sensor("r1", "battery", SensorReading())
    assert robots.situation("r1").battery_percent is None


def test_a_person_is_seen_coming_and_not_going(robots):
    robots.see("r1", VisionEvent(event_type="person_detected"))
    assert robots.situation("r1").sees == "a person"
    robots.see("r1", VisionEvent(event_type="person_left"))
    assert robots.situation("r1").sees is None


def test_actions_that_need_a_yes_are_not_offered(robots):
    wave, cut = ActionDeclaration(name="wave"), ActionDeclaration(name="cut", confirm=True)
    robots.declare("r1", Capabilities(actions=[wave, cut]))
    assert robots.robot("r1").actions == (wave,)
