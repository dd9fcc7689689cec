"""What phrases of dates mean."""

from __future__ import annotations

import re
from calendar import isleap, monthrange
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta

from ai_server.brain.slots import SlotValue
from ai_server.brain.slots.amounts import quantity
from ai_server.brain.slots.wording import Wording

_WEEK = 7
_MONTHS_AHEAD = 24
_LEAP_YEARS_APART = 8
_MOST_DAYS = 36_600
_CENTURY = 2000
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def day(match: re.Match[str], wording: Wording, now: datetime) -> dict[str, SlotValue]:
    """Read `days`, a day named by how far it is from today."""
    word = match["days"]
    slots = _on(now.date() + timedelta(wording.days[word]))
    return {**slots, "part": wording.parts[word]} if word in wording.parts else slots


def weekday(match: re.Match[str], wording: Wording, now: datetime) -> dict[str, SlotValue]:
    """Read `weekday`, the next after today.

    With `this` it may be today, with `next` it is that of the next week, with `later` a week more, with `last` the
    one before today, and there may be a `part` or `period` of the day.
    """
    said = match.groupdict()
    slots = _on(now.date() + timedelta(_days_to(wording.weekdays[said["weekday"]], now.weekday(), said)))
    return {**slots, **_part(said, wording)}


def _days_to(weekday: int, today: int, said: Mapping[str, str | None]) -> int:
    ahead = (weekday - today) % _WEEK
    if said.get("last"):
        return ahead - _WEEK
    if said.get("next"):
        return _WEEK - today + weekday
    if not ahead and not said.get("this"):
        return _WEEK
    return ahead + (_WEEK if said.get("later") else 0)


def month_day(match: re.Match[str], wording: Wording, now: datetime) -> dict[str, SlotValue] | None:
    """Read `day` of `month`, both maybe in digits, and maybe `year`; without one, the next such day from today on."""
    said = match.groupdict()
    month = wording.months.get(said["month"]) or _number(said["month"])
    return _in_year(month, _number(said["day"]), said.get("year"), now.date())


def holiday(match: re.Match[str], wording: Wording, now: datetime) -> dict[str, SlotValue] | None:
    """Read `holiday`, and maybe `year`; without one, the next from today on."""
    return _in_year(*wording.holidays[match["holiday"]], match.groupdict().get("year"), now.date())


def day_of_month(match: re.Match[str], wording: Wording, now: datetime) -> dict[str, SlotValue] | None:
    """Read `day`, the next day of that number from today on, and maybe the `weekday` that it must be."""
    wanted = wording.weekdays.get(match.groupdict().get("weekday") or "")
    number, today = _number(match["day"]), now.date()
    for months in range(_MONTHS_AHEAD):
        first = _months_later(today.replace(day=1), months)
        if not 1 <= number <= monthrange(first.year, first.month)[1]:
            continue
        found = first.replace(day=number)
        if found >= today and wanted in {None, found.weekday()}:
            return _on(found)
    return None


def in_span(match: re.Match[str], wording: Wording, now: datetime) -> dict[str, SlotValue] | None:
    """Read `quantity`, else one, of `span`: so many days or months from today, or from `days` or `weekday`."""
    said, start = match.groupdict(), now.date()
    count = quantity(said.get("quantity") or "1", wording)
    span = wording.spans[said["span"]]
    if count is None or count != int(count) or not 0 < count * abs(span) < _MOST_DAYS:
        return None
    if said.get("days"):
        start += timedelta(wording.days[said["days"]])
    if said.get("weekday"):
        start += timedelta((wording.weekdays[said["weekday"]] - start.weekday() - 1) % _WEEK + 1)
    return _on(start + timedelta(int(count) * span) if span > 0 else _months_later(start, int(count) * -span))


def repeats(match: re.Match[str], wording: Wording, _now: datetime) -> dict[str, SlotValue]:
    """Read `repeats`, or the `weekdays` or `every_weekday` that it is on, and maybe a `part` or `period` of the day."""
    said = match.groupdict()
    if said.get("weekdays"):
        slots = _weekly(said["weekdays"], wording.weekdays.get)
    elif said.get("every_weekday"):
        slots = _weekly(said["every_weekday"], wording.every_weekday.get)
    else:
        slots = {"repeats": wording.repeats[said["repeats"]] if said.get("repeats") else "daily"}
    return {**slots, **_part(said, wording)}


def _part(said: Mapping[str, str | None], wording: Wording) -> dict[str, SlotValue]:
    part, period = said.get("part"), said.get("period")
    if part:
        return {"part": wording.parts[part]}
    return {"part": wording.periods[period]} if period else {}


def _weekly(said: str, number: Callable[[str], int | None]) -> dict[str, SlotValue]:
    numbers = {found for word in said.split() if (found := number(word)) is not None}
    return {"repeats": ",".join(_WEEKDAYS[each] for each in sorted(numbers))}


def _in_year(month: int, number: int, year: str | None, today: date) -> dict[str, SlotValue] | None:
    try:
        return _on(date(_year(year), month, number) if year else _coming(month, number, today))
    except ValueError:
        return None


def _number(said: str) -> int:
    return int(said.lstrip("#"))


def _year(said: str) -> int:
    digits = said.replace(" ", "")
    return int(digits) if len(digits) > len("27") else _CENTURY + int(digits)


def _coming(month: int, number: int, today: date) -> date:
    """Return the next such day from today on.

    Raises:
        ValueError: if no year has it.
    """
    if (month, number) == (2, 29):
        years = filter(isleap, range(today.year, today.year + _LEAP_YEARS_APART + 1))
        return next(found for year in years if (found := date(year, month, number)) >= today)
    found = date(today.year, month, number)
    return found if found >= today else found.replace(year=today.year + 1)


def _months_later(start: date, months: int) -> date:
    index = start.month - 1 + months
    year, month = start.year + index // 12, index % 12 + 1
    return date(year, month, min(start.day, monthrange(year, month)[1]))


def _on(found: date) -> dict[str, SlotValue]:
    return {"date": found.isoformat()}
