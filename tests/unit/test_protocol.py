from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ai_server.protocol import topics
from ai_server.protocol.device import Capabilities, Control, Heartbeat, SensorReading, VisionEvent, WakeWord
from ai_server.protocol.errors import ErrorCode, ProtocolError
from ai_server.protocol.inbound import Inbound, Packet, parse
from ai_server.protocol.utterance import Utterance
from tests.bad_payloads import Bad, bad_payloads

LIMIT = 65_536


def _utterance(topic: str, payload: bytes, **properties) -> Utterance:
    inbound = parse(Packet(topic, payload, **properties), LIMIT)
    assert inbound is not None
    assert isinstance(inbound.message, Utterance)
    return inbound.message


@pytest.mark.parametrize("bad", bad_payloads("r1"), ids=lambda bad: bad.what)
def test_a_bad_payload_is_refused_by_name(bad: Bad):
    with pytest.raises(ProtocolError) as caught:
        parse(Packet(bad.topic, bad.payload), LIMIT)
    assert caught.value.code == bad.code
    assert bad.names in str(caught.value)


def test_a_refusal_names_the_robot_and_its_request():
    with pytest.raises(ProtocolError) as caught:
        parse(Packet("naila/devices/r1/text", b'{"request_id": "q1", "text": 5}'), LIMIT)
    message = caught.value.message()
    assert (message.error, message.device_id, message.correlation_id) == (True, "r1", "q1")


def test_plain_text_is_an_utterance():
    utterance = _utterance("naila/devices/r1/text", b"  wie gehts? ")
    assert (utterance.device_id, utterance.text) == ("r1", "wie gehts?")
    assert len(utterance.request_id) == 32


def test_a_transcript_keeps_every_field():
    payload = {"transcription": "hi", "request_id": "q", "is_final": False, "confidence": 1, "language": "pt-BR",
               "emotion": "sad", "user_id": "u", "ttl_ms": 5, "interrupt": True, "timestamp": "2026-01-02T03:04:05Z",
               "something_new": [1]}  # fmt: skip
    utterance = _utterance("naila/ai/processing/stt/r1", json.dumps(payload).encode())
    assert utterance == Utterance(
        device_id="r1", request_id="q", text="hi", is_final=False, confidence=1, language="pt-BR", emotion="sad",
        user_id="u", ttl_ms=5, interrupt=True,
    )  # fmt: skip


def test_a_task_is_answered_under_its_task_id():
    utterance = _utterance(topics.TASK, b'{"device_id": "r7", "task_id": "t1", "text": "hi"}')
    assert (utterance.device_id, utterance.request_id) == ("r7", "t1")


@pytest.mark.parametrize(
    ("data", "request_id"), [(b"abc-1", "abc-1"), (b"\x00\xff", "00ff"), (b"a" * 200, (b"a" * 64).hex())]
)
def test_correlation_data_becomes_the_request_id_where_there_is_none(data, request_id):
    assert _utterance("naila/devices/r1/text", b"hi", correlation_data=data).request_id == request_id
    named = _utterance("naila/devices/r1/text", b'{"text": "hi", "request_id": "mine"}', correlation_data=data)
    assert (named.request_id, named.correlation_data) == ("mine", data)


@pytest.mark.parametrize(
    ("asked", "honoured"),
    [("naila/devices/r1/inbox", True), ("naila/devices/r2/inbox", False), ("naila/ai/status", False),
     ("naila/devices/r1/#", False), ("naila/devices/r10/inbox", False)],
)  # fmt: skip
def test_a_response_topic_is_honoured_only_under_the_robots_own_id(asked, honoured):
    utterance = _utterance("naila/devices/r1/text", b"hi", response_topic=asked)
    assert utterance.response_topic == (asked if honoured else None)


