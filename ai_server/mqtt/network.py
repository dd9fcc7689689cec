"""One network connection to the broker, from the socket to its end, driven by paho-mqtt in a thread of its own."""

from __future__ import annotations

import math
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ParamSpec

import structlog
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from ai_server.mqtt.endings import (
    Ending,
    Outcome,
    broken,
    disconnected,
    no_connack,
    refused,
    silent,
    subscription_refused,
    unreachable,
)
from ai_server.mqtt.options import BrokerOptions, Protocol
from ai_server.protocol.inbound import Packet

log = structlog.get_logger(__name__)

ANSWER_TIMEOUT_S = 4.0
"""How long a broker may take to answer at each step: TCP, TLS, CONNACK, SUBACK.

TCP sends a lost SYN again after 1 and 3 seconds: an attempt that nothing answers ends soon after the second.
"""
SILENCE_S = 5.0
"""How long the other host's TCP may confirm nothing; a broker that hangs is for MQTT's keepalive to notice.

TCP asks again after ever longer pauses: without a bound it would notice the return of a network as late as it went.
"""
POLL_S = 0.5
CLOSE_TIMEOUT_S = 1.0

_PASSING_REFUSALS = (0x91, 0x97)
"""Packet identifier in use, quota exceeded."""

_PROBES = 3
_SILENCE_OPTIONS = {
    "TCP_KEEPIDLE": int(SILENCE_S) - _PROBES,
    "TCP_KEEPALIVE": int(SILENCE_S) - _PROBES,
    "TCP_KEEPINTVL": 1,
    "TCP_KEEPCNT": _PROBES,
    "TCP_USER_TIMEOUT": int(SILENCE_S * 1000),
}
"""An idle connection is probed (KEEP*); one with unconfirmed bytes is given up (USER_TIMEOUT, milliseconds; Linux)."""

Arguments = ParamSpec("Arguments")


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the broker said when it took us: sizes in bytes, None for no limit; the window is in publications."""

    protocol: Protocol
    session_present: bool
    max_packet_size: int | None
    window: int


@dataclass(frozen=True, slots=True)
class Publication:
    """A message to publish.

    Attributes:
        topic: where.
        payload: what.
        qos: 0 or 1.
        retain: the broker keeps it.
        correlation_data: reaches MQTT 5 receivers only.
        expires: until when it is worth delivering, of `time.monotonic()`; None for ever.
    """

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    correlation_data: bytes | None = None
    expires: float | None = None

    @property
    def is_late(self) -> bool:
        """Whether it is not worth delivering any more."""
        return self.expires is not None and time.monotonic() >= self.expires


class PublishRefused(Exception):  # noqa: N818  it reads as what happened
    """A publication was not taken, and would not be another time; the message says why."""


class PublishPostponed(PublishRefused):
    """A publication was not taken now, for lack of room or of a connection; it may be another time."""


class PublishExpired(PublishRefused):
    """A publication was not sent while it was worth it, or the broker did not confirm it by then."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message as it came, with what acknowledging it takes: its id is only known to the connection of its epoch."""

    packet: Packet
    qos: int
    mid: int
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Callbacks:
    """Whom the network thread tells; `message` may block it, to have the broker wait."""

    alive: Callable[[], None]
    accepted: Callable[[NetworkConnection, Accepted], None]
    message: Callable[[Received], None]
    published: Callable[[int, PublishRefused | None], None]


