"""Utterances that were accepted and are not answered yet: on the disk, and in a bounded line for each robot."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from ai_server.memory.accepted import Acceptance, AcceptedUtterances, Arrival
from ai_server.mqtt.epochs import LONG_OVER
from ai_server.protocol.utterance import Utterance


@dataclass(frozen=True, slots=True)
class Waiting:
    """An utterance in line.

    Attributes:
        utterance: what was said.
        arrived: when, of `time.monotonic()`; before this process began where an earlier one took it in.
        epoch: when, of `Epochs`.
        answered: done once its reply is on the disk.
    """

    utterance: Utterance
    arrived: float
    epoch: int
    answered: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class InboxFullError(Exception):
    """There is no room for one more utterance; the message says whose line is full."""


class Inbox:
    """Stores utterances before they are acknowledged, and holds those of each robot in order.

    Room is reserved before an utterance is stored and given back once it is answered: the bounds are of all that are
    accepted and not answered.
    """

    def __init__(
        self,
        accepted: AcceptedUtterances,
        *,
        per_device: int,
        total: int,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._accepted = accepted
        self._per_device = per_device
        self._total = total
        self._clock = clock
        self._wall_clock = wall_clock
        self._lines: dict[str, deque[Waiting]] = {}
        self._unanswered: Counter[str] = Counter()
        self._all_unanswered = 0

    def __len__(self) -> int:
        """How many wait in line."""
        return sum(len(line) for line in self._lines.values())

    @property
    def unanswered(self) -> int:
        """How many are accepted, or about to be, and not answered."""
        return self._all_unanswered

    def unanswered_of(self, device_id: str) -> int:
        """How many of those are one robot's."""
        return self._unanswered.get(device_id, 0)

    def reserve(self, device_id: str) -> None:
        """Reserve room for one more utterance of a robot.

        Raises:
            InboxFullError: if the robot's line, or all of them together, are full.
        """
        own = self.unanswered_of(device_id)
        if own >= self._per_device:
            raise InboxFullError(f"{own} utterances of this robot wait already, at most {self._per_device} may")
        if self._all_unanswered >= self._total:
            raise InboxFullError(f"{self._all_unanswered} utterances wait already, at most {self._total} may")
        self._take_room(device_id)

    def release(self, device_id: str) -> None:
        """Give the room of one utterance back: it was answered, or not stored after all."""
        self._all_unanswered -= 1
        self._unanswered[device_id] -= 1
        if not self._unanswered[device_id]:
            del self._unanswered[device_id]

    async def store(self, arrivals: Sequence[Arrival]) -> list[Acceptance]:
        """Put utterances on the disk in one transaction; return what became of each.

        Raises:
            DatabaseError: none of them was stored.
        """
        return await self._accepted.accept(arrivals)

    async def stored(self, epoch: int) -> list[Waiting]:
        """Return what an earlier process accepted and did not answer, oldest first, with room taken for each.

        Its age is that of the wall clock; where that was set back meanwhile, it is taken to be new.

        Raises:
            DatabaseError: if it cannot be read.
        """
        now, wall = self._clock(), self._wall_clock()
        waiting = []
        for arrival in await self._accepted.waiting():
            age_s = max(0.0, (wall - arrival.arrived_at).total_seconds())
            waiting.append(Waiting(arrival.utterance, now - age_s, epoch))
            self._take_room(arrival.utterance.device_id)
        return waiting

    def put(self, waiting: Waiting) -> None:
        """Put an utterance at the end of its robot's line."""
        self._lines.setdefault(waiting.utterance.device_id, deque()).append(waiting)

    def take(self, device_id: str) -> Waiting | None:
        """Take the first utterance of a robot's line; None where nobody waits."""
        line = self._lines.get(device_id)
        if not line:
            return None
        waiting = line.popleft()
        if not line:
            del self._lines[device_id]
        return waiting

    def line(self, device_id: str) -> Sequence[Waiting]:
        """Return a robot's line as it is now."""
        return tuple(self._lines.get(device_id, ()))

    def find(self, device_id: str, request_id: str) -> Waiting | None:
        """Return the utterance of this request where it waits in its robot's line."""
        requests = (waiting for waiting in self._lines.get(device_id, ()) if waiting.utterance.request_id == request_id)
        return next(requests, None)

    def cancel(self, waiting: Waiting) -> None:
        """Have an utterance in line answered as cancelled when its turn comes."""
        line = self._lines[waiting.utterance.device_id]
        line[line.index(waiting)] = replace(waiting, epoch=LONG_OVER)

    def _take_room(self, device_id: str) -> None:
        self._all_unanswered += 1
        self._unanswered[device_id] += 1
