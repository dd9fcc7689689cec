"""What the classifier sees of an utterance: hashed n-grams of its words and of their letters."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from zlib import crc32

SIZE = 1 << 16
"""Number of features; n-grams whose hashes are the same share one."""

UNKNOWN = "\0"
"""Stands for a word that no phrase has."""

_MASK = SIZE - 1
_LETTERS = 3
_MOST_WORDS = 8192


def features(words: Sequence[str], known: Container[str]) -> list[int]:
    """Return the features of an utterance, each once.

    Args:
        words: the utterance.
        known: the words that phrases have; any other is the same to the n-grams of words.
    """
    seen = ["^", *(_kind(word) if word in known or word.isdecimal() else UNKNOWN for word in words), "$"]
    grams = seen[1:-1]
    grams += [f"{first} {second}" for first, second in pairwise(seen)]
    grams += [f"{first} _ {second}" for first, second in zip(seen, seen[2:], strict=False)]
    found = dict.fromkeys(crc32(gram.encode()) & _MASK for gram in grams)
    for word in words:
        if word in known:
            found |= _letters(word)
    return list(found)


def _kind(word: str) -> str:
    return "0" if word.isdecimal() else word


@lru_cache(_MOST_WORDS)
def _letters(word: str) -> Mapping[int, None]:
    """Return the features of a word's letters, in their order."""
    if len(word) <= _LETTERS:
        return {}
    edged = f"<{word}>"
    grams = (f"#{edged[at : at + _LETTERS]}" for at in range(len(edged) - _LETTERS + 1))
    return dict.fromkeys(crc32(gram.encode()) & _MASK for gram in grams)
