"""Whether a text speaks of certain words, however they are written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

_WORD = re.compile(r"\w+(?:['-]\w+)*")
_POSSESSIVE = re.compile(r"'s$")
_ENDING = "(?:'?s|es)?"
"""What a word may have at its end and be the same word: Tom's, Toms, boxes."""

_ACCENTS = re.compile("[\u0300-\u036f]")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
"""Thai, Lao, Burmese, Khmer, Japanese, Chinese and Korean: their words stand side by side, or have particles."""


class Mention:
    """Finds texts that hold all of some words, in any order.

    A word is found as a whole, in capitals or not, with accents or without, and with the endings of a possessive or of
    a plural. Where a script has no spaces between words, it is found anywhere.

    Raises:
        ValueError: there is no word in `words`.
    """

    def __init__(self, words: str) -> None:
        found = list(dict.fromkeys(_POSSESSIVE.sub("", word) for word in _WORD.findall(_fold(words))))
        if not found:
            raise ValueError("there is no word in it")
        self._patterns = [re.compile(_pattern(word)) for word in found]

    def is_in(self, *texts: str) -> bool:
        """Say whether these texts, taken together, hold all of the words."""
        folded = _fold("\n".join(texts))
        return all(pattern.search(folded) for pattern in self._patterns)


def strings_in(value: Any) -> Iterator[str]:
    """Yield every text in a value that was JSON, its keys among them."""
    match value:
        case str():
            yield value
        case dict():
            for key, each in value.items():
                yield key
                yield from strings_in(each)
        case list() | tuple():
            for each in value:
                yield from strings_in(each)


def _pattern(word: str) -> str:
    if _UNSPACED.search(word):
        return re.escape(word)
    return rf"(?<!\w){re.escape(word)}{_ENDING}(?!\w)"


def _fold(text: str) -> str:
    """Return a text without capitals and accents, and with one kind of apostrophe."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("\u2019", "'"))
    return unicodedata.normalize("NFC", _ACCENTS.sub("", decomposed))
