"""Moments by the clock on the wall, and those that come again: every day, on weekdays, every Monday."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_GROUPS = {"daily": range(7), "weekdays": range(5), "weekends": range(5, 7)}


def weekdays(repeats: str) -> frozenset[int]:
    """Return the days of the week, Monday is 0, on which something comes again.

    Args:
        repeats: `daily`, `weekdays`, `weekends`, or days such as `monday`, with commas between them.

    Raises:
        ValueError: if it is something else.
    """
    days: set[int] = set()
    for part in repeats.lower().split(","):
        name = part.strip()
        if name in _GROUPS:
            days.update(_GROUPS[name])
        elif name in DAYS:
            days.add(DAYS.index(name))
        else:
            raise ValueError(f"{repeats!r} is none of daily, weekdays, weekends and the days of the week")
    return frozenset(days)


def moment(day: date, time_of_day: time, zone: tzinfo) -> datetime:
    """Return in UTC when a clock on the wall shows this.

    A time that the clock skips when it goes forward is taken as if it had not; of one that comes twice when it goes
    back, the first counts. That is what RFC 5545, section 3.3.5, says of local times.
    """
    return datetime.combine(day, time_of_day, zone).astimezone(UTC)


def next_moment(time_of_day: time, after: datetime, zone: tzinfo, repeats: str = "daily") -> datetime:
    """Return in UTC when the clock next shows a time, later than `after`, on a day on which it is to come again.

    Raises:
        ValueError: if `repeats` is not what `weekdays` takes.
    """
    today, days = after.astimezone(zone).date(), weekdays(repeats)
    candidates = (today + timedelta(days=ahead) for ahead in range(9))
    return next(at for day in candidates if day.weekday() in days and (at := moment(day, time_of_day, zone)) > after)
