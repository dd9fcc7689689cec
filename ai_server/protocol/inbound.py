"""From a topic and its bytes to a typed message, or to one error that names what was wrong and where."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import pydantic_core
from pydantic import JsonValue, ValidationError

from ai_server.protocol import topics
from ai_server.protocol.action import ActionResult
from ai_server.protocol.device import Capabilities, Control, Heartbeat, SensorReading, VisionEvent, WakeWord
from ai_server.protocol.errors import ErrorCode, ProtocolError
from ai_server.protocol.fields import WireModel
from ai_server.protocol.operator import REQUESTS, OperatorRequest
from ai_server.protocol.utterance import SttMessage, TaskMessage, TextMessage, Utterance

MAX_DEPTH = 8
"""Objects and arrays inside each other, if nothing else is set; the deepest message of the protocol has 7."""

MAX_ACTIONS = 25
"""Actions of a robot, if nothing else is set."""

Message = (
    Utterance
    | Control
    | Capabilities
    | SensorReading
    | WakeWord
    | VisionEvent
    | Heartbeat
    | ActionResult
    | OperatorRequest
)
Model = TypeVar("Model", bound=WireModel)


@dataclass(frozen=True, slots=True)
class Packet:
    """One MQTT message as it came.

    Attributes:
        topic: where it was published.
        payload: its bytes.
        retain: it was on the broker before the brain subscribed, and comes again at each subscription.
        redelivered: MQTT's DUP flag: it may have come before.
        response_topic: an MQTT 5 property.
        correlation_data: an MQTT 5 property.
    """

    topic: str
    payload: bytes
    retain: bool = False
    redelivered: bool = False
    response_topic: str | None = None
    correlation_data: bytes | None = None


@dataclass(frozen=True, slots=True)
class Inbound:
    """A valid message of one robot, or of an operator.

    Attributes:
        device_id: the robot; empty for an operator.
        message: what it says.
        sensor: the type of the sensor, where it is a reading.
        named: the sender chose the `request_id` of the utterance; False where the brain made one up.
        retained: the broker kept it for the brain; it says nothing of whether the robot is there now.
    """

    device_id: str
    message: Message
    sensor: str = ""
    named: bool = True
    retained: bool = False


@dataclass(slots=True)
class _Raw:
    """A packet whose topic is understood."""

    packet: Packet
    device_id: str
    sensor: str
    max_depth: int
    max_actions: int


Reader = Callable[[_Raw], Inbound]


def parse(
    packet: Packet, max_payload_bytes: int, max_depth: int = MAX_DEPTH, max_actions: int = MAX_ACTIONS
) -> Inbound | None:
    """Return the message in a packet; None for one that says nothing.

    An empty payload clears a retained topic: a robot without a body, a sensor without values, no heartbeat.

    Args:
        packet: the message as it came.
        max_payload_bytes: the largest payload that is taken.
        max_depth: how many objects and arrays may stand in each other.
        max_actions: how many actions a robot may declare.

    Raises:
        ProtocolError: if the topic, the bytes, the JSON or a field is not what the protocol says.
    """
    device_id, read, sensor = _route(packet.topic)
    try:
        if packet.retain and read not in _STATES:
            _refuse_retained(packet)
            return None
        _check_size(packet.payload, max_payload_bytes)
        if not packet.payload and read is _heartbeat:
            return None
        return read(_Raw(packet, device_id, sensor, max_depth, max_actions))
    except ProtocolError as error:
        error.device_id = error.device_id or device_id or None
        if error.correlation_id is None and packet.correlation_data:
            error.correlation_id = _request_id(packet.correlation_data)
        raise


def _refuse_retained(packet: Packet) -> None:
    if packet.payload:
        raise ProtocolError(
            ErrorCode.RETAINED,
            f"payload: {packet.topic} was published with the retain flag, so the broker sends it again whenever the "
            "brain subscribes: publish it without the flag, and clear it with an empty retained payload",
        )


def _check_size(payload: bytes, at_most: int) -> None:
    if len(payload) > at_most:
        raise ProtocolError(ErrorCode.TOO_LARGE, f"payload: {len(payload)} bytes, at most {at_most} are taken")


def _route(topic: str) -> tuple[str, Reader, str]:
    match topic.split("/"):
        case ["naila", "ai", "orchestration", "main", "task"]:
            return "", _task, ""
        case ["naila", "ai", "processing", "stt", device_id]:
            return _device_id(device_id, topic), _stt, ""
        case ["naila", "system", "request", command]:
            return "", _request_reader(command), ""
        case ["naila", "devices", device_id, "sensors", sensor]:
            return _device_id(device_id, topic), _sensor, _sensor_type(sensor, device_id)
        case ["naila", "devices", device_id, *rest] if read := _DEVICE_TOPICS.get("/".join(rest)):
            return _device_id(device_id, topic), read, ""
    raise ProtocolError(ErrorCode.BAD_TOPIC, f"topic: {topic!r} is not one that the brain knows")


def _device_id(device_id: str, topic: str) -> str:
    if topics.DEVICE_ID.fullmatch(device_id):
        return device_id
    raise ProtocolError(
        ErrorCode.BAD_TOPIC,
        f"topic: device id {device_id!r} in {topic!r} is not 1 to 64 of the characters A-Z a-z 0-9 _ -",
    )


def _sensor_type(sensor: str, device_id: str) -> str:
    if len(sensor) <= 48 and sensor.isascii() and sensor.isidentifier():
        return sensor
    raise ProtocolError(
        ErrorCode.BAD_TOPIC,
        f"topic: {sensor!r} is not a sensor type (letters, digits, _; 1 to 48)",
        device_id=device_id,
    )


def _request_reader(command: str) -> Reader:
    kind = REQUESTS.get(command)
    if kind is None:
        known = ", ".join(REQUESTS)
        raise ProtocolError(ErrorCode.BAD_TOPIC, f"topic: there is no command {command!r}; there are {known}")
    return lambda raw: Inbound("", _decode(raw, kind, id_field="id"))


def _stt(raw: _Raw) -> Inbound:
    message = _decode(raw, SttMessage)
    return _utterance(message, message.transcription, raw)


def _text(raw: _Raw) -> Inbound:
    payload = raw.packet.payload
    if payload.lstrip()[:1] == b"{":
        message = _decode(raw, TextMessage)
    else:
        message = _validate({"text": _utf8(payload)}, TextMessage)
    return _utterance(message, message.text, raw)


def _task(raw: _Raw) -> Inbound:
    message = _decode(raw, TaskMessage)
    raw.device_id = message.device_id
    return _utterance(message, message.text, raw, message.task_id)


def _control(raw: _Raw) -> Inbound:
    return Inbound(raw.device_id, _decode(raw, Control))


def _capabilities(raw: _Raw) -> Inbound:
    capabilities = _decode(raw, Capabilities) if raw.packet.payload else Capabilities()
    count = len(capabilities.actions)
    if count > raw.max_actions:
        raise ProtocolError(
            ErrorCode.TOO_MANY_ACTIONS,
            f"actions: {count} are declared, at most {raw.max_actions} are taken (NAILA_MAX_ACTIONS)",
        )
    return Inbound(raw.device_id, capabilities, retained=raw.packet.retain)


def _sensor(raw: _Raw) -> Inbound:
    reading = _decode(raw, SensorReading) if raw.packet.payload else SensorReading()
    return Inbound(raw.device_id, reading, raw.sensor, retained=raw.packet.retain)


def _wake_word(raw: _Raw) -> Inbound:
    return Inbound(raw.device_id, _decode(raw, WakeWord))


def _vision(raw: _Raw) -> Inbound:
    return Inbound(raw.device_id, _decode(raw, VisionEvent))


def _heartbeat(raw: _Raw) -> Inbound:
    return Inbound(raw.device_id, _decode(raw, Heartbeat), retained=raw.packet.retain)


def _action_result(raw: _Raw) -> Inbound:
    return Inbound(raw.device_id, _decode(raw, ActionResult))


_DEVICE_TOPICS: dict[str, Reader] = {
    "text": _text,
    "control": _control,
    "capabilities": _capabilities,
    "audio/wake_word": _wake_word,
    "vision/event": _vision,
    "status/heartbeat": _heartbeat,
    "status/action": _action_result,
}
"""What comes under `naila/devices/{device_id}/`, besides sensors."""

_STATES: frozenset[Reader] = frozenset({_capabilities, _sensor, _heartbeat})
"""What holds until it is replaced, so that the broker may retain it, and an empty payload clears it."""


def _utterance(
    message: SttMessage | TextMessage | TaskMessage, words: str, raw: _Raw, task_id: str | None = None
) -> Inbound:
    correlation = raw.packet.correlation_data
    chosen = message.request_id or task_id or (_request_id(correlation) if correlation else None)
    utterance = Utterance(
        device_id=raw.device_id,
        request_id=chosen or uuid.uuid4().hex,
        text=words,
        is_final=message.is_final,
        confidence=message.confidence,
        language=message.language,
        emotion=message.emotion,
        user_id=message.user_id,
        ttl_ms=message.ttl_ms,
        interrupt=message.interrupt,
        response_topic=_own_topic(raw.packet.response_topic, raw.device_id),
        correlation_data=correlation,
    )
    return Inbound(raw.device_id, utterance, named=chosen is not None)


def _request_id(correlation: bytes) -> str:
    """Take MQTT 5 correlation data for the id: as text where it is printable ASCII, else in hexadecimal."""
    if len(correlation) <= 128 and correlation.isascii() and correlation.decode("ascii").isprintable():
        return correlation.decode("ascii")
    return correlation[:64].hex()


def _own_topic(response_topic: str | None, device_id: str) -> str | None:
    """Honour a response topic only under the robot's own id: no robot may have the brain write elsewhere."""
    if response_topic is None:
        return None
    own = response_topic.startswith(f"naila/devices/{device_id}/") and not {"+", "#", "\0"} & set(response_topic)
    return response_topic if own else None


