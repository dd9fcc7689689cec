"""What a language calls numbers, units, times and days, and the phrases that these stand in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from ai_server.brain.slots.spoken import Spelling

_Meaning = TypeVar("_Meaning")


@dataclass(frozen=True)
class Wording:
    """The words of one language, as `Spoken.text` has them: lower case, numbers in digits, `#5` for the fifth.

    Attributes:
        spelling: how it writes numbers.
        phrases: for each meaning of `grammar.py` the patterns that say it. `<name>` stands for a number or one of the
            words of a table, in a group of that name.
        leads: for each kind the words before it that do not belong to it, such as "at" before a time.
        following: the words that may follow a number that is a time, or ends a duration, by its place alone.
        joining: the words between a date and its time.
        conjunction: a pattern of "and".
        more: a pattern of "more", between a number and its unit.
        amounts: what is said for a number of something: "half an", "a couple of".
        of: a pattern of what may stand between such a word and the unit: "of an".
        fractions: what is said after a number or a unit to add a part of it: "and a half".
        units: durations in seconds; those of one letter stand only after digits.
        hours: noon and midnight.
        minutes: parts of an hour: quarter, half.
        parts: of the day, to `morning`, `afternoon`, `evening`, `night`, `am` or `pm`.
        periods: the same by a bare name, where that alone is no part of the day: "morgen" in German.
        days: days from today.
        weekdays: from 0, Monday.
        every_weekday: such as "mondays", from 0.
        months: from 1.
        holidays: month and day.
        spans: what dates are counted in: days, and months as negative numbers.
        repeats: what repeats, to `daily`, `weekdays` or `weekends`.
        levels: of a hundred.
        measures: units of what is measured, to their symbol.
        languages: to their primary tag of BCP 47.
        ordinals: choices that are said without a number; -1 is the last.
        function_words: no name or place begins or ends with one, or with a word of the tables for days.
        particles: that names have inside, in lower case.
    """

    spelling: Spelling
    phrases: Mapping[str, tuple[str, ...]]
    leads: Mapping[str, frozenset[str]] = field(default_factory=dict)
    following: frozenset[str] = frozenset()
    joining: frozenset[str] = frozenset()
    conjunction: str = "and"
    more: str = "(?!)"
    amounts: Mapping[str, float] = field(default_factory=dict)
    of: str = "(?!)"
    fractions: Mapping[str, float] = field(default_factory=dict)
    units: Mapping[str, float] = field(default_factory=dict)
    hours: Mapping[str, int] = field(default_factory=dict)
    minutes: Mapping[str, int] = field(default_factory=dict)
    parts: Mapping[str, str] = field(default_factory=dict)
    periods: Mapping[str, str] = field(default_factory=dict)
    days: Mapping[str, int] = field(default_factory=dict)
    weekdays: Mapping[str, int] = field(default_factory=dict)
    every_weekday: Mapping[str, int] = field(default_factory=dict)
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

    def pattern(self, phrase: str) -> re.Pattern[str]:
        """Return the pattern of a phrase between spaces."""
        body = _PLACEHOLDER.sub(lambda name: f"(?P<{name[1]}>{self._groups[name[1]]})", phrase)
        return re.compile(rf"(?<!\S)(?:{body})(?!\S)")

    @cached_property
    def part_of_duration(self) -> re.Pattern[str]:
        """The pattern of one part of a duration, with the groups `quantity`, `unit` and `fraction`."""
        return re.compile(self._part_of_duration("?P<quantity>", "?P<unit>", "?P<fraction>"))

    @cached_property
    def ending_of_amount(self) -> re.Pattern[str]:
        """The pattern of `of` at the end of an amount."""
        return re.compile(rf" {self.of}$")

    @cached_property
    def _groups(self) -> Mapping[str, str]:
        weekday, every_weekday = one_of(self.weekdays), one_of(self.every_weekday)
        part = self._part_of_duration("?:", "?:", "?:")
        return {
            "quantity": self._quantity,
            "parts": rf"(?:{part})(?: (?:{self.conjunction} )?(?:{part})){{0,{_MOST_PARTS}}}",
            "following": rf"(?:{one_of(self.following)})(?!\S)",
            "hour": rf"\d\d?|{one_of(self.hours)}",
            "minutes": one_of(self.minutes),
            "part": one_of(self.parts),
            "period": one_of(self.periods),
            "days": one_of(self.days),
            "weekday": weekday,
            "weekdays": rf"{weekday}(?: (?:{self.conjunction} )?{weekday}){{0,6}}",
            "every_weekday": rf"{every_weekday}(?: (?:{self.conjunction} )?{every_weekday}){{0,6}}",
            "day": r"#?\d\d?",
            "month": one_of(self.months),
            "holiday": one_of(self.holidays),
            "span": one_of(self.spans),
            "repeats": one_of(self.repeats),
            "level": one_of(self.levels),
            "measure": one_of(self.measures),
            "language": one_of(self.languages),
            "ordinal": rf"#\d+|{one_of(self.ordinals)}",
        }

    @cached_property
    def _quantity(self) -> str:
        number = rf"(?:(?:minus|negative|menos) )?-?\d+(?:\.\d+|:\d\d)?(?: {one_of(self.fractions)})?"
        return f"{one_of(self.amounts)}(?: {self.of})?|{number}"

    def _part_of_duration(self, quantity: str, unit: str, fraction: str) -> str:
        longer = one_of(word for word in self.units if len(word) > 1)
        letters = one_of(word for word in self.units if len(word) == 1)
        units = rf"(?:{longer}|(?<=\d ){letters})(?!\S)"
        fractions = rf"{one_of(self.fractions)}(?!\S)"
        counted = rf"({quantity}{self._quantity}) (?:{self.more} )?"
        return rf"(?:{counted}|(?={units} {fractions}))({unit}{units})(?: ({fraction}{fractions}))?"


_MOST_PARTS = 4
_PLACEHOLDER = re.compile(r"(?<!P)<(\w+)>")


def one_of(words: Iterable[str]) -> str:
    """Return the pattern of one of these words, the longest that stands there; without words it matches nothing."""
    longest_first = sorted(words, key=len, reverse=True)
    return "(?:" + "|".join(map(re.escape, longest_first)) + ")" if longest_first else "(?!)"


def named(table: Mapping[_Meaning, str]) -> dict[str, _Meaning]:
    """Return what each word means, from the words of each meaning with bars between."""
    return {word: meaning for meaning, words in table.items() for word in words.split("|")}


def words(text: str) -> frozenset[str]:
    """Return the set of the words of a text."""
    return frozenset(text.split())
