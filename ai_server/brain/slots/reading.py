"""Reads from words what they say exactly: numbers, durations, times of the day, dates and the like."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from ai_server.brain.slots import SlotValue
from ai_server.brain.slots.english import ENGLISH
from ai_server.brain.slots.grammar import Grammar
from ai_server.brain.slots.spoken import listen

_WORDINGS = {"en": ENGLISH}


def read(kind: str, words: str, language: str, now: datetime) -> Mapping[str, SlotValue] | None:
    """Return the slots of words that are as a whole a thing of a kind; None where they are not.

    Args:
        kind: of thing: `number`, `duration`, `time`, `date`, `datetime`.
        words: as said, in digits or words.
        language: they are in, a primary tag.
        now: what "tomorrow" counts from.

    Raises:
        KeyError: if there is no such kind.
    """
    grammar = _grammar(language)
    spoken = listen(words, grammar.spelling)
    return grammar.whole(kind, spoken.text, now)


def find(kind: str, words: str, language: str, now: datetime) -> tuple[int, int, Mapping[str, SlotValue]] | None:
    """Return where the longest stretch of words is a thing of a kind, by its first character and the one after its
    last, and its slots; None where there is none. The arguments are those of `read`.

    Raises:
        KeyError: if there is no such kind.
    """
    grammar = _grammar(language)
    spoken = listen(words, grammar.spelling)
    found = grammar.longest(kind, spoken.text, now)
    return None if found is None else (*spoken.span(found.start, found.end), found.slots)


@lru_cache
def _grammar(language: str) -> Grammar:
    return Grammar(_WORDINGS.get(language, ENGLISH))
