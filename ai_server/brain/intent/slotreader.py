"""Reads the slots of phrases: those of `ai_server.brain.slots`, and sums."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from ai_server.brain.skills.arithmetic import calculate
from ai_server.brain.skills.sums import SumError
from ai_server.brain.slots import SlotValue, reading

_EXPRESSION = "expression"

KINDS = (
    *("number", "percent", "level", "quantity", "unit", "ordinal"),
    *("duration", "time", "date", "repeats", "datetime"),
    *("language", "name", "place", "text", _EXPRESSION),
)
"""The kinds of slots that a phrase may have."""

_UNCLEAR = "unclear"


class Reader:
    """Reads what words say exactly."""

    def read(self, kind: str, words: str, language: str, now: datetime) -> Mapping[str, SlotValue] | None:
        """Return the slots that these words fill as a whole; None where they are no such thing.

        Raises:
            KeyError: if there is no such kind.
        """
        if kind == _EXPRESSION:
            return {_EXPRESSION: words} if _is_sum(words, language) else None
        return reading.read(kind, words, language, now)

    def find(self, kind: str, words: str, language: str, now: datetime) -> Mapping[str, SlotValue] | None:
        """Return the slots of the longest stretch of words that is such a thing; None where none is.

        Raises:
            KeyError: if there is no such kind.
        """
        if kind == _EXPRESSION:
            return self.read(kind, words, language, now)
        found = reading.find(kind, words, language, now)
        return found[2] if found else None


def _is_sum(words: str, language: str) -> bool:
    try:
        calculate(words, language)
    except SumError as error:
        return str(error) != _UNCLEAR
    return True
