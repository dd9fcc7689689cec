from __future__ import annotations

from datetime import datetime

import pytest

from ai_server.brain.robots import Robots, TooManyRobotsError, TooManySensorsError
from ai_server.protocol.device import ActionDeclaration, Capabilities, Heartbeat, SensorReading, VisionEvent

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
    return Robots(max_robots=3, max_sensors=4, clock=clock)


def test_of_an_unknown_robot_only_the_time_is_true(robots):
    assert robots.situation("r1").facts(SATURDAY) == "Saturday 14:05"
    assert len(robots) == 0


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


def recognised(person_id: str | None, confidence: float | None = None) -> VisionEvent:
    return VisionEvent(event_type="person_recognized", person_id=person_id, confidence=confidence)


def test_who_speaks_is_whom_the_camera_recognised_a_minute_ago_at_most(robots, clock):
    assert robots.person("r1") is None
    robots.see("r1", recognised("ada", 0.9))
    robots.see("r1", VisionEvent(event_type="object_detected", object="a cup"))
    assert robots.person("r1") == "ada"
    clock.now += 61
    assert robots.person("r1") is None


@pytest.mark.parametrize(
    "event",
    [
        recognised("bob", 0.5),
        recognised(None),
        VisionEvent(event_type="face_detected"),
        VisionEvent(event_type="person_left", person_id="ada"),
    ],
)
def test_nobody_speaks_where_the_camera_is_unsure_or_the_person_gone(robots, event):
    robots.see("r1", recognised("ada"))
    robots.see("r1", event)
    assert robots.person("r1") is None


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


def test_a_robot_too_many_waits_until_the_longest_silent_one_makes_room(robots, clock):
    for device_id in ("r1", "r2", "r3"):
        clock.now += 1
        robots.hear(device_id)
    robots.declare("r1", Capabilities(actions=[ActionDeclaration(name="wave")]))
    robots.hear("r1")
    clock.now += 100
    with pytest.raises(TooManyRobotsError, match="3 robots are known") as full:
        robots.hear("r4")
    assert full.value.retry_after_s == 499
    clock.now += 499
    robots.hear("r4")
    assert len(robots) == 3
    assert robots.robot("r1").body.actions
    with pytest.raises(TooManyRobotsError):
        robots.hear("r2")


def test_a_robot_that_went_offline_makes_room_at_once(robots):
    for device_id in ("r1", "r2", "r3"):
        robots.hear(device_id)
    robots.beat("r2", Heartbeat(status="offline"))
    robots.hear("r4")
    with pytest.raises(TooManyRobotsError):
        robots.hear("r2")


def test_a_robot_that_is_back_online_keeps_its_place(robots):
    for device_id in ("r1", "r2", "r3"):
        robots.hear(device_id)
    robots.beat("r2", Heartbeat(status="offline"))
    robots.hear("r2")
    with pytest.raises(TooManyRobotsError):
        robots.hear("r4")


def test_what_was_retained_tells_of_a_robot_and_not_that_it_is_there(robots):
    robots.hear("r1", retained=True)
    robots.hear("r2")
    robots.hear("r2", retained=True)
    robots.hear("r3")
    robots.hear("r4")
    with pytest.raises(TooManyRobotsError):
        robots.hear("r5")
    assert len(robots) == 3


def test_a_sensor_too_many_waits_until_the_longest_silent_one_makes_room(robots, clock):
    for sensor in ("a", "b", "c", "d"):
        clock.now += 1
        robots.read_sensor("r1", sensor, SensorReading(percentage=50))
    robots.read_sensor("r1", "a", SensorReading(percentage=60))
    with pytest.raises(TooManySensorsError, match="4 sensor types"):
        robots.read_sensor("r1", "e", SensorReading(percentage=70))
    clock.now += 600
    robots.read_sensor("r1", "e", SensorReading(percentage=70))
    assert robots.robot("r1").readings.keys() == {"a", "c", "d", "e"}


def test_a_body_that_is_declared_again_is_nothing_new(robots):
    body = Capabilities(actions=[ActionDeclaration(name="wave")])
    assert robots.declare("r1", body)
    assert not robots.declare("r1", body.model_copy(deep=True))
    assert robots.declare("r1", Capabilities())


def test_a_body_is_derived_once_for_each_declaration(robots):
    body = Capabilities(actions=[ActionDeclaration(name="wave")])
    robots.declare("r1", body)
    derived = robots.robot("r1").body
    assert derived.actions == tuple(body.actions)
    robots.declare("r1", body.model_copy(deep=True))
    assert robots.robot("r1").body is derived
    robots.declare("r1", Capabilities())
    assert robots.robot("r1").body.actions == ()


def test_a_robot_that_declared_nothing_has_an_empty_body(robots):
    assert robots.robot("r1").body.actions == ()


def test_what_was_declared_before_the_start_is_known_again_and_the_robots_make_room_first(robots):
    wave = Capabilities(actions=[ActionDeclaration(name="wave")])
    robots.restore([("r1", wave), ("r2", wave), ("r3", Capabilities(name="Three")), ("r4", wave)])
    assert robots.robot("r1").body.actions == tuple(wave.actions)
    assert robots.robot("r3").capabilities.name == "Three"
    assert len(robots) == 3
    for device_id in ("r5", "r6", "r7"):
        robots.hear(device_id)
    assert [robot.device_id for robot in robots.last_heard(9)] == ["r7", "r6", "r5"]


def test_what_the_broker_retained_says_again_what_was_declared_before_the_start(robots):
    wave = Capabilities(actions=[ActionDeclaration(name="wave")])
    robots.restore([("r1", wave)])
    assert not robots.declare("r1", wave.model_copy(deep=True))


def test_the_robots_that_were_heard_last_come_first(robots):
    for device_id in ("r1", "r2", "r3", "r1"):
        robots.hear(device_id)
    assert [robot.device_id for robot in robots.last_heard(2)] == ["r1", "r3"]
    assert [robot.device_id for robot in robots.last_heard(9)] == ["r1", "r3", "r2"]
