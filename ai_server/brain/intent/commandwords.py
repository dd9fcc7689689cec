"""What people of one language call what bodies are told to do, of which names and values are declared in English."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from ai_server.brain.intent.around import Around
from ai_server.brain.intent.phrases import Automaton
from ai_server.brain.intent.slotreader import Reader
from ai_server.brain.intent.words import Spoken, Words
from ai_server.brain.slots import SlotValue

_MOST_WORDS = 8
"""Of an amount, such as "one hundred and forty five point five degrees"."""

_KINDS = ("quantity", "duration", "percent", "number")


@dataclass(frozen=True, slots=True)
class Amount:
    """So much of something: its `unit` as a symbol, such as cm, or none; `end` is the index after its last word."""

    number: Decimal
    unit: str
    end: int


class CommandWords:
    """Finds in what is said the English words of names and values, and amounts.

    Args:
        language: a primary tag of BCP 47.
        words: splits what is said.
        around: what may stand around a command.
        said: the templates of `english`.
        english: what each of them stands for.
        last: as `said`, of verbs that stand behind all else.
        english_last: what each of these stands for.
        fillers: words that mean nothing inside of a command.
        reader: reads amounts.
    """

    def __init__(
        self,
        language: str,
        *,
        words: Words,
        around: Around,
        said: Automaton,
        english: Iterable[str],
        last: Automaton,
        english_last: Iterable[str],
        fillers: Iterable[str],
        reader: Reader,
    ) -> None:
        self._language = language
        self._words = words
        self._around = around
        self._said = said
        self._english = [tuple(words.split()) for words in english]
        self._last = last
        self._english_last = [tuple(words.split()) for words in english_last]
        self._fillers = frozenset(word for filler in fillers for word in words.of(filler))
        self._reader = reader

    def spoken(self, text: str, called: str) -> Spoken:
        """Return what is said to a robot that is `called` so; an underscore parts words."""
        return self._words.spoken(text.replace("_", " "), called)

    def stretches(self, spoken: Spoken) -> list[tuple[int, int]]:
        """Return where a command may begin and end, with and without the courtesies around it."""
        ends = self._around.ends(spoken)
        return [(start, end) for start in self._around.starts(spoken) for end in ends if start < end]

    def is_filler(self, word: str) -> bool:
        """Say whether a word means nothing inside of a command."""
        return word in self._fillers

    def end_of(self, english: Sequence[str], spoken: Spoken, start: int, end: int) -> tuple[int, int]:
        """Return where it ends that says the most of some English words, and how many these are; 0 where none.

        They are said in English too. The words stand from `start` on, and not beyond `end`.
        """
        found = (start, 0)
        literal = start
        for count, word in enumerate(english, start=1):
            as_declared = self._words.of(word)
            after = literal + len(as_declared)
            if not literal < after <= end or list(spoken.words[literal:after]) != as_declared:
                break
            literal = after
            found = (literal, count)
        for match in self._said.fillings(spoken.words, start, range(start + 1, end + 1)):
            meant = self._english[match.rule]
            if tuple(english[: len(meant)]) == meant:
                found = max(found, (match.end, len(meant)))
        return found

    def start_of_last(self, english: Sequence[str], spoken: Spoken, start: int, end: int) -> tuple[int, int]:
        """Return where a verb begins that stands at the end, and how many English words it says; 0 where none does."""
        found = (end, 0)
        for first in range(start, end):
            for match in self._last.fillings(spoken.words, first, [end]):
                meant = self._english_last[match.rule]
                if tuple(english[: len(meant)]) == meant and len(meant) > found[1]:
                    found = (first, len(meant))
        return found

    def amount(self, spoken: Spoken, start: int, end: int, now: datetime) -> Amount | None:
        """Return the longest amount that begins at a word; None where none does.

        A part of one without its unit, such as "half", is none.
        """
        for last in range(min(end, start + _MOST_WORDS), start, -1):
            text = spoken.stretch(start, last)
            for kind in _KINDS:
                read = self._reader.read(kind, text, self._language, now)
                if read is not None and (amount := _amount(kind, read, last)) and _is_meant(amount, text):
                    return amount
        return None


def _amount(kind: str, read: Mapping[str, SlotValue], end: int) -> Amount:
    value = Decimal(str(read["number" if kind == "quantity" else kind]))
    unit = {"quantity": str(read.get("unit", "")), "duration": "s", "percent": "%", "number": ""}[kind]
    return Amount(value, unit, end)


def _is_meant(amount: Amount, text: str) -> bool:
    is_whole = amount.number == amount.number.to_integral_value()
    return bool(amount.unit) or is_whole or any(map(str.isdigit, text))
