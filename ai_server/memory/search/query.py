"""What somebody looks for: the words, others that may be meant, and what the answer should look like."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from ai_server.memory.search.index import primary_language, sound_digest, term_digests, topic_digest
from ai_server.memory.search.kinds import kinds_asked
from ai_server.memory.search.related_words import SYNONYMS
from ai_server.memory.search.terms import forms, telling_words
from ai_server.memory.search.topics import strongly, topics_asked
from ai_server.memory.search.vocabulary import LANGUAGES

_MAX_WORDS = 16
"""Of a query; the rest of a long one adds nothing."""

_SAME, _SYNONYM, _TOPIC, _STRONG = 1.0, 0.8, 0.8, 1.0
"""How much it counts that an entry has the word itself, one that means the same, a word of its topic, or several."""


@dataclass(frozen=True, slots=True)
class Sense:
    """What a word of a query may be found by.

    Attributes:
        digests: of terms, to be continued by an owner's digest.
        worth: how much it counts that an entry has one of them, up to 1.
        rank: the lower, the more a look-up of it tells.
        is_narrower: whether what has one of them fits another sense of the word, too.
    """

    digests: tuple[str, ...]
    worth: float
    rank: int
    is_narrower: bool = False


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a query.

    Attributes:
        senses: the word itself, then synonyms, then its topics, and then those where more than one word is of them.
        heard: the digest of how it sounds, for where nobody said it; None for one that is too short.
        is_telling: whether it says something itself; "like" does not, but asks for what somebody enjoys.
    """

    senses: tuple[Sense, ...]
    heard: str | None
    is_telling: bool = True

    @property
    def anything(self) -> tuple[str, ...]:
        """Return digests of which whatever fits one of the senses has one."""
        return tuple(digest for each in self.senses if not each.is_narrower for digest in each.digests)


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for; `of` makes it.

    Attributes:
        words: those that say something.
        kinds: the digests of the kinds of answer that are asked for.
    """

    words: tuple[Word, ...]
    kinds: tuple[str, ...]

    @classmethod
    def of(cls, text: str, language: str) -> Query:
        """Understand a text; its language, of BCP 47, may be empty."""
        primary = primary_language(language)
        return cls(_words(text, primary), tuple(map(topic_digest, kinds_asked(text, primary))))


def _word(word: str, topics: Sequence[str], language: str) -> Word:
    own = term_digests(word, language)
    others: dict[str, None] = {}
    for each in (language,) if language else LANGUAGES:
        for form in forms(word, each):
            for other in _synonyms(each).get(form, ()):
                others |= dict.fromkeys(term_digests(other, each))
    senses = [Sense(own, _SAME, 0)]
    if also := tuple(each for each in others if each not in own):
        senses.append(Sense(also, _SYNONYM, 1))
    senses += _topic_senses(topics)
    return Word(tuple(senses), sound_digest(word))


def _words(text: str, language: str) -> tuple[Word, ...]:
    telling = telling_words(text, language)[:_MAX_WORDS]
    of_words: dict[str, dict[str, None]] = {word: {} for word in telling}
    others: dict[str, None] = {}
    for expression, topics in topics_asked(text, language):
        told = next((word for word in expression if word in of_words), None)
        (others if told is None else of_words[told]).update(dict.fromkeys(topics))
    words = [_word(word, tuple(topics), language) for word, topics in of_words.items()]
    if others:
        words.append(Word(tuple(_topic_senses(tuple(others))), None, is_telling=not words))
    return tuple(words)


def _topic_senses(topics: Sequence[str]) -> list[Sense]:
    if not topics:
        return []
    return [
        Sense(tuple(map(topic_digest, topics)), _TOPIC, 3),
        Sense(tuple(topic_digest(strongly(each)) for each in topics), _STRONG, 2, is_narrower=True),
    ]


@cache
def _synonyms(language: str) -> dict[str, list[str]]:
    """Return the synonyms of each form of a word."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for line in SYNONYMS.get(language, "").strip().splitlines():
        for word in line.split():
            for form in forms(word, language):
                found[form] += line.split()
    return dict(found)
