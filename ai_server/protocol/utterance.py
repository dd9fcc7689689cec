"""What a person said to a robot."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from ai_server.protocol.fields import Confidence, DeviceId, Id, Language, WireModel, Words
from ai_server.protocol.terms import Emotion

DEFAULT_TTL_MS = 30_000


class _Spoken(WireModel):
    request_id: Id | None = None
    is_final: bool = True
    confidence: Confidence | None = None
    language: Language | None = None
    emotion: Emotion | None = None
    user_id: Id | None = None
    ttl_ms: Annotated[int, Field(ge=1, le=86_400_000)] = DEFAULT_TTL_MS
    interrupt: bool = False
    timestamp: datetime | None = None


class SttMessage(_Spoken):
    """The payload of `naila/ai/processing/stt/{device_id}`."""

    transcription: Words


class TextMessage(_Spoken):
    """The JSON payload of `naila/devices/{device_id}/text`."""

    text: Words


class TaskMessage(_Spoken):
    """The payload of `naila/ai/orchestration/main/task`; `task_id` is its `request_id` where it has none."""

    text: Words
    device_id: DeviceId
    task_id: Id


class Utterance(WireModel):
    """What was said, whichever topic it came on.

    Attributes:
        device_id: the robot that heard it.
        request_id: unique within the robot; the reply carries it.
        text: the words, 1 to 4,000 characters.
        is_final: False for a partial transcript: the person still speaks.
        confidence: how sure the speech recogniser was, 0 to 1.
        language: BCP 47.
        emotion: how the person seemed to feel.
        user_id: who spoke, where the robot knows.
        ttl_ms: how long it is worth answering, from its arrival.
        interrupt: cancel what the robot is saying first.
        response_topic: where an MQTT 5 request asked for a copy of the reply, under the robot's own id.
        correlation_data: what an MQTT 5 request wants back beside the reply.
    """

    device_id: str
    request_id: str
    text: str
    is_final: bool = True
    confidence: float | None = None
    language: str | None = None
    emotion: Emotion | None = None
    user_id: str | None = None
    ttl_ms: int = DEFAULT_TTL_MS
    interrupt: bool = False
    response_topic: str | None = None
    correlation_data: bytes | None = None
