"""What a text is found by: its words without endings and accents, and without those that say nothing."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from ai_server.memory.search.vocabulary import (
    FULL_STOPS,
    IRREGULAR,
    LANGUAGES,
    PARTICLES,
    QUESTION_MARKS,
    QUESTION_SUFFIXES,
    QUESTION_WORDS,
    STEMMERS,
    STOP_WORDS,
)

if TYPE_CHECKING:
    import snowballstemmer

_MAX_LETTERS = 40
"""Of a word; what is longer is no word, and is cut."""

_MIN_SOUND = 3
"""Consonants that a word must have to be found by its sound; the others sound like too much else."""

# Scripts that write no spaces, or whose words change at their ends too much: Thai to Khmer, kana, Han, Hangul.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
_RUNS = re.compile(rf"[{_UNSPACED}]+|[^\W_{_UNSPACED}]+")
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")

_ALIKE = str.maketrans(
    {"c": "k", "q": "k", "g": "k", "z": "s", "x": "ks", "d": "t", "b": "p", "v": "f", "w": "f", "m": "n"}
)
"""Consonants that a speech recogniser takes for one another."""

_SILENT = re.compile(r"[aeiouyhj]")
_DOUBLED = re.compile(r"(.)\1+")

_stemming = threading.Lock()


def prepare() -> None:
    """Load the stemmers, which else the first word waits for."""
    _stemmer("en")


def telling_words(text: str, language: str) -> tuple[str, ...]:
    """Return the words of a text that say something, in lower case, each once.

    Text in scripts without spaces gives its pairs of neighbouring characters.

    Args:
        text: what somebody said.
        language: its primary subtag of BCP 47, which decides what says nothing; empty where that is not known: then
            it is taken for the one of `LANGUAGES` that most of such words are of, and not all words are left out.
    """
    every = _distinct(all_words(text))
    known = tuple(word for word in every if _is_telling(word))
    if language:
        return tuple(word for word in known if word not in _stop_words(language))
    guessed = max(map(_stop_words, LANGUAGES), key=lambda each: len(each.intersection(every)))
    return tuple(word for word in known if word not in guessed) or known


def all_words(text: str) -> list[str]:
    """Return every word of a text in lower case, in order."""
    return list(_split(unicodedata.normalize("NFKC", text).lower()))


@lru_cache(maxsize=1 << 15)
def forms(word: str, language: str) -> tuple[str, ...]:
    """Return the terms that a word is found by: usually one, two where accents change what its stem is.

    The stem is that of Snowball's algorithm for the language; where it has none, words stay whole.
    """
    if _IS_UNSPACED.match(word):
        return (word,)
    plain = fold(word)
    return _distinct((fold(_stem(word, language)), _stem(plain, language)))


@lru_cache(maxsize=1 << 15)
def sound(word: str) -> str:
    """Return roughly how a word sounds, its consonants, by which it is found where it was misheard; empty if too short.

    The letters that sound alike are those of the first step of Soundex (Russell, US patent 1,261,167), but for the
    liquids, which stay apart.
    """
    consonants = _SILENT.sub("", fold(word).replace("ph", "f").translate(_ALIKE))
    heard = _DOUBLED.sub(r"\1", consonants)
    return heard if len(heard) >= _MIN_SOUND and heard.isascii() and heard.isalpha() else ""


def is_question(text: str, language: str) -> bool:
    """Say whether a text asks something: by its mark, or by the word that it begins or ends with."""
    stripped = text.strip()
    if stripped.endswith(QUESTION_MARKS) or stripped.rstrip(FULL_STOPS).endswith(QUESTION_SUFFIXES):
        return True
    first = _RUNS.search(stripped.lower())
    return first is not None and first.group() in QUESTION_WORDS.get(language, "").split()


@lru_cache(maxsize=1 << 15)
def fold(word: str) -> str:
    """Return a word in lower case and without accents."""
    decomposed = unicodedata.normalize("NFD", word.casefold())
    return unicodedata.normalize("NFC", "".join(each for each in decomposed if not unicodedata.combining(each)))


def _split(text: str) -> Iterable[str]:
    for run in _RUNS.findall(text):
        if _IS_UNSPACED.match(run):
            yield from _pairs(run)
        else:
            yield run[:_MAX_LETTERS]


def _pairs(run: str) -> Iterable[str]:
    """Return the pairs of neighbours of which none is a particle, and what stands alone between particles."""
    for part in _telling_parts(run):
        yield from (one + other for one, other in pairwise(part)) if len(part) > 1 else (part,)


def _telling_parts(run: str) -> Iterable[str]:
    return "".join(" " if each in PARTICLES else each for each in run).split()


def _is_telling(word: str) -> bool:
    return len(word) > 1 or word.isdecimal() or _IS_UNSPACED.match(word) is not None


@cache
def _stop_words(language: str) -> frozenset[str]:
    listed = STOP_WORDS.get(language, "").split()
    return frozenset([*listed, *map(fold, listed)])


def _stem(word: str, language: str) -> str:
    if language == "en":
        word = IRREGULAR.get(word, word)
    stemmer = _stemmer(language)
    if stemmer is None:
        return word
    with _stemming:  # a stemmer keeps the word that it works on
        return str(stemmer.stemWord(word))


@cache
def _stemmer(language: str) -> snowballstemmer.stemmer | None:
    import snowballstemmer  # noqa: PLC0415 - it loads all languages, which takes longer than the rest of a start

    name = STEMMERS.get(language)
    return None if name is None else snowballstemmer.stemmer(name)


def _distinct(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))
