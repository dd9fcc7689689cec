"""Multinomial logistic regression over hashed features, in numpy: it learns in a second or so."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ai_server.brain.intent.features import SIZE, Numbers, Table

_BATCH = 128
_RATE = 1.0
_DECAY = 2e-4

Floats = npt.NDArray[np.float32]


class Regression:
    """Weights of features for classes.

    Attributes:
        weights: one row a feature, one column a class.
        bias: of each class.
    """

    def __init__(self, weights: Floats, bias: Floats) -> None:
        self.weights = weights
        self.bias = bias

    @classmethod
    def blank(cls, classes: int) -> Regression:
        """Return one that knows nothing yet."""
        return cls(np.zeros((SIZE, classes), np.float32), np.zeros(classes, np.float32))

    def probabilities(self, features: Sequence[int]) -> Floats:
        """Return the probability of each class."""
        scores = self.bias.copy()
        if features:
            scores += self.weights[features].sum(axis=0) / np.float32(len(features) ** 0.5)
        return _softmax(scores)

    def learn(self, samples: Table, labels: Numbers, epochs: int) -> None:
        """Follow the gradient of the likelihood, by AdaGrad, over all samples `epochs` times."""
        squares = np.full_like(self.weights, 1e-2)
        bias_squares = np.full_like(self.bias, 1e-2)
        for _ in range(epochs):
            for those, table in samples.batches(_BATCH):
                batch = _Batch(table)
                error = _softmax(batch.scores(self))
                error[np.arange(len(error)), labels[those]] -= 1
                weights, squared = self.weights[batch.columns], squares[batch.columns]
                gradient = batch.values.T @ error
                gradient += np.float32(_DECAY) * weights
                squared += gradient * gradient
                squares[batch.columns] = squared
                gradient *= np.float32(_RATE)
                gradient /= np.sqrt(squared, out=squared)
                weights -= gradient
                self.weights[batch.columns] = weights
                overall = error.sum(axis=0)
                bias_squares += overall**2
                self.bias -= _RATE * overall / np.sqrt(bias_squares)


def _softmax(scores: Floats) -> Floats:
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    scores /= scores.sum(axis=-1, keepdims=True)
    return scores


class _Batch:
    """Samples that are learnt from at once: a row for each, a column for each feature that one of them has."""

    def __init__(self, samples: Table) -> None:
        is_there = np.zeros(SIZE, np.bool_)
        is_there[samples.columns] = True
        self.columns = np.flatnonzero(is_there)
        places = np.empty(SIZE, np.int64)
        places[self.columns] = np.arange(len(self.columns))
        self.values = np.zeros((len(samples), len(self.columns)), np.float32)
        self.values[samples.rows, places[samples.columns]] = (1 / np.sqrt(samples.lengths))[samples.rows]

    def scores(self, regression: Regression) -> Floats:
        return self.values @ regression.weights[self.columns] + regression.bias
