"""What a phrase means that a pattern of a language has matched: one function for each meaning."""

from __future__ import annotations

import re
from calendar import isleap, monthrange
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta

from ai_server.brain.slots import SlotValue
from ai_server.brain.slots.wording import Wording

Slots = Mapping[str, SlotValue]
Meaning = Callable[[re.Match[str], Wording, datetime], Slots | None]
"""Makes slots of a match; None where the words have the form and cannot be meant, such as 25 o'clock."""

_SIXTY = 60
_NOON = 12
_DAY_HOURS = 24
_WEEK = 7
_LONGEST_MONTH = 31
_MONTHS_AHEAD = 24
_MOST_DAYS = 36_600
_CENTURY = 2000


def number(match: re.Match[str], wording: Wording, _now: datetime) -> Slots | None:
    """Read `quantity`, a number or a fraction."""
    value = _quantity(match["quantity"], wording)
    return None if value is None else {"number": _plain(value)}


def duration(match: re.Match[str], wording: Wording, _now: datetime) -> Slots | None:
    """Read `parts`, quantities with units from large to small, and `rest`, of the next smaller unit."""
    seconds, unit = 0.0, float("inf")
    for part in wording.part_of_duration.finditer(match["parts"]):
        smaller = wording.units[part["unit"]]
        amount = _quantity(part["quantity"] or "1", wording, smaller)
        if amount is None or smaller >= unit:
            return None
        unit = smaller
        seconds += (amount + wording.fractions.get(part["fraction"] or "", 0.0)) * unit
    if match["rest"]:
        if unit not in _NEXT or float(match["rest"]) >= _SIXTY:
            return None
        seconds += float(match["rest"]) * _NEXT[unit]
    return {"duration": round(seconds, 3)} if seconds > 0 else None


_NEXT = {3600.0: 60.0, 60.0: 1.0}


def clock(match: re.Match[str], wording: Wording, _now: datetime) -> Slots | None:
    """Read a time of the day: `hour`, and maybe `minute`, `second`, `part`; `to` counts back from the hour."""
    said = match.groupdict()
    named = wording.hours.get(said["hour"])
    hour = int(said["hour"]) if named is None else named
    minute_word = said.get("minute") or said.get("minutes") or "0"
    minute = wording.minutes[minute_word] if minute_word in wording.minutes else int(minute_word)
    second = int(said.get("second") or 0)
    if minute >= _SIXTY or second >= _SIXTY or hour > _DAY_HOURS:
        return None
    is_of_twelve = named is None and 1 <= hour <= _NOON and not (said["hour"].startswith("0"))
    if said.get("to"):
        hour, minute = (hour - (minute > 0)) % _DAY_HOURS, (_SIXTY - minute) % _SIXTY
    part = wording.parts.get(said.get("part") or "")
    if part and is_of_twelve:
        hour = in_part(hour or _NOON, part)
    return _time(hour % _DAY_HOURS, minute, second, is_ambiguous=is_of_twelve and not part)


def _time(hour: int, minute: int, second: int, *, is_ambiguous: bool) -> Slots:
    said = f"{hour:02}:{minute:02}" + (f":{second:02}" if second else "")
    return {"time": said, "ambiguous": True} if is_ambiguous else {"time": said}


def in_part(hour: int, part: str) -> int:
    """Return the hour of the 24 h clock that an hour from 1 to 12 is in a part of the day."""
    first_late_hour = {"am": 12, "morning": 12, "pm": 0, "afternoon": 0, "evening": 1, "night": 6}[part]
    if hour == _NOON:
        return _NOON if part in {"pm", "afternoon"} else 0
    return hour + _NOON if hour >= first_late_hour else hour


def day(match: re.Match[str], wording: Wording, now: datetime) -> Slots:
    """Read `days`, a day named from today."""
    return _date(now.date() + timedelta(wording.days[match["days"]]))


def weekday(match: re.Match[str], wording: Wording, now: datetime) -> Slots:
    """Read `weekday`, the next such day after today; with `this` today counts, with `next` it is in the next week.

    `later` is a number of weeks more, or a word for one; `last` is the one before today.
    """
    said = match.groupdict()
    today = now.date()
    ahead = (wording.weekdays[match["weekday"]] - today.weekday()) % _WEEK
    if said.get("last"):
        return _date(today - timedelta(_WEEK - ahead))
    if said.get("next"):
        return _date(today + timedelta(_WEEK - today.weekday() + wording.weekdays[match["weekday"]]))
    if not ahead and not said.get("this"):
        ahead = _WEEK
    if said.get("later"):
        ahead += _WEEK
    return _date(today + timedelta(ahead))


