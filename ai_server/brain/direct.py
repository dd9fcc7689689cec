"""Commands that say a declared action and all its parameters: these need no model."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from pydantic import JsonValue
from text_to_num import alpha2digit

from ai_server.brain.body import Body, spoken_name
from ai_server.llm.chat import ActionCall
from ai_server.protocol.device import ActionDeclaration, Parameter

_LONGEST = 80
"""Characters of a command; what is longer is no mere command, and is left to the model."""

_TOKEN = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?|[^\W\d_]+(?:'[^\W\d_]+)*")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_ARTICLES = frozenset({"a", "an", "the", "your", "my"})
_FILLERS = frozenset({"a", "an", "the", "to", "by", "for", "at", "of", "with"})
_BEFORE = (
    ("please",), ("now",), ("okay",), ("ok",), ("hey",), ("and",), ("then",), ("just",),
    ("can", "you"), ("could", "you"), ("would", "you"), ("will", "you"),
)  # fmt: skip
_AFTER = (("please",), ("now",), ("thanks",), ("thank", "you"), ("right", "now"), ("immediately",))
_SWITCHED: Mapping[str, bool] = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}

_UNITS: Mapping[str, tuple[str, Decimal]] = {
    **dict.fromkeys(("mm", "millimetre", "millimetres", "millimeter", "millimeters"), ("length", Decimal("0.001"))),
    **dict.fromkeys(("cm", "centimetre", "centimetres", "centimeter", "centimeters"), ("length", Decimal("0.01"))),
    **dict.fromkeys(("m", "metre", "metres", "meter", "meters"), ("length", Decimal(1))),
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), ("time", Decimal("0.001"))),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), ("time", Decimal(1))),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), ("time", Decimal(60))),
    **dict.fromkeys(("deg", "degree", "degrees"), ("angle", Decimal(1))),
    **dict.fromkeys(("percent", "pct"), ("share", Decimal(1))),
    **dict.fromkeys(("time", "times", "count", "repeats"), ("count", Decimal(1))),
}  # fmt: skip
"""Words of units, here and at the end of a parameter's name: what they measure, and how much of it."""


def read_command(text: str, body: Body, *, names: Iterable[str] = ()) -> ActionCall | None:
    """Return the action that an utterance says with nothing left out and nothing left over; None for any other.

    It must begin with the action's name, `turn_left` being said as "turn left", but for articles, courtesies and the
    robot's `names`. After it stand the parameters, in any order: a value of an enum, "on" or "off", a number in digits
    or English words, with its unit where the parameter's name ends in one (`distance_cm`, `degrees`). A number out of
    range, and text, is left to the model.
    """
    if len(text) > _LONGEST:
        return None
    tokens = _without_courtesies(_tokens(text), [_tokens(name) for name in names])
    for action in body.offered:
        rest = _after_name(action, tokens)
        call = None if rest is None else _with_parameters(action, rest)
        if call is not None and body.objection(call) is None:
            return call
    return None


def _after_name(action: ActionDeclaration, words: Sequence[str]) -> Sequence[str] | None:
    """Return what is said after an action's name, in which an article may stand; None where it is not said."""
    for number, part in enumerate(spoken_name(action.name)):
        if number and words and words[0] in _ARTICLES:
            words = words[1:]
        if not words or words[0] != part:
            return None
        words = words[1:]
    return words


@dataclass(frozen=True, slots=True)
class _Filling:
    """Parameters that have their value, those that wait for one, and the words that are left."""

    waiting: Mapping[str, Parameter]
    words: Sequence[str]
    values: Mapping[str, JsonValue] = field(default_factory=dict)

    def fill(self, name: str, value: JsonValue, used: int) -> _Filling:
        waiting = {other: parameter for other, parameter in self.waiting.items() if other != name}
        return _Filling(waiting, self.words[used:], {**self.values, name: value})


def _with_parameters(action: ActionDeclaration, words: Sequence[str]) -> ActionCall | None:
    properties = action.parameters.properties
    filling: _Filling | None = _Filling(properties, words)
    while filling is not None and filling.words:
        filling = _step(filling)
    if filling is None or filling.waiting:
        return None
    return ActionCall(action.name, {name: filling.values[name] for name in properties})


def _step(filling: _Filling) -> _Filling | None:
    """Take the next words for what they can be; None where they are nothing of this action, or could be two things."""
    ways = list(_ways(filling))
    if len(ways) == 1:
        return ways[0]
    if not ways and filling.words[0] in _FILLERS:
        return replace(filling, words=filling.words[1:])
    return None


def _ways(filling: _Filling) -> Iterator[_Filling]:
    words = filling.words
    for name, parameter in filling.waiting.items():
        said = spoken_name(name)
        named = 0
        if tuple(words[: len(said)]) == said and len(words) > len(said):
            named = len(said)
        for value, used in _values(name, parameter, words[named:]):
            yield filling.fill(name, value, named + used)


def _values(name: str, parameter: Parameter, words: Sequence[str]) -> Iterator[tuple[JsonValue, int]]:
    match parameter.type:
        case "boolean" if words[0] in _SWITCHED:
            yield _SWITCHED[words[0]], 1
        case "string":
            for value in parameter.enum:
                said = tuple(_tokens(value.replace("_", " ")))
                if said and tuple(words[: len(said)]) == said:
                    yield value, len(said)
        case "integer" | "number" if _NUMBER.fullmatch(words[0]):
            yield from _number(name, parameter, words)


def _number(name: str, parameter: Parameter, words: Sequence[str]) -> Iterator[tuple[JsonValue, int]]:
    value, used = Decimal(words[0]), 1
    own = next((_UNITS[part] for part in reversed(spoken_name(name)) if part in _UNITS), None)
    if len(words) > 1 and (said := _UNITS.get(words[1])):
        if own is None or own[0] != said[0]:
            return
        value, used = value * said[1] / own[1], 2
    if parameter.type == "number":
        yield float(value), used
    elif value == value.to_integral_value():
        yield int(value), used


def _tokens(text: str) -> list[str]:
    return [word.lower() for word in _TOKEN.findall(alpha2digit(text.lower(), "en", threshold=0))]


def _without_courtesies(words: list[str], names: Sequence[Sequence[str]]) -> list[str]:
    named = [tuple(name) for name in names if name]
    while used := next((len(each) for each in (*_BEFORE, *named) if tuple(words[: len(each)]) == each), 0):
        words = words[used:]
    while used := next((len(each) for each in (*_AFTER, *named) if tuple(words[-len(each) :]) == each), 0):
        words = words[:-used]
    return words
