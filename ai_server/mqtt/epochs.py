"""What was said before a robot was silenced is over: no event, no action and no word of it goes out any more."""

from __future__ import annotations

import itertools

LONG_OVER = -1
"""An epoch that is over for every robot."""


class Epochs:
    """Numbers, by one clock of whole numbers, what was said and when robots were silenced."""

    def __init__(self) -> None:
        self._clock = itertools.count(1)
        self._silenced: dict[str, int] = {}

    def now(self) -> int:
        """Return the epoch of something that was said just now: higher than all before."""
        return next(self._clock)

    def silence(self, device_id: str) -> None:
        """End every epoch that a robot has so far."""
        self._silenced[device_id] = next(self._clock)

    def is_over(self, device_id: str, epoch: int) -> bool:
        """Say whether the robot was silenced since."""
        return epoch < self._silenced.get(device_id, 0)

    def forget(self, device_id: str) -> None:
        """Forget a robot of which nothing waits and nothing is being answered."""
        self._silenced.pop(device_id, None)
