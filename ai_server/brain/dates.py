"""Days in words, as the model is told them."""

from __future__ import annotations

from datetime import datetime, timedelta

_WEEK = timedelta(days=6)


def day_in_words(at: datetime, now: datetime) -> str:
    """Return on which day something was, such as `today`, `on Tuesday` or `on 3 May`; a year that is over is named.

    Args:
        at: when it was.
        now: in the time zone of those who speak.
    """
    day, today = at.astimezone(now.tzinfo).date(), now.date()
    if day >= today:
        return "today"
    if today - day == timedelta(days=1):
        return "yesterday"
    if today - day <= _WEEK:
        return f"on {day:%A}"
    year = "" if day.year == today.year else f" {day.year}"
    return f"on {day.day} {day:%B}{year}"
