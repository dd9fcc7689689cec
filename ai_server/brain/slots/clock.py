"""What phrases of the time of the day mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from ai_server.brain.slots import SlotValue
from ai_server.brain.slots.wording import Wording

_SIXTY = 60
_NOON = 12
_DAY = 24
_MORNING = 6
_LATE = {
    "am": range(0),
    "morning": range(0),
    "pm": range(1, 12),
    "afternoon": range(1, 11),
    "evening": range(1, 12),
    "night": range(6, 12),
}
"""The hours of each part of the day that are after noon."""

_NOON_IS_TWELVE = frozenset({"pm", "afternoon"})


def clock(match: re.Match[str], wording: Wording, now: datetime) -> dict[str, SlotValue] | None:
    """Read `hour`, and maybe `minute`, `second` and `part` of the day.

    With `half` the hour is the one to come, with `quarter` only a quarter of it has passed, and with `to` the minutes
    are before all that. `exact` is said of a clock of 24 hours alone.
    """
    said = match.groupdict()
    named = wording.hours.get(said["hour"])
    hour = int(said["hour"]) if named is None else named
    word = said.get("minute") or "0"
    minute = wording.minutes[word] if word in wording.minutes else int(word)
    second = int(said.get("second") or 0)
    if minute >= _SIXTY or second >= _SIXTY or hour * _SIXTY + minute > _DAY * _SIXTY:
        return None
    past = -minute if said.get("to") else minute
    past -= 30 if said.get("half") else 45 if said.get("quarter") else 0
    slots = dict(_at(hour * _SIXTY + past, second))
    has_24_hours = named is not None or said["hour"].startswith("0") or said.get("exact")
    if 1 <= hour <= _NOON and not has_24_hours:
        slots["ambiguous"] = True
    part = said.get("part")
    if not part:
        return slots
    if part in wording.days:
        slots["date"] = (now.date() + timedelta(wording.days[part])).isoformat()
    return settled({**slots, "part": wording.parts[part]})


def _at(minutes: int, second: int) -> Mapping[str, SlotValue]:
    hour, minute = divmod(minutes % (_DAY * _SIXTY), _SIXTY)
    return {"time": f"{hour:02}:{minute:02}" + (f":{second:02}" if second else "")}


def part_of_day(match: re.Match[str], wording: Wording, _now: datetime) -> dict[str, SlotValue]:
    """Read `part`."""
    return {"part": wording.parts[match["part"]]}


def settled(slots: Mapping[str, SlotValue]) -> dict[str, SlotValue]:
    """Return a time that is no more ambiguous where a part of the day was said with it.

    The hours after midnight of a night belong to the day after: tonight at two is tomorrow at 02:00.
    """
    if "part" not in slots or "time" not in slots:
        return dict(slots)
    rest = {name: value for name, value in slots.items() if name not in {"part", "ambiguous", "time"}}
    said, part = time.fromisoformat(str(slots["time"])), str(slots["part"])
    if slots.get("ambiguous"):
        said = said.replace(hour=_in_part(said.hour or _NOON, part))
    if "date" in rest and part == "night" and said.hour < _MORNING:
        rest["date"] = (date.fromisoformat(str(rest["date"])) + timedelta(1)).isoformat()
    return {**rest, "time": said.isoformat("seconds" if said.second else "minutes")}


def _in_part(hour: int, part: str) -> int:
    """Return the hour of 24 that an hour from 1 to 12 is in a part of the day."""
    if hour == _NOON:
        return _NOON if part in _NOON_IS_TWELVE else 0
    return hour + _NOON if hour in _LATE[part] else hour
