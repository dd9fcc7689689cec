"""Multinomial logistic regression over hashed features, in numpy: it learns in a second or so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ai_server.brain.intent.features import SIZE

_BATCH = 256
_RATE = 0.5
_DECAY = 2e-4
_TEMPERATURES = np.geomspace(0.3, 4, 40)

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Batch:
    """Samples that are learnt from at once, and the order that brings the same features together."""

    features: Numbers
    values: Floats
    starts: Numbers
    labels: Numbers
    order: Numbers
    samples: Numbers
    distinct: Numbers
    bounds: Numbers


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

    def scores(self, samples: Sequence[Sequence[int]]) -> Floats:
        """Return the scores of all classes for each sample, before the temperature."""
        return np.concatenate([self._scores(batch) for batch in _batches(samples, None)])

    def learn(self, samples: Sequence[Sequence[int]], labels: Numbers, epochs: int) -> None:
        """Follow the gradient of the likelihood, by AdaGrad, over all samples `epochs` times."""
        batches = _batches(samples, labels)
        squares = np.full_like(self.weights, 1e-2)
        bias_squares = np.full_like(self.bias, 1e-2)
        for _ in range(epochs):
            for batch in batches:
                error = softmax(self._scores(batch))
                error[np.arange(len(error)), batch.labels] -= 1
                by_feature = error[batch.samples]
                by_feature *= batch.values[batch.order, None]
                gradient = np.add.reduceat(by_feature, batch.bounds, axis=0)
                weights, squared = self.weights[batch.distinct], squares[batch.distinct]
                gradient += np.float32(_DECAY) * weights
                squared += gradient * gradient
                squares[batch.distinct] = squared
                gradient *= np.float32(_RATE)
                gradient /= np.sqrt(squared, out=squared)
                weights -= gradient
                self.weights[batch.distinct] = weights
                overall = error.sum(axis=0)
                bias_squares += overall**2
                self.bias -= _RATE * overall / np.sqrt(bias_squares)

    def calibrate(self, scores: Floats, labels: Numbers) -> None:
        """Choose the temperature that makes the labels of samples which it did not learn from likeliest."""
        rows = np.arange(len(labels))
        losses = [-np.log(softmax(scores / t)[rows, labels] + 1e-9).mean() for t in _TEMPERATURES]
        self.temperature = float(_TEMPERATURES[int(np.argmin(losses))])

    def _scores(self, batch: _Batch) -> Floats:
        products = self.weights[batch.features]
        products *= batch.values[:, None]
        return np.add.reduceat(products, batch.starts, axis=0) + self.bias


def softmax(scores: Floats) -> Floats:
    """Return the probabilities that scores mean, those of each row being 1 together."""
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    scores /= scores.sum(axis=-1, keepdims=True)
    return scores


def _batches(samples: Sequence[Sequence[int]], labels: Numbers | None) -> list[_Batch]:
    batches = []
    for start in range(0, len(samples), _BATCH):
        chunk = samples[start : start + _BATCH]
        sizes = np.array([len(sample) for sample in chunk])
        features = np.concatenate([np.array(sample, np.int64) for sample in chunk])
        order = np.argsort(features, kind="stable")
        distinct, bounds = np.unique(features[order], return_index=True)
        within = slice(start, start + _BATCH)
        batches.append(
            _Batch(
                features=features,
                values=np.repeat(1 / np.sqrt(sizes), sizes).astype(np.float32),
                starts=np.concatenate([[0], np.cumsum(sizes)[:-1]]),
                labels=labels[within] if labels is not None else np.zeros(len(chunk), np.int64),
                order=order,
                samples=np.repeat(np.arange(len(chunk)), sizes)[order],
                distinct=distinct,
                bounds=bounds,
            )
        )
    return batches
