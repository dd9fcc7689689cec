"""How long steps take, learnt from those that were made, and so how much of a prompt the next one has time for."""

from __future__ import annotations

import math
from typing import Final

LEAST_CHUNK: Final = 2
"""So much of a prompt is read in a step that generates, however slow the host is."""

BLOCK: Final = 16
"""Tokens that llama.cpp multiplies at once where the processor has AVX-512 (ggml-cpu/arch/x86/repack.cpp).

1B shape, Q4_K, AMD EPYC: beside 4 replies 12 tokens take no longer than 8, and 28 no longer than 20.
"""

LEAST_READING: Final = 32
"""So much in a step that only reads; fewer tokens make poor use of the weights.

1B shape, Q4_K, AMD EPYC: 74 tokens/s in parts of 64 to 512, 62 of 32, 59 of 16, 38 of 8; parts that are no multiple of
32 are slower by up to a fifth.
"""

_READING_BLOCK: Final = 64
"""A step that only reads has a multiple of this many where there is time for it: the least ubatch of `plan.py`."""

_NEW_SHARE: Final = 0.25
_FEW_SHARE, _BLOCK_SHARE = 0.25, 0.75
"""Of the speed of many tokens at once, with which a few and a block beside others are read until it is known better."""

_LARGEST_STEP: Final = 2.5
"""A step that generates may last so many times as long as one that only generates, where the budget is less."""

_DRIFT: Final = 0.01
"""Variance by which a line wanders with each step, where that of a measured step is 1: some ten steps count."""

_LEAST_S: Final = 1e-7
_SURPRISE: Final = 0.5
"""A step counts as at most so much slower or faster than was expected: most of the rest are other programs."""

_HOPE, _MOST_HOPE = 0.995, 0.8
"""What was not tried counts as so much faster with each step, and at most as so much, so that it is tried again."""


class StepPace:
    """Predicts the duration of steps.

    Args:
        tokens_per_second: at which prompts are read, as first measured.
        budget_s: what a step that generates may last.
        reading_s: what a step may last in which nothing is generated.
    """

    def __init__(self, tokens_per_second: float, *, budget_s: float, reading_s: float) -> None:
        self._reading_rate = tokens_per_second
        self._few = _Line(1 / (tokens_per_second * _FEW_SHARE))
        self._blocks = _Line(1 / (tokens_per_second * _BLOCK_SHARE))
        self._budget_s = budget_s
        self._reading_s = reading_s
        self._generating_s: dict[int, float] = {}

    def chunk(self, rows: int, position: float = 0, *, in_budget: bool = False) -> int:
        """Return how many tokens of prompts a step has time for that generates with so many rows.

        Beside replies that is what makes whole blocks with them, or else less than one.

        Args:
            rows: tokens in the step that are generated with.
            position: of the tokens in their conversation: the later, the more there is to attend to.
            in_budget: keep to the budget even where nothing is generated.
        """
        if rows == 0:
            affordable = self._reading_rate * (self._budget_s if in_budget else self._reading_s)
            block = _READING_BLOCK if affordable >= _READING_BLOCK else LEAST_READING
            return max(1, int(affordable / block)) * block
        generating = self.generating_s(rows)
        left = max(self._budget_s, _LARGEST_STEP * generating) - generating
        blocks = int(rows + left / self._blocks.at(position)) // BLOCK * BLOCK - rows
        few = min(int(left / self._few.at(position)), BLOCK - 1 - rows % BLOCK)
        return max(LEAST_CHUNK, few, blocks)

    def generating_s(self, rows: int) -> float:
        """Return how long a step with so many rows and nothing else takes; guessed from its neighbours until known."""
        known = self._generating_s
        if rows in known or not known:
            return known.get(rows, rows / self._reading_rate)
        nearest = min(known, key=lambda other: abs(other - rows))
        return known[nearest] * max(1.0, (1 + rows / nearest) / 2)  # hopeful, so that it is tried

    def learn(self, rows: int, tokens: int, seconds: float, position: float = 0) -> None:
        """Take in how long a step took that generated with `rows` and read `tokens` of prompts from `position` on."""
        if tokens == 0:
            before = self._generating_s.get(rows, seconds)
            self._generating_s[rows] = before + _NEW_SHARE * (seconds - before)
        elif tokens < LEAST_CHUNK:
            return  # too few to say anything
        elif rows == 0:
            self._reading_rate += _NEW_SHARE * (tokens / seconds - self._reading_rate)
        else:
            self._learn_beside(rows, tokens, seconds, position)

    def _learn_beside(self, rows: int, tokens: int, seconds: float, position: float) -> None:
        if (rows + tokens) % BLOCK == 0:
            seen, other = self._blocks, self._few
        elif tokens < BLOCK - rows % BLOCK:
            seen, other = self._few, self._blocks
        else:
            return  # the end of a prompt, mostly: neither the one nor the other
        marginal = max(seconds - self.generating_s(rows), seconds / 10)
        seen.learn(position, marginal / tokens)
        other.hope()


class _Line:
    """Seconds that a token adds to a step, over its position: a Kalman filter for the two numbers of a line."""

    def __init__(self, first: float) -> None:
        self._first, self._slope = first, 0.0
        self._variances, self._covariance = [1.0, 1.0], 0.0
        self._hope = 1.0

    def at(self, position: float) -> float:
        return max(self._hope * self._first + self._slope * position / 1000, _LEAST_S)

    def learn(self, position: float, seconds: float) -> None:
        self._hope = 1.0
        expected, x = self.at(position), position / 1000
        surprise = max(-_SURPRISE * expected, min(_SURPRISE * expected, seconds - expected))
        first, slope = (min(1.0, variance + _DRIFT) for variance in self._variances)
        most = math.sqrt(first * slope)
        both = max(-most, min(most, self._covariance))
        of_first, of_slope = first + both * x, both + slope * x
        norm = 1 + of_first + of_slope * x
        self._first += surprise * of_first / norm
        self._slope = max(0.0, self._slope + surprise * of_slope / norm)
        self._variances = [first - of_first**2 / norm, slope - of_slope**2 / norm]
        self._covariance = both - of_first * of_slope / norm

    def hope(self) -> None:
        self._hope = max(_MOST_HOPE, self._hope * _HOPE)
