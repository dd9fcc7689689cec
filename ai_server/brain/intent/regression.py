"""Multinomial logistic regression over hashed features, in numpy: it learns in a second or so."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ai_server.brain.intent.features import SIZE, Numbers, Table

_BATCH = 256
_RATE = 0.5
_DECAY = 2e-4
_TEMPERATURES = np.geomspace(0.3, 4, 40)

Floats = npt.NDArray[np.float32]


class Regression:
    """Weights of features for classes.

    Attributes:
        weights: one row a feature, one column a class.
        bias: of each class.
        temperature: what scores are divided by, so that probabilities are true ones.
    """

    def __init__(self, weights: Floats, bias: Floats, temperature: float = 1.0) -> None:
        self.weights = weights
        self.bias = bias
        self.temperature = temperature

    @classmethod
    def blank(cls, classes: int) -> Regression:
        """Return one that knows nothing yet."""
        return cls(np.zeros((SIZE, classes), np.float32), np.zeros(classes, np.float32))

    def probabilities(self, features: Sequence[int]) -> Floats:
        """Return the probability of each class."""
        scores = self.bias.copy()
        if features:
            scores += self.weights[features].sum(axis=0) / np.float32(len(features) ** 0.5)
        return softmax(scores / np.float32(self.temperature))

    def scores(self, samples: Table) -> Floats:
        """Return the scores of all classes for each sample, before the temperature."""
        return np.concatenate([_Batch(batch).scores(self) for _, batch in samples.batches(_BATCH)])

    def learn(self, samples: Table, labels: Numbers, epochs: int) -> None:
        """Follow the gradient of the likelihood, by AdaGrad, over all samples `epochs` times."""
        squares = np.full_like(self.weights, 1e-2)
        bias_squares = np.full_like(self.bias, 1e-2)
        for _ in range(epochs):
            for those, table in samples.batches(_BATCH):
                batch = _Batch(table)
                error = softmax(batch.scores(self))
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

    def calibrate(self, scores: Floats, labels: Numbers) -> None:
        """Choose the temperature that makes the labels of samples which it did not learn from likeliest."""
        rows = np.arange(len(labels))
        losses = [-np.log(softmax(scores / t)[rows, labels] + 1e-9).mean() for t in _TEMPERATURES]
        self.temperature = float(_TEMPERATURES[int(np.argmin(losses))])


def softmax(scores: Floats) -> Floats:
    """Return the probabilities that scores mean, those of each row being 1 together."""
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
