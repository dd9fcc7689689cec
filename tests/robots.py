"""A robot for tests: a bare MQTT client that sorts what the brain sends it."""

from __future__ import annotations

import itertools
import json
import queue
import time
from dataclasses import dataclass, field
from typing import Any

from ai_server.mqtt.options import BrokerOptions
from tests.brokers import TIMEOUT_S, Robot


@dataclass
class Turn:
    """What came for one request."""

    events: list[dict[str, Any]] = field(default_factory=list)
    reply: dict[str, Any] | None = None
    actions: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)

    def types(self) -> list[str]:
        return [event["type"] for event in self.events]

    def ended(self) -> bool:
        return self.reply is not None and bool(self.events) and self.types()[-1] in {"finished", "cancelled"}


class HeadlessRobot(Robot):
    """A robot that speaks plain MQTT; `heard` holds each request's turn."""

    def __init__(self, broker: BrokerOptions, device_id: str, protocol: str = "3.1.1") -> None:
        super().__init__(
            broker,
            f"naila/ai/responses/+/{device_id}",
            f"naila/devices/{device_id}/actions/+",
            f"naila/devices/{device_id}/inbox",
            client_id=device_id,
            protocol=protocol,
        )
        self.device_id = device_id
        self.heard: dict[str, Turn] = {}
        self.copies: list[tuple[bytes | None, dict[str, Any]]] = []
        self._ids = itertools.count(1)

    def say(self, text: str, **fields: Any) -> Turn:
        """Say something and wait until its turn has ended."""
        return self.wait(self.send(text, **fields))

    def send(self, text: str, **fields: Any) -> str:
        """Say something; return its request id."""
        request_id = fields.setdefault("request_id", f"q{next(self._ids)}")
        self.publish(f"naila/devices/{self.device_id}/text", json.dumps({"text": text, **fields}))
        return str(request_id)

    def send_again(self, text: str, request_id: str) -> dict[str, Any]:
        """Say what was answered already; return the reply that comes then."""
        self.heard.pop(request_id, None)
        self.send(text, request_id=request_id)
        while (reply := self.turn(request_id).reply) is None:
            self._sort(self.hear())
        return reply

    def sense(self, sensor: str, **fields: Any) -> None:
        self.publish(f"naila/devices/{self.device_id}/sensors/{sensor}", json.dumps(fields))

    def control(self, command: str, **fields: Any) -> None:
        self.publish(f"naila/devices/{self.device_id}/control", json.dumps({"command": command, **fields}))

    def wait(self, request_id: str) -> Turn:
        """Listen until a turn has ended, or was refused."""
        give_up = time.monotonic() + TIMEOUT_S
        while time.monotonic() < give_up:
            turn = self.turn(request_id)
            if turn.ended() or (turn.errors and turn.reply is None and not turn.events):
                return turn
            self._sort(self.hear())
        raise AssertionError(f"{request_id} did not end: {self.turn(request_id)}")

    def wait_for_event(self, request_id: str, kind: str) -> Turn:
        """Listen until a turn's stream has had an event of this type."""
        while kind not in self.turn(request_id).types():
            self._sort(self.hear())
        return self.turn(request_id)

    def listen(self, seconds: float) -> None:
        """Listen for a while."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            try:
                self._sort(self.hear(left))
            except queue.Empty:
                return

    def listen_once(self) -> None:
        """Listen until something comes."""
        self._sort(self.hear())

    def turn(self, request_id: str) -> Turn:
        return self.heard.setdefault(request_id, Turn())

    def _sort(self, message: Any) -> None:
        payload = json.loads(message.payload)
        match message.topic.split("/"):
            case [_, "ai", "responses", "stream", _]:
                self.turn(payload["request_id"]).events.append(payload)
            case [_, "ai", "responses", "text", _]:
                self.turn(payload["request_id"]).reply = payload
            case [_, "ai", "responses", "error", _]:
                self.turn(payload.get("correlation_id", "")).errors.append(payload)
            case [_, _, _, "actions", _]:
                self.turn(payload["request_id"]).actions.append(payload)
            case [_, _, _, "inbox"]:
                properties = getattr(message, "properties", None)
                self.copies.append((getattr(properties, "CorrelationData", None), payload))
