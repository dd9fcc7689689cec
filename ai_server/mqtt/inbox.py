"""Utterances that wait to be answered: a line for each robot, bounded, in order."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from ai_server.protocol.utterance import Utterance


@dataclass(frozen=True, slots=True)
class Waiting:
    """An utterance in line; `arrived` is of the inbox's clock, in seconds."""

    utterance: Utterance
    arrived: float


class InboxFullError(Exception):
    """There is no room for one more utterance; the message says whose line is full."""


class Inbox:
    """A bounded line of utterances for each robot."""

    def __init__(self, *, per_device: int, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_device = per_device
        self._total = total
        self._clock = clock
        self._lines: dict[str, deque[Waiting]] = {}
        self._waiting = 0

    def __len__(self) -> int:
        return self._waiting

    def offer(self, utterance: Utterance) -> None:
        """Put an utterance at the end of its robot's line.

        Raises:
            InboxFullError: if the robot's line, or all of them together, are full.
        """
        line = self._lines.get(utterance.device_id, ())
        if len(line) >= self._per_device:
            raise InboxFullError(f"{len(line)} utterances of this robot wait already, at most {self._per_device} may")
        if self._waiting >= self._total:
            raise InboxFullError(f"{self._waiting} utterances wait already, at most {self._total} may")
        self._lines.setdefault(utterance.device_id, deque()).append(Waiting(utterance, self._clock()))
        self._waiting += 1

    def take(self, device_id: str) -> Waiting | None:
        """Take the first utterance of a robot's line; None where nobody waits."""
        line = self._lines.get(device_id)
        if not line:
            return None
        waiting = line.popleft()
        if not line:
            del self._lines[device_id]
        self._waiting -= 1
        return waiting

    def drop(self, device_id: str) -> list[Waiting]:
        """Empty a robot's line and return who stood in it."""
        dropped = list(self._lines.pop(device_id, ()))
        self._waiting -= len(dropped)
        return dropped

    def holds(self, device_id: str, request_id: str) -> bool:
        """Say whether this request waits in its robot's line."""
        return any(waiting.utterance.request_id == request_id for waiting in self._lines.get(device_id, ()))
