from __future__ import annotations

import json
import tracemalloc

import pytest

from ai_server.brain.robots import Robots
from ai_server.dialogue.limits import Limits
from ai_server.protocol.errors import ErrorCode, ProtocolError
from ai_server.protocol.inbound import Inbound, Packet, parse
from tests.bad_payloads import bad_payloads

SLOW = 0.2
"""Messages a second: slow enough that no token comes back while a test runs."""


def _limits(
    *, max_robots: int = 4, max_sensors: int = 3, rate: float = SLOW, sensor_rate: float = 10_000
) -> tuple[Limits, Robots]:
    robots = Robots(max_robots=max_robots, max_sensors=max_sensors)
    limits = Limits(robots=robots, max_robots=max_robots, rate_per_device=rate, sensor_rate_per_device=sensor_rate)
    return limits, robots


def _inbound(topic: str, payload: bytes = b"hi", *, retain: bool = False) -> Inbound:
    inbound = parse(Packet(topic, payload, retain=retain), 65_536)
    assert inbound is not None
    return inbound


def _said(device_id: str, request_id: str = "q1") -> Inbound:
    return _inbound(f"naila/devices/{device_id}/text", json.dumps({"text": "hi", "request_id": request_id}).encode())


def _read(device_id: str, sensor: str) -> Inbound:
    return _inbound(f"naila/devices/{device_id}/sensors/{sensor}", b'{"percentage": 5}')


def _refusal(limits: Limits, inbound: Inbound) -> ProtocolError:
    with pytest.raises(ProtocolError) as caught:
        limits.admit(inbound)
    return caught.value


def test_a_robot_over_its_rate_is_told_when_to_send_the_same_again():
    limits, _ = _limits(rate=0.5)
    limits.admit(_said("r1"))
    limits.admit(_said("r1"))
    refusal = _refusal(limits, _said("r1", "q3"))
    assert refusal.code == ErrorCode.RATE_LIMITED
    assert "0.5 messages a second" in str(refusal)
    told = refusal.message()
    assert (told.device_id, told.correlation_id) == ("r1", "q3")
    assert told.retry_after_seconds is not None
    assert 0 < told.retry_after_seconds <= 2


def test_one_robots_flood_leaves_the_others_their_rate():
    limits, _ = _limits()
    limits.admit(_said("r1"))
    assert _refusal(limits, _said("r1")).code == ErrorCode.RATE_LIMITED
    limits.admit(_said("r2"))


def test_five_seconds_worth_may_come_at_once():
    limits, _ = _limits(rate=10, sensor_rate=0.2)
    for _ in range(50):
        limits.admit(_said("r1"))


def test_partial_transcripts_have_a_rate_of_their_own_and_take_nothing_from_complete_words():
    limits, _ = _limits(rate=0.4)
    partial = _inbound("naila/devices/r1/text", b'{"text": "hi", "is_final": false}')
    limits.admit(partial)
    limits.admit(partial)
    refusal = _refusal(limits, partial)
    assert refusal.code == ErrorCode.RATE_LIMITED
    assert "0.4 partial transcripts a second" in str(refusal)
    limits.admit(_said("r1"))
    limits.admit(_said("r1"))


def test_readings_have_a_rate_of_their_own():
    limits, _ = _limits(rate=SLOW, sensor_rate=0.4)
    limits.admit(_read("r1", "battery"))
    limits.admit(_read("r1", "battery"))
    refusal = _refusal(limits, _read("r1", "battery"))
    assert (refusal.code, refusal.device_id) == (ErrorCode.RATE_LIMITED, "r1")
    assert "readings" in str(refusal)
    limits.admit(_said("r1"))


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("naila/devices/{}/control", b'{"command": "cancel"}'),
        ("naila/devices/{}/control", b'{"command": "cancel", "request_id": "q1"}'),
        ("naila/devices/{}/audio/wake_word", b'{"wake_word": "hey naila"}'),
    ],
)
def test_what_stops_a_robot_is_always_taken_and_takes_no_room(topic, payload):
    limits, robots = _limits(max_robots=1)
    limits.admit(_said("r1"))
    assert _refusal(limits, _said("r1")).code == ErrorCode.RATE_LIMITED
    for device_id in ("r1", "r2"):
        for _ in range(1000):
            limits.admit(_inbound(topic.format(device_id), payload))
    assert len(robots) == 1


