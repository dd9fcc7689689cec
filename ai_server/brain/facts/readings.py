"""Reads the words that stand in the slots of rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from string import Template

from ai_server.brain.facts.rulefile import RuleFile
from ai_server.brain.intent.words import Spoken, Words
from ai_server.brain.slots import reading

_MOST_WORDS = 7
_MOST_WORDS_OF_NAME = 3
_OLDEST = 119
_FIRST_YEAR = 1900
_YEAR = re.compile(r"\b(19|20)\d\d\b")
_YEAR_ALONE = re.compile(r"(19|20)\d\d")


@dataclass(frozen=True, slots=True)
class Reading:
    """What words in a slot say.

    Attributes:
        value: what is kept.
        said: how it is told back.
        noun: what of a set it is, as the set calls it; of other words, these in lower case.
    """

    value: str
    said: str
    noun: str = ""


class Readings:
    """Reads slots of one language.

    Args:
        language: a primary tag of BCP 47.
        rules: what its file holds.
        words: splits what is said.
    """

    def __init__(self, language: str, rules: RuleFile, words: Words) -> None:
        self._language = language
        self._rules = rules
        self._articles = _folded(rules.articles, words)
        self._adjectives = _folded(rules.adjectives, words)
        self._no_value = _folded(rules.no_value, words)
        self._no_first = _folded(rules.no_first, words)
        self._cut = _folded(rules.cut, words)
        self._places = _folded(rules.places, words)
        self._no_place = _folded(rules.no_place, words)
        self._sets = {name: _members(members, words) for name, members in rules.sets.items()}
        self._persons = {**self._sets.get("pet", {}), **self._sets.get("relation", {})}
        self._flip = _Flip(rules.flip)
        self._kinds: Mapping[str, Callable[[Spoken, int, int, datetime], Reading | None]] = {
            "value": self.value,
            "thing": self._thing,
            "name": self._name,
            "age": self._age,
            "year": self._year,
            "day": self._day,
            "when": self._when,
            "place": self._place,
            "where": self._where,
            "who": self.who,
        }

    def read(self, kind: str, spoken: Spoken, start: int, end: int, now: datetime) -> Reading | None:
        """Return what the words from `start` to before `end` say; None where they are no such thing."""
        if kind in self._kinds:
            return self._kinds[kind](spoken, start, end, now)
        return self._one_of(self._sets[kind], spoken, start, end)

    def told_back(self, text: str) -> str:
        """Return what somebody says of themselves as it is said to them."""
        return self._flip.of(text)

    def value(self, spoken: Spoken, start: int, end: int, _now: datetime) -> Reading | None:
        """Return what the words say, whatever that is; None where it is nothing that lasts."""
        words = spoken.words[start:end]
        end = start + next((number for number, word in enumerate(words) if word in self._cut), len(words))
        first = self._after_articles(spoken, start, end)
        words = spoken.words[first:end]
        if not 0 < len(words) <= _MOST_WORDS or words[0] in self._no_first or not self._no_value.isdisjoint(words):
            return None
        noun = " ".join(words)
        return Reading(spoken.stretch(first, end), self.told_back(spoken.stretch(start, end)), noun)

    def _thing(self, spoken: Spoken, start: int, end: int, now: datetime) -> Reading | None:
        if not self._places.isdisjoint(spoken.words[start:end]):
            return None
        return self.value(spoken, start, end, now)

    def _place(self, spoken: Spoken, start: int, end: int, now: datetime) -> Reading | None:
        place = self.value(spoken, start, end, now)
        if place is None or not self._no_place.isdisjoint(
            (place.noun.partition(" ")[0], place.noun.rpartition(" ")[2])
        ):
            return None
        return Reading(place.said, place.said, place.noun)

    def _where(self, spoken: Spoken, start: int, end: int, _now: datetime) -> Reading | None:
        if spoken.words[start] not in self._places:
            return None
        said = spoken.stretch(start, end)
        return Reading(said, self.told_back(said))

    def _name(self, spoken: Spoken, start: int, end: int, now: datetime) -> Reading | None:
        words = spoken.words[start:end]
        if len(words) > _MOST_WORDS_OF_NAME or not (self._no_value | self._articles | self._cut).isdisjoint(words):
            return None
        read = reading.read("name", spoken.stretch(start, end), self._language, now)
        return Reading(str(read["name"]), str(read["name"])) if read else None

    def _age(self, spoken: Spoken, start: int, end: int, now: datetime) -> Reading | None:
        if spoken.words[start] in self._no_first:
            return None
        read = reading.read("number", spoken.stretch(start, end), self._language, now)
        years = read["number"] if read else 0
        if not isinstance(years, int | float) or years != int(years) or not 0 < years <= _OLDEST:
            return None
        return Reading(str(int(years)), str(int(years)))

    def _year(self, spoken: Spoken, start: int, end: int, now: datetime) -> Reading | None:
        said = spoken.stretch(start, end)
        if not _YEAR_ALONE.fullmatch(said) or not _FIRST_YEAR <= int(said) <= now.year:
            return None
        return Reading(said, said)

    def _day(self, spoken: Spoken, start: int, end: int, now: datetime) -> Reading | None:
        """Read a day that comes every year: without a year, unless one in the past is said."""
        said = spoken.stretch(start, end)
        read = reading.read("date", said, self._language, now)
        if read is None:
            return None
        day = date.fromisoformat(str(read["date"]))
        if day.year < now.year or _YEAR.search(said):
            return Reading(day.isoformat(), self._written(self._rules.date, day))
        return Reading(f"-{day.strftime('-%m-%d')}", self._written(self._rules.yearless, day))

    def _when(self, spoken: Spoken, start: int, end: int, now: datetime) -> Reading | None:
        read = reading.read("datetime", spoken.stretch(start, end), self._language, now)
        if not read or "date" not in read or "repeats" in read:
            return None
        day = date.fromisoformat(str(read["date"]))
        written = self._written(self._rules.date, day)
        if "time" not in read:
            return Reading(day.isoformat(), written)
        moment = f"{day.isoformat()}T{read['time']}"
        return Reading(moment, Template(self._rules.at).substitute(date=written, time=read["time"]))

    def _written(self, template: str, day: date) -> str:
        return Template(template).substitute(day=day.day, month=self._rules.months[day.month - 1], year=day.year)

    def who(self, spoken: Spoken, start: int, end: int, now: datetime) -> Reading | None:
        """Return whom or which pet the words say, such as "brother Tom"; None where it is nobody."""
        while start < end and spoken.words[start] in self._adjectives | self._articles:
            start += 1
        for middle in range(end, start, -1):
            called = " ".join(spoken.words[start:middle])
            noun = self._persons.get(called) or self._persons.get(called.removesuffix("s"))
            if noun is None:
                continue
            said = called if called in self._persons else called.removesuffix("s")
            if middle == end:
                return Reading(noun, said, noun)
            name = self._name(spoken, middle, end, now)
            return Reading(f"{noun} {name.value}", f"{said} {name.value}", noun) if name else None
        return None

    def _one_of(self, members: Mapping[str, str], spoken: Spoken, start: int, end: int) -> Reading | None:
        first = self._after_articles(spoken, start, end)
        at = first
        while at < end:
            noun = members.get(" ".join(spoken.words[at:end]))
            if noun is not None:
                return Reading(spoken.stretch(first, end), self.told_back(spoken.stretch(start, end)), noun)
            if spoken.words[at] not in self._adjectives:
                return None
            at += 1
        return None

    def _after_articles(self, spoken: Spoken, start: int, end: int) -> int:
        return next((at for at in range(start, end) if spoken.words[at] not in self._articles), end)


class _Flip:
    """Says of "you" what was said of "I"."""

    def __init__(self, flips: Mapping[str, str]) -> None:
        self._flips = {said.casefold(): told for said, told in flips.items()}
        longest_first = sorted(self._flips, key=len, reverse=True)
        either = "|".join(re.escape(said) for said in longest_first) or r"(?!)"
        self._pattern = re.compile(rf"(?<![\w'’])(?:{either})(?![\w'’])", re.IGNORECASE)  # noqa: RUF001

    def of(self, text: str) -> str:
        return self._pattern.sub(lambda match: self._flips[match[0].casefold()], text)


def _folded(several: Iterable[str], words: Words) -> frozenset[str]:
    return frozenset(" ".join(words.of(each)) for each in several)


def _members(members: str | Mapping[str, str], words: Words) -> dict[str, str]:
    """Return how the members of a set are called, and each as the set calls it."""
    named: Sequence[tuple[str, str]] = (
        [(each.strip(), each.strip()) for each in members.split("|")]
        if isinstance(members, str)
        else [(each.strip(), noun) for noun, called in members.items() for each in called.split("|")]
    )
    return {" ".join(words.of(called)): noun for called, noun in named}
