"""Messages that nobody should send, made up by Hypothesis: for the parser, and over the wire."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ai_server.mqtt.options import BrokerOptions
from ai_server.protocol import topics
from ai_server.protocol.errors import ProtocolError
from ai_server.protocol.inbound import Inbound, Packet, parse
from tests.bad_payloads import bad_payloads
from tests.brokers import Robot
from tests.daemons import naila
from tests.faults.observer import Observer
from tests.robots import HeadlessRobot

_MAX_BYTES = 65_536
_FIELDS = (
    *("text", "transcription", "request_id", "task_id", "device_id", "user_id", "is_final", "confidence", "language"),
    *("emotion", "ttl_ms", "interrupt", "timestamp", "command", "wake_word", "event_type", "person_id", "object"),
    *("status", "uptime_seconds", "firmware_version", "percentage", "charging", "temperature_c", "distance_cm"),
    *("name", "max_payload_bytes", "actions", "description", "parameters", "properties", "type", "enum", "minimum"),
)
_VALID: tuple[tuple[str, dict[str, Any]], ...] = (
    (topics.TEXT, {"text": "hello", "request_id": "q1", "ttl_ms": 30_000, "interrupt": False}),
    (topics.STT, {"transcription": "hello", "confidence": 0.9, "language": "en", "emotion": "happy"}),
    (topics.TASK, {"text": "hello", "device_id": "hostile", "task_id": "t1"}),
    (topics.CONTROL, {"command": "cancel", "request_id": "q1"}),
    (topics.SENSOR, {"percentage": 50, "charging": True}),
    (topics.WAKE_WORD, {"wake_word": "hey naila", "confidence": 0.8}),
    (topics.VISION, {"event_type": "person", "confidence": 0.7, "person_id": "ann"}),
    (topics.HEARTBEAT, {"status": "online", "uptime_seconds": 5}),
    (topics.CAPABILITIES, {"actions": [{"name": "say", "parameters": {"properties": {"x": {"type": "boolean"}}}}]}),
)

_texts = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["", "\0", "a" * 4001, "<|eot_id|>", "../..", "+", "#", "$SYS", "{}", "\u202e\ufeff", "💥" * 500]),
)
_numbers = st.one_of(
    st.integers(),
    st.floats(),
    st.sampled_from([2**63, -(2**63) - 1, 10**400, 1e308, -0.0, 0, 1, -1]),
)
_values = st.recursive(
    st.one_of(st.none(), st.booleans(), _numbers, _texts),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.sampled_from(_FIELDS), _texts), inner, max_size=4),
    ),
    max_leaves=12,
)
_objects = st.dictionaries(st.one_of(st.sampled_from(_FIELDS), _texts), _values, max_size=8)
_nested = st.builds(
    lambda depth, opening: opening * depth,
    st.sampled_from([8, 9, 100, 30_000]),
    st.sampled_from([b"[", b'{"text":', b'{"a":[']),
)


@st.composite
def _near_valid(draw: st.DrawFn) -> tuple[str, bytes]:
    """A valid message with one thing wrong: a field changed, bytes overwritten, cut short, or said twice."""
    topic, message = draw(st.sampled_from(_VALID))
    if draw(st.booleans()):
        message = {**message, draw(st.sampled_from(_FIELDS)): draw(_values)}
    payload = _dumps(message)
    at = draw(st.integers(0, len(payload) - 1))
    match draw(st.sampled_from(["whole", "cut", "overwritten", "twice"])):
        case "cut":
            payload = payload[:at]
        case "overwritten":
            payload = payload[:at] + draw(st.binary(min_size=1, max_size=3)) + payload[at + 3 :]
        case "twice":
            payload *= 2
    return topic, payload


def _dumps(message: object) -> bytes:
    return json.dumps(message).encode("utf-8", "surrogatepass")


_topics = st.sampled_from([topic for topic, _ in _VALID])
_messages = st.one_of(
    _near_valid(),
    st.tuples(_topics, _objects.map(_dumps)),
    st.tuples(_topics, _values.map(_dumps)),
    st.tuples(_topics, st.binary(max_size=200)),
    st.tuples(_topics, _nested),
    st.sampled_from([(bad.topic, bad.payload) for bad in bad_payloads("{device_id}")]),
)
_sensors = st.sampled_from(["battery", "b" * 49, "", "9", "a-b", "💥"])


def packets(device_ids: st.SearchStrategy[str]) -> st.SearchStrategy[Packet]:
    """Messages on every topic that the brain subscribes to, hardly one of them valid."""
    return st.builds(
        lambda message, device_id, sensor, retain, correlation: Packet(
            message[0].replace("{device_id}", device_id).replace("{type}", sensor),
            message[1],
            retain=retain,
            correlation_data=correlation,
        ),
        _messages,
        device_ids,
        _sensors,
        st.booleans(),
        st.none() | st.binary(max_size=130),
    )


def parsed(count: int) -> int:
    """Parse so many hostile messages; each is taken, or refused by name. Returns how many were refused."""
    refused = 0
    device_ids = st.one_of(st.just("hostile"), st.text(max_size=70))

    def check(packet: Packet) -> None:
        nonlocal refused
        try:
            inbound = parse(packet, _MAX_BYTES)
        except ProtocolError as error:
            refused += 1
            error.message().model_dump_json()
            return
        assert inbound is None or isinstance(inbound, Inbound)

    _for_each(packets(device_ids), check, count)
    return refused


@dataclass(frozen=True)
class Assault:
    """How many hostile messages went over the wire, how long that took, and how many errors of them were told."""

    sent: int
    seconds: float
    errors: int


def over_the_wire(directory: Path, broker: BrokerOptions, *, count: int, **environment: str) -> Assault:
    """Publish hostile messages as one robot; the daemon tells each error once at most, and serves another robot."""
    sample: list[Packet] = []
    _for_each(packets(st.just("hostile")), sample.append, count)
    with (
        naila(directory, broker, **environment) as daemon,
        Observer(broker) as observer,
        Robot(broker, client_id="hostile") as hostile,
        HeadlessRobot(broker, "harmless") as harmless,
    ):
        began = time.monotonic()
        for packet in sample:
            hostile.publish(packet.topic, packet.payload)
        assert harmless.say("what time is it").reply, daemon.trouble()
        seconds = time.monotonic() - began
        observer.wait_for_metrics()
        assert daemon.stop() == 0
        lines = daemon.log.read_text().splitlines()
    told = [error for error in observer.errors["protocol"] if error.get("device_id") == "hostile"]
    assert len(told) <= len(sample)
    for line in lines:
        assert line.startswith("{"), f"not a line of the log: {line}"
        assert json.loads(line)["level"] not in {"error", "critical"}, line
    return Assault(len(sample), seconds, len(told))


def _for_each(strategy: st.SearchStrategy[Packet], work: Callable[[Packet], None], count: int) -> None:
    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def each(packet: Packet) -> None:
        work(packet)

    each()
