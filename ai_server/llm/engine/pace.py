"""How long steps take, learnt from those that were made, and so how much of a prompt the next one has time for."""

from __future__ import annotations

from typing import Final

LEAST_CHUNK: Final = 4
"""So much of a prompt is read in a step that generates, however slow the host is."""

LEAST_READING: Final = 32
"""So much in a step that only reads; fewer tokens make poor use of the weights.

1B shape, Q4_K, AMD EPYC: 74 tokens/s in parts of 64 to 512, 62 of 32, 59 of 16, 38 of 8; parts that are no multiple of
32 are slower by up to a fifth.
"""

_NEW_SHARE: Final = 0.25
_JOINT_SHARE: Final = 0.25
"""A few tokens beside others are read so much slower than many at once, until it is known better."""

_LARGEST_STEP: Final = 2.5
"""A step that generates may last so many times as long as one that only generates, where the budget is less."""


class StepPace:
    """Predicts the duration of steps.

    Args:
        tokens_per_second: at which prompts are read, as first measured.
        budget_s: what a step that generates may last.
        reading_s: what a step may last in which nothing is generated.
    """

    def __init__(self, tokens_per_second: float, *, budget_s: float, reading_s: float) -> None:
        self._reading_rate = tokens_per_second
        self._joint_rate = tokens_per_second * _JOINT_SHARE
        self._budget_s = budget_s
        self._reading_s = reading_s
        self._generating_s: dict[int, float] = {}

    def chunk(self, rows: int, *, in_budget: bool = False) -> int:
        """Return how many tokens of prompts a step has time for that generates with so many rows.

        Args:
            rows: tokens in the step that are generated with.
            in_budget: keep to the budget even where nothing is generated.
        """
        if rows == 0:
            affordable = self._reading_rate * (self._budget_s if in_budget else self._reading_s)
            return max(1, int(affordable / LEAST_READING)) * LEAST_READING
        generating = self.generating_s(rows)
        left = max(self._budget_s, _LARGEST_STEP * generating) - generating
        return max(LEAST_CHUNK, int(self._joint_rate * left))

    def generating_s(self, rows: int) -> float:
        """Return how long a step with so many rows and nothing else takes; guessed from its neighbours until known."""
        known = self._generating_s
        if rows in known or not known:
            return known.get(rows, rows / self._reading_rate)
        nearest = min(known, key=lambda other: abs(other - rows))
        return known[nearest] * max(1.0, (1 + rows / nearest) / 2)  # hopeful, so that it is tried

    def learn(self, rows: int, tokens: int, seconds: float) -> None:
        """Take in how long a step took that generated with `rows` and read `tokens` of prompts."""
        if tokens == 0:
            before = self._generating_s.get(rows, seconds)
            self._generating_s[rows] = before + _NEW_SHARE * (seconds - before)
        elif tokens < LEAST_CHUNK:
            return  # too few to say anything
        elif rows == 0:
            self._reading_rate += _NEW_SHARE * (tokens / seconds - self._reading_rate)
        else:
            marginal = max(seconds - self.generating_s(rows), seconds / 10)
            self._joint_rate += _NEW_SHARE * (tokens / marginal - self._joint_rate)
