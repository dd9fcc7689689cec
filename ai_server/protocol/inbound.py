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
from ai_server.protocol.device import Capabilities, Control, Heartbeat, SensorReading, VisionEvent
from ai_server.protocol.errors import ErrorCode, ProtocolError
from ai_server.protocol.fields import WireModel
from ai_server.protocol.utterance import SttMessage, TaskMessage, TextMessage, Utterance

MAX_DEPTH = 8
"""Objects and arrays inside each other; no message of the protocol needs more than 5."""

RobotMessage = Utterance | Control | Capabilities | SensorReading | VisionEvent | Heartbeat
Model = TypeVar("Model", bound=WireModel)


@dataclass(frozen=True, slots=True)
class Packet:
    """One MQTT message as it came: `response_topic` and `correlation_data` are MQTT 5 properties."""

    topic: str
    payload: bytes
    retain: bool = False
    response_topic: str | None = None
    correlation_data: bytes | None = None


@dataclass(frozen=True, slots=True)
class Inbound:
    """A valid message of one robot; `sensor` is the sensor's name where it is a reading."""

    device_id: str
    message: RobotMessage
    sensor: str = ""


def parse(packet: Packet, max_payload_bytes: int) -> Inbound | None:
    """Return the message in a packet; None for one that says nothing.

    An empty payload clears a retained topic: a robot without a body, a sensor without values, no heartbeat.

    Raises:
        ProtocolError: if the topic, the bytes, the JSON or a field is not what the protocol says.
    """
    device_id, parse_payload, sensor = _route(packet.topic)
    try:
        _check_size(packet.payload, max_payload_bytes)
        if not packet.payload and parse_payload is _heartbeat:
            return None
        message = parse_payload(packet, device_id)
    except ProtocolError as error:
        error.device_id = error.device_id or device_id or None
        raise
    if isinstance(message, Utterance):
        return Inbound(message.device_id, message)
    return Inbound(device_id, message, sensor)


def _check_size(payload: bytes, at_most: int) -> None:
    if len(payload) > at_most:
        raise ProtocolError(ErrorCode.TOO_LARGE, f"payload: {len(payload)} bytes, at most {at_most} are taken")


def _route(topic: str) -> tuple[str, Callable[[Packet, str], RobotMessage], str]:
    match topic.split("/"):
        case ["naila", "ai", "orchestration", "main", "task"]:
            return "", _task, ""
        case ["naila", "ai", "processing", "stt", device_id]:
            return _device_id(device_id, topic), _stt, ""
        case ["naila", "devices", device_id, *rest]:
            return _device_id(device_id, topic), *_device_topic(rest, topic, device_id)
    raise ProtocolError(ErrorCode.BAD_TOPIC, f"topic: {topic!r} is not one that the brain knows")


def _device_topic(rest: list[str], topic: str, device_id: str) -> tuple[Callable[[Packet, str], RobotMessage], str]:
    match rest:
        case ["text"]:
            return _text, ""
        case ["control"]:
            return _control, ""
        case ["capabilities"]:
            return _capabilities, ""
        case ["sensors", name] if 1 <= len(name) <= 48 and name.isascii() and name.isidentifier():
            return _sensor, name
        case ["sensors", name]:
            raise ProtocolError(
                ErrorCode.BAD_TOPIC,
                f"topic: {name!r} is not a sensor type (letters, digits, _; 1 to 48)",
                device_id=device_id,
            )
        case ["vision", "event"]:
            return _vision, ""
        case ["status", "heartbeat"]:
            return _heartbeat, ""
    raise ProtocolError(ErrorCode.BAD_TOPIC, f"topic: {topic!r} is not one that the brain knows")


def _device_id(device_id: str, topic: str) -> str:
    if topics.DEVICE_ID.fullmatch(device_id):
        return device_id
    raise ProtocolError(
        ErrorCode.BAD_TOPIC,
        f"topic: device id {device_id!r} in {topic!r} is not 1 to 64 of the characters A-Z a-z 0-9 _ -",
    )


def _stt(packet: Packet, device_id: str) -> Utterance:
    message = _decode(packet.payload, SttMessage)
    return _utterance(message, message.transcription, device_id, packet)


