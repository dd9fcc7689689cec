"""What phrases of numbers mean: numbers, durations, levels, quantities with units, and the choice of one of several."""

from __future__ import annotations

import re
from datetime import datetime

from ai_server.brain.slots import SlotValue
from ai_server.brain.slots.wording import Wording

_HUNDRED = 100
_TEN = 10
_SIXTY = 60
_SMALLER = {3600.0: 60.0, 60.0: 1.0}
_QUANTITY = re.compile(
    r"(?P<minus>(?:minus|negative|menos) )?(?P<whole>-?\d+(?:\.\d+|:\d\d)?)(?: (?P<fraction>.+))?", re.DOTALL
)


def number(match: re.Match[str], wording: Wording, _now: datetime) -> dict[str, SlotValue] | None:
    """Read `quantity`, or `numerator` and `denominator`."""
    said = match.groupdict()
    if said.get("denominator"):
        below = int(said["denominator"])
        return {"number": _plain(int(said["numerator"]) / below)} if below else None
    value = _number_said(said["quantity"], wording)
    return None if value is None else {"number": _plain(value)}


def duration(match: re.Match[str], wording: Wording, _now: datetime) -> dict[str, SlotValue] | None:
    """Read `parts`, quantities with units from large to small, and maybe `rest`, in the next smaller unit."""
    seconds, unit = 0.0, float("inf")
    for part in wording.part_of_duration.finditer(match["parts"]):
        smaller = wording.units[part["unit"]]
        amount = quantity(part["quantity"] or "1", wording, unit=smaller)
        if amount is None or smaller >= unit:
            return None
        unit = smaller
        seconds += (amount + wording.fractions.get(part["fraction"] or "", 0.0)) * unit
    if match["rest"]:
        if unit not in _SMALLER or int(match["rest"]) >= _SIXTY:
            return None
        seconds += int(match["rest"]) * _SMALLER[unit]
    return {"duration": round(seconds, 3)} if seconds > 0 else None


def measure(match: re.Match[str], wording: Wording, _now: datetime) -> dict[str, SlotValue] | None:
    """Read `quantity` `measure`, so much of a unit."""
    value = quantity(match["quantity"], wording)
    return None if value is None else {"number": _plain(value), "unit": wording.measures[match["measure"]]}


def unit(match: re.Match[str], wording: Wording, _now: datetime) -> dict[str, SlotValue]:
    """Read `measure`, a unit alone."""
    return {"unit": wording.measures[match["measure"]]}


def percent(match: re.Match[str], wording: Wording, _now: datetime) -> dict[str, SlotValue] | None:
    """Read `quantity`, of a hundred."""
    value = _number_said(match["quantity"], wording)
    return None if value is None else {"percent": _plain(value)}


def level(match: re.Match[str], wording: Wording, _now: datetime) -> dict[str, SlotValue] | None:
    """Read a `level` that has a name, or a `quantity`: `percent`, or `of` so many.

    A number up to ten with neither is of ten, and half is of one: nobody asks for a volume of 7 of a hundred.
    """
    said = match.groupdict()
    if said.get("level"):
        return {"level": wording.levels[said["level"]]}
    value = _number_said(said["quantity"], wording)
    if value is None:
        return None
    if said.get("of"):
        most = float(said["of"])
    elif said.get("percent"):
        most = _HUNDRED
    else:
        most = 1 if 0 < value < 1 else _TEN if value <= _TEN else _HUNDRED
    return {"level": round(_HUNDRED * value / most)} if 0 <= value <= most and most else None


def choice(match: re.Match[str], wording: Wording, _now: datetime) -> dict[str, SlotValue] | None:
    """Read `ordinal`, or `number` said for one: which of several, -1 for the last."""
    said = match.groupdict()
    if said.get("number"):
        return {"ordinal": int(said["number"])}
    ordinal = said["ordinal"]
    return {"ordinal": wording.ordinals[ordinal] if ordinal in wording.ordinals else int(ordinal.lstrip("#"))}


def language(match: re.Match[str], wording: Wording, _now: datetime) -> dict[str, SlotValue]:
    """Read `language`, by its name."""
    return {"language": wording.languages[match["language"]]}


def quantity(text: str, wording: Wording, *, unit: float = 0.0) -> float | None:
    """Return the number that an amount stands for; None if it stands for none, such as 1:75.

    Args:
        text: matched by the pattern of `quantity`.
        wording: of its language.
        unit: in seconds, where it counts one: 1:30 is then one and a half.
    """
    amount = wording.amounts.get(wording.ending_of_amount.sub("", text))
    if amount is not None:
        return amount
    said = _QUANTITY.fullmatch(text)
    if not said:
        return None
    value = _number(said["whole"], unit)
    if value is None:
        return None
    value += wording.fractions.get(said["fraction"] or "", 0.0)
    return -value if said["minus"] else value


def _number_said(text: str, wording: Wording) -> float | None:
    """Return what a quantity counts; None where it is only an article, which counts nothing by itself."""
    return None if wording.amounts.get(text) == 1 else quantity(text, wording)


def _number(digits: str, unit: float) -> float | None:
    whole, colon, sixtieths = digits.partition(":")
    if not colon:
        return float(digits)
    return int(whole) + int(sixtieths) / _SIXTY if unit in _SMALLER and int(sixtieths) < _SIXTY else None


def _plain(value: float) -> int | float:
    return int(value) if value == int(value) else round(value, 6)