class NetworkConnection:
    """Connects once, subscribes, and moves packets until the connection ends.

    A paho client is used for one connection only: nothing stale, no packet id and no queue, outlives it, and what
    waits for its PUBACK is the caller's to publish again.
    """

    def __init__(
        self,
        *,
        options: BrokerOptions,
        protocol: Protocol,
        tls_context: ssl.SSLContext | None,
        subscriptions: Sequence[tuple[str, int]],
        will: Publication,
        max_packet_size: int,
        receive_maximum: int,
        epoch: int,
        callbacks: Callbacks,
    ) -> None:
        self.epoch = epoch
        self._options = options
        self._protocol: Protocol = protocol
        self._subscriptions = list(subscriptions)
        self._will = will
        self._max_packet_size = max_packet_size
        self._receive_maximum = receive_maximum
        self._callbacks = callbacks
        self._accepted: Accepted | None = None
        self._ending: Ending | None = None
        self._answer_by: float | None = None
        self._close_by: float | None = None
        self._client = self._new_client(tls_context)

    def serve(self) -> Ending:
        """Connect and move packets until the connection ends; for the network thread, since it blocks."""
        try:
            self._connect()
            result = self._move_packets()
        except (OSError, ValueError) as error:
            return unreachable(error, self._options, ANSWER_TIMEOUT_S)
        finally:
            self._release()
        if self._close_by is not None:
            return Ending(Outcome.CLOSED, "the connection was closed")
        if self._ending is not None:
            return self._ending
        return no_connack(self._options) if self._accepted is None else broken(result, self._options)

    def close(self) -> None:
        """Have `serve` send DISCONNECT and return, soon even if the broker takes nothing; from any thread."""
        self._close_by = time.monotonic() + CLOSE_TIMEOUT_S
        self._client.disconnect()

    def publish(self, publication: Publication) -> int | None:
        """Hand a publication to the network thread and return its packet id, or None if there is no free one."""
        info = self._client.publish(
            publication.topic,
            publication.payload,
            qos=publication.qos,
            retain=publication.retain,
            properties=self._publish_properties(publication),
        )
        return None if info.rc == MQTTErrorCode.MQTT_ERR_QUEUE_SIZE else info.mid

    def acknowledge(self, mid: int) -> None:
        """Send the PUBACK of a received message of QoS 1."""
        self._client.ack(mid, 1)

    def _new_client(self, tls_context: ssl.SSLContext | None) -> Client:
        options = self._options
        v5 = self._protocol == "5"
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=options.client_id,
            clean_session=None if v5 else False,
            protocol=MQTTProtocolVersion.MQTTv5 if v5 else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.connect_timeout = ANSWER_TIMEOUT_S
        client.username_pw_set(options.username, options.password)
        client.will_set(self._will.topic, self._will.payload, self._will.qos, retain=self._will.retain)
        if tls_context is not None:
            client.tls_set_context(tls_context)
        client.suppress_exceptions = True
        client.on_socket_open = _tune
        client.on_connect = _guarded(self._on_connect)
        client.on_subscribe = _guarded(self._on_subscribe)
        client.on_message = _guarded(self._on_message)
        client.on_publish = _guarded(self._on_publish)
        client.on_disconnect = _guarded(self._on_disconnect)
        # With this callback paho leaves writing to the thread that runs its loop: publish() never writes itself.
        client.on_socket_register_write = _leave_to_loop
        return client

    def _connect(self) -> None:
        options = self._options
        if self._protocol == "3.1.1":
            self._client.connect(options.host, options.port, options.keepalive)
            return
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = options.session_expiry_s
        properties.ReceiveMaximum = self._receive_maximum
        properties.MaximumPacketSize = self._max_packet_size
        self._client.connect(options.host, options.port, options.keepalive, clean_start=False, properties=properties)

    def _move_packets(self) -> MQTTErrorCode:
        self._answer_by = time.monotonic() + ANSWER_TIMEOUT_S
        result = MQTTErrorCode.MQTT_ERR_SUCCESS
        while result == MQTTErrorCode.MQTT_ERR_SUCCESS and not self._overdue():
            self._callbacks.alive()
            result = self._client.loop(POLL_S)
        return result

    def _overdue(self) -> bool:
        now = time.monotonic()
        if self._close_by is not None and now > self._close_by:
            return True
        if self._answer_by is None or now <= self._answer_by:
            return False
        missing = "CONNACK" if self._accepted is None else "SUBACK"
        self._ending = silent(missing, self._options, ANSWER_TIMEOUT_S)
        return True

    def _release(self) -> None:
        open_socket = self._client.socket()
        if open_socket is not None:
            open_socket.close()
        # The callbacks hold us and we hold the client: without this its sockets would wait for the garbage collector.
        self._client.on_connect = self._client.on_subscribe = self._client.on_message = None
        self._client.on_publish = self._client.on_disconnect = None

    def _on_connect(
        self, client: Client, _userdata: Any, flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._ending = refused(reason, self._protocol, self._options)
            return
        receive_maximum = getattr(properties, "ReceiveMaximum", client.max_inflight_messages)
        self._accepted = Accepted(
            protocol=self._protocol,
            session_present=flags.session_present,
            max_packet_size=getattr(properties, "MaximumPacketSize", None),
            window=min(receive_maximum, client.max_inflight_messages),
        )
        if not self._subscriptions:
            self._ready(self._accepted)
            return
        self._answer_by = time.monotonic() + ANSWER_TIMEOUT_S
        if self._protocol == "5":
            client.subscribe([(topic, SubscribeOptions(qos=qos)) for topic, qos in self._subscriptions])
        else:
            client.subscribe(self._subscriptions)

    def _on_subscribe(
        self,
        client: Client,
        _userdata: Any,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        if self._accepted is None:
            return
        for (topic, qos), reason in zip(self._subscriptions, reasons, strict=True):
            if reason.is_failure:
                self._ending = subscription_refused(topic, reason, self._options)
                client.disconnect()
                return
            if reason.value < qos:
                log.warning("the broker delivers a topic below its quality of service", topic=topic, qos=reason.value)
        self._ready(self._accepted)

    def _ready(self, accepted: Accepted) -> None:
        self._answer_by = None
        self._callbacks.accepted(self, accepted)

    def _on_message(self, _client: Client, _userdata: Any, message: MQTTMessage) -> None:
        properties = message.properties
        packet = Packet(
            topic=message.topic,
            payload=bytes(message.payload),
            retain=message.retain,
            redelivered=message.dup,
            response_topic=getattr(properties, "ResponseTopic", None),
            correlation_data=getattr(properties, "CorrelationData", None),
        )
        self._callbacks.message(Received(packet, message.qos, message.mid, self.epoch))

    def _on_publish(
        self, _client: Client, _userdata: Any, mid: int, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        self._callbacks.published(mid, _refusal(reason) if reason.is_failure else None)

    def _on_disconnect(
        self,
        _client: Client,
        _userdata: Any,
        flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if self._ending is None:
            by_broker, accepted = flags.is_disconnect_packet_from_server, self._accepted is not None
            self._ending = disconnected(reason, self._options, accepted=accepted, by_broker=by_broker)

    def _publish_properties(self, publication: Publication) -> Properties | None:
        if self._protocol != "5" or (publication.correlation_data is None and publication.expires is None):
            return None
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        if publication.correlation_data is not None:
            properties.CorrelationData = publication.correlation_data
        if publication.expires is not None:
            properties.MessageExpiryInterval = max(1, math.ceil(publication.expires - time.monotonic()))
        return properties


def _guarded(callback: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """Keep an exception of a callback from ending paho's loop: it is logged, and the loop goes on."""

    def call(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        try:
            callback(*args, **kwargs)
        except Exception as error:
            log.exception("a network callback failed", callback=callback.__name__, error=type(error).__name__)

    return call


def _refusal(reason: ReasonCode) -> PublishRefused:
    words = f"the broker refused it: {reason}"
    return PublishPostponed(words) if reason.value in _PASSING_REFUSALS else PublishRefused(words)


def _tune(_client: Client, _userdata: object, opened: Any) -> None:
    """Send small packets at once, and notice a network that is cut without a word within `SILENCE_S`."""
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _SILENCE_OPTIONS.items():
        option = getattr(socket, name, None)  # which of them there are depends on the platform
        if option is not None:
            opened.setsockopt(socket.IPPROTO_TCP, option, value)


def _leave_to_loop(_client: Client, _userdata: Any, _socket: Any) -> None:
    """Do nothing: the thread that runs paho's loop is woken by paho itself."""