def _text(packet: Packet, device_id: str) -> Utterance:
    if packet.payload.lstrip()[:1] == b"{":
        message = _decode(packet.payload, TextMessage)
    else:
        message = _validate({"text": _utf8(packet.payload)}, TextMessage)
    return _utterance(message, message.text, device_id, packet)


def _task(packet: Packet, _: str) -> Utterance:
    message = _decode(packet.payload, TaskMessage)
    return _utterance(message, message.text, message.device_id, packet, message.task_id)


def _control(packet: Packet, _: str) -> Control:
    return _decode(packet.payload, Control)


def _capabilities(packet: Packet, _: str) -> Capabilities:
    return _decode(packet.payload or b"{}", Capabilities)


def _sensor(packet: Packet, _: str) -> SensorReading:
    return _decode(packet.payload or b"{}", SensorReading)


def _vision(packet: Packet, _: str) -> VisionEvent:
    return _decode(packet.payload, VisionEvent)


def _heartbeat(packet: Packet, _: str) -> Heartbeat:
    return _decode(packet.payload, Heartbeat)


def _utterance(
    message: SttMessage | TextMessage | TaskMessage,
    words: str,
    device_id: str,
    packet: Packet,
    task_id: str | None = None,
) -> Utterance:
    correlation = packet.correlation_data
    return Utterance(
        device_id=device_id,
        request_id=message.request_id or task_id or _request_id(correlation),
        text=words,
        is_final=message.is_final,
        confidence=message.confidence,
        language=message.language,
        emotion=message.emotion,
        user_id=message.user_id,
        ttl_ms=message.ttl_ms,
        interrupt=message.interrupt,
        response_topic=_own_topic(packet.response_topic, device_id),
        correlation_data=correlation,
    )


def _request_id(correlation: bytes | None) -> str:
    """Take MQTT 5 correlation data for the id: as text where it is printable ASCII, else in hexadecimal."""
    if not correlation:
        return uuid.uuid4().hex
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


def _decode(payload: bytes, model: type[Model]) -> Model:
    _utf8(payload)
    try:
        value = pydantic_core.from_json(payload, allow_inf_nan=False)
    except ValueError as error:
        code = ErrorCode.TOO_DEEP if "recursion limit" in str(error) else ErrorCode.NOT_JSON
        raise ProtocolError(code, f"payload: not JSON: {error}") from None
    if not isinstance(value, dict):
        raise ProtocolError(ErrorCode.NOT_JSON, f"payload: a JSON object is expected, not {_json_type(value)}")
    request_id = value.get("request_id")
    correlation_id = request_id[:128] if isinstance(request_id, str) else None
    try:
        _check(value, "", 1)
        return _validate(value, model, payload)
    except ProtocolError as error:
        error.correlation_id = correlation_id
        raise


def _validate(value: dict[str, JsonValue], model: type[Model], payload: bytes | None = None) -> Model:
    try:
        return model.model_validate_json(payload) if payload is not None else model.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "payload"
        raise ProtocolError(ErrorCode.INVALID_FIELD, f"{field}: {_sentence(first['msg'])}") from None


def _sentence(message: str) -> str:
    return message.removeprefix("Value error, ")


def _check(value: object, where: str, depth: int) -> None:
    """Refuse what JSON admits and no message may hold: deep nesting, numbers out of range."""
    if depth > MAX_DEPTH:
        raise ProtocolError(ErrorCode.TOO_DEEP, f"{where}: more than {MAX_DEPTH} levels of objects and arrays")
    if isinstance(value, dict):
        for key, inner in value.items():
            _check(inner, f"{where}.{key}"[:200].lstrip("."), depth + 1)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _check(inner, f"{where}.{index}"[:200].lstrip("."), depth + 1)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ProtocolError(ErrorCode.INVALID_FIELD, f"{where}: the number is out of range")
    elif isinstance(value, int) and abs(value) > 2**63:
        raise ProtocolError(ErrorCode.INVALID_FIELD, f"{where}: the whole number is out of range")


def _json_type(value: object) -> str:
    names = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
