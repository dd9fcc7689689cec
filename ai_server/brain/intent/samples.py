"""Sentences that the phrases of a language allow, drawn for the classifier to learn from."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ai_server.brain.intent.phrasefile import Phrasebook, PhraseGroup
from ai_server.brain.intent.template import Choice, Named, Slot, Word, parse
from ai_server.brain.intent.template import Sequence as Parsed
from ai_server.brain.intent.words import Words

CONVERSATION = "conversation"
UNHEARD = "qqqqq"
"""Stands in samples for a word that nobody can know before, such as a name."""

_T = TypeVar("_T")

_SEED = 20
_PER_PHRASE = 15
_PER_NEGATIVE = 16
_TRIES = 3
_LEAVE_OUT = 0.6
_BEFORE, _AFTER = 0.15, 0.1
_OPEN_KINDS = frozenset({"name", "place", "text"})
_UNHEARD = 0.5


@dataclass(frozen=True, slots=True)
class Sample:
    """A sentence that may be said: its words, which group of phrases it is of, and which phrase of all."""

    words: tuple[str, ...]
    group: int
    phrase: int


class Sampler:
    """Draws sentences from the phrases of a language, always the same ones.

    Args:
        book: the phrases.
        words: splits them.
    """

    def __init__(self, book: Phrasebook, words: Words) -> None:
        self._book = book
        self._words = words
        self._known: dict[str, Sequence[str]] = {}
        self._random = random.Random(_SEED)  # noqa: S311
        self._lists = {name: parse(template) for name, template in book.lists.items()}
        self._before = [parse(template) for template in book.courtesies.before_phrases]
        self._after = [parse(template) for template in book.courtesies.after_phrases]

    def draw(self) -> list[Sample]:
        """Return sentences of every phrase, each sentence once; those of phrases that allow more are more."""
        drawn: dict[tuple[str, ...], Sample] = {}
        phrase = 0
        for number, group in enumerate(self._book.groups):
            for template in group.phrases:
                for words in self._sentences(parse(template), group):
                    drawn.setdefault(words, Sample(words, number, phrase))
                phrase += 1
        return list(drawn.values())

    def _sentences(self, parsed: Parsed, group: PhraseGroup) -> Iterator[tuple[str, ...]]:
        wanted = _PER_NEGATIVE if group.intent == CONVERSATION else _PER_PHRASE
        found: set[tuple[str, ...]] = set()
        for _ in range(wanted * _TRIES):
            words = self._sentence(parsed)
            if words in found:
                continue
            found.add(words)
            yield words if group.alone else self._among_courtesies(words)
            if len(found) == wanted:
                return

    def _sentence(self, parsed: Parsed) -> tuple[str, ...]:
        said: list[str] = []
        self._say(parsed, said)
        return tuple(word for each in said for word in self._split(each))

    def _split(self, said: str) -> Sequence[str]:
        if said not in self._known:
            self._known[said] = self._words.of(said)
        return self._known[said]

    def _among_courtesies(self, words: tuple[str, ...]) -> tuple[str, ...]:
        if self._before and self._random.random() < _BEFORE:
            words = (*self._sentence(self._any(self._before)), *words)
        if self._after and self._random.random() < _AFTER:
            words = (*words, *self._sentence(self._any(self._after)))
        return words

    def _say(self, parsed: Parsed, said: list[str]) -> None:
        for item in parsed:
            if isinstance(item, Word):
                said.append(item.text)
            elif isinstance(item, Named):
                self._say(self._lists[item.name], said)
            elif isinstance(item, Slot):
                said.append(self._filling(item.kind))
            else:
                self._say(self._chosen(item), said)

    def _filling(self, kind: str) -> str:
        words = self._any(self._book.typical.get(kind, (UNHEARD,)))
        if kind in _OPEN_KINDS:
            return " ".join(UNHEARD if self._random.random() < _UNHEARD else word for word in words.split())
        return words

    def _chosen(self, choice: Choice) -> Parsed:
        options = choice.options
        if options[-1]:
            return self._any(options)
        return () if self._random.random() < _LEAVE_OUT else self._any(options[:-1])

    def _any(self, options: Sequence[_T]) -> _T:
        return options[int(self._random.random() * len(options))]  # a fifth of the time of `choice`
