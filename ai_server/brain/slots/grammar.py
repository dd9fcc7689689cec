"""The patterns of one language, made ready to match."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from ai_server.brain.slots import meanings
from ai_server.brain.slots.meanings import Meaning, Slots
from ai_server.brain.slots.wording import Wording, one_of

_PLACEHOLDER = re.compile(r"(?<!P)<(\w+)>")

_KINDS: Mapping[str, Mapping[str, Meaning]] = {
    "number": {"number": meanings.number},
    "duration": {"duration": meanings.duration},
    "time": {"clock": meanings.clock, "bare_clock": meanings.clock},
    "date": {
        "day": meanings.day,
        "weekday": meanings.weekday,
        "month_day": meanings.month_day,
        "day_of_month": meanings.day_of_month,
        "in_span": meanings.in_span,
        "holiday": meanings.holiday,
    },
}
_BY_PLACE = "bare_clock"


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of `Spoken.text` and what it says."""

    start: int
    end: int
    slots: Slots


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: re.Pattern[str]
    meaning: Meaning
    is_by_place: bool


class Grammar:
    """Matches the patterns of one language. They are made when a kind is first asked for."""

    def __init__(self, wording: Wording) -> None:
        self._wording = wording
        self.spelling = wording.spelling
        self._rules: dict[str, Sequence[_Rule]] = {}

    def whole(self, kind: str, text: str, now: datetime) -> Slots | None:
        """Return the slots of a text that is as a whole a thing of a kind, the words before it left out."""
        text = self._without_leads(kind, text)
        if kind == "datetime":
            return next(
                (
                    found.slots
                    for found in self._datetimes(text, now, anywhere=False)
                    if found.end - found.start == len(text)
                ),
                None,
            )
        for rule in self._of(kind):
            match = rule.pattern.fullmatch(text)
            slots = match and rule.meaning(match, self._wording, now)
            if slots:
                return slots
        return None

    def longest(self, kind: str, text: str, now: datetime) -> Stretch | None:
        """Return the longest stretch of a text that is a thing of a kind; of several, the first."""
        found = self._datetimes(text, now, anywhere=True) if kind == "datetime" else self._stretches(kind, text, now)
        return max(found, key=lambda stretch: (stretch.end - stretch.start, -stretch.start), default=None)

    def _stretches(self, kind: str, text: str, now: datetime, *, anywhere: bool = True) -> Iterator[Stretch]:
        for rule in self._of(kind):
            for match in rule.pattern.finditer(text):
                if rule.is_by_place and anywhere and not self._stands_for_itself(kind, match):
                    continue
                slots = rule.meaning(match, self._wording, now)
                if slots:
                    yield Stretch(match.start(), match.end(), slots)

    def _stands_for_itself(self, kind: str, match: re.Match[str]) -> bool:
        """Tell whether a bare number is meant as a time: a lead before it, and nothing that it could count after it."""
        before = match.string[: match.start()].rsplit(None, 1)
        after = match.string[match.end() :].split(None, 1)
        is_led = bool(before) and before[-1] in self._wording.leads[kind]
        return is_led and (not after or after[0] in self._wording.following)

    def _datetimes(self, text: str, now: datetime, *, anywhere: bool) -> Iterator[Stretch]:
        pieces = [
            (kind, piece)
            for kind in ("date", "time", "repeats")
            if kind in _KINDS
            for piece in self._stretches(kind, text, now, anywhere=anywhere)
        ]
        pieces.sort(key=lambda piece: (piece[1].start, -piece[1].end))
        for index, (kind, piece) in enumerate(pieces):
            yield piece
            yield from self._joined({kind}, piece, pieces[index + 1 :], text)

    def _joined(
        self, kinds: set[str], so_far: Stretch, pieces: Sequence[tuple[str, Stretch]], text: str
    ) -> Iterator[Stretch]:
        for index, (kind, piece) in enumerate(pieces):
            if kind in kinds or piece.start < so_far.end or not self._joins(text[so_far.end : piece.start]):
                continue
            both = Stretch(so_far.start, piece.end, {**so_far.slots, **piece.slots})
            yield both
            yield from self._joined(kinds | {kind}, both, pieces[index + 1 :], text)

    def _joins(self, between: str) -> bool:
        return all(word in self._wording.joining for word in between.split())

    def _without_leads(self, kind: str, text: str) -> str:
        leads = self._wording.leads.get(kind, frozenset())
        while True:
            first, _, rest = text.partition(" ")
            if first not in leads or not rest:
                return text
            text = rest

    def _of(self, kind: str) -> Sequence[_Rule]:
        if kind not in self._rules:
            self._rules[kind] = list(self._made(kind))
        return self._rules[kind]

    def _made(self, kind: str) -> Iterator[_Rule]:
        for name, meaning in _KINDS[kind].items():
            for phrase in self._wording.phrases.get(name, ()):
                body = _PLACEHOLDER.sub(
                    lambda placeholder: f"(?P<{placeholder[1]}>{self._groups[placeholder[1]]})", phrase
                )
                yield _Rule(re.compile(rf"(?<!\S)(?:{body})(?!\S)"), meaning, name == _BY_PLACE)

    @cached_property
    def _groups(self) -> Mapping[str, str]:
        wording = self._wording
        return {
            "quantity": wording.quantity,
            "parts": wording.durations,
            "hour": rf"\d\d?|{one_of(wording.hours)}",
            "minutes": one_of(wording.minutes),
            "part": one_of(wording.parts),
            "day": r"#?\d\d?",
            "days": one_of(wording.days),
            "weekday": one_of(wording.weekdays),
            "month": one_of(wording.months),
            "holiday": one_of(wording.holidays),
            "span": one_of(wording.spans),
        }
