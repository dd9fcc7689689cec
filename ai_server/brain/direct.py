"""Commands that say a declared action and all its parameters: these need no model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from pydantic import JsonValue

from ai_server.brain.body import Body, spoken_name
from ai_server.brain.intent.commandwords import Amount, CommandWords
from ai_server.brain.intent.words import Spoken
from ai_server.brain.slots.english import ENGLISH
from ai_server.llm.chat import ActionCall
from ai_server.protocol.device import ActionDeclaration, Parameter

_LONGEST = 80
"""Characters of a command; what is longer is no mere command, and is left to the model."""

_SWITCHED: Mapping[str, bool] = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}

_SIZES: Mapping[str, tuple[str, Decimal]] = {
    "mm": ("length", Decimal("0.001")),
    "cm": ("length", Decimal("0.01")),
    "m": ("length", Decimal(1)),
    "km": ("length", Decimal(1000)),
    "in": ("length", Decimal("0.0254")),
    "ft": ("length", Decimal("0.3048")),
    "yd": ("length", Decimal("0.9144")),
    "ms": ("time", Decimal("0.001")),
    "s": ("time", Decimal(1)),
    "min": ("time", Decimal(60)),
    "h": ("time", Decimal(3600)),
    "°": ("angle", Decimal(1)),
    "%": ("share", Decimal(1)),
    "x": ("count", Decimal(1)),
}
"""What units measure, by their symbols, and how much of it; feet and yards are those of 1959."""

_UNITS: Mapping[str, str] = {
    **ENGLISH.measures,
    "deg": "°",
    "percent": "%",
    "pct": "%",
    "time": "x",
    "times": "x",
    "count": "x",
    "repeats": "x",
}
"""What firmware calls units in the names of parameters, to their symbols."""

_TIMES = (("times",), ("time",))


def read_command(
    text: str, body: Body, languages: Sequence[CommandWords], now: datetime, *, called: str = ""
) -> ActionCall | None:
    """Return the action that an utterance says with nothing left out and nothing left over; None for any other.

    It begins with the first word of the action's name, `turn_left` being said as "turn left", but for courtesies and
    the robot's name; in German the verb may stand last. Then come the other words of the name, in their order, and the
    parameters, in any: a value of an enum, "on" or "off", a number in digits or words, with its unit where the
    parameter's name has one (`distance_cm`, `degrees`). A number out of range, text, and what could be two actions are
    left to the model.

    Args:
        text: what was said.
        body: what can be done.
        languages: how people call that; the first in which it is a command counts.
        now: needed to read amounts.
        called: what people named the robot.
    """
    if len(text) > _LONGEST:
        return None
    for words in languages:
        spoken = words.spoken(text, called)
        calls: list[ActionCall] = []
        for start, end in words.stretches(spoken):
            reading = _Reading(words, spoken, end, now)
            said = (reading.call(action, start) for action in body.offered)
            calls += [call for call in said if call and call not in calls and body.objection(call) is None]
        if calls:
            return calls[0] if len(calls) == 1 else None
    return None


@dataclass(frozen=True, slots=True)
class _Filling:
    """Where one is in a command: what of the name is not said yet, the values that are, and parameters that wait."""

    at: int
    name: Sequence[str]
    waiting: Mapping[str, Parameter]
    values: Mapping[str, JsonValue] = field(default_factory=dict)

    def fill(self, name: str, value: JsonValue, end: int) -> _Filling:
        waiting = {other: parameter for other, parameter in self.waiting.items() if other != name}
        return replace(self, at=end, waiting=waiting, values={**self.values, name: value})


@dataclass(frozen=True, slots=True)
class _Reading:
    """Reads the words of one language up to `end`."""

    words: CommandWords
    spoken: Spoken
    end: int
    now: datetime

    def call(self, action: ActionDeclaration, start: int) -> ActionCall | None:
        """Return an action if that is what the words say from `start` on; None where they do not."""
        name, properties = spoken_name(action.name), action.parameters.properties
        at, said = self.words.end_of(name, self.spoken, start, self.end)
        end = self.end
        if not said:
            at = start
            end, said = self.words.start_of_last(name, self.spoken, start, self.end)
        if not said:
            return None
        filling: _Filling | None = _Filling(at, name[said:], properties)
        rest = replace(self, end=end)
        while filling is not None and filling.at < end:
            filling = rest.step(filling)
        if filling is None or filling.waiting or filling.name:
            return None
        return ActionCall(action.name, {name: filling.values[name] for name in properties})

    def step(self, filling: _Filling) -> _Filling | None:
        """Take the next words for what they can be; None where they are nothing of this action, or could be two."""
        ways = list(self._ways(filling))
        if len(ways) == 1:
            return ways[0]
        if not ways and self.words.is_filler(self.spoken.words[filling.at]):
            return replace(filling, at=filling.at + 1)
        return None

    def _ways(self, filling: _Filling) -> Iterator[_Filling]:
        if filling.name:
            end, said = self._end_of(filling.name, filling.at)
            if said:
                yield replace(filling, at=end, name=filling.name[said:])
        for name, parameter in filling.waiting.items():
            parts = spoken_name(name)
            named = self._end_of_all(parts, filling.at)
            at = filling.at if named is None or named == self.end else named
            for value, after in self._values(parts, parameter, at):
                yield filling.fill(name, value, after)

    def _values(self, name: Sequence[str], parameter: Parameter, at: int) -> Iterator[tuple[JsonValue, int]]:
        match parameter.type:
            case "boolean":
                yield from self._chosen(at, _SWITCHED)
            case "string":
                yield from self._chosen(at, {value.replace("_", " "): value for value in parameter.enum})
            case "integer" | "number":
                amount = self.words.amount(self.spoken, at, self.end, self.now)
                value = None if amount is None else _in_unit(self._counted(amount), name)
                if amount is None or value is None:
                    return
                if parameter.type == "number":
                    yield float(value), self._counted(amount).end
                elif value == value.to_integral_value():
                    yield int(value), self._counted(amount).end

    def _chosen(self, at: int, values: Mapping[str, JsonValue]) -> Iterator[tuple[JsonValue, int]]:
        """Yield the value that is said with the most words; several where several are said with as many."""
        ends = [(self._end_of_all(said.split(), at), value) for said, value in values.items()]
        furthest = max((end for end, _ in ends if end is not None), default=at)
        if furthest > at:
            yield from {str(value): (value, furthest) for end, value in ends if end == furthest}.values()

    def _counted(self, amount: Amount) -> Amount:
        """Return an amount with the word "times" behind it, where it stands there."""
        ends = [end for times in _TIMES if (end := self._end_of_all(times, amount.end)) is not None]
        return replace(amount, unit="x", end=max(ends)) if ends and not amount.unit else amount

    def _end_of_all(self, english: Sequence[str], at: int) -> int | None:
        """Return where some English words end that are said from `at` on; None where they are not all."""
        while english:
            at, said = self._end_of(english, at)
            if not said:
                return None
            english = english[said:]
        return at

    def _end_of(self, english: Sequence[str], at: int) -> tuple[int, int]:
        return self.words.end_of(english, self.spoken, at, self.end)


def _in_unit(amount: Amount, name: Sequence[str]) -> Decimal | None:
    """Return a number in the unit that a parameter's name has; None where it measures something else, or nothing."""
    if not amount.unit:
        return amount.number
    own = next((_SIZES[_UNITS[part]] for part in reversed(name) if _UNITS.get(part) in _SIZES), None)
    said = _SIZES.get(amount.unit)
    if own is None or said is None or own[0] != said[0]:
        return None
    return amount.number * said[1] / own[1]