def test_a_sensor_may_send_fields_of_its_own_and_they_take_no_room():
    inbound = parse(Packet("naila/devices/r1/sensors/battery", b'{"percentage": 72, "cell": {"volts": [3.9]}}'), LIMIT)
    assert inbound == Inbound("r1", SensorReading(percentage=72), "battery")


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("naila/devices/" + "r" * 60_000 + "/text", b"hi"),
        ("naila/devices/r1/sensors/" + "s" * 60_000, b"{}"),
        ("naila/devices/r1/sensors/battery", b'{"' + b"k" * 60_000 + b'": 1e999}'),
        ("naila/devices/r1/capabilities", b'{"actions": [{"name": "a", "parameters": {"properties": {"'
         + b"p" * 60_000 + b'": 5}}}]}'),
        ("naila/devices/r1/text", b'{"text": "hi", "request_id": "' + b"q" * 60_000 + b'"}'),
    ],
)  # fmt: skip
def test_however_long_what_is_wrong_the_error_is_short(topic, payload):
    with pytest.raises(ProtocolError) as caught:
        parse(Packet(topic, payload), LIMIT)
    assert len(caught.value.message().model_dump_json()) < 1000


@pytest.mark.parametrize(
    ("topic", "payload", "kind"),
    [
        ("naila/devices/r1/control", b'{"command": "cancel"}', Control),
        ("naila/devices/r1/status/heartbeat", b'{"status": "online", "wifi": -60}', Heartbeat),
        ("naila/devices/r1/audio/wake_word", b'{"wake_word": "hey naila", "confidence": 0.8}', WakeWord),
        ("naila/devices/r1/vision/event", b'{"event_type": "person_detected"}', VisionEvent),
        ("naila/devices/r1/capabilities", b'{"actions": [{"name": "wave"}]}', Capabilities),
    ],
)
def test_each_topic_has_its_message(topic, payload, kind):
    inbound = parse(Packet(topic, payload), LIMIT)
    assert inbound is not None
    assert isinstance(inbound.message, kind)


def test_a_control_ignores_what_it_does_not_know_unless_it_would_forget_the_more_for_it():
    inbound = parse(Packet("naila/devices/r1/control", b'{"command": "cancel", "abuot": "Tom"}'), LIMIT)
    assert inbound is not None
    assert isinstance(inbound.message, Control)
    with pytest.raises(ProtocolError, match="abuot"):
        parse(Packet("naila/devices/r1/control", b'{"command": "forget", "abuot": "Tom"}'), LIMIT)


def test_what_is_wrong_with_a_request_is_told_under_its_id():
    with pytest.raises(ProtocolError) as caught:
        parse(Packet("naila/system/request/memory.forget", b'{"id": "a1", "abuot": "Tom"}'), LIMIT)
    assert (caught.value.correlation_id, caught.value.device_id) == ("a1", None)


def test_an_empty_payload_clears_a_retained_topic():
    assert parse(Packet("naila/devices/r1/capabilities", b""), LIMIT) == Inbound("r1", Capabilities())
    assert parse(Packet("naila/devices/r1/sensors/battery", b""), LIMIT) == Inbound("r1", SensorReading(), "battery")
    assert parse(Packet("naila/devices/r1/status/heartbeat", b""), LIMIT) is None


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("naila/devices/r1/text", b"hi"),
        ("naila/ai/processing/stt/r1", b'{"transcription": "hi"}'),
        (topics.TASK, b'{"device_id": "r7", "task_id": "t1", "text": "hi"}'),
        ("naila/devices/r1/control", b'{"command": "reset"}'),
        ("naila/devices/r1/audio/wake_word", b'{"wake_word": "hey naila"}'),
        ("naila/devices/r1/vision/event", b'{"event_type": "person_detected"}'),
    ],
)
def test_what_happens_once_may_not_be_retained(topic, payload):
    with pytest.raises(ProtocolError, match="retain flag") as caught:
        parse(Packet(topic, payload, retain=True), LIMIT)
    assert caught.value.code == ErrorCode.RETAINED
    assert parse(Packet(topic, b"", retain=True), LIMIT) is None


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("naila/devices/r1/capabilities", b"{}"),
        ("naila/devices/r1/sensors/battery", b"{}"),
        ("naila/devices/r1/status/heartbeat", b'{"status": "online"}'),
    ],
)
def test_what_holds_may_be_retained_and_is_known_to_be(topic, payload):
    retained, live = parse(Packet(topic, payload, retain=True), LIMIT), parse(Packet(topic, payload), LIMIT)
    assert retained is not None
    assert live is not None
    assert (retained.retained, live.retained) == (True, False)


