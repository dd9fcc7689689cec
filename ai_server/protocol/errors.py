"""What is answered to a message that the brain cannot take."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

_LONGEST_MESSAGE = 300
"""Characters of an error's words: what a sender chose may be in them, such as a topic or the name of a field."""


class ErrorCode(StrEnum):
    """What was wrong, for firmware to decide on; the message says it in words."""

    TOO_LARGE = "too_large"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    TOO_DEEP = "too_deep"
    INVALID_FIELD = "invalid_field"
    BAD_TOPIC = "bad_topic"
    RETAINED = "retained"
    RATE_LIMITED = "rate_limited"
    TOO_MANY_ROBOTS = "too_many_robots"
    TOO_MANY_SENSORS = "too_many_sensors"
    TOO_MANY_ACTIONS = "too_many_actions"
    ACTION_RATE_LIMITED = "action_rate_limited"
    BUSY = "busy"
    STORAGE_UNAVAILABLE = "storage_unavailable"
    REPLY_TOO_LARGE = "reply_too_large"
    TOO_LONG_FOR_MODEL = "too_long_for_model"
    NOTHING_TO_REPEAT = "nothing_to_repeat"
    INTERNAL = "internal"


class ErrorMessage(BaseModel):
    """The payload of `naila/ai/responses/error/{device_id}` and, for operators, of `naila/system/errors/{service}`."""

    model_config = ConfigDict(frozen=True)

    error: bool = True
    error_code: ErrorCode
    error_message: str
    timestamp: datetime = Field(default_factory=lambda: datetime.now(UTC))
    retry_after_seconds: float | None = None
    correlation_id: str | None = None
    device_id: str | None = None


class ProtocolError(Exception):
    """A message that is not what its topic promises, or one too many.

    Attributes:
        code: what was wrong.
        device_id: the robot that sent it, where the topic named one rightly.
        correlation_id: the `request_id` of the message, where it could be read.
        retry_after_seconds: when the same message may be taken; None where it never will be.
    """

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        *,
        device_id: str | None = None,
        correlation_id: str | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message if len(message) <= _LONGEST_MESSAGE else f"{message[: _LONGEST_MESSAGE - 3]}...")
        self.code = code
        self.device_id = device_id
        self.correlation_id = correlation_id
        self.retry_after_seconds = retry_after_seconds

    def message(self) -> ErrorMessage:
        """Return what goes on the wire."""
        return ErrorMessage(
            error_code=self.code,
            error_message=str(self),
            retry_after_seconds=self.retry_after_seconds,
            device_id=self.device_id,
            correlation_id=self.correlation_id,
        )
