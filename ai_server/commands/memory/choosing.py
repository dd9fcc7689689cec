"""Which part of what is remembered a command is about, from what was typed."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import typer

_ID = re.compile(r"([ctf])([0-9]{1,18})")
_AGO = re.compile(r"(\d{1,6}) *(minutes?|min|m|hours?|h|days?|d|weeks?|w)")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DAYS = {"today": 0, "yesterday": 1}
_HOW = "a date (2026-05-03), a time (2026-05-03T18:00), today, yesterday, or how long ago (3d, 12h, 7 days)"


def moment(text: str, now: datetime) -> datetime:
    """Return the moment that somebody typed; a day means its beginning where the host is.

    Args:
        text: a date or a time of ISO 8601, `today`, `yesterday`, or how long ago: `30m`, `12h`, `3d`, `7 days`.
        now: with the host's time zone, in which a moment without one is meant.

    Raises:
        ValueError: if it is none of these.
    """
    wanted = text.strip().lower()
    if wanted in _DAYS:
        return datetime.combine(now.date() - timedelta(days=_DAYS[wanted]), datetime.min.time()).astimezone()
    if ago := _AGO.fullmatch(wanted):
        try:
            return now - timedelta(**{_UNITS[ago[2][0]]: int(ago[1])})
        except OverflowError:
            raise ValueError(f"{text!r} is longer ago than any date") from None
    try:
        when = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} is no moment: write {_HOW}") from None
    return when if when.tzinfo else when.astimezone()


def typed_moment(text: str | None) -> datetime | None:
    """Return the moment of an option, None where it was not given.

    Raises:
        typer.BadParameter: if it is none.
    """
    if text is None:
        return None
    try:
        return moment(text, datetime.now().astimezone())
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def typed_id(text: str) -> tuple[str, int]:
    """Return the kind (c, t or f) and the row of an id as tables show it.

    Raises:
        typer.BadParameter: if it is none.
    """
    found = _ID.fullmatch(text)
    if found is None:
        raise typer.BadParameter(f"{text!r} is no id, such as c12, t812 and f17 in what list, facts and search show")
    return found[1], int(found[2])