@pytest.mark.parametrize(
    ("topic", "payload", "properties", "named"),
    [
        ("naila/devices/r1/text", b"hi", {}, False),
        ("naila/devices/r1/text", b'{"text": "hi", "request_id": "q"}', {}, True),
        ("naila/devices/r1/text", b"hi", {"correlation_data": b"abc"}, True),
        (topics.TASK, b'{"device_id": "r7", "task_id": "t1", "text": "hi"}', {}, True),
    ],
)
def test_an_utterance_tells_whether_its_sender_named_it(topic, payload, properties, named):
    inbound = parse(Packet(topic, payload, **properties), LIMIT)
    assert inbound is not None
    assert inbound.named is named


def test_a_refusal_of_a_request_without_an_id_names_its_correlation_data():
    with pytest.raises(ProtocolError) as caught:
        parse(Packet("naila/devices/r1/text", b'{"text": 5}', correlation_data=b"abc"), LIMIT)
    assert caught.value.correlation_id == "abc"


@pytest.mark.parametrize("depth", [7, 12])
def test_nesting_is_taken_as_deep_as_is_set_and_no_deeper(depth):
    def nested(levels: int) -> Packet:
        return Packet("naila/devices/r1/sensors/battery", b'{"a":' * levels + b"1" + b"}" * levels)

    assert parse(nested(depth), LIMIT, depth)
    with pytest.raises(ProtocolError, match=f"more than {depth} levels") as caught:
        parse(nested(depth + 1), LIMIT, depth)
    assert caught.value.code == ErrorCode.TOO_DEEP


def test_no_two_subscriptions_overlap():
    filters = [topic for topic, _ in topics.SUBSCRIPTIONS]
    samples = [topic.replace("+", "x") for topic in filters]
    for sample in samples:
        assert sum(_matches(each, sample) for each in filters) == 1


def _matches(topic_filter: str, topic: str) -> bool:
    wanted, given_levels = topic_filter.split("/"), topic.split("/")
    return len(wanted) == len(given_levels) and all(w in {"+", g} for w, g in zip(wanted, given_levels, strict=True))


@given(st.sampled_from([topic.replace("+", "r1") for topic, _ in topics.SUBSCRIPTIONS]), st.binary(max_size=300))
def test_whatever_the_bytes_it_is_a_message_or_one_refusal(topic, payload):
    try:
        inbound = parse(Packet(topic, payload), LIMIT)
    except ProtocolError as error:
        assert error.code in set(ErrorCode)
    else:
        assert inbound is None or isinstance(inbound, Inbound)


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)
_FIELDS = ("text", "transcription", "request_id", "ttl_ms", "command", "status", "event_type", "actions", "percentage")


@settings(suppress_health_check=[HealthCheck.too_slow])  # its tables of Unicode are made once in a fresh checkout
@given(
    st.sampled_from([topic.replace("+", "r1") for topic, _ in topics.SUBSCRIPTIONS]),
    st.dictionaries(st.sampled_from(_FIELDS), _JSON),
)
def test_whatever_the_json_it_is_a_message_or_one_refusal(topic, fields):
    try:
        parse(Packet(topic, json.dumps(fields).encode()), LIMIT)
    except ProtocolError as error:
        assert str(error)
