"""What a robot tells of itself: readings, events, health, its body, and its wishes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from ai_server.protocol.fields import Confidence, Id, WireModel, printable
from ai_server.protocol.scope import Scope
from ai_server.protocol.terms import Emotion


def _not_reserved(name: str) -> str:
    if name == "action":
        raise ValueError("is the key under which a reply names its action: choose another name")
    return name


Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,47}$"), AfterValidator(_not_reserved)]
"""The name of an action or a parameter; not `action`, which the JSON of a reply needs itself."""

PersonaName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,32}$")]
"""A persona file without its .toml."""

DECIMAL_PLACES = 3
"""A `number` has at most so many."""

_SCOPED = frozenset({"forget", "export"})
"""The commands of a control that have a scope."""

_FARTHEST = 1_000_000_000_000
_MOST_PARAMETERS = 50
_MOST_TEXT = 3_000
"""What a grammar of the whole body can hold, and a small model can read."""

_EnumValue = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(printable)]

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


class Control(Scope):
    """The payload of `naila/devices/{device_id}/control`.

    `cancel` stops what the robot is saying (`request_id`: only that turn), `repeat` says the last reply again under
    this `request_id`, `reset` begins a new conversation, `persona` chooses who the robot is from its next turn on.
    `forget` erases what this robot remembers, `export` sends it: both as far as the scope goes.

    Attributes:
        persona: goes with the command of that name: the persona file without its .toml; None takes the choice back.
    """

    model_config = ConfigDict(extra="allow")  # what is unknown is looked at, and then ignored

    command: Literal["cancel", "repeat", "reset", "persona", "forget", "export"]
    request_id: Id | None = None
    persona: PersonaName | None = None

    @model_validator(mode="after")
    def _refuse_unknown(self) -> Self:
        """Refuse a misspelt field where it would have far more forgotten than was meant."""
        if self.command in _SCOPED and self.model_extra:
            raise ValueError(f"{min(self.model_extra)}: {self.command} knows no such field")
        return self

    @model_validator(mode="after")
    def _check_persona(self) -> Self:
        if self.command == "persona" and "persona" not in self.model_fields_set:
            raise ValueError("the command persona needs a persona: a name, or null to take the choice back")
        return self


class Parameter(WireModel):
    """One parameter of an action, as a JSON Schema: a number or an integer in a range, a string, or a boolean.

    Attributes:
        minimum: of a number or an integer; 0 for other types.
        maximum: likewise; both are included.
        enum: the values of a string; empty for one that has `max_length`, and for other types.
        max_length: of a string without `enum`, in characters; 0 for other types.
        title: for people.
        description: for people.
    """

    model_config = ConfigDict(extra="forbid")

    type: Literal["number", "integer", "string", "boolean"]
    minimum: Annotated[float, Field(ge=-_FARTHEST, le=_FARTHEST)] = 0
    maximum: Annotated[float, Field(ge=-_FARTHEST, le=_FARTHEST)] = 0
    enum: Annotated[list[_EnumValue], Field(min_length=1, max_length=32)] = Field(default_factory=list)
    max_length: Annotated[int, Field(ge=1, le=500, alias="maxLength")] = 0
    title: str | None = None
    description: str | None = None

    @property
    def places(self) -> int:
        """Decimal places of its values: none, but of a number."""
        return DECIMAL_PLACES if self.type == "number" else 0

    @property
    def range(self) -> tuple[int, int]:
        """The least and the greatest value of an integer; of a number, in units of its last decimal place."""
        low, high = (Decimal(repr(bound)).scaleb(self.places) for bound in (self.minimum, self.maximum))
        return math.ceil(low), math.floor(high)

    @model_validator(mode="after")
    def _check_keywords(self) -> Self:
        names = {"max_length": "maxLength"}
        given = frozenset(names.get(field, field) for field in self.model_fields_set - {"type", "title", "description"})
        needed, allowed = _KEYWORDS[self.type]
        if given not in allowed:
            has = " and ".join(sorted(given)) or "neither"
            raise ValueError(f"type {self.type} needs {needed}, and it has {has}")
        return self

    @model_validator(mode="after")
    def _check_values(self) -> Self:
        if self.minimum > self.maximum:
            raise ValueError(f"minimum {self.minimum:g} is above maximum {self.maximum:g}")
        low, high = self.range
        if low > high:
            kind = f"number of at most {DECIMAL_PLACES} decimal places" if self.places else "integer"
            raise ValueError(f"no {kind} lies between {self.minimum!r} and {self.maximum!r}")
        if twice := _twice(self.enum):
            raise ValueError(f"enum has {twice!r} twice")
        return self


_RANGE = ("minimum and maximum", (frozenset({"minimum", "maximum"}),))
_KEYWORDS: Mapping[str, tuple[str, tuple[frozenset[str], ...]]] = MappingProxyType(
    {
        "number": _RANGE,
        "integer": _RANGE,
        "string": ("either enum or maxLength", (frozenset({"enum"}), frozenset({"maxLength"}))),
        "boolean": ("nothing else", (frozenset(),)),
    }
)
"""What each type needs, in words and in keywords."""


class ParameterSet(WireModel):
    """The `parameters` of an action: a JSON Schema of one flat object, all of whose properties are required."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["object"] = "object"
    properties: dict[Name, Parameter] = Field(max_length=16, default_factory=dict)
    required: list[str] | None = None
    additional_properties: Literal[False] = Field(default=False, alias="additionalProperties")
    dialect: str | None = Field(default=None, alias="$schema")
    title: str | None = None
    description: str | None = None

    @model_validator(mode="after")
    def _check_required(self) -> Self:
        if self.required is None:
            return self
        if missing := [name for name in self.properties if name not in self.required]:
            raise ValueError(f"required leaves out {missing[0]}: all parameters are required, or declare two actions")
        if unknown := [name for name in self.required if name not in self.properties]:
            raise ValueError(f"required names {unknown[0]!r}, and properties has none of that name")
        return self


class ActionDeclaration(WireModel):
    """One thing that a robot's body can do; unknown fields are refused, lest a misspelt `confirm` be passed over."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    description: Annotated[str, Field(max_length=200)] = ""
    parameters: ParameterSet = ParameterSet()
    confirm: bool = False


class Capabilities(WireModel):
    """The payload of `naila/devices/{device_id}/capabilities`, retained: what this robot can do, and who it is.

    Attributes:
        name: of the robot.
        persona: the persona file that it speaks with; None for the brain's own choice.
        max_payload_bytes: the longest payload that it can take.
        actions: what its body can do.
    """

    name: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    persona: PersonaName | None = None
    max_payload_bytes: Annotated[int, Field(ge=MIN_PAYLOAD_BYTES)] | None = None
    actions: list[ActionDeclaration] = Field(default_factory=list)

    @model_validator(mode="after")
    def _check_actions(self) -> Self:
        if twice := _twice([action.name for action in self.actions]):
            raise ValueError(f"actions: {twice} is declared twice")
        parameters = [each for action in self.actions for each in action.parameters.properties.values()]
        if len(parameters) > _MOST_PARAMETERS:
            raise ValueError(f"actions: {len(parameters)} parameters in all, at most {_MOST_PARAMETERS} are taken")
        text = sum(each.max_length + sum(map(len, each.enum)) for each in parameters)
        if text > _MOST_TEXT:
            raise ValueError(
                f"actions: enum values and maxLength come to {text} characters in all, at most {_MOST_TEXT} are taken"
            )
        return self


def _twice(values: list[str]) -> str | None:
    """Return a value that is there more than once."""
    return next((value for value, count in Counter(values).items() if count > 1), None)
