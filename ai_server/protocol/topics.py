"""Every topic: the filters that the brain subscribes to, and the names that it publishes under."""

from __future__ import annotations

import re

DEVICE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

STATUS = "naila/ai/status"
METRICS = "naila/ai/metrics"
HEALTH = "naila/system/health/services"

STT = "naila/ai/processing/stt/{device_id}"
TEXT = "naila/devices/{device_id}/text"
TASK = "naila/ai/orchestration/main/task"
CONTROL = "naila/devices/{device_id}/control"
CAPABILITIES = "naila/devices/{device_id}/capabilities"
SENSOR = "naila/devices/{device_id}/sensors/{type}"
WAKE_WORD = "naila/devices/{device_id}/audio/wake_word"
VISION = "naila/devices/{device_id}/vision/event"
HEARTBEAT = "naila/devices/{device_id}/status/heartbeat"
ACTION_RESULT = "naila/devices/{device_id}/status/action"
REQUEST = "naila/system/request/{command}"

SUBSCRIPTIONS: tuple[tuple[str, int], ...] = tuple(
    (topic.format(device_id="+", type="+", command="+"), qos)
    for topic, qos in (
        (STT, 1),
        (TEXT, 1),
        (TASK, 1),
        (CONTROL, 1),
        (CAPABILITIES, 1),
        (SENSOR, 0),
        (WAKE_WORD, 1),
        (VISION, 1),
        (HEARTBEAT, 1),
        (ACTION_RESULT, 1),
        (REQUEST, 1),
    )
)
"""The topic filters of the brain with their QoS; no two overlap, so nothing arrives twice."""


def stream(device_id: str) -> str:
    """Return the topic on which a reply streams while it is made (QoS 0)."""
    return f"naila/ai/responses/stream/{device_id}"


def reply(device_id: str) -> str:
    """Return the topic of the whole reply (QoS 1)."""
    return f"naila/ai/responses/text/{device_id}"


def action(device_id: str, name: str) -> str:
    """Return the topic of one physical action (QoS 1)."""
    return f"naila/devices/{device_id}/actions/{name}"


def error(device_id: str) -> str:
    """Return the topic on which a robot is told what was wrong with its message (QoS 1)."""
    return f"naila/ai/responses/error/{device_id}"


def memory(device_id: str) -> str:
    """Return the topic on which a robot learns what came of its wish to forget or to export (QoS 1)."""
    return f"naila/ai/responses/memory/{device_id}"


def response(command: str) -> str:
    """Return the topic on which an operator's request is answered (QoS 1)."""
    return f"naila/system/response/{command}"


def system_error(service: str) -> str:
    """Return the topic on which operators see the same errors (QoS 1)."""
    return f"naila/system/errors/{service}"
