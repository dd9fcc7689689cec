"""What a language calls numbers, units, times and days, and the phrases that these stand in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ai_server.brain.slots.spoken import Spelling


@dataclass(frozen=True)
class Wording:
    """The words of one language. All are written as `Spoken.text` has them: lower case, numbers in digits, `#5`.

    Attributes:
        spelling: how it writes numbers.
        phrases: for each meaning of `meanings.py` the patterns that say it. `<name>` stands for a number or one of
            the words of a table, in a group of that name.
        leads: for each kind the words before it that do not belong to it, such as "at" before a time.
        following: the words that may follow a number that is a time or ends a duration by its place alone.
        joining: the words between a date and its time.
        conjunction: "and", in a duration.
        amounts: what is said for a number of something: "half an", "a couple of".
        fractions: what is said after a number or a unit to add a part of it: "and a half".
        units: durations in seconds.
        hours: noon and midnight.
        minutes: parts of an hour: quarter, half.
        parts: of the day, to `morning`, `afternoon`, `evening`, `night`, `am` or `pm`.
        days: days from today.
        weekdays: from 0, Monday.
        months: from 1.
        holidays: month and day.
        spans: what dates are counted in: days, and months as negative numbers.
        repeats: what repeats, to `daily`, `weekdays` or `weekends`.
        levels: of a hundred.
        measures: units of what is measured, to their symbol.
        languages: to their primary tag of BCP 47.
        ordinals: that are no numbers: -1 is the last.
        function_words: no name begins or ends with one.
        particles: that names have inside, in lower case.
    """

    spelling: Spelling
    phrases: Mapping[str, tuple[str, ...]]
    leads: Mapping[str, frozenset[str]]
    following: frozenset[str]
    joining: frozenset[str]
    conjunction: str
    amounts: Mapping[str, float] = field(default_factory=dict)
    fractions: Mapping[str, float] = field(default_factory=dict)
    units: Mapping[str, float] = field(default_factory=dict)
    hours: Mapping[str, int] = field(default_factory=dict)
    minutes: Mapping[str, int] = field(default_factory=dict)
    parts: Mapping[str, str] = field(default_factory=dict)
    days: Mapping[str, int] = field(default_factory=dict)
    weekdays: Mapping[str, int] = field(default_factory=dict)
    months: Mapping[str, int] = field(default_factory=dict)
    holidays: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    spans: Mapping[str, int] = field(default_factory=dict)
    repeats: Mapping[str, str] = field(default_factory=dict)
    levels: Mapping[str, int] = field(default_factory=dict)
    measures: Mapping[str, str] = field(default_factory=dict)
    languages: Mapping[str, str] = field(default_factory=dict)
    ordinals: Mapping[str, int] = field(default_factory=dict)
    function_words: frozenset[str] = frozenset()
    particles: frozenset[str] = frozenset()

    @cached_property
    def quantity(self) -> str:
        """The pattern of an amount: a number with or without a fraction, or what stands in `amounts`."""
        fraction = one_of(self.fractions)
        return rf"{one_of(self.amounts)}|(?:(?:minus|negative|menos) )?-?\d+(?:\.\d+|:\d\d)?(?: {fraction})?"

    @cached_property
    def part_of_duration(self) -> re.Pattern[str]:
        """The pattern of one part of a duration, with the groups `quantity`, `unit` and `fraction`."""
        return re.compile(self._part(r"(?P<quantity>", r"(?P<unit>", r"(?P<fraction>"))

    @cached_property
    def durations(self) -> str:
        """The pattern of all parts of a duration."""
        part = self._part("(?:", "(?:", "(?:")
        return rf"(?:{part})(?: (?:{self.conjunction} )?(?:{part}))*"

    def _part(self, quantity: str, unit: str, fraction: str) -> str:
        letters = "|".join(rf"(?<=\d ){word}" for word in self.units if len(word) == 1)
        units = "|".join(filter(None, [one_of(word for word in self.units if len(word) > 1), letters]))
        fractions = one_of(self.fractions)
        return rf"(?:{quantity}{self.quantity}) |(?={units} {fractions})){unit}{units})(?!\S)(?: {fraction}{fractions})(?!\S))?"


def one_of(words: Iterable[str]) -> str:
    """Return the pattern of one of these words, the longest that stands there."""
    return "(?:" + "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)) + ")"
