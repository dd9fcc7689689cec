"""How numbers, times, dates, durations and lists are said in a language."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from string import Template
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from ai_server.configfile import ConfigModel


def holding(*placeholders: str) -> Callable[[str], str]:
    """Return a check that a text is a template with these placeholders or fewer."""

    def check(value: str) -> str:
        template = Template(value)
        if not template.is_valid() or set(template.get_identifiers()) - set(placeholders):
            allowed = ", ".join(f"${name}" for name in placeholders) or "none"
            raise ValueError(f"may hold these placeholders: {allowed}; a dollar sign is written $$: {value!r}")
        return value

    return check


Word = Annotated[str, StringConstraints(min_length=1, max_length=400, pattern=r"^[^\n\[\]{}]*$", strip_whitespace=True)]
_Count = Annotated[Word, AfterValidator(holding("count"))]


class Forms(ConfigModel):
    """The table `[forms]` of a file in `config/phrases/skills/`."""

    weekdays: Annotated[tuple[Word, ...], Field(min_length=7, max_length=7)]
    months: Annotated[tuple[Word, ...], Field(min_length=12, max_length=12)]
    date_: Annotated[Word, AfterValidator(holding("weekday", "day", "month", "year"))] = Field(alias="date")
    time_: Annotated[Word, AfterValidator(holding("hour", "minute"))] = Field(alias="time")
    decimal_point: Word
    negative: Annotated[Word, AfterValidator(holding("number"))]
    and_: Word = Field(alias="and")
    days: tuple[_Count, _Count]
    hours: tuple[_Count, _Count]
    minutes: tuple[_Count, _Count]
    seconds: tuple[_Count, _Count]
    languages: Mapping[str, Word] = {}

    def number(self, value: Decimal | float, places: int = 1) -> str:
        """Return a number rounded to so many decimal places, without the zeros at its end: `2.5`, `minus 3`."""
        text = f"{abs(value):.{places}f}"
        if "." in text:
            text = text.rstrip("0").removesuffix(".")
        text = text.replace(".", self.decimal_point)
        return Template(self.negative).substitute(number=text) if value < 0 and text != "0" else text

    def date(self, day: datetime.date) -> str:
        """Return a day with its weekday and its year: `Monday, 4 May 2026`."""
        return Template(self.date_).substitute(
            weekday=self.weekday(day), day=day.day, month=self.months[day.month - 1], year=day.year
        )

    def weekday(self, day: datetime.date) -> str:
        """Return the name of a day in the week."""
        return self.weekdays[day.weekday()]

    def time(self, moment: datetime.datetime | datetime.time) -> str:
        """Return a time of the day, to the minute: `14:05`."""
        return Template(self.time_).substitute(hour=f"{moment.hour:02}", minute=f"{moment.minute:02}")

    def duration(self, seconds: float) -> str:
        """Return a span of time to the second, without its empty parts: `1 hour and 30 minutes`; `0 seconds`."""
        minutes, second = divmod(round(seconds), 60)
        hours, minute = divmod(minutes, 60)
        day, hour = divmod(hours, 24)
        counts = ((day, self.days), (hour, self.hours), (minute, self.minutes), (second, self.seconds))
        return self.listing([_counted(count, words) for count, words in counts if count]) or _counted(0, self.seconds)

    def count_days(self, count: int) -> str:
        """Return such as `1 day` or `3 days`."""
        return _counted(count, self.days)

    def listing(self, parts: Iterable[str]) -> str:
        """Return such as `a, b and c`; an empty text for nothing."""
        *first, last = list(parts) or [""]
        return f"{', '.join(first)} {self.and_} {last}" if first else last


def _counted(count: int, words: Sequence[str]) -> str:
    return Template(words[0] if count == 1 else words[1]).substitute(count=count)
