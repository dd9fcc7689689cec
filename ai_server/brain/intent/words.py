"""Splits what is said into words as phrases have them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from unicodedata import normalize

_APOSTROPHES = str.maketrans("’ʼ`´", "''''")  # noqa: RUF001
_SYLLABLE = "[\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3]"
_WORD = re.compile(rf"{_SYLLABLE}|(?:(?!{_SYLLABLE})\w)+(?:'(?:(?!{_SYLLABLE})\w)+)*")
_SHORT_FORM = re.compile(r"n't$|'\w+$")
_AFTER_WORD = re.compile(r"[^\s\w,;!?]*")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_ACCENTS = re.compile(r"(?<=[a-z])[\u0300-\u036f]+")
_BEFORE_WORD = re.compile(r"[-+$€£(]*$")


@dataclass(frozen=True, slots=True)
class Spoken:
    """What was said, as words.

    Attributes:
        text: as it was said.
        words: in lower case, without punctuation, short spellings written out.
        starts: where each begins in the text.
        ends: where each ends.
        called: the words of what this robot is called by whoever speaks; none where it has its persona's name.
    """

    text: str
    words: Sequence[str]
    starts: Sequence[int]
    ends: Sequence[int]
    called: Sequence[str] = ()

    def stretch(self, start: int, end: int) -> str:
        """Return the text of the words from `start` to before `end`, with the signs that belong to numbers."""
        first, last = self.starts[start], self.ends[end - 1]
        sign = _BEFORE_WORD.search(self.text, 0, first)
        unit = _AFTER_WORD.match(self.text, last)
        return self.text[sign.start() if sign else first : unit.end() if unit else last].rstrip(".:'\"")


class Words:
    """Splits text into lower-case words without punctuation, short spellings written out.

    Chinese and Japanese characters and Korean syllables are a word each, since no space tells words apart there.
    Accents of Latin letters do not count, for many leave them out; German umlauts are written as ae, oe and ue.
    """

    def __init__(self, spellings: Mapping[str, str]) -> None:
        self._spellings = {
            short.casefold(): [_folded(word) for word in written.split()] for short, written in spellings.items()
        }

    def of(self, text: str) -> list[str]:
        """Return the words of a text."""
        return [word for short in _WORD.findall(text.translate(_APOSTROPHES)) for word in self._write_out(short)]

    def spoken(self, text: str, called: str = "") -> Spoken:
        """Return the words of a text, and where they are in it, said to a robot that is `called` so."""
        words: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        for short in _WORD.finditer(text.translate(_APOSTROPHES)):
            written = self._write_out(short[0])
            words += written
            starts += [short.start()] * len(written)
            ends += [short.end()] * len(written)
        return Spoken(text, words, starts, ends, self.of(called))

    def _write_out(self, short: str) -> list[str]:
        word = short.casefold()
        for known in (word, _folded(word)):
            if known in self._spellings:
                return self._spellings[known]
        ending = _SHORT_FORM.search(word)
        if ending and ending[0] in self._spellings:
            return [_folded(word[: ending.start()]), *self._spellings[ending[0]]]
        return [_folded(word.replace("'", ""))]


def _folded(word: str) -> str:
    if word.isascii():
        return word
    return normalize("NFC", _ACCENTS.sub("", normalize("NFD", word.translate(_UMLAUTS))))
