"""What the engine did, counted."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field

_STEPS_KEPT = 100


@dataclass(slots=True)
class Figures:
    """Counters since the load, named as in `wire.Statistics`, and what was seen since `take_rates`."""

    prefilled_tokens: int = 0
    reused_tokens: int = 0
    generated_tokens: int = 0
    steps: int = 0
    drafted_tokens: int = 0
    accepted_tokens: int = 0
    rebuilds: int = 0
    _step_ms: deque[float] = field(default_factory=lambda: deque(maxlen=_STEPS_KEPT))
    _since: float = field(default_factory=time.monotonic)
    _generated_before: int = 0

    def count_step(self, seconds: float, prefilled_tokens: int) -> None:
        """Count one decode call."""
        self.steps += 1
        self.prefilled_tokens += prefilled_tokens
        self._step_ms.append(round(seconds * 1000, 3))

    def take_rates(self) -> tuple[float, tuple[float, ...]]:
        """Return the tokens a second and the milliseconds of the steps since this was asked last."""
        now = time.monotonic()
        rate = (self.generated_tokens - self._generated_before) / max(now - self._since, 1e-6)
        steps = tuple(self._step_ms)
        self._step_ms.clear()
        self._since, self._generated_before = now, self.generated_tokens
        return rate, steps
