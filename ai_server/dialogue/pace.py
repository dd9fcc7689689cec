"""How fast turns end, and so when a robot that is turned away should come back."""

from __future__ import annotations

import time
from collections.abc import Callable

_FIRST_INTERVAL_S = 1.0
"""What a turn is taken to last before the first one ended."""

_WEIGHT = 0.2
"""How much the newest interval counts."""

_LONGEST_S = 60.0


class Pace:
    """Measures the time between the ends of turns while any are unanswered.

    Robots that are turned away get times that are one turn apart, so that they do not come back all at once.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._interval_s = _FIRST_INTERVAL_S
        self._since = clock()
        self._promised = 0.0

    def begin(self) -> None:
        """Note that there is something to answer again, after a time without."""
        self._since = self._clock()

    def end(self) -> None:
        """Note that a turn has ended."""
        now = self._clock()
        self._interval_s += _WEIGHT * (now - self._since - self._interval_s)
        self._since = now

    def retry_after_s(self, ahead: int) -> float:
        """Return in how many seconds `ahead` turns will have ended, and those promised to others."""
        now = self._clock()
        self._promised = max(now + ahead * self._interval_s, self._promised + self._interval_s)
        self._promised = min(self._promised, now + _LONGEST_S)
        return round(max(0.1, self._promised - now), 1)
