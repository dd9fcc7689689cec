"""What was received, on its way from the network thread to the event loop."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

from ai_server.mqtt.network import Received

GATHER_S = 0.002
"""Batches are at least this far apart, so that dense sensor traffic does not wake the event loop for each reading."""


class Incoming:
    """A bounded line of messages; `put` is for the network thread, everything else for the event loop.

    Attributes:
        dropped: messages of QoS 0 that had no room.
        taken: messages that were taken.
    """

    def __init__(self, *, max_messages: int, max_bytes: int, post: Callable[[Callable[[], None]], None]) -> None:
        """Make an empty line.

        Args:
            max_messages: how many may wait; beyond it those of QoS 0 are dropped, beyond twice as many `put` refuses.
            max_bytes: the same for the bytes of their payloads.
            post: has the event loop call something.
        """
        self.dropped = 0
        self.taken = 0
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._post = post
        self._line: deque[Received] = deque()
        # Each is written by one thread only.
        self._bytes_put = 0
        self._bytes_taken = 0
        self._arrived = asyncio.Event()
        self._woken = False
        self._next_batch = 0.0

    def __len__(self) -> int:
        return len(self._line)

    def put(self, received: Received) -> bool:
        """Put a message at the end; return False where it has to wait for room."""
        if received.qos == 0 and not self._has_room(1):
            self.dropped += 1
            return True
        if not self._has_room(2):
            return False
        self._bytes_put += len(received.packet.payload)
        self._line.append(received)
        if not self._woken:
            self._woken = True
            self._post(self._arrived.set)
        return True

    async def take(self) -> list[Received]:
        """Wait for a message and return all that wait, in order; for one consumer."""
        if (pause := self._next_batch - time.monotonic()) > 0:
            await asyncio.sleep(pause)
        while True:
            self._woken = False
            if waiting := len(self._line):
                batch = [self._line.popleft() for _ in range(waiting)]
                self._bytes_taken += sum(len(received.packet.payload) for received in batch)
                self.taken += waiting
                self._next_batch = time.monotonic() + GATHER_S
                return batch
            await self._arrived.wait()
            self._arrived.clear()

    def _has_room(self, times: int) -> bool:
        waiting = self._bytes_put - self._bytes_taken
        return len(self._line) < times * self._max_messages and waiting < times * self._max_bytes
