"""A robot's connection to its broker: paho-mqtt on one side, the event loop on the other."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

CONNECT_TIMEOUT_S = 5.0
KEEPALIVE_S = 30
_GOODBYE_S = 1.0
SUSPICIOUSLY_SHORT_S = 5.0
"""A connection that lasted no longer was probably ended by another client of the same id."""


class RobotError(Exception):
    """The broker or the brain is not there for the robot; the message says what to look at."""


class _NoCommonProtocolError(RobotError):
    """The broker did not answer this version of MQTT."""


@dataclass(frozen=True, slots=True)
class RawPacket:
    """One MQTT message as it travelled, seen from the robot."""

    direction: Literal["sent", "received"]
    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Broker:
    """Where a broker is and how to log in; `tls` says how to encrypt, None for not at all."""

    host: str
    port: int
    username: str | None = None
    password: str | None = None
    tls: ssl.SSLContext | None = None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class LastWill:
    """What the broker publishes, retained, when the robot is gone without a goodbye; the link's own goodbye, too."""

    topic: str
    payload: bytes


class LinkOwner(Protocol):
    """Who is told, in the event loop, what happens on a link."""

    def link_up(self) -> None:
        """The subscriptions are made: at the start, and after each lost connection."""

    def link_down(self, reason: str) -> None:
        """The connection is lost; the link tries again for ever."""

    def publication_refused(self, reason: str) -> None:
        """The broker answered a publication with a failure."""

    def received(self, topic: str, payload: bytes) -> None:
        """A message came in."""


