"""Reads from words what they say exactly: numbers, durations, times of the day, dates, names and the like."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from ai_server.brain.slots import SlotValue, names
from ai_server.brain.slots.english import ENGLISH
from ai_server.brain.slots.german import GERMAN
from ai_server.brain.slots.grammar import Grammar
from ai_server.brain.slots.others import other
from ai_server.brain.slots.spanish import SPANISH
from ai_server.brain.slots.spoken import MAX_CHARACTERS, listen

_WORDINGS = {"en": ENGLISH, "de": GERMAN, "es": SPANISH}
_NAMES = ("name", "place")
_TEXT = "text"


def read(kind: str, words: str, language: str, now: datetime) -> Mapping[str, SlotValue] | None:
    """Return what words say that are, all of them, a thing of a kind; None if they are not.

    | kind | slots |
    |---|---|
    | `number` | `number` |
    | `percent`, `level` | `percent`; `level`, from 0 to 100 |
    | `quantity`, `unit` | `number` and `unit`, a symbol such as `km` or `°C`; `unit` |
    | `ordinal` | `ordinal`: which of several, -1 for the last |
    | `duration` | `duration`, in seconds |
    | `time` | `time`, HH:MM; `ambiguous`, true where it may be before or after noon |
    | `date` | `date`, YYYY-MM-DD, from today on unless the words say otherwise |
    | `repeats` | `repeats`: `daily`, `weekdays`, `weekends`, or days such as `monday,friday` |
    | `datetime` | those of `time`, `date` and `repeats` that are said; `part` where only a part of the day is said \
(`morning`, `afternoon`, `evening`, `night`); or `duration`, from now |
    | `language` | `language`, a primary tag of BCP 47 |
    | `name`, `place` | `name`, `place`, in capitals as names are written |
    | `text` | `text`, as said |

    Args:
        kind: of thing.
        words: at most the first 4,000 characters are read.
        language: of the words, a primary tag of BCP 47. English, Spanish and German are known well; of other languages
            numbers and units.
        now: in the time zone of the person; what "tomorrow" counts from.

    Raises:
        KeyError: if there is no such kind.
    """
    grammar, words = _grammar(language), words[:MAX_CHARACTERS]
    if kind == _TEXT:
        return {_TEXT: words.strip()} if words.strip() else None
    if kind in _NAMES:
        name = names.name(kind, words, grammar.wording)
        return {kind: name} if name else None
    return grammar.whole(kind, listen(words, grammar.wording.spelling).text, now)


def find(kind: str, words: str, language: str, now: datetime) -> tuple[int, int, Mapping[str, SlotValue]] | None:
    """Return the longest stretch of words that is a thing of a kind; None if there is none.

    A number alone is found as a time only where its place tells: after "at", say, and with nothing to count after it.

    Args:
        kind: as of `read`.
        words: as of `read`.
        language: as of `read`.
        now: as of `read`.

    Returns:
        Where the stretch begins, the end of it, in characters, and its slots.

    Raises:
        KeyError: if there is no such kind.
    """
    grammar, words = _grammar(language), words[:MAX_CHARACTERS]
    if kind == _TEXT:
        return (0, len(words), {_TEXT: words.strip()}) if words.strip() else None
    if kind in _NAMES:
        name = names.longest(kind, words, grammar.wording)
        return (name[0], name[1], {kind: name[2]}) if name else None
    spoken = listen(words, grammar.wording.spelling)
    found = grammar.longest(kind, spoken.text, now)
    return (*spoken.span(found.start, found.end), found.slots) if found else None


def without_days(words: str, language: str) -> str:
    """Return words without those that name a day by how far it is from today, such as "today" or "this morning".

    Args:
        words: as of `read`.
        language: as of `read`; nothing is left out of one in which such words are not known.
    """
    words = words[:MAX_CHARACTERS]
    spoken, rest, at = listen(words, _grammar(language).wording.spelling), [], 0
    for day in _days(language).finditer(spoken.text):
        start, end = spoken.span(day.start(), day.end())
        rest.append(words[at:start])
        at = end
    return "".join([*rest, words[at:]])


def prepare(language: str) -> None:
    """Make the patterns of a language, so that the first words do not wait for them: some 30 ms of one core.

    Args:
        language: a primary tag of BCP 47.
    """
    _grammar(language).prepare()


@lru_cache
def _days(language: str) -> re.Pattern[str]:
    wording = _grammar(language).wording
    return wording.pattern("<days>") if wording.days else re.compile(r"(?!)")


@lru_cache
def _grammar(language: str) -> Grammar:
    return Grammar(_WORDINGS[language] if language in _WORDINGS else other(language))
