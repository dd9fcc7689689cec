"""What the classifier sees of an utterance: hashed n-grams of its words and of their letters."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final
from zlib import crc32

import numpy as np
import numpy.typing as npt

_BITS: Final = 16
SIZE: Final = 1 << _BITS
"""Number of features; n-grams whose hashes are the same share one."""

Numbers = npt.NDArray[np.int64]
_Hashes = npt.NDArray[np.uint64]

_BEGIN, _END = _EDGES = "^", "$"
_UNKNOWN: Final = "\0"
"""Stands for a word that no phrase has."""

_ONE: Final = (0x9E3779B1, 0, 0x7F4A7C15)
_TWO: Final = (0x85EBCA6B, 0xC2B2AE35, 0x27D4EB2F)
_AROUND_ONE: Final = (0x165667B1, 0xD3A2646D, 0xFD7046C5)
"""Multipliers of a first and a second word's hash, and what is added: of a word, of two, of two around a third. The
upper bits of the sum are the feature (multiplicative hashing: Knuth, The Art of Computer Programming, vol. 3, 6.4)."""

_LETTERS: Final = 3
_MOST_WORDS: Final = 8192


@dataclass(frozen=True, slots=True)
class Table:
    """The features of many utterances.

    Attributes:
        rows: of which utterance each feature is, in order.
        columns: the features.
        lengths: how many features each utterance has.
    """

    rows: Numbers
    columns: Numbers
    lengths: Numbers

    @classmethod
    def of(cls, utterances: Sequence[Sequence[str]], known: Container[str]) -> Table:
        """Return what `features` finds in each of some utterances, all at once."""
        places = {_BEGIN: 0, _END: 1}
        spoken = [places.setdefault(word, len(places)) for words in utterances for word in (_BEGIN, *words, _END)]
        rows = np.repeat(np.arange(len(utterances)), [len(words) + 2 for words in utterances])
        seen = np.array(spoken, np.int64)
        hashes = np.array([_hash(word, known) for word in places], np.uint64)[seen]
        found = list(_grams(rows, seen > 1, hashes))
        letters = [_letters(word) if word in known else () for word in places]
        sizes = np.array([len(each) for each in letters])
        starts = np.cumsum(sizes) - sizes
        of_words = sizes[seen]
        within = np.arange(of_words.sum()) - np.repeat(np.cumsum(of_words) - of_words, of_words)
        all_letters = np.array([each for word in letters for each in word], np.int64)
        found.append((np.repeat(rows, of_words), all_letters[np.repeat(starts[seen], of_words) + within]))
        pairs = np.sort(np.concatenate([(row << _BITS) | column for row, column in found]))
        # What np.unique returns; that of numpy 2.3 and later hashes, and takes ten times as long.
        pairs = pairs[np.diff(pairs, prepend=-1) > 0]
        rows = pairs >> _BITS
        return cls(rows, pairs & (SIZE - 1), np.bincount(rows, minlength=len(utterances)))

    def __len__(self) -> int:
        """How many utterances there are."""
        return len(self.lengths)

    def frequent(self, least: int) -> Table:
        """Return it with those features alone that so many utterances have; the lengths stay what they are."""
        kept = (np.bincount(self.columns, minlength=SIZE) >= least)[self.columns]
        return Table(self.rows[kept], self.columns[kept], self.lengths)

    def batches(self, size: int) -> Iterator[tuple[slice, Table]]:
        """Return it in parts of so many utterances, and which they are."""
        edges = np.searchsorted(self.rows, np.arange(0, len(self) + size, size))
        for number, (start, end) in enumerate(pairwise(edges.tolist())):
            those = slice(number * size, (number + 1) * size)
            yield those, Table(self.rows[start:end] - those.start, self.columns[start:end], self.lengths[those])


def features(words: Sequence[str], known: Container[str]) -> list[int]:
    """Return the features of an utterance, each once.

    Args:
        words: the utterance.
        known: the words that phrases have; any other is the same to the n-grams of words.
    """
    hashes = [_hash(_BEGIN, known), *(_hash(word, known) for word in words), _hash(_END, known)]
    found = {_mixed(each, 0, _ONE) for each in hashes[1:-1]}
    found.update(_mixed(first, second, _TWO) for first, second in pairwise(hashes))
    found.update(_mixed(first, second, _AROUND_ONE) for first, second in zip(hashes, hashes[2:], strict=False))
    for word in words:
        if word in known:
            found.update(_letters(word))
    return sorted(found)


def _grams(rows: Numbers, is_word: npt.NDArray[np.bool_], hashes: _Hashes) -> Iterator[tuple[Numbers, Numbers]]:
    """Return the rows and features of all words, pairs of words, and pairs around a word."""
    yield rows[is_word], _mixed_all(hashes[is_word], hashes[is_word], _ONE)
    for distance, how in ((1, _TWO), (2, _AROUND_ONE)):
        is_within = rows[:-distance] == rows[distance:]
        yield (
            rows[distance:][is_within],
            _mixed_all(hashes[:-distance][is_within], hashes[distance:][is_within], how),
        )


def _mixed(first: int, second: int, how: tuple[int, int, int]) -> int:
    of_first, of_second, more = how
    return ((first * of_first + second * of_second + more) & 0xFFFFFFFF) >> (32 - _BITS)


def _mixed_all(first: _Hashes, second: _Hashes, how: tuple[int, int, int]) -> Numbers:
    of_first, of_second, more = map(np.uint64, how)
    mixed = (first * of_first + second * of_second + more) & np.uint64(0xFFFFFFFF)
    return (mixed >> np.uint64(32 - _BITS)).astype(np.int64)


def _hash(word: str, known: Container[str]) -> int:
    if word.isdecimal():
        return _hash_of("0")
    return _hash_of(word if word in known or word in _EDGES else _UNKNOWN)


@lru_cache(_MOST_WORDS)
def _hash_of(word: str) -> int:
    return crc32(word.encode())


@lru_cache(_MOST_WORDS)
def _letters(word: str) -> Sequence[int]:
    """Return the features of a word's letters."""
    if len(word) <= _LETTERS:
        return ()
    edged = f"<{word}>"
    grams = (f"#{edged[at : at + _LETTERS]}" for at in range(len(edged) - _LETTERS + 1))
    return tuple(dict.fromkeys(crc32(gram.encode()) & (SIZE - 1) for gram in grams))
