"""Messages that must be refused by name: (what is wrong, topic, payload, error code, what the message must name)."""

from __future__ import annotations

from typing import NamedTuple


class Bad(NamedTuple):
    what: str
    topic: str
    payload: bytes
    code: str
    names: str


_TEXT = "naila/devices/{id}/text"
_STT = "naila/ai/processing/stt/{id}"
_TASK = "naila/ai/orchestration/main/task"
_SENSOR = "naila/devices/{id}/sensors/battery"
_CONTROL = "naila/devices/{id}/control"
_HEARTBEAT = "naila/devices/{id}/status/heartbeat"
_VISION = "naila/devices/{id}/vision/event"
_BODY = "naila/devices/{id}/capabilities"
_FORGET = "naila/system/request/memory.forget"
_RESULT = "naila/devices/{id}/status/action"

_KINDS = (
    ("too many bytes", _TEXT, b"x" * 65_537, "too_large", "65537 bytes"),
    ("binary instead of text", _TEXT, b"\xff\xfe\x00h\x00i", "not_utf8", "byte 0"),
    ("binary inside JSON", _STT, b'{"transcription": "\xc3\x28"}', "not_utf8", "byte 19"),
    ("nothing", _TEXT, b"", "invalid_field", "text"),
    ("white space alone", _TEXT, b" \n\t ", "invalid_field", "text"),
    ("a NUL character", _TEXT, b"hi\x00there", "invalid_field", "NUL"),
    ("too many characters", _TEXT, b"a" * 4001, "invalid_field", "text"),
    ("JSON cut short", _TEXT, b'{"text": "hel', "not_json", "EOF"),
    ("plain text where JSON is due", _STT, b"hello", "not_json", "line 1"),
    ("an array where an object is due", _STT, b'["hello"]', "not_json", "an array"),
    ("two JSON values", _STT, b'{"transcription": "a"} {}', "not_json", "trailing"),
    ("UTF-16", _STT, '{"transcription": "a"}'.encode("utf-16-le"), "not_json", "line 1"),
    ("NaN", _SENSOR, b'{"percentage": NaN}', "not_json", "line 1"),
    ("Infinity", _SENSOR, b'{"percentage": -Infinity}', "not_json", "line 1"),
    ("a number past all floats", _SENSOR, b'{"volts": 1e999}', "invalid_field", "volts"),
    ("five thousand digits", _SENSOR, b'{"volts": ' + b"9" * 5000 + b"}", "not_json", "out of range"),
    ("a whole number past 64 bits", _SENSOR, b'{"volts": ' + b"9" * 30 + b"}", "invalid_field", "volts"),
    ("a lone surrogate", _TEXT, b'{"text": "\\ud800"}', "not_json", "line 1"),
    ("deep nesting", _SENSOR, b'{"a":' * 9 + b"1" + b"}" * 9, "too_deep", "levels"),
    ("a hundred thousand brackets", _TEXT, b'{"text":' + b"[" * 30_000, "too_deep", "recursion"),
    ("no words", _STT, b"{}", "invalid_field", "transcription"),
    ("words under another name", _STT, b'{"text": "hi"}', "invalid_field", "transcription"),
    ("words that are a number", _TEXT, b'{"text": 5}', "invalid_field", "text"),
    ("words that are null", _TEXT, b'{"text": null}', "invalid_field", "text"),
    ("a confidence above one", _STT, b'{"transcription": "a", "confidence": 1.5}', "invalid_field", "confidence"),
    ("an unknown emotion", _TEXT, b'{"text": "a", "emotion": "bored"}', "invalid_field", "emotion"),
    ("a language that is none", _TEXT, b'{"text": "a", "language": "??"}', "invalid_field", "language"),
    ("a time to live of zero", _TEXT, b'{"text": "a", "ttl_ms": 0}', "invalid_field", "ttl_ms"),
    ("a time to live that is text", _TEXT, b'{"text": "a", "ttl_ms": "5"}', "invalid_field", "ttl_ms"),
    ("a switch that is text", _TEXT, b'{"text": "a", "interrupt": "yes"}', "invalid_field", "interrupt"),
    ("an id of two lines", _TEXT, b'{"text": "a", "request_id": "a\\nb"}', "invalid_field", "request_id"),
    ("an id without end", _TEXT, b'{"text": "a", "request_id": "' + b"i" * 129 + b'"}', "invalid_field", "request_id"),
    ("a date that is none", _TEXT, b'{"text": "a", "timestamp": "soon"}', "invalid_field", "timestamp"),
    ("a task for no robot", _TASK, b'{"text": "a", "task_id": "t"}', "invalid_field", "device_id"),
    ("a task for a robot that cannot be", _TASK, b'{"text": "a", "task_id": "t", "device_id": "../x"}', "invalid_field",
     "device_id"),
    ("a battery over full", _SENSOR, b'{"percentage": 101}', "invalid_field", "percentage"),
    ("a reading without a name", _SENSOR, b"72", "not_json", "a number"),
    ("an unknown command", _CONTROL, b'{"command": "explode"}', "invalid_field", "command"),
    ("a misspelt limit of what to forget", _CONTROL, b'{"command": "forget", "abuot": "Tom"}', "invalid_field",
     "abuot"),
    ("a day without a time zone", _CONTROL, b'{"command": "export", "since": "2026-05-03T18:00:00"}', "invalid_field",
     "since"),
    ("an end before the beginning", _CONTROL,
     b'{"command": "forget", "since": "2026-05-03T00:00:00Z", "until": "2026-05-02T00:00:00Z"}', "invalid_field",
     "until"),
    ("an operator's request without an id", _FORGET, b'{"about": "Tom"}', "invalid_field", "id"),
    ("an operator's request to forget nothing", _FORGET, b'{"id": "1"}', "invalid_field", "everything"),
    ("an operator's misspelt limit", _FORGET, b'{"id": "1", "user_di": "ada"}', "invalid_field", "user_di"),
    ("a command that operators have not", "naila/system/request/memory.invent", b'{"id": "1"}', "bad_topic",
     "memory.invent"),
    ("a heartbeat without status", _HEARTBEAT, b'{"uptime_seconds": 5}', "invalid_field", "status"),
    ("a negative uptime", _HEARTBEAT, b'{"status": "ok", "uptime_seconds": -1}', "invalid_field", "uptime_seconds"),
    ("an action that came to something else", _RESULT, b'{"command_id": "c", "status": "maybe"}', "invalid_field",
     "status"),
    ("a result of no action", _RESULT, b'{"status": "done"}', "invalid_field", "command_id"),
    ("a reason without end", _RESULT, b'{"command_id": "c", "status": "failed", "detail": "' + b"x" * 501 + b'"}',
     "invalid_field", "detail"),
    ("a sight of nothing", _VISION, b'{"confidence": 0.5}', "invalid_field", "event_type"),
    ("an action with a space in its name", _BODY, b'{"actions": [{"name": "fly away"}]}', "invalid_field",
     "actions.0.name"),
    ("a parameter of no known type", _BODY,
     b'{"actions": [{"name": "a", "parameters": {"properties": {"x": {"type": "array"}}}}]}', "invalid_field",
     "actions.0.parameters.properties.x.type"),
    ("a range without an end", _BODY,
     b'{"actions": [{"name": "a", "parameters": {"properties": {"x": {"type": "integer", "minimum": 1}}}}]}',
     "invalid_field", "actions.0.parameters.properties.x: type integer needs minimum and maximum"),
    ("a misspelt confirmation", _BODY, b'{"actions": [{"name": "cut", "confrim": true}]}', "invalid_field",
     "actions.0.confrim"),
    ("too many actions", _BODY,
     b'{"actions": [' + b", ".join(b'{"name": "a%d"}' % number for number in range(26)) + b"]}", "too_many_actions",
     "26 are declared"),
    ("a device id with a space", "naila/devices/a robot/text", b"hi", "bad_topic", "a robot"),
    ("a device id without end", f"naila/devices/{'r' * 65}/text", b"hi", "bad_topic", "device id"),
    ("an empty device id", "naila/devices//text", b"hi", "bad_topic", "device id"),
    ("a sensor name that is none", "naila/devices/{id}/sensors/a-b", b"{}", "bad_topic", "a-b"),
)  # fmt: skip


def bad_payloads(device_id: str) -> list[Bad]:
    """Return all of them, as sent by one robot."""
    return [Bad(what, topic.replace("{id}", device_id), *rest) for what, topic, *rest in _KINDS]
