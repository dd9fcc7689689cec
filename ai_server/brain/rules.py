"""What robots say of their own accord about what their sensors tell: the file `config/rules.yaml`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from datetime import datetime, time, timedelta
from pathlib import Path
from string import Template
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from ai_server.brain.robots import Situation
from ai_server.configfile import ConfigModel, load_yaml
from ai_server.protocol.terms import Emotion

Sensor = Literal["battery", "temperature", "humidity", "distance"]

_FIELDS: Mapping[Sensor, str] = {
    "battery": "battery_percent",
    "temperature": "temperature_c",
    "humidity": "humidity_percent",
    "distance": "distance_cm",
}
_UNITS: Mapping[str, frozenset[str]] = {
    "battery": frozenset({"", "%"}),
    "temperature": frozenset({"", "C", "°C"}),
    "humidity": frozenset({"", "%"}),
    "distance": frozenset({"", "cm"}),
}
_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {"under": operator.lt, "over": operator.gt}
_CONDITION = re.compile(r"(\w+) (\w+) (-?\d+(?:\.\d+)?) ?(\S*)")
_SPAN = re.compile(r"(\d+(?:\.\d+)?) ?(s|min|h|days?)")
_SECONDS = {"s": 1, "min": 60, "h": 3600, "day": 86_400, "days": 86_400}


class Condition(ConfigModel):
    """That a sensor's value is under or over another.

    Attributes:
        sensor: which.
        comparison: `under` or `over`.
        value: in %, °C or cm.
    """

    sensor: Sensor
    comparison: Literal["under", "over"]
    value: float

    def read(self, situation: Situation) -> float | None:
        """Return what the sensor told lately; None where that was nothing."""
        value: float | None = getattr(situation, _FIELDS[self.sensor])
        return value

    def holds(self, value: float) -> bool:
        """Say whether it is true of a value."""
        return _COMPARISONS[self.comparison](value, self.value)


class QuietHours(ConfigModel):
    """From a time of the day until another, which may be on the next day."""

    begin: time
    end: time

    def include(self, moment: datetime) -> bool:
        """Say whether a moment, where the robot's host is, lies within them."""
        now = moment.time()
        if self.begin <= self.end:
            return self.begin <= now < self.end
        return now >= self.begin or now < self.end


def _condition(text: object) -> object:
    match = _CONDITION.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"must be such as battery under 20 %, not {text!r}")
    sensor, comparison, value, unit = match.groups()
    if sensor not in _UNITS:
        raise ValueError(f"there is no sensor {sensor!r}; there are {', '.join(_UNITS)}")
    if comparison not in _COMPARISONS:
        raise ValueError(f"a value is under or over another, not {comparison!r} it")
    if unit not in _UNITS[sensor]:
        raise ValueError(f"{sensor} is measured in {max(_UNITS[sensor])}, not in {unit}")
    return Condition.model_validate({"sensor": sensor, "comparison": comparison, "value": float(value)})


def _quiet_hours(text: object) -> object:
    begin, _, end = str(text).partition("-")
    try:
        return QuietHours(begin=time.fromisoformat(begin.strip()), end=time.fromisoformat(end.strip()))
    except ValueError:
        raise ValueError(f"must be such as 22:00-07:00, not {text!r}") from None


def _span(text: object) -> object:
    match = _SPAN.fullmatch(str(text))
    if match is None:
        raise ValueError(f"must be such as 30 min, 6 h or 2 days, not {text!r}")
    return timedelta(seconds=float(match[1]) * _SECONDS[match[2]])


def _filled_in(text: str) -> str:
    template = Template(text)
    if not template.is_valid() or set(template.get_identifiers()) - {"value"}:
        raise ValueError(f"may hold $value and nothing else after a dollar sign: {text!r}")
    return text


_When = Annotated[Condition, BeforeValidator(_condition)]
_Saying = Annotated[
    str,
    StringConstraints(min_length=1, max_length=400, pattern=r"^[^\n\[\]{}]*$", strip_whitespace=True),
    AfterValidator(_filled_in),
]
_Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]


class Rule(ConfigModel):
    """One rule.

    Attributes:
        name: what it is known by, also after a restart.
        when: what makes the robot speak.
        until: what lets it speak again; `None` for as soon as `when` is not true any more.
        unless: what keeps it silent all the same.
        quiet: when it is silent; it speaks after that, where it still holds.
        every: so much time passes at least between two times.
        emotion: that it speaks with.
        say: what it says, by language; `en` for everybody who speaks another.
    """

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,40}$")]
    when: _When
    until: _When | None = None
    unless: Literal["charging"] | None = None
    quiet: Annotated[QuietHours, BeforeValidator(_quiet_hours)] | None = None
    every: Annotated[timedelta, BeforeValidator(_span)] = timedelta(0)
    emotion: Emotion = "neutral"
    say: Annotated[Mapping[_Language, _Saying], Field(min_length=1)]

    @model_validator(mode="after")
    def _is_sound(self) -> Rule:
        if "en" not in self.say:
            raise ValueError("say: en is missing")
        if self.until is not None:
            if self.until.sensor != self.when.sensor:
                raise ValueError(f"until: must be of the same sensor, {self.when.sensor}")
            if self.until.comparison == self.when.comparison:
                raise ValueError(f"until: must be the other way round than {self.when.comparison}")
            if self.when.holds(self.until.value):
                raise ValueError("until: would be true while when is")
        return self

    def begins(self, situation: Situation) -> bool:
        """Say whether the robot is to speak now, if it did not before."""
        value = self.when.read(situation)
        return value is not None and self.when.holds(value) and not self._is_excused(situation)

    def is_over(self, situation: Situation) -> bool:
        """Say whether it may speak again, the next time."""
        value = self.when.read(situation)
        if value is None:
            return False
        return not self.when.holds(value) if self.until is None else self.until.holds(value)

    def words(self, situation: Situation, language: str, number: Callable[[float], str]) -> tuple[str, str]:
        """Return what is said, and in which language that is; `number` puts the sensor's value in words."""
        spoken = language if language in self.say else "en"
        value = self.when.read(situation)
        return Template(self.say[spoken]).substitute(value="" if value is None else number(value)), spoken

    def _is_excused(self, situation: Situation) -> bool:
        return self.unless == "charging" and situation.charging


class _File(ConfigModel):
    rules: tuple[Rule, ...] = ()


class Rules:
    """The rules of one file.

    Attributes:
        rules: in its order.
    """

    def __init__(self, rules: tuple[Rule, ...] = ()) -> None:
        self.rules = rules

    @classmethod
    def load(cls, path: Path) -> Rules:
        """Read `config/rules.yaml`.

        Raises:
            ConfigError: if it is missing or wrong; with a line for each mistake.
        """
        file = load_yaml(path, _File)
        known: dict[str, Any] = {}
        for number, rule in enumerate(file.content.rules):
            if rule.name in known:
                raise file.error(("rules", number, "name"), f"there is a rule {rule.name} already")
            known[rule.name] = rule
        return cls(file.content.rules)
