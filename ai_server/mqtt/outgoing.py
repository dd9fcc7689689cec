"""What is published over one network connection after another: it waits, is in flight, and then the broker has it."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

from ai_server.mqtt.network import (
    Accepted,
    NetworkConnection,
    Publication,
    PublishExpired,
    PublishPostponed,
    PublishRefused,
)


@dataclass(frozen=True, slots=True)
class _Waiting:
    publication: Publication
    size: int
    delivered: asyncio.Future[None]


class Outgoing:
    """A bounded line of publications, sent in order within the broker's window; for the event loop alone.

    What is in flight when a connection is lost goes first over the next, so the order of a topic is kept.

    Attributes:
        published: publications of QoS 1 that the broker has, and of QoS 0 that were sent.
        dropped: publications of QoS 0 that could not be sent.
    """

    def __init__(self, *, max_messages: int, max_bytes: int) -> None:
        """Make an empty line in which so many publications, of so many bytes together, may wait for the broker."""
        self.published = 0
        self.dropped = 0
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._network: NetworkConnection | None = None
        self._accepted: Accepted | None = None
        self._waiting: deque[_Waiting] = deque()
        self._waiting_bytes = 0
        self._in_flight: dict[int, _Waiting] = {}
        self._unwritten: dict[int, int] = {}
        self._unwritten_bytes = 0

    def __len__(self) -> int:
        return len(self._waiting) + len(self._in_flight)

    def connected(self, network: NetworkConnection, accepted: Accepted) -> None:
        """Send over this connection from now on."""
        self._network = network
        self._accepted = accepted
        self._send()

    def disconnected(self) -> None:
        """Have everything wait that the broker did not confirm."""
        self._network = self._accepted = None
        for waiting in reversed(self._in_flight.values()):
            self._waiting.appendleft(waiting)
            self._waiting_bytes += waiting.size
        self._in_flight.clear()
        self._unwritten.clear()
        self._unwritten_bytes = 0

    def close(self) -> None:
        """Postpone everything that the broker did not confirm."""
        self.disconnected()
        for waiting in self._waiting:
            _settle(waiting.delivered, PublishPostponed("the connection was closed before the broker had it"))
        self._waiting.clear()
        self._waiting_bytes = 0

    def publish(self, publication: Publication) -> asyncio.Future[None]:
        """Publish with QoS 1; the future is as `Connection.publish` says."""
        delivered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if len(self._waiting) >= self._max_messages or self._waiting_bytes >= self._max_bytes:
            waiting = f"{len(self._waiting)} publications ({self._waiting_bytes} bytes) wait for the broker already"
            delivered.set_exception(PublishPostponed(waiting))
            return delivered
        size = _packet_size(publication)
        self._waiting.append(_Waiting(publication, size, delivered))
        self._waiting_bytes += size
        self._send()
        return delivered

    def publish_once(self, publication: Publication) -> None:
        """Publish with QoS 0: now or never."""
        size = _packet_size(publication)
        if self._network is None or self._too_large(size) or not self._can_write():
            self.dropped += 1
            return
        mid = self._network.publish(publication)
        if mid is None:
            self.dropped += 1
            return
        self._unwritten[mid] = size
        self._unwritten_bytes += size
        self.published += 1

    def settle(self, mid: int, refusal: PublishRefused | None) -> None:
        """Take the news of a publication: one of QoS 0 was written, one of QoS 1 has its PUBACK."""
        # Packet ids come round: where one of QoS 0 has that of one still in flight, this is not taken for its PUBACK.
        size = self._unwritten.pop(mid, None)
        if size is not None:
            self._unwritten_bytes -= size
            return
        waiting = self._in_flight.pop(mid, None)
        if waiting is None:
            return
        if refusal is None:
            self.published += 1
        _settle(waiting.delivered, refusal)
        self._send()

    def _send(self) -> None:
        network, accepted = self._network, self._accepted
        if network is None or accepted is None:
            return
        while self._waiting and len(self._in_flight) < accepted.window:
            waiting = self._waiting[0]
            if waiting.delivered.cancelled():
                self._take_first()
                continue
            if refusal := self._refusal(waiting):
                self._take_first()
                _settle(waiting.delivered, refusal)
                continue
            mid = network.publish(waiting.publication)
            if mid is None:
                return
            self._take_first()
            self._in_flight[mid] = waiting

    def _refusal(self, waiting: _Waiting) -> PublishRefused | None:
        """Say why a publication is never to be sent; None where it can be."""
        if waiting.publication.is_late:
            return PublishExpired("it came too late")
        if self._accepted and self._too_large(waiting.size):
            limit = self._accepted.max_packet_size
            return PublishRefused(f"{waiting.size} bytes, and the broker takes at most {limit}")
        return None

    def _take_first(self) -> None:
        self._waiting_bytes -= self._waiting.popleft().size

    def _too_large(self, size: int) -> bool:
        limit = self._accepted.max_packet_size if self._accepted else None
        return limit is not None and size > limit

    def _can_write(self) -> bool:
        return len(self._unwritten) < self._max_messages and self._unwritten_bytes < self._max_bytes


def _settle(delivered: asyncio.Future[None], refusal: PublishRefused | None) -> None:
    if delivered.done():
        return
    if refusal is None:
        delivered.set_result(None)
    else:
        delivered.set_exception(refusal)


def _packet_size(publication: Publication) -> int:
    """Return at most how many bytes the PUBLISH packet takes: 16 cover the fixed header, lengths and packet id."""
    size = 16 + len(publication.topic.encode()) + len(publication.payload) + len(publication.correlation_data or b"")
    return size if publication.expires is None else size + 5