def _utf8(payload: bytes) -> str:
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ProtocolError(ErrorCode.NOT_UTF8, f"payload: not UTF-8 at byte {error.start}") from None


def _decode(raw: _Raw, model: type[Model], *, id_field: str = "request_id") -> Model:
    payload = raw.packet.payload
    _utf8(payload)
    try:
        value = pydantic_core.from_json(payload, allow_inf_nan=False)
    except ValueError as error:
        code = ErrorCode.TOO_DEEP if "recursion limit" in str(error) else ErrorCode.NOT_JSON
        raise ProtocolError(code, f"payload: not JSON: {error}") from None
    if not isinstance(value, dict):
        raise ProtocolError(ErrorCode.NOT_JSON, f"payload: a JSON object is expected, not {_json_type(value)}")
    request_id = value.get(id_field)
    correlation_id = request_id[:128] if isinstance(request_id, str) else None
    try:
        _check(value, "", 1, raw.max_depth)
        return _validate(value, model, payload)
    except ProtocolError as error:
        error.correlation_id = correlation_id
        raise


def _validate(value: dict[str, JsonValue], model: type[Model], payload: bytes | None = None) -> Model:
    try:
        return model.model_validate_json(payload) if payload is not None else model.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            said = "the brain would not honour this: leave it out"
        raise ProtocolError(ErrorCode.INVALID_FIELD, f"{where}: {said}" if where else said) from None


def _check(value: object, where: str, depth: int, max_depth: int) -> None:
    """Refuse what JSON admits and no message may hold: deep nesting, numbers out of range."""
    if depth > max_depth and isinstance(value, dict | list):
        raise ProtocolError(ErrorCode.TOO_DEEP, f"{where}: more than {max_depth} levels of objects and arrays")
    if isinstance(value, dict):
        for key, inner in value.items():
            _check(inner, f"{where}.{key}"[:200].lstrip("."), depth + 1, max_depth)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _check(inner, f"{where}.{index}"[:200].lstrip("."), depth + 1, max_depth)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ProtocolError(ErrorCode.INVALID_FIELD, f"{where}: the number is out of range")
    elif isinstance(value, int) and abs(value) > 2**63:
        raise ProtocolError(ErrorCode.INVALID_FIELD, f"{where}: the whole number is out of range")


def _json_type(value: object) -> str:
    names = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
