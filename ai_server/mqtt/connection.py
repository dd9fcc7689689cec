"""The brain's connection to its broker: a persistent session that asyncio reads from and publishes to."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, overload

import structlog

from ai_server.mqtt.acknowledgements import Acknowledgements
from ai_server.mqtt.endings import Ending, Outcome
from ai_server.mqtt.incoming import Incoming
from ai_server.mqtt.network import (
    Accepted,
    Callbacks,
    NetworkConnection,
    Publication,
    PublishExpired,
    PublishPostponed,
    PublishRefused,
    Received,
)
from ai_server.mqtt.options import BrokerOptions, Protocol
from ai_server.mqtt.outgoing import Outgoing
from ai_server.mqtt.reconnection import CONTEST_LOSSES, Reconnection

__all__ = [
    "Connection",
    "ConnectionState",
    "Publication",
    "PublishExpired",
    "PublishPostponed",
    "PublishRefused",
    "Received",
]

log = structlog.get_logger(__name__)

RECEIVE_MAXIMUM = 200
"""Messages of QoS 1 that an MQTT 5 broker may deliver before the first is acknowledged."""
MAX_WAITING = 10_000
MAX_WAITING_BYTES = 64 * 1024 * 1024
MAX_PACKET_SIZE = 2 * 1024 * 1024
CLOSE_TIMEOUT_S = 3.0
_BEAT_S = 0.5
_ROOM_POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class ConnectionState:
    """What can be said of a connection at one moment; figures are counted since its start.

    `undelivered` counts publications that wait for their PUBACK, `dropped` messages of QoS 0 that could not be sent or
    had no room. `last_error` is "" while connected. `last_alive` is the monotonic time at which the network thread last
    moved: at most a second ago while connected; while it connects, a name that resolves slowly may hold it.
    """

    connected: bool
    protocol: Protocol | None
    connects: int
    received: int
    published: int
    undelivered: int
    dropped: int
    last_error: str
    last_alive: float


class Connection:
    """A connection that is made again, for ever, whenever it is lost.

    Connected means that the broker accepted the connection and every subscription. Its session persists under the
    client id, so that messages of QoS 1 sent while we are away arrive later. All methods belong to one event loop.
    """

    def __init__(
        self,
        *,
        options: BrokerOptions,
        subscriptions: Sequence[tuple[str, int]],
        will: Publication,
        on_connected: Callable[[], None],
        max_packet_size: int = MAX_PACKET_SIZE,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        """Describe the connection; `start` makes it.

        Args:
            options: the broker, and who to be there.
            subscriptions: topic filters with their QoS, 0 or 1.
            will: what the broker publishes when we are gone without a goodbye.
            on_connected: called in the event loop at each connect, before anybody else there knows of it.
            max_packet_size: bytes; an MQTT 5 broker delivers nothing longer.
            max_waiting: how many messages may wait for `receive`, and how many publications for the broker. Beyond it
                received messages of QoS 0 are dropped and publications postponed; beyond twice as many, reading stops.
                `MAX_WAITING_BYTES` of either do the same.

        Raises:
            TlsFileError: if a TLS file is not what its setting wants.
        """
        self._options = options
        self._subscriptions = tuple(subscriptions)
        self._will = will
        self._on_connected = on_connected
        self._max_packet_size = max_packet_size
        self._max_waiting = max_waiting
        self._tls_context = options.tls.context() if options.tls else None

        self._reconnection = Reconnection(options.protocol, random.Random())  # noqa: S311  jitter, no secret
        self._network: NetworkConnection | None = None
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()
        self._ended = asyncio.Event()
        self._connected = asyncio.Event()

        self._accepted: Accepted | None = None
        bounds = {"max_messages": max_waiting, "max_bytes": MAX_WAITING_BYTES}
        self._incoming = Incoming(**bounds, post=self._post)
        self._acknowledgements = Acknowledgements()
        self._outgoing = Outgoing(**bounds)

        self._ready_since: float | None = None
        self._last_alive = time.monotonic()
        self._last_error = "not connected yet"
        self._warned: set[str] = set()
        self._connects = 0

    @property
    def state(self) -> ConnectionState:
        """A snapshot of the connection."""
        return ConnectionState(
            connected=self._connected.is_set(),
            protocol=self._accepted.protocol if self._accepted else None,
            connects=self._connects,
            received=self._incoming.taken,
            published=self._outgoing.published,
            undelivered=len(self._outgoing),
            dropped=self._incoming.dropped + self._outgoing.dropped,
            last_error=self._last_error,
            last_alive=self._last_alive,
        )

    async def start(self) -> None:
        """Begin to connect, and return at once; the broker need not be there."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)
        self._thread.start()

    async def wait_connected(self, timeout: float | None = None) -> None:  # noqa: ASYNC109  its error says why not
        """Wait until connected, at most `timeout` seconds.

        Have `receive` running meanwhile: some brokers wait for the acknowledgement of what they kept for us before
        they confirm the subscriptions.

        Raises:
            TimeoutError: if it is not by then; the message says what stands in the way.
        """
        try:
            await asyncio.wait_for(self._connected.wait(), timeout)
        except TimeoutError:
            raise TimeoutError(self._last_error) from None

    async def close(self) -> None:
        """Disconnect within a few seconds, even from a broker that hangs. The last will is not published.

        Publications without their PUBACK fail with `PublishPostponed`: await them before, where they matter.
        """
        if self._thread is None or self._closing.is_set():
            return
        self._closing.set()
        if self._network is not None:
            self._network.close()
        try:
            await asyncio.wait_for(self._ended.wait(), CLOSE_TIMEOUT_S)
        except TimeoutError:
            log.warning("the network thread is left behind", held_up_s=round(time.monotonic() - self._last_alive, 1))
        self._connected.clear()
        self._outgoing.close()

    async def receive(self) -> list[Received]:
        """Wait for a message and return all that wait, in order; each is to be acknowledged. For one consumer."""
        batch = await self._incoming.take()
        for received in batch:
            self._acknowledgements.expect(received)
        return batch

    def acknowledge(self, received: Received) -> None:
        """Tell the broker that it need not deliver a message again.

        PUBACKs go out in the order of receipt, as MQTT demands: one waits for those of the messages before it. What
        came over an earlier connection cannot be acknowledged any more; the broker delivers it again.
        """
        network = self._network
        for mid in self._acknowledgements.settle(received):
            if network is not None and network.epoch == received.epoch:
                network.acknowledge(mid)

    @overload
    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: Literal[1],
        retain: bool = False,
        correlation_data: bytes | None = None,
        expires: float | None = None,
    ) -> asyncio.Future[None]: ...

    @overload
    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int,
        retain: bool = False,
        correlation_data: bytes | None = None,
        expires: float | None = None,
    ) -> asyncio.Future[None] | None: ...

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int,
        retain: bool = False,
        correlation_data: bytes | None = None,
        expires: float | None = None,
    ) -> asyncio.Future[None] | None:
        """Publish with QoS 0 (sent now or never) or 1 (kept in memory and sent until the broker has it).

        The correlation data reaches MQTT 5 receivers only. What `expires`, a moment of `time.monotonic()`, is not sent
        after it, and an MQTT 5 broker does not deliver it after it either.

        Returns:
            For QoS 1 a future: done at the PUBACK, or failed with `PublishRefused` (`PublishPostponed` where it was
            not the broker's doing, `PublishExpired` where it came too late). Cancelling it keeps what was not sent
            yet, or is to be sent again, from being sent.
            For QoS 0 None.

        Raises:
            ValueError: if the topic has a wildcard in it.
        """
        if {"+", "#", "\0"} & set(topic):
            raise ValueError(f"{topic!r} is no topic to publish to: it has a wildcard or a NUL in it")
        publication = Publication(topic, payload, qos, retain, correlation_data, expires)
        if qos == 0:
            self._outgoing.publish_once(publication)
            return None
        if self._closing.is_set():
            delivered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            delivered.set_exception(PublishPostponed("the connection is closed"))
            return delivered
        return self._outgoing.publish(publication)

    # The event loop's side.

    def _connect_done(self, network: NetworkConnection, accepted: Accepted) -> None:
        if self._closing.is_set():
            return
        self._accepted = accepted
        self._connects += 1
        self._last_error = ""
        self._connected.set()
        log.info(
            "connected to the broker",
            host=self._options.host,
            port=self._options.port,
            protocol=accepted.protocol,
            session="resumed" if accepted.session_present else "new",
        )
        self._outgoing.connected(network, accepted)
        self._on_connected()

    def _connect_ended(self, ending: Ending, contested: bool) -> None:  # noqa: FBT001
        if contested:
            ending = Ending(ending.outcome, self._contested_words())
        elif self._connected.is_set():
            self._warned.clear()
        if ending.outcome is not Outcome.CLOSED and ending.words not in self._warned:
            log.warning("not connected to the broker", reason=ending.words)
            self._warned.add(ending.words)
        self._last_error = ending.words
        self._connected.clear()
        self._outgoing.disconnected()

    def _contested_words(self) -> str:
        return (
            f"connections were taken over or lost at once {CONTEST_LOSSES} times within a minute: does another client "
            f"use the client id {self._options.client_id!r}? Stop it, or give it another MQTT_CLIENT_ID"
        )

    # The network thread's side.

    def _run(self) -> None:
        epoch = 0
        while not self._closing.is_set():
            epoch += 1
            self._network = self._new_network(epoch)
            self._ready_since = None
            # close() sets the flag and then closes what stands here: one of the two sees the other.
            if self._closing.is_set():
                break
            ending = self._network.serve()
            now = time.monotonic()
            held_s = now - self._ready_since if self._ready_since is not None else 0.0
            delay = self._reconnection.delay_after(ending, held_s=held_s, now=now)
            self._post(self._connect_ended, ending, self._reconnection.contested)
            self._pause(delay)
        self._post(self._ended.set)

    def _new_network(self, epoch: int) -> NetworkConnection:
        return NetworkConnection(
            options=self._options,
            protocol=self._reconnection.protocol,
            tls_context=self._tls_context,
            subscriptions=self._subscriptions,
            will=self._will,
            max_packet_size=self._max_packet_size,
            receive_maximum=min(RECEIVE_MAXIMUM, self._max_waiting),
            epoch=epoch,
            callbacks=Callbacks(
                alive=self._beat,
                accepted=self._take_accepted,
                message=self._take_message,
                published=lambda mid, refusal: self._post(self._outgoing.settle, mid, refusal),
            ),
        )

    def _take_accepted(self, network: NetworkConnection, accepted: Accepted) -> None:
        self._ready_since = time.monotonic()
        self._reconnection.answered()
        self._post(self._connect_done, network, accepted)

    def _take_message(self, received: Received) -> None:
        # While nothing is read from the socket, the broker keeps the rest.
        while not self._incoming.put(received) and not self._closing.is_set():
            self._beat()
            self._closing.wait(_ROOM_POLL_S)

    def _pause(self, delay_s: float) -> None:
        until = time.monotonic() + delay_s
        while (remaining := until - time.monotonic()) > 0 and not self._closing.is_set():
            self._beat()
            self._closing.wait(min(remaining, _BEAT_S))

    def _beat(self) -> None:
        self._last_alive = time.monotonic()

    def _post(self, callback: Callable[..., None], *args: Any) -> None:
        """Have the event loop call this; one that is closed already needs to know nothing more."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(callback, *args)
