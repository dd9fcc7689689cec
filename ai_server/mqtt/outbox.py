"""What the brain has to say, put on its topic: the stream at most once, everything else at least once."""

from __future__ import annotations

import asyncio
import time

import structlog

from ai_server.mqtt.connection import Connection
from ai_server.protocol import topics
from ai_server.protocol.errors import ErrorMessage
from ai_server.protocol.reply import ActionMessage, Reply, StreamEvent
from ai_server.protocol.status import Health, Metrics, Status
from ai_server.protocol.utterance import Utterance

log = structlog.get_logger(__name__)


class Outbox:
    """Publishes every kind of message under its topic, QoS and retain flag."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._unacknowledged: set[asyncio.Future[None]] = set()
        self.round_trip_ms: float | None = None
        """From the newest publication that was acknowledged to its PUBACK."""

    def __len__(self) -> int:
        return len(self._unacknowledged)

    def event(self, device_id: str, event: StreamEvent) -> None:
        """Publish one stream event, best effort."""
        self._connection.publish(topics.stream(device_id), event.to_json(), qos=0)

    def reply(self, reply: Reply, utterance: Utterance | None = None) -> None:
        """Publish a reply, and a copy where an MQTT 5 request asked for one."""
        correlation_data = utterance.correlation_data if utterance else None
        self._send(topics.reply(reply.device_id), reply.to_json(), correlation_data=correlation_data)
        if utterance and utterance.response_topic:
            self._send(utterance.response_topic, reply.to_json(), correlation_data=correlation_data)

    def action(self, device_id: str, action: ActionMessage) -> None:
        """Publish one action for the robot's body."""
        self._send(topics.action(device_id, action.action), action.to_json())

    def error(self, error: ErrorMessage, service: str) -> None:
        """Publish an error to operators, and to the robot where it is known which."""
        payload = error.model_dump_json(exclude_none=True).encode()
        self._send(topics.system_error(service), payload)
        if error.device_id:
            self._send(topics.error(error.device_id), payload)

    def status(self, status: Status) -> None:
        """Publish the retained status of the brain; while there is no connection it would be old when it arrives."""
        if self._connection.state.connected:
            self._send(topics.STATUS, status.to_json(), retain=True)

    def metrics(self, metrics: Metrics) -> None:
        """Publish the retained figures."""
        self._send(topics.METRICS, metrics.to_json(), retain=True)

    def health(self, health: Health) -> None:
        """Publish the retained health of the services."""
        self._send(topics.HEALTH, health.to_json(), retain=True)

    async def flush(self, timeout: float) -> int:  # noqa: ASYNC109  a bound, not a cancellation
        """Wait at most `timeout` seconds for what is not acknowledged; return how many publications remain so."""
        if self._unacknowledged:
            await asyncio.wait(self._unacknowledged, timeout=timeout)
        return len(self._unacknowledged)

    def _send(self, topic: str, payload: bytes, *, retain: bool = False, correlation_data: bytes | None = None) -> None:
        delivered = self._connection.publish(topic, payload, qos=1, retain=retain, correlation_data=correlation_data)
        if delivered is None:
            return
        self._unacknowledged.add(delivered)
        sent = time.monotonic()
        delivered.add_done_callback(lambda future: self._settle(topic, sent, future))

    def _settle(self, topic: str, sent: float, delivered: asyncio.Future[None]) -> None:
        self._unacknowledged.discard(delivered)
        if delivered.cancelled():
            return
        refusal = delivered.exception()
        if refusal is None:
            self.round_trip_ms = (time.monotonic() - sent) * 1000
        else:
            log.error("the broker refused a publication", topic=topic, reason=str(refusal))
