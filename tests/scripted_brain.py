"""The other side of the wire, for tests of the robot: it answers over MQTT as it is told to."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from ai_server.protocol import topics
from ai_server.protocol.errors import ErrorCode, ErrorMessage
from ai_server.protocol.reply import ActionMessage, Reply, StreamEvent, StreamType
from ai_server.protocol.status import State, Status
from tests.brokers import PASSWORD, USERNAME, RunningBroker


@dataclass
class Message:
    topic: str
    payload: dict[str, Any]
    retain: bool


@dataclass
class ScriptedBrain:
    """Calls `answer` with each utterance, from the network thread, and keeps all that robots publish in `heard`."""

    broker: RunningBroker
    answer: Callable[[ScriptedBrain, dict[str, Any]], None] = lambda brain, said: brain.greet(said)
    state: State | None = State.READY
    device_id: str = "robot-1"
    heard: list[Message] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._changed = threading.Condition()
        self._subscribed = threading.Event()
        self._seq: dict[str, int] = {}
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv311)
        self._client.username_pw_set(USERNAME, PASSWORD)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_socket_open = lambda _c, _u, opened: opened.setsockopt(
            socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
        )
        self._client.on_connect = lambda client, *_: client.subscribe("naila/devices/#", 1)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = lambda _c, _u, message: self._receive(message)
        self._client.connect("127.0.0.1", self.broker.port)
        self._client.loop_start()
        assert self._subscribed.wait(10)
        if self.state:
            self.says_it_is(self.state)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def says_it_is(self, state: State, reason: str = "") -> None:
        self._publish(topics.STATUS, Status(state=state, reason=reason, version="1.2.3", model="tiny"), retain=True)

    def stream(self, request_id: str, kind: StreamType, **fields: Any) -> None:
        seq = self._seq.get(request_id, 0)
        self._seq[request_id] = seq + 1
        event = StreamEvent(request_id=request_id, seq=seq, type=kind, **fields)
        self._publish(topics.stream(self.device_id), event, qos=0)

    def accept(self, request_id: str) -> None:
        self.stream(request_id, StreamType.ACCEPTED)

    def say(self, request_id: str, emotion: str, *deltas: str) -> None:
        self.stream(request_id, StreamType.STARTED)
        self.stream(request_id, StreamType.EMOTION, emotion=emotion)
        for delta in deltas:
            self.stream(request_id, StreamType.DELTA, text=delta)

    def reply(self, request_id: str, text: str, **fields: Any) -> None:
        reply = Reply(request_id=request_id, device_id=self.device_id, text=text, **{"source": "llm", **fields})
        self._publish(topics.reply(self.device_id), reply)

    def act(self, action: ActionMessage) -> None:
        self._publish(topics.action(self.device_id, action.action), action)

    def refuse(self, code: ErrorCode, words: str, request_id: str | None = None, retry: float | None = None) -> None:
        error = ErrorMessage(error_code=code, error_message=words, correlation_id=request_id, retry_after_seconds=retry)
        self.publish_json(topics.error(self.device_id), error.model_dump_json().encode())

    def greet(self, said: dict[str, Any]) -> None:
        """Accept, stream and reply `Hello there!`."""
        request_id = said["request_id"]
        self.accept(request_id)
        self.say(request_id, "happy", "Hello", " there!")
        self.stream(request_id, StreamType.FINISHED, finish_reason="stop")
        self.reply(request_id, "Hello there!", emotion="happy", intent="greeting")

    def payloads(self, topic: str) -> list[dict[str, Any]]:
        """Return what came on `naila/devices/{device_id}/` and this rest of a topic."""
        return [each.payload for each in list(self.heard) if each.topic == f"naila/devices/{self.device_id}/{topic}"]

    def wait_for(self, topic: str, count: int = 1, timeout_s: float = 10) -> list[dict[str, Any]]:
        """Wait in this thread until so many payloads came there, and return them."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.payloads(topic)) >= count, timeout_s), self.heard
        return self.payloads(topic)

    def _receive(self, message: Any) -> None:
        heard = Message(message.topic, json.loads(message.payload), message.retain)
        with self._changed:
            self.heard.append(heard)
            self._changed.notify_all()
        if message.topic.endswith("/text"):
            self.answer(self, heard.payload)

    def _publish(self, topic: str, message: Any, *, qos: int = 1, retain: bool = False) -> None:
        self.publish_json(topic, message.to_json(), qos=qos, retain=retain)

    def publish_json(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        self._client.publish(topic, payload, qos=qos, retain=retain)
