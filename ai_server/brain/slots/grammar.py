"""Matches the phrases of one language, and joins days, parts of the day and times that were said in one phrase."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ai_server.brain.slots import SlotValue, amounts, clock, days
from ai_server.brain.slots.spoken import STOP
from ai_server.brain.slots.wording import Wording

_Meaning = Callable[[re.Match[str], Wording, datetime], Mapping[str, SlotValue] | None]
"""Makes slots of a match; None where the words have the form and cannot be meant, such as 25 o'clock."""

_MEANINGS: Mapping[str, Mapping[str, _Meaning]] = {
    "number": {"number": amounts.number},
    "duration": {"duration": amounts.duration},
    "level": {"level": amounts.level},
    "percent": {"percent": amounts.percent},
    "quantity": {"measure": amounts.measure},
    "unit": {"unit": amounts.unit},
    "ordinal": {"choice": amounts.choice},
    "language": {"language": amounts.language},
    "repeats": {"repeats": days.repeats},
    "time": {"clock": clock.clock, "bare_clock": clock.clock},
    "part": {"part": clock.part_of_day},
    "date": {
        "day": days.day,
        "weekday": days.weekday,
        "month_day": days.month_day,
        "day_of_month": days.day_of_month,
        "in_span": days.in_span,
        "holiday": days.holiday,
    },
    "delay": {"delay": amounts.duration},
}
"""For each kind of piece, what the phrases of a language mean."""

_BY_PLACE = "bare_clock"
_MOST_PIECES = 40
"""Of so many days and times in one utterance, further ones are left out."""
_MOST_LEADS = 4


@dataclass(frozen=True, slots=True)
class _Compound:
    """A kind that is made of several pieces: which, one of which it cannot do without, and the slots that it keeps."""

    pieces: tuple[str, ...]
    needed: frozenset[str]
    slots: frozenset[str]


_COMPOUNDS: Mapping[str, _Compound] = {
    "date": _Compound(("date", "part"), frozenset({"date"}), frozenset({"date"})),
    "time": _Compound(("time", "part"), frozenset({"time"}), frozenset({"time", "ambiguous"})),
    "repeats": _Compound(("repeats",), frozenset({"repeats"}), frozenset({"repeats"})),
    "datetime": _Compound(
        ("date", "part", "time", "repeats", "delay"),
        frozenset({"date", "time", "repeats", "duration"}),
        frozenset({"date", "part", "time", "ambiguous", "repeats", "duration"}),
    ),
}


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of `Spoken.text` and what it says."""

    start: int
    end: int
    slots: Mapping[str, SlotValue]


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: re.Pattern[str]
    meaning: _Meaning
    is_by_place: bool


class Grammar:
    """The phrases of one language. Their patterns are made when a kind is first asked for."""

    def __init__(self, wording: Wording) -> None:
        self.wording = wording
        self._rules: dict[str, Sequence[_Rule]] = {}

    def whole(self, kind: str, text: str, now: datetime) -> Mapping[str, SlotValue] | None:
        """Return the slots of a text that is as a whole a thing of a kind, the words that lead to it left out."""
        return next(filter(None, (self._whole(kind, each, now) for each in self._without_leads(kind, text))), None)

    def _whole(self, kind: str, text: str, now: datetime) -> Mapping[str, SlotValue] | None:
        compound = _COMPOUNDS.get(kind)
        if compound:
            found = self._compounds(compound, text, now, anywhere=False)
            return next((each.slots for each in found if (each.start, each.end) == (0, len(text))), None)
        matches = ((rule, rule.pattern.fullmatch(text)) for rule in self._of(kind))
        meant = (rule.meaning(match, self.wording, now) for rule, match in matches if match)
        return next(filter(None, meant), None)

    def longest(self, kind: str, text: str, now: datetime) -> Stretch | None:
        """Return the longest stretch of a text that is a thing of a kind; of several, the one that says more."""
        compound = _COMPOUNDS.get(kind)
        found = self._compounds(compound, text, now, anywhere=True) if compound else self._stretches(kind, text, now)
        return max(found, key=lambda each: (each.end - each.start, len(each.slots)), default=None)

    def _stretches(self, piece: str, text: str, now: datetime, *, anywhere: bool = True) -> Iterator[Stretch]:
        for rule in self._of(piece):
            for match in rule.pattern.finditer(text):
                if rule.is_by_place and anywhere and not self._stands_for_itself(match):
                    continue
                slots = rule.meaning(match, self.wording, now)
                if slots:
                    yield Stretch(match.start(), match.end(), slots)

    def _stands_for_itself(self, match: re.Match[str]) -> bool:
        """Tell whether a bare number is meant as a time: a lead before it, and nothing after it that it could count."""
        text = match.string
        before = text[: match.start()].rstrip().rpartition(" ")[2]
        after = text[match.end() :].lstrip().partition(" ")[0]
        return before in self.wording.leads["time"] and (not after or after in self.wording.following)

    def _compounds(self, compound: _Compound, text: str, now: datetime, *, anywhere: bool) -> Iterator[Stretch]:
        found = [
            (piece, stretch)
            for piece in compound.pieces
            for stretch in self._stretches(piece, text, now, anywhere=anywhere)
        ]
        found.sort(key=lambda each: (each[1].start, -each[1].end))
        for stretch in self._rows(found[:_MOST_PIECES], text):
            if not compound.needed.isdisjoint(stretch.slots):
                slots = clock.settled(stretch.slots)
                kept = {name: value for name, value in slots.items() if name in compound.slots}
                yield Stretch(stretch.start, stretch.end, kept)

    def _rows(self, pieces: Sequence[tuple[str, Stretch]], text: str) -> Iterator[Stretch]:
        """Yield the pieces, and the rows of pieces of different kinds with nothing but joining words between."""
        rows: list[tuple[frozenset[str], Stretch]] = []
        for piece, stretch in pieces:
            rows += [
                (kinds | {piece}, Stretch(row.start, stretch.end, {**row.slots, **stretch.slots}))
                for kinds, row in rows
                if piece not in kinds and row.end <= stretch.start and self._joins(text[row.end : stretch.start])
            ]
            rows.append((frozenset({piece}), stretch))
        return (row for _, row in rows)

    def _joins(self, between: str) -> bool:
        return all(word in self.wording.joining for word in between.split())

    def _without_leads(self, kind: str, text: str) -> Iterator[str]:
        """Yield a text, then that without its first word for as long as that only leads to the rest."""
        leads = self.wording.leads.get(kind, frozenset())
        text = text.strip(f"{STOP} ")
        for _ in range(_MOST_LEADS + 1):
            yield text
            first, _, text = text.partition(" ")
            if first not in leads or not text:
                return

    def prepare(self) -> None:
        """Make the patterns of all kinds."""
        for piece in _MEANINGS:
            self._of(piece)

    def _of(self, piece: str) -> Sequence[_Rule]:
        if piece not in self._rules:
            self._rules[piece] = [
                _Rule(self.wording.pattern(phrase), meaning, name == _BY_PLACE)
                for name, meaning in _MEANINGS[piece].items()
                for phrase in self.wording.phrases.get(name, ())
            ]
        return self._rules[piece]
