"""What the classifier sees of an utterance: hashed n-grams of its words and of their letters."""

from __future__ import annotations

from collections.abc import Container, Sequence
from functools import lru_cache
from itertools import pairwise
from zlib import crc32

SIZE = 1 << 15
"""Number of features; n-grams whose hashes are the same share one."""

UNKNOWN = "\0"
"""Stands for a word that no phrase has."""

_MASK = SIZE - 1
_LONGEST_LETTERS = 4
_MOST_WORDS = 4096


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
    for word in words:
        if word in known:
            grams += _letters(word)
    return [crc32(gram.encode()) & _MASK for gram in dict.fromkeys(grams)]


def _kind(word: str) -> str:
    return "0" if word.isdecimal() else word


@lru_cache(_MOST_WORDS)
def _letters(word: str) -> Sequence[str]:
    if len(word) <= _LONGEST_LETTERS:
        return ()
    edged = f"<{word}>"
    return [f"#{edged[at : at + _LONGEST_LETTERS]}" for at in range(len(edged) - _LONGEST_LETTERS + 1)]
