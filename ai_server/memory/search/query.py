"""What somebody looks for: the words, others that may be meant, and what the answer should look like."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache

from ai_server.memory.search.index import primary_language, sound_digest, term_digests
from ai_server.memory.search.related_words import ANSWERED_BY, ANSWERS, SYNONYMS
from ai_server.memory.search.terms import forms, telling_words
from ai_server.memory.search.vocabulary import LANGUAGES

_MAX_WORDS = 16
"""Of a query; the rest of a long one adds nothing."""

_MAX_SENSES = 16
"""Of a word; each is looked up."""

_SAME, _SYNONYM, _ANSWER = 1.0, 0.8, 0.5
"""How much it counts that an entry has the word itself, one that means the same, or one that answers with it."""


@dataclass(frozen=True, slots=True)
class Sense:
    """What a word of a query may be found by.

    Attributes:
        digests: of terms, to be continued by an owner's digest.
        worth: how much it counts that an entry has one of them, up to 1.
    """

    digests: tuple[str, ...]
    worth: float


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a query.

    Attributes:
        senses: the word itself, then synonyms, then what answers with it.
        heard: the digest of how it sounds, for where nobody said it; None for one that is too short.
    """

    senses: tuple[Sense, ...]
    heard: str | None


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for; `of` makes it.

    Attributes:
        words: those that say something.
        answer: words of which a text that answers has one, or else digits: those of numbers, say; empty where any text
            may answer.
    """

    words: tuple[Word, ...]
    answer: frozenset[str]

    @classmethod
    def of(cls, text: str, language: str) -> Query:
        """Understand a text; its language, of BCP 47, may be empty."""
        primary = primary_language(language)
        telling = telling_words(text, primary)[:_MAX_WORDS]
        return cls(tuple(_word(each, primary) for each in telling), _answer(text, primary))


def _word(word: str, language: str) -> Word:
    senses = {term_digests(word, language): _SAME}
    for each in (language,) if language else LANGUAGES:
        for form in forms(word, each):
            for other in _synonyms(each).get(form, ()):
                senses.setdefault(term_digests(other, each), _SYNONYM)
            for other in _answers(each).get(form, ()):
                senses.setdefault(term_digests(other, each), _ANSWER)
    kept = [Sense(digests, worth) for digests, worth in senses.items()][:_MAX_SENSES]
    return Word(tuple(kept), sound_digest(word))


@cache
def _synonyms(language: str) -> dict[str, list[str]]:
    """Return the synonyms of each form of a word."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for line in SYNONYMS.get(language, "").strip().splitlines():
        for word in line.split():
            for form in forms(word, language):
                found[form] += line.split()
    return dict(found)


@cache
def _answers(language: str) -> dict[str, list[str]]:
    """Return what each form of a word is answered with."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for line in ANSWERED_BY.get(language, "").strip().splitlines():
        word, _, others = line.partition(":")
        for form in forms(word.strip(), language):
            found[form] += others.split()
    return dict(found)


def _answer(text: str, language: str) -> frozenset[str]:
    asked = text.lower()
    for each in (language,) if language else LANGUAGES:
        for asking, answer in ANSWERS.get(each, {}).items():
            if re.search(asking, asked):
                return frozenset(answer.split())
    return frozenset()
