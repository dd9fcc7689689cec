"""How late the event loop is: the sign that something blocks it."""

from __future__ import annotations

import asyncio
import time
from collections import deque

_INTERVAL_S = 0.25
_KEPT = 40


class LoopLag:
    """Measures how much later than asked the event loop wakes a task, four times a second.

    Attributes:
        last_alive: `time.monotonic()` of the last time it woke.
    """

    def __init__(self) -> None:
        self.last_alive = time.monotonic()
        self._lags_ms: deque[float] = deque(maxlen=_KEPT)

    @property
    def worst_ms(self) -> float:
        """The worst of the last ten seconds."""
        return max(self._lags_ms, default=0.0)

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            due = time.monotonic() + _INTERVAL_S
            await asyncio.sleep(_INTERVAL_S)
            self.last_alive = time.monotonic()
            self._lags_ms.append(max(0.0, self.last_alive - due) * 1000)