@pytest.mark.parametrize("command", [b'{"command": "repeat"}', b'{"command": "reset"}'])
def test_other_controls_count(command):
    limits, _ = _limits()
    limits.admit(_inbound("naila/devices/r1/control", command))
    assert _refusal(limits, _inbound("naila/devices/r1/control", command)).code == ErrorCode.RATE_LIMITED


def test_one_robot_too_many_is_refused_by_name_and_the_known_ones_go_on():
    limits, robots = _limits(max_robots=2, rate=10)
    limits.admit(_said("r1"))
    limits.admit(_read("r2", "battery"))
    refusal = _refusal(limits, _said("r3"))
    assert (refusal.code, refusal.device_id, refusal.correlation_id) == (ErrorCode.TOO_MANY_ROBOTS, "r3", "q1")
    assert refusal.retry_after_seconds == pytest.approx(600, abs=60)
    limits.admit(_said("r1"))
    assert len(robots) == 2


def test_robots_that_only_the_broker_remembers_make_room_for_those_that_are_there():
    limits, robots = _limits(max_robots=2)
    for ghost in ("g1", "g2"):
        limits.admit(_inbound(f"naila/devices/{ghost}/capabilities", b"{}", retain=True))
    retained = _inbound("naila/devices/g3/capabilities", b"{}", retain=True)
    assert _refusal(limits, retained).code == ErrorCode.TOO_MANY_ROBOTS
    limits.admit(_said("r1"))
    limits.admit(_said("r2"))
    assert _refusal(limits, _said("r3")).code == ErrorCode.TOO_MANY_ROBOTS
    assert len(robots) == 2


def test_one_sensor_type_too_many_is_refused_by_name_and_the_known_ones_go_on():
    limits, robots = _limits(max_sensors=2)
    for sensor in ("battery", "touch"):
        limits.admit(_read("r1", sensor))
        robots.read_sensor("r1", sensor, _read("r1", sensor).message)
    refusal = _refusal(limits, _read("r1", "battery_72"))
    assert (refusal.code, refusal.device_id) == (ErrorCode.TOO_MANY_SENSORS, "r1")
    limits.admit(_read("r1", "touch"))
    limits.admit(_read("r2", "proximity"))


def test_every_kind_of_mistake_of_one_robot_may_be_told():
    limits, _ = _limits()
    assert all(limits.may_report("r1") for _ in bad_payloads("r1"))


def test_a_flood_of_mistakes_is_no_flood_of_errors():
    limits, _ = _limits()
    assert 100 <= sum(limits.may_report("r1") for _ in range(5000)) < 1000
    assert limits.may_report("r2")
    assert limits.may_report(None)


def test_a_flood_of_mistakes_of_all_robots_is_no_flood_of_errors():
    limits, _ = _limits()
    assert 2000 <= sum(limits.may_report(f"r{number}") for number in range(50_000)) < 10_000


def test_robots_that_come_and_go_for_ever_take_no_more_memory():
    limits, robots = _limits(max_robots=50)
    messages = [_said(f"r{number}") for number in range(5000)]

    def flood() -> None:
        for message in messages:
            limits.may_report(message.device_id)
            try:
                limits.admit(message)
            except ProtocolError as error:
                assert error.code in {ErrorCode.TOO_MANY_ROBOTS, ErrorCode.RATE_LIMITED}

    flood()
    tracemalloc.start()
    flood()
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(robots) == 50
    assert grown < 100_000