class Link:
    """One MQTT connection, kept for ever once it was made.

    The session is clean: what a robot missed while it was away it asks for by sending its utterance again.

    Attributes:
        broker: what it connects to.
        protocol: the version of MQTT in use, `5` or `3.1.1`.
        connected: whether the broker has the subscriptions now.
        tap: called with every message that is sent or received, where it is set.
    """

    def __init__(
        self,
        broker: Broker,
        client_id: str,
        *,
        protocol: Literal["auto", "5", "3.1.1"],
        subscriptions: Sequence[tuple[str, int]],
        last_will: LastWill | None,
        owner: LinkOwner,
    ) -> None:
        """Describe the connection; `open` makes it. `auto` speaks MQTT 5, and 3.1.1 where that is not answered."""
        self.broker = broker
        self.protocol: Literal["5", "3.1.1"] = "3.1.1" if protocol == "3.1.1" else "5"
        self.connected = False
        self._up_at = 0.0
        self.tap: Callable[[RawPacket], None] | None = None
        self._falls_back = protocol == "auto"
        self._newest: MQTTMessageInfo | None = None
        self._client_id = client_id
        self._subscriptions = list(subscriptions)
        self._last_will = last_will
        self._owner = owner

    async def open(self) -> None:
        """Connect and subscribe.

        Raises:
            RobotError: if the broker cannot be reached, or refuses the robot or its subscriptions.
        """
        self._loop = asyncio.get_running_loop()
        try:
            await self._connect()
        except _NoCommonProtocolError:
            if not self._falls_back:
                raise
            self.protocol = "3.1.1"
            await self._connect()

    async def close(self) -> None:
        """Say what the last will says, wait for the broker to take it, and disconnect."""
        if self.connected:
            await self._say_goodbye()
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    async def _say_goodbye(self) -> None:
        if self._last_will is not None:
            self.publish(self._last_will.topic, self._last_will.payload, retain=True)
        if self._newest is not None and self._newest.rc == MQTTErrorCode.MQTT_ERR_SUCCESS:
            await asyncio.to_thread(self._newest.wait_for_publish, _GOODBYE_S)

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        """Publish. While the connection is lost, QoS 1 waits for it and QoS 0 goes nowhere."""
        if self.tap:
            self.tap(RawPacket("sent", topic, payload))
        self._newest = self._client.publish(topic, payload, qos=qos, retain=retain)

    async def _connect(self) -> None:
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._client = self._new_client()
        try:
            await asyncio.to_thread(self._client.connect, self.broker.host, self.broker.port, KEEPALIVE_S)
        except (OSError, UnicodeError) as error:
            raise RobotError(
                f"The broker at {self.broker} cannot be reached: {error}. "
                "Is it running, and are MQTT_HOST, MQTT_PORT and the TLS settings right?"
            ) from None
        self._client.loop_start()
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._opened
        except TimeoutError:
            await self.close()
            raise self._not_answered() from None
        except BaseException:
            await self.close()
            raise

    def _new_client(self) -> Client:
        is_v5 = self.protocol == "5"
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._client_id,
            clean_session=None if is_v5 else True,
            protocol=MQTTProtocolVersion.MQTTv5 if is_v5 else MQTTProtocolVersion.MQTTv311,
        )
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.reconnect_delay_set(1, 30)
        if self._last_will is not None:
            client.will_set(self._last_will.topic, self._last_will.payload, qos=1, retain=True)
        if self.broker.username is not None:
            client.username_pw_set(self.broker.username, self.broker.password)
        if self.broker.tls is not None:
            client.tls_set_context(self.broker.tls)
        client.on_socket_open = _send_at_once
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        return client

    # paho calls these from its network thread

    def _on_connect(self, _c: Client, _u: Any, _f: ConnectFlags, reason: ReasonCode, _p: Properties | None) -> None:
        answer = self._refused if reason.is_failure else self._accepted
        self._loop.call_soon_threadsafe(answer, str(reason))

    def _on_subscribe(self, _c: Client, _u: Any, _m: int, reasons: list[ReasonCode], _p: Properties | None) -> None:
        refusals = [str(reason) for reason in reasons if reason.is_failure]
        self._loop.call_soon_threadsafe(self._subscribed, refusals)

    def _on_disconnect(
        self, _c: Client, _u: Any, _f: DisconnectFlags, reason: ReasonCode, _p: Properties | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._lost, str(reason))

    def _on_publish(self, _c: Client, _u: Any, _m: int, reason: ReasonCode, _p: Properties) -> None:
        if reason.is_failure:
            self._loop.call_soon_threadsafe(self._owner.publication_refused, str(reason))

    def _on_message(self, _c: Client, _u: Any, message: MQTTMessage) -> None:
        self._loop.call_soon_threadsafe(self._received, message.topic, bytes(message.payload))

    # The same, in the event loop

    def _accepted(self, _: str) -> None:
        self._client.subscribe(self._subscriptions)

    def _refused(self, reason: str) -> None:
        if self._opened.done():
            self._owner.link_down(reason)
        elif reason == "Unsupported protocol version":
            self._opened.set_exception(self._not_answered())
        else:
            sentence = f"The broker at {self.broker} refused {self._client_id}: {reason}."
            self._opened.set_exception(RobotError(f"{sentence} Check MQTT_USERNAME and MQTT_PASSWORD."))

    def _subscribed(self, refusals: list[str]) -> None:
        if refusals and not self._opened.done():
            sentence = f"The broker at {self.broker} does not let {self._client_id} subscribe to its topics"
            self._opened.set_exception(RobotError(f"{sentence}: {refusals[0]}. Its access list decides that."))
            return
        self.connected = True
        self._up_at = self._loop.time()
        self._owner.link_up()
        if not self._opened.done():
            self._opened.set_result(None)

    def _lost(self, reason: str) -> None:
        self.connected = False
        if not self._opened.done():
            self._opened.set_exception(self._not_answered())
            return
        if self._loop.time() - self._up_at < SUSPICIOUSLY_SHORT_S:
            reason = f"{reason}; is another client connected as {self._client_id}?"
        self._owner.link_down(reason)

    def _received(self, topic: str, payload: bytes) -> None:
        if self.tap:
            self.tap(RawPacket("received", topic, payload))
        self._owner.received(topic, payload)

    def _not_answered(self) -> _NoCommonProtocolError:
        return _NoCommonProtocolError(
            f"What listens at {self.broker} does not answer MQTT {self.protocol}. "
            "Is it an MQTT broker, and does it want TLS?"
        )


def _send_at_once(_c: Client, _u: Any, opened: Any) -> None:
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
