"""Tells whether words can be the name of a person or a place, and writes it as names are written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ai_server.brain.slots.wording import Wording

_PLACE = "place"
_MOST_WORDS = {"name": 4, _PLACE: 5}
_AT_ENDS = '.,;:!?"“”„»«'
_WORD = re.compile(r"\S+")
_NAME = re.compile(r"[^\W\d_]{1,40}(?:['’.-][^\W\d_]{1,40})*")  # noqa: RUF001
_CAPITALISED = re.compile(r"(?:(?<![^\W\d_])(?<!['’])|(?<=^[^\W\d_]['’]))[^\W\d_]+")  # noqa: RUF001
"""What of a name is written with a capital: its beginning, what follows a hyphen, and the Neil of O'Neil."""
_SHORT_FORM = re.compile(r"['’](?:s|d|m|t|ll|re|ve)$")  # noqa: RUF001


@dataclass(frozen=True, slots=True)
class _Word:
    """A word without the signs around it: where it is, and whether it can be a name or only stand inside one."""

    text: str
    start: int
    end: int
    has_comma: bool
    can_be_a_name: bool
    is_particle: bool


def name(kind: str, text: str, wording: Wording) -> str | None:
    """Return a `name` or a `place` as it is written; None if the words cannot be one."""
    words = list(_words(text, wording))
    return _written(words) if len(words) <= _MOST_WORDS[kind] and _is_name(words) else None


def longest(kind: str, text: str, wording: Wording) -> tuple[int, int, str] | None:
    """Return where a name begins and ends, and how it is written.

    It is the longest of those after a word that leads to one, such as "is"; where there are none, a name is the longest
    of all.
    """
    words = list(_words(text, wording))
    leads = wording.leads.get(kind, frozenset())
    best: tuple[bool, int, Sequence[_Word]] = (False, 0, ())
    for first, word in enumerate(words):
        is_led = first > 0 and words[first - 1].text.lower() in leads
        if kind == _PLACE and not is_led:
            continue
        for end in range(first + 1, first + _MOST_WORDS[kind] + 1):
            found = (is_led, words[min(end, len(words)) - 1].end - word.start, words[first:end])
            if found[:2] > best[:2] and _is_name(found[2]):
                best = found
    return (best[2][0].start, best[2][-1].end, _written(best[2])) if best[2] else None


def _words(text: str, wording: Wording) -> Iterator[_Word]:
    for match in _WORD.finditer(text):
        bare = match[0].strip(_AT_ENDS)
        if not bare:
            continue
        start = match.start() + len(match[0]) - len(match[0].lstrip(_AT_ENDS))
        low = bare.lower()
        yield _Word(
            bare,
            start,
            start + len(bare),
            match[0].endswith(","),
            _can_be_a_name(low, wording),
            low in wording.particles,
        )


def _can_be_a_name(word: str, wording: Wording) -> bool:
    plain = word.translate(wording.spelling.accents)
    known = (wording.function_words, wording.days, wording.weekdays, wording.parts)
    if any(word in table or plain in table for table in known):
        return False
    return bool(_NAME.fullmatch(word)) and not _SHORT_FORM.search(word)


def _is_name(words: Sequence[_Word]) -> bool:
    if not words or not words[0].can_be_a_name or not words[-1].can_be_a_name:
        return False
    return all(word.can_be_a_name or word.is_particle for word in words[1:-1])


def _written(words: Sequence[_Word]) -> str:
    last = len(words) - 1
    return " ".join(
        _capitalised(word, is_inside=0 < at < last) + ("," if word.has_comma and at < last else "")
        for at, word in enumerate(words)
    )


def _capitalised(word: _Word, *, is_inside: bool) -> str:
    if word.text != word.text.lower() or (is_inside and word.is_particle):
        return word.text
    return _CAPITALISED.sub(lambda letters: _capital(letters[0]), word.text)


def _capital(letters: str) -> str:
    if letters.startswith("mc") and len(letters) > len("mcx"):
        return "Mc" + letters[2:].capitalize()
    return letters[0].upper() + letters[1:]
