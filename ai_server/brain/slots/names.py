"""Tells whether words can be the name of a person or a place, and writes it as names are written."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ai_server.brain.slots.wording import Wording

_MOST_WORDS = {"name": 4, "place": 5}
_WORD = re.compile(r"\S+")
_NAME = re.compile(r"[^\W\d_]{1,40}(?:['’.-][^\W\d_]{1,40})*\.?")  # noqa: RUF001
_LETTERS = re.compile(r"[^\W\d_]+")
_SHORT_FORM = re.compile(r"['’](?:s|d|m|t|ll|re|ve)$")  # noqa: RUF001
_AT_ENDS = ".,;:!?\"'“”„»«"


def name(kind: str, words: str, wording: Wording) -> str | None:
    """Return a `name` or a `place` as it is written; None if the words cannot be one."""
    spoken = [word.strip(_AT_ENDS) for word in words.split()]
    if not 1 <= len(spoken) <= _MOST_WORDS[kind]:
        return None
    ends = (0, len(spoken) - 1)
    if not all(_can_be(word.lower(), wording, is_inside=at not in ends) for at, word in enumerate(spoken)):
        return None
    return " ".join(_written(word, wording, is_inside=at not in ends) for at, word in enumerate(spoken))


def longest(kind: str, words: str, wording: Wording) -> tuple[int, int, str] | None:
    """Return where the longest name stands and how it is written; a place only after a word that leads to one."""
    return max(_names(kind, words, wording), key=lambda found: (found[1] - found[0], -found[0]), default=None)


def _names(kind: str, words: str, wording: Wording) -> Iterator[tuple[int, int, str]]:
    spans = [match.span() for match in _WORD.finditer(words)]
    leads = wording.leads.get(kind)
    for first, (start, _) in enumerate(spans):
        if leads and not (first and words[slice(*spans[first - 1])].lower() in leads):
            continue
        for _, end in spans[first : first + _MOST_WORDS[kind]]:
            written = name(kind, words[start:end], wording)
            if written:
                stripped = words[start:end].strip(_AT_ENDS)
                yield start, start + len(stripped), written


def _can_be(word: str, wording: Wording, *, is_inside: bool) -> bool:
    if is_inside and word in wording.particles:
        return True
    if word in wording.function_words or word in wording.days or word in wording.weekdays or word in wording.parts:
        return False
    return bool(_NAME.fullmatch(word)) and not _SHORT_FORM.search(word)


def _written(word: str, wording: Wording, *, is_inside: bool) -> str:
    if word != word.lower() or (is_inside and word in wording.particles):
        return word
    return _LETTERS.sub(lambda letters: _capital(letters[0]), word)


def _capital(letters: str) -> str:
    if letters.startswith("mc") and len(letters) > len("mcx"):
        return "Mc" + letters[2:].capitalize()
    return letters[0].upper() + letters[1:]
