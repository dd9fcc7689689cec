"""Judges what an utterance is for that no phrase matches, by what it learnt from the phrases of a language."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from ai_server.brain.intent.features import Table, features
from ai_server.brain.intent.phrasefile import Phrasebook, PhraseGroup
from ai_server.brain.intent.regression import Regression
from ai_server.brain.intent.samples import CONVERSATION, UNHEARD, Sample, Sampler
from ai_server.brain.intent.words import Words
from ai_server.brain.slots import SlotValue

_SEED = 21
_MOST_WORDS = 40
_MOST_EPOCHS = 4
_MOST_LEARNT = 40_000
_THRESHOLD = 0.75
"""Where phrases say no other. What is learnt in so few rounds is not too sure of itself: what it says by 0.7 to 0.8 is
right in 81 % of the cases, by 0.8 to 0.9 in 91 % (of the development set and an examination, 4,248 utterances)."""
_NEVER = 1.0
_FEWEST_OF_CONVERSATION = 50
"""With fewer phrases that mean nothing, anything that shares a word with an intent would be taken for it."""

_MANY = 5000
"""For so many samples a feature that just one of them has is left out, and for twice as many one that just two have."""

_FORGET, _ADD = 0.25, 0.3
_RARE = 12


@dataclass(frozen=True, slots=True)
class Judgement:
    """What an utterance is probably for.

    Attributes:
        intent: its name; `conversation` where none is probable enough.
        probability: of that intent.
        slots: what is wanted as likely as not, by the phrases that the utterance is most like.
        response: the owner's answer to it.
    """

    intent: str
    probability: float
    slots: Mapping[str, SlotValue]
    response: str = ""


class Judge:
    """Judges utterances of one language.

    Args:
        groups: the phrases, as one class for all that share intent, slots and response.
        learnt: what `learn` made of the same phrases.
    """

    def __init__(self, groups: Sequence[PhraseGroup], learnt: bytes) -> None:
        decoded = msgspec.msgpack.decode(learnt, type=_Learnt)
        self._classes = _classes(groups)
        self._known = frozenset(decoded.known)
        self._regression = _regression(decoded)
        self._thresholds = decoded.thresholds
        self._intents = sorted({group.intent for group in self._classes})
        self._intent_of = np.array([self._intents.index(group.intent) for group in self._classes], np.int64)

    def judge(self, words: Sequence[str]) -> Judgement:
        """Return what an utterance is probably for."""
        if not 0 < len(words) <= _MOST_WORDS or self._known.isdisjoint(words):
            return Judgement(CONVERSATION, 1.0, {})
        probabilities = self._regression.probabilities(features(words, self._known))
        of_intents = np.bincount(self._intent_of, probabilities, len(self._intents))
        best = int(of_intents.argmax())
        intent, probability = self._intents[best], float(of_intents[best])
        if intent == CONVERSATION:
            return Judgement(CONVERSATION, probability, {})
        if probability < self._thresholds[intent] or self._thresholds[intent] == _NEVER:
            return Judgement(CONVERSATION, 1 - probability, {})
        group = self._classes[int(np.where(self._intent_of == best, probabilities, 0).argmax())]
        return Judgement(intent, probability, group.slots, group.response)

    @staticmethod
    def can_learn(book: Phrasebook) -> bool:
        """Return whether there are different things to tell apart."""
        return len(_classes(book.groups)) > 1

    @staticmethod
    def learn(book: Phrasebook, words: Words) -> bytes:
        """Learn from the phrases of a language, and return what was learnt; that takes a second or two.

        Args:
            book: the phrases.
            words: splits them.
        """
        known, regression, thresholds = _learn(book, words)
        rows = np.flatnonzero(np.abs(regression.weights).max(axis=1)).astype(np.int32)
        return msgspec.msgpack.encode(
            _Learnt(
                known=sorted(known),
                thresholds=thresholds,
                bias=regression.bias.tobytes(),
                rows=rows.tobytes(),
                weights=regression.weights[rows].astype(np.float16).tobytes(),
            )
        )


class _Learnt(msgspec.Struct, frozen=True):
    """What was learnt: the numbers as numpy has them, the weights of features with any in half precision."""

    known: Sequence[str]
    thresholds: Mapping[str, float]
    bias: bytes
    rows: bytes
    weights: bytes


def _regression(learnt: _Learnt) -> Regression:
    bias = np.frombuffer(learnt.bias, np.float32)
    rows = np.frombuffer(learnt.rows, np.int32)
    regression = Regression.blank(len(bias))
    regression.weights[rows] = np.frombuffer(learnt.weights, np.float16).reshape(len(rows), len(bias))
    regression.bias[:] = bias
    return regression


def _classes(groups: Sequence[PhraseGroup]) -> list[PhraseGroup]:
    """Return the first group of each class."""
    return list({_key(group): group for group in reversed(groups)}.values())[::-1]


def _key(group: PhraseGroup) -> tuple[str, str, str]:
    return group.intent, json.dumps(dict(group.slots), sort_keys=True), group.response


def _learn(book: Phrasebook, words: Words) -> tuple[frozenset[str], Regression, dict[str, float]]:
    classes = _classes(book.groups)
    class_of = {_key(group): number for number, group in enumerate(classes)}
    samples = Sampler(book, words).draw()
    known = frozenset(word for sample in samples for word in sample.words) - {UNHEARD}
    dice = random.Random(_SEED)  # noqa: S311
    dice.shuffle(samples)
    rare = _rare(samples, book.groups)
    said = [_as_said(sample.words, rare, dice) for sample in samples]
    table = Table.of(said, known).frequent(1 + min(2, len(samples) // _MANY))
    labels = np.array([class_of[_key(book.groups[sample.group])] for sample in samples], np.int64)
    regression = Regression.blank(len(classes))
    epochs = max(1, min(_MOST_EPOCHS, _MOST_LEARNT // len(samples)))  # many samples say the same in fewer rounds
    regression.learn(table, labels, epochs)
    return known, regression, _thresholds(book)


def _thresholds(book: Phrasebook) -> dict[str, float]:
    """Return how probable each intent must be."""
    of_conversation = sum(len(group.phrases) for group in book.groups if group.intent == CONVERSATION)
    usual = _THRESHOLD if of_conversation >= _FEWEST_OF_CONVERSATION else _NEVER
    set_ones = {group.intent: group.threshold for group in book.groups if group.threshold is not None}
    return {**{group.intent: usual for group in book.groups}, **set_ones}


def _rare(samples: Sequence[Sample], groups: Sequence[PhraseGroup]) -> frozenset[str]:
    """Return words that might as well be others: those that only conversation has, and few samples."""
    counts: dict[str, int] = {}
    wanted: set[str] = set()
    for sample in samples:
        if groups[sample.group].intent != CONVERSATION:
            wanted.update(sample.words)
        for word in set(sample.words):
            counts[word] = counts.get(word, 0) + 1
    return frozenset(word for word, count in counts.items() if count <= _RARE and word not in wanted)


def _as_said(words: Sequence[str], rare: frozenset[str], dice: random.Random) -> list[str]:
    """Return the words as people really say them: some of the rare ones unknown, and now and then one more that is."""
    said = [UNHEARD if word in rare and dice.random() < _FORGET else word for word in words]
    if len(said) > 1 and dice.random() < _ADD:
        said.insert(dice.randrange(len(said) + 1), UNHEARD)
    return said