def month_day(match: re.Match[str], wording: Wording, now: datetime) -> Slots | None:
    """Read `day` of `month`, both maybe in digits, and maybe `year`; without one, the next such day from today."""
    said = match.groupdict()
    month = wording.months.get(said["month"]) or int(said["month"])
    year = said.get("year")
    try:
        if year:
            return _date(date(_year(year), month, int(said["day"].lstrip("#"))))
        return _date(_coming(month, int(said["day"].lstrip("#")), now.date()))
    except ValueError:
        return None


def day_of_month(match: re.Match[str], wording: Wording, now: datetime) -> Slots | None:
    """Read `day` of this month or the next that has it, and maybe the `weekday` that it must be."""
    wanted = wording.weekdays.get(match.groupdict().get("weekday") or "")
    number_of_day = int(match["day"])
    if not 1 <= number_of_day <= _LONGEST_MONTH:
        return None
    today = now.date()
    for index in range(today.month - 1, today.month - 1 + _MONTHS_AHEAD):
        year, month = today.year + index // 12, index % 12 + 1
        if number_of_day <= monthrange(year, month)[1]:
            found = date(year, month, number_of_day)
            if found >= today and wanted in {None, found.weekday()}:
                return _date(found)
    return None


def in_span(match: re.Match[str], wording: Wording, now: datetime) -> Slots | None:
    """Read `quantity` `span`: so many days or months from today, or from `days` or `weekday`."""
    count = _quantity(match["quantity"] or "1", wording)
    span = wording.spans[match["span"]]
    if count is None or count != int(count) or not 0 < count * abs(span) < _MOST_DAYS:
        return None
    said = match.groupdict()
    start = now.date()
    if said.get("days"):
        start += timedelta(wording.days[said["days"]])
    if said.get("weekday"):
        start += timedelta((wording.weekdays[said["weekday"]] - start.weekday() - 1) % _WEEK + 1)
    return _date(start + timedelta(int(count) * span) if span > 0 else _months_later(start, int(count) * -span))


def holiday(match: re.Match[str], wording: Wording, now: datetime) -> Slots:
    """Read `holiday`, the next from today on, or that of `year`."""
    month, day_number = wording.holidays[match["holiday"]]
    year = match.groupdict().get("year")
    if year:
        return _date(date(_year(year), month, day_number))
    return _date(_coming(month, day_number, now.date()))


def _year(said: str) -> int:
    digits = said.replace(" ", "")
    return int(digits) if len(digits) > len("27") else _CENTURY + int(digits)


def _coming(month: int, day_number: int, today: date) -> date:
    """Return the next such day from today on.

    Raises:
        ValueError: if no year has it.
    """
    if (month, day_number) == (2, 29):
        year = next(year for year in range(today.year, today.year + 9) if _has_leap_day(year, today))
        return date(year, month, day_number)
    this_year = date(today.year, month, day_number)
    return this_year if this_year >= today else this_year.replace(year=today.year + 1)


def _has_leap_day(year: int, today: date) -> bool:
    return isleap(year) and date(year, 2, 29) >= today


def _months_later(start: date, months: int) -> date:
    index = start.month - 1 + months
    year, month = start.year + index // 12, index % 12 + 1
    return date(year, month, min(start.day, monthrange(year, month)[1]))


def _date(said: date) -> Slots:
    return {"date": said.isoformat()}


def _quantity(text: str, wording: Wording, unit: float = 0.0) -> float | None:
    """Return what is said as an amount; None if it is none, such as 1:75 hours."""
    if text in wording.amounts:
        return wording.amounts[text]
    said = _QUANTITY.fullmatch(text)
    if not said:
        return None
    whole, more, sign = said["whole"], said["more"], -1 if said["sign"] else 1
    if more and more not in wording.fractions:
        return None
    if ":" in whole:
        hours, minutes = whole.split(":")[:2]
        return float(hours) + float(minutes) / _SIXTY if unit in _NEXT and int(minutes) < _SIXTY else None
    return sign * (float(whole) + wording.fractions.get(more or "", 0.0))


_QUANTITY = re.compile(
    r"(?:(?P<sign>minus|negative|menos) )?(?P<whole>-?\d+(?:\.\d+|:\d\d)?)(?: (?P<more>\D.*|½|\d/\d))?"
)


def _plain(value: float) -> int | float:
    return int(value) if value == int(value) else round(value, 6)
