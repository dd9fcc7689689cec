"""A robot with a stopwatch: a paho client in the caller's own thread, so that no other thread is in its times."""

from __future__ import annotations

import itertools
import json
import socket
import time
from collections import deque
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from ai_server.mqtt.options import BrokerOptions

TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Heard:
    """A message and when it came, of `time.monotonic_ns()`."""

    at: int
    topic: str
    payload: bytes


@dataclass(frozen=True)
class Asked:
    """A question and its reply; times of `time.monotonic_ns()`."""

    request_id: str
    sent: int
    replied: int
    reply: dict[str, Any]

    @property
    def round_trip_ms(self) -> float:
        return (self.replied - self.sent) / 1e6


class Robot:
    """An MQTT 3.1.1 client that sends small packets at once, as firmware does (lwIP's clients set TCP_NODELAY)."""

    def __init__(self, broker: BrokerOptions, device_id: str, *subscriptions: str) -> None:
        self.device_id = device_id
        self._broker = broker
        self._subscriptions = subscriptions or (f"naila/ai/responses/+/{device_id}",)
        self._heard: deque[Heard] = deque()
        self._connected = self._subscribed = False
        self._ids = itertools.count(1)
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=device_id)
        self._client.username_pw_set(broker.username, broker.password)
        self._client.on_socket_open = _send_at_once
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message

    def __enter__(self) -> Self:
        self._client.connect(self._broker.host, self._broker.port)
        while not self._connected:
            self._client.loop()
        self._client.subscribe([(topic, 1) for topic in self._subscriptions])
        while not self._subscribed:
            self._client.loop()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._client.disconnect()

    def publish(self, topic: str, payload: bytes, *, qos: int = 1) -> int:
        """Publish, and return the time just before."""
        sent = time.monotonic_ns()
        self._client.publish(topic, payload, qos)
        return sent

    def hear(self) -> Heard:
        """Return the next message."""
        give_up = time.monotonic() + TIMEOUT_S
        while not self._heard:
            if time.monotonic() > give_up:
                raise TimeoutError(f"{self.device_id} heard nothing for {TIMEOUT_S:.0f} s")
            self._client.loop()
        return self._heard.popleft()

    def ask(self, words: str) -> Asked:
        """Say something, and listen until its stream has ended."""
        request_id = f"{self.device_id}-{next(self._ids)}"
        sent = self.publish(
            f"naila/devices/{self.device_id}/text", json.dumps({"text": words, "request_id": request_id}).encode()
        )
        replied, reply = 0, None
        while True:
            heard = self.hear()
            message = json.loads(heard.payload)
            if "/error/" in heard.topic:
                raise RuntimeError(f"the brain refused: {message}")
            if "/text/" in heard.topic:
                replied, reply = heard.at, message
            elif message["type"] in {"finished", "cancelled"} and reply is not None:
                return Asked(request_id, sent, replied, reply)

    def rest(self, seconds: float) -> None:
        """Let everybody finish what they do after a reply."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._client.loop(left)

    def _on_connect(self, *_: object) -> None:
        self._connected = True

    def _on_subscribe(self, *_: object) -> None:
        self._subscribed = True

    def _on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        self._heard.append(Heard(time.monotonic_ns(), message.topic, bytes(message.payload)))


def _send_at_once(_client: Client, _userdata: object, opened: Any) -> None:
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
