"""What a robot tells of itself: readings, events, health, its body, and its wishes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from ai_server.protocol.fields import Confidence, Id, WireModel
from ai_server.protocol.terms import Emotion

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,47}$")]
"""The name of an action or a parameter."""


MIN_PAYLOAD_BYTES = 128
"""The smallest limit that a robot may set: room for 40 bytes of words beside a `request_id` that the brain made up."""


class SensorReading(WireModel):
    """The payload of `naila/devices/{device_id}/sensors/{type}`: any fields; the brain keeps and speaks of these."""

    percentage: Annotated[float, Field(ge=0, le=100)] | None = None
    charging: bool | None = None
    temperature_c: Annotated[float, Field(ge=-100, le=200)] | None = None
    humidity_percent: Annotated[float, Field(ge=0, le=100)] | None = None
    distance_cm: Annotated[float, Field(ge=0, le=100_000)] | None = None
    touched: bool | None = None
    moving: bool | None = None


class Heartbeat(WireModel):
    """The payload of `naila/devices/{device_id}/status/heartbeat`, retained; `offline` as the robot's last will."""

    status: Annotated[str, Field(min_length=1, max_length=32)]
    uptime_seconds: Annotated[float, Field(ge=0)] | None = None
    firmware_version: Annotated[str, Field(max_length=64)] | None = None


class WakeWord(WireModel):
    """The payload of `naila/devices/{device_id}/audio/wake_word`: a person turns to the robot and is about to speak."""

    wake_word: Annotated[str, Field(min_length=1, max_length=64)]
    confidence: Confidence | None = None


class VisionEvent(WireModel):
    """The payload of `naila/devices/{device_id}/vision/event`: what the camera made out."""

    event_type: Annotated[str, Field(min_length=1, max_length=64)]
    confidence: Confidence | None = None
    person_id: Id | None = None
    emotion: Emotion | None = None
    object: Annotated[str, Field(min_length=1, max_length=64)] | None = None


class Control(WireModel):
    """The payload of `naila/devices/{device_id}/control`.

    `cancel` stops what the robot is saying (`request_id`: only that turn), `repeat` says the last reply again under
    this `request_id`, `reset` begins a new conversation.
    """

    command: Literal["cancel", "repeat", "reset"]
    request_id: Id | None = None


class Parameter(WireModel):
    """One parameter of an action: a JSON Schema of a number, an integer, a string or a boolean."""

    type: Literal["number", "integer", "string", "boolean"]
    minimum: float | None = None
    maximum: float | None = None
    enum: (
        Annotated[list[Annotated[str, Field(min_length=1, max_length=64)]], Field(min_length=1, max_length=32)] | None
    ) = None
    max_length: Annotated[int, Field(ge=1, le=500, alias="maxLength")] = 100


class ParameterSet(WireModel):
    """The `parameters` of an action: a JSON Schema of one flat object. All are required."""

    type: Literal["object"] = "object"
    properties: dict[Name, Parameter] = Field(max_length=16, default_factory=dict)


class ActionDeclaration(WireModel):
    """One thing that a robot's body can do."""

    name: Name
    description: Annotated[str, Field(max_length=200)] = ""
    parameters: ParameterSet = ParameterSet()
    confirm: bool = False


class Capabilities(WireModel):
    """The payload of `naila/devices/{device_id}/capabilities`, retained: what this robot can do."""

    name: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    max_payload_bytes: Annotated[int, Field(ge=MIN_PAYLOAD_BYTES)] | None = None
    actions: list[ActionDeclaration] = Field(max_length=25, default_factory=list)
