"""What the brain says to a robot: the stream while a reply is made, the whole reply, and its actions."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from ai_server.protocol.terms import Emotion, FinishReason, Source


class StreamType(StrEnum):
    """The kinds of stream events, in the order in which a turn has them.

    A second `started` under the same `request_id` means that the reply begins anew: what came before it is void.
    """

    ACCEPTED = "accepted"
    STARTED = "started"
    EMOTION = "emotion"
    DELTA = "delta"
    SENTENCE = "sentence"
    ACTION = "action"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class Outgoing(BaseModel):
    """A message to a robot as it travels: fields without a value are left out."""

    model_config = ConfigDict(frozen=True)

    def to_json(self) -> bytes:
        """Return the payload, without fields that are unset."""
        return self.model_dump_json(exclude_none=True).encode()


class StreamEvent(Outgoing):
    """One event on `naila/ai/responses/stream/{device_id}`; `seq` counts from 0 within a request."""

    request_id: str
    seq: int
    type: StreamType
    text: str | None = None
    emotion: Emotion | None = None
    action: ActionMessage | None = None
    finish_reason: FinishReason | None = None


class Usage(Outgoing):
    """Tokens of one reply; `cached_tokens` of the prompt were in the KV cache already."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0


class Timings(Outgoing):
    """Where the time of one reply went, from the arrival of its utterance."""

    queue_ms: float = 0
    first_token_ms: float | None = None
    total_ms: float = 0
    tokens_per_second: float | None = None


class ActionMessage(Outgoing):
    """The payload of `naila/devices/{device_id}/actions/{action}`.

    Firmware drops a `command_id` that it has seen, and what arrives after `expires_at`, which is unset in the
    announcement on the stream: it counts from the end of the reply.
    """

    command_id: str
    request_id: str
    action: str
    arguments: dict[str, JsonValue] = {}
    expires_at: datetime | None = None


class Reply(Outgoing):
    """The payload of `naila/ai/responses/text/{device_id}`: the truth about one turn."""

    request_id: str
    device_id: str
    timestamp: datetime = Field(default_factory=lambda: datetime.now(UTC))
    text: str
    emotion: Emotion = "neutral"
    language: str = "en"
    intent: str = "conversation"
    confidence: float = 1.0
    source: Source
    finish_reason: FinishReason = "stop"
    actions: list[ActionMessage] = []
    usage: Usage = Usage()
    timings: Timings = Timings()
