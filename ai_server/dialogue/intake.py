"""What robots send, parsed and brought to where it belongs; what cannot be parsed is answered by name."""

from __future__ import annotations

import structlog

from ai_server.brain.robots import Robots
from ai_server.dialogue.dialogue import Dialogue
from ai_server.mqtt.connection import Connection
from ai_server.mqtt.outbox import Outbox
from ai_server.protocol.device import Capabilities, Control, Heartbeat, SensorReading, VisionEvent
from ai_server.protocol.errors import ProtocolError
from ai_server.protocol.inbound import Inbound, Packet, parse
from ai_server.protocol.utterance import Utterance
from ai_server.telemetry.meters import Meters

log = structlog.get_logger(__name__)


class Intake:
    """Reads the connection for ever and brings each message to the dialogue or to what is known of its robot."""

    def __init__(
        self,
        *,
        connection: Connection,
        dialogue: Dialogue,
        robots: Robots,
        outbox: Outbox,
        meters: Meters,
        max_payload_bytes: int,
    ) -> None:
        self._connection = connection
        self._dialogue = dialogue
        self._robots = robots
        self._outbox = outbox
        self._meters = meters
        self._max_payload_bytes = max_payload_bytes

    async def run(self) -> None:
        """Take in messages until cancelled."""
        while True:
            for received in await self._connection.receive():
                self._take_in(received.packet)
                self._connection.acknowledge(received)

    def _take_in(self, packet: Packet) -> None:
        try:
            inbound = parse(packet, self._max_payload_bytes)
        except ProtocolError as error:
            self._meters.message_refused()
            log.warning("a message was refused", topic=packet.topic, code=str(error.code), reason=str(error))
            self._outbox.error(error.message(), "protocol")
            return
        if inbound is not None:
            self._deliver(inbound)

    def _deliver(self, inbound: Inbound) -> None:
        device_id = inbound.device_id
        match inbound.message:
            case SensorReading() as reading:
                self._robots.read_sensor(device_id, inbound.sensor, reading)
            case Utterance() as utterance:
                self._dialogue.hear(utterance)
            case Control() as control:
                self._obey(device_id, control)
            case VisionEvent() as event:
                self._robots.see(device_id, event)
            case Heartbeat() as heartbeat:
                self._robots.beat(device_id, heartbeat)
            case Capabilities() as capabilities:
                self._robots.declare(device_id, capabilities)

    def _obey(self, device_id: str, control: Control) -> None:
        match control.command:
            case "cancel":
                self._dialogue.cancel(device_id, control.request_id)
            case "repeat":
                self._dialogue.repeat(device_id, control.request_id)
            case "reset":
                self._dialogue.reset(device_id)
