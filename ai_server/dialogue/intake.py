"""What robots send, parsed and brought to where it belongs; what cannot be parsed is answered by name."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from ai_server.brain.characters import CharacterFiles
from ai_server.brain.robot_personas import RobotPersonas
from ai_server.brain.robots import Robots
from ai_server.brain.sensor_watch import SensorWatch
from ai_server.dialogue.deeds import Deeds
from ai_server.dialogue.delivery import Delivery
from ai_server.dialogue.dialogue import Dialogue
from ai_server.dialogue.limits import Limits
from ai_server.dialogue.operators import Operators
from ai_server.dialogue.own_memory import OwnMemory
from ai_server.dialogue.speaking_first import SpeakingFirst
from ai_server.failpoints import AFTER_COMMIT, AFTER_PUBACK, AFTER_RECEIVE, failpoint
from ai_server.memory.accepted import Acceptance, Arrival
from ai_server.memory.declarations import Declarations
from ai_server.memory.storage.database import DatabaseError
from ai_server.mqtt.connection import Connection, Received
from ai_server.mqtt.epochs import Epochs
from ai_server.mqtt.inbox import Inbox, Waiting
from ai_server.mqtt.outbox import Outbox
from ai_server.protocol import topics
from ai_server.protocol.action import ActionResult
from ai_server.protocol.device import Capabilities, Control, Heartbeat, SensorReading, VisionEvent, WakeWord
from ai_server.protocol.errors import ErrorCode, ProtocolError
from ai_server.protocol.inbound import Inbound, parse
from ai_server.protocol.operator import OperatorRequest
from ai_server.protocol.utterance import Utterance
from ai_server.telemetry.meters import Meters

log = structlog.get_logger(__name__)

_ERRAND_S = 5.0
"""PUBACKs go out in order, so one may be withheld so long: a disk that is full must not make the brain deaf."""

_SHOWN_TOPIC = 200
"""Characters of a topic that are logged."""

_REQUESTS = topics.REQUEST.format(command="")


@dataclass(frozen=True, slots=True)
class _Arriving:
    """An utterance for which there is room, on its way to the disk; `received` each time it came until now.

    Attributes:
        silences: it stops what its robot is saying.
    """

    received: list[Received]
    arrival: Arrival
    arrived: float
    epoch: int
    silences: bool


@dataclass(frozen=True, slots=True)
class _Wish:
    """A control that waits until what was said before it is in line; `silenced` by a `reset` or a `forget`."""

    received: Received
    device_id: str
    control: Control
    silenced: tuple[asyncio.Future[None], ...] = ()


class Intake:
    """Reads the connection for ever and brings each message to the dialogue or to what is known of its robot.

    A message of QoS 1 is acknowledged once its effect would survive the end of this process; utterances that arrive
    while others are stored are stored together, in one transaction.
    """

    def __init__(
        self,
        *,
        connection: Connection,
        inbox: Inbox,
        dialogue: Dialogue,
        delivery: Delivery,
        robots: Robots,
        limits: Limits,
        outbox: Outbox,
        epochs: Epochs,
        meters: Meters,
        deeds: Deeds,
        declarations: Declarations,
        files: CharacterFiles,
        personas: RobotPersonas,
        watch: SensorWatch,
        operators: Operators,
        own_memory: OwnMemory,
        speaking_first: SpeakingFirst,
        max_payload_bytes: int,
        max_nesting: int,
        max_actions: int,
    ) -> None:
        self._connection = connection
        self._inbox = inbox
        self._dialogue = dialogue
        self._delivery = delivery
        self._robots = robots
        self._limits = limits
        self._outbox = outbox
        self._epochs = epochs
        self._meters = meters
        self._deeds = deeds
        self._declarations = declarations
        self._files = files
        self._personas = personas
        self._watch = watch
        self._operators = operators
        self._own_memory = own_memory
        self._speaking_first = speaking_first
        self._max_payload_bytes = max_payload_bytes
        self._max_nesting = max_nesting
        self._max_actions = max_actions
        self._queue: list[_Arriving | _Wish] = []
        self._queued = asyncio.Event()
        self._on_their_way: dict[tuple[str, str], _Arriving] = {}
        self._errands: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Take in messages until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._read())
            tasks.create_task(self._store())

    async def resume(self) -> None:
        """Have answered what an earlier process accepted and did not answer.

        Raises:
            DatabaseError: if it cannot be read.
        """
        stored = await self._inbox.stored(self._epochs.now())
        if stored:
            log.info("utterances of before the start are answered now", count=len(stored))
        for waiting in stored:
            self._dialogue.hear(waiting)

    async def _read(self) -> None:
        while True:
            for received in await self._connection.receive():
                failpoint(AFTER_RECEIVE)
                self._take_in(received)

    def _take_in(self, received: Received) -> None:
        inbound: Inbound | None = None
        try:
            inbound = parse(received.packet, self._max_payload_bytes, self._max_nesting, self._max_actions)
            if inbound is not None and not isinstance(inbound.message, OperatorRequest):
                self._limits.admit(inbound)
                self._check_persona(inbound)
        except ProtocolError as error:
            self._refuse(received, error, inbound)
            return
        if inbound is None:
            self._connection.acknowledge(received)
        else:
            self._deliver(received, inbound)

    def _check_persona(self, inbound: Inbound) -> None:
        """Refuse the choice of a persona that is not there; raises ProtocolError."""
        match inbound.message:
            case Control(command="persona", persona=str(name)) if name not in self._files.current.personas:
                known = ", ".join(sorted(self._files.current.personas))
                message = f"persona: there is no {name!r}; those that there are: {known}"
                raise ProtocolError(ErrorCode.INVALID_FIELD, message, device_id=inbound.device_id)

    def _refuse(self, received: Received, error: ProtocolError, inbound: Inbound | None) -> None:
        """Tell what was wrong with a message, unless too much is; words that silence their robot do so all the same."""
        self._meters.message_refused(error.code)
        if self._limits.may_report(error.device_id):
            topic = received.packet.topic[:_SHOWN_TOPIC]
            log.warning("a message was refused", topic=topic, code=str(error.code), reason=str(error))
            self._outbox.error(error.message(), "protocol")
        if received.packet.topic.startswith(_REQUESTS):
            self._operators.refuse(received.packet.topic.removeprefix(_REQUESTS), error)
        match inbound:
            case Inbound(message=Utterance(is_final=True) as utterance) if self._dialogue.halt(utterance):
                self._silence(received, inbound.device_id)
                return
            case Inbound(message=SensorReading()):
                self._meters.reading_dropped()
        self._connection.acknowledge(received)

    def _deliver(self, received: Received, inbound: Inbound) -> None:
        device_id = inbound.device_id
        match inbound.message:
            case Utterance() as utterance:
                self._take_words(received, inbound, self._attributed(utterance))
                return
            case Control() as control:
                self._obey(received, device_id, control)
                return
            case WakeWord():
                self._silence(received, device_id)
                return
            case OperatorRequest() as request:
                self._go_on_errand(received, self._operators.answer(request))
                return
            case ActionResult() as result if failure := self._deeds.take(device_id, result):
                self._go_on_errand(received, self._speaking_first.tell_failure(device_id, result.command_id, failure))
                return
            case Capabilities() as capabilities if self._robots.declare(device_id, capabilities):
                self._dialogue.robot_changed(device_id)
                self._go_on_errand(received, self._declarations.keep(device_id, capabilities))
                return
        self._keep(inbound)
        self._connection.acknowledge(received)

    def _keep(self, inbound: Inbound) -> None:
        """Keep what a robot tells of this moment."""
        device_id = inbound.device_id
        match inbound.message:
            case SensorReading() as reading:
                self._robots.read_sensor(device_id, inbound.sensor, reading)
                self._watch.reading(device_id, self._robots.situation(device_id), datetime.now().astimezone())
            case VisionEvent() as event:
                self._robots.see(device_id, event)
            case Heartbeat() as heartbeat:
                self._robots.beat(device_id, heartbeat)

    def _attributed(self, utterance: Utterance) -> Utterance:
        """Return an utterance as said by the person whom the robot sees, where it does not tell who speaks."""
        person = None if utterance.user_id else self._robots.person(utterance.device_id)
        return utterance.model_copy(update={"user_id": person}) if person else utterance

    def _take_words(self, received: Received, inbound: Inbound, utterance: Utterance) -> None:
        if not utterance.is_final:
            self._dialogue.listen(utterance)
            self._connection.acknowledge(received)
            return
        silences = self._dialogue.halt(utterance)
        if on_its_way := self._on_their_way.get((utterance.device_id, utterance.request_id)):
            on_its_way.received.append(received)
        elif self._dialogue.knows(utterance):
            self._delivery.accepted(utterance)
            self._connection.acknowledge(received)
        elif self._dialogue.reserve(utterance):
            arrival = _arrival(received, inbound, utterance)
            arriving = _Arriving([received], arrival, time.monotonic(), self._epochs.now(), silences)
            self._on_their_way[utterance.device_id, utterance.request_id] = arriving
            self._enqueue(arriving)
        else:
            self._connection.acknowledge(received)

    def _obey(self, received: Received, device_id: str, control: Control) -> None:
        """Stop at once what a control stops; the rest of it waits until what was said before is in line."""
        silenced: tuple[asyncio.Future[None], ...] = ()
        if control.command == "cancel":
            self._dialogue.let_go(device_id)
        match control.command, control.request_id:
            case "cancel", None:
                self._silence(received, device_id)
                return
            case "cancel", str(request_id):
                self._dialogue.cancel(device_id, request_id)
            case "reset" | "forget", _:
                silenced = tuple(self._dialogue.silence(device_id))
        self._enqueue(_Wish(received, device_id, control, silenced))

    def _silence(self, received: Received, device_id: str) -> None:
        self._dialogue.stop_listening(device_id)
        self._go_on_errand(received, _all(self._dialogue.silence(device_id)))

    def _enqueue(self, item: _Arriving | _Wish) -> None:
        self._queue.append(item)
        self._queued.set()

    async def _store(self) -> None:
        while True:
            await self._queued.wait()
            self._queued.clear()
            queue, self._queue = self._queue, []
            arriving = [item for item in queue if isinstance(item, _Arriving)]
            acceptances = await self._accept(arriving)
            for item in queue:
                if isinstance(item, _Wish):
                    self._grant(item)
                elif acceptances is not None:
                    self._take_up(item, acceptances.pop(0))

    async def _accept(self, arriving: list[_Arriving]) -> list[Acceptance] | None:
        """Put utterances on the disk; None where it does not take them: their robots are told."""
        if not arriving:
            return []
        try:
            acceptances = await self._inbox.store([item.arrival for item in arriving])
        except DatabaseError as error:
            log.error("utterances were refused", count=len(arriving), reason=str(error))  # noqa: TRY400
            for item in arriving:
                self._dialogue.refuse(item.arrival.utterance, error)
                self._acknowledge_all(item)
            return None
        failpoint(AFTER_COMMIT)
        return acceptances

    def _take_up(self, item: _Arriving, acceptance: Acceptance) -> None:
        utterance = acceptance.utterance
        if acceptance.reply is not None:
            self._dialogue.answer_again(utterance, acceptance.reply)
        elif acceptance.waiting and self._dialogue.knows(utterance):
            self._inbox.release(utterance.device_id)
        else:
            epoch = item.epoch
            if item.silences:
                self._dialogue.silence(utterance.device_id)
                epoch = self._epochs.now()
            self._dialogue.hear(Waiting(utterance, item.arrived, epoch))
        self._delivery.accepted(utterance)
        self._acknowledge_all(item)
        failpoint(AFTER_PUBACK)

    def _acknowledge_all(self, item: _Arriving) -> None:
        utterance = item.arrival.utterance
        del self._on_their_way[utterance.device_id, utterance.request_id]
        for received in item.received:
            self._connection.acknowledge(received)

    def _grant(self, wish: _Wish) -> None:
        errand: Awaitable[None]
        match wish.control.command, wish.control.request_id:
            case "cancel", str(request_id):
                errand = _all(self._dialogue.cancel(wish.device_id, request_id))
            case "repeat", request_id:
                errand = self._delivery.repeat(wish.device_id, request_id, wish.control.user_id)
            case "persona", _:
                errand = self._change_persona(wish.device_id, wish.control.persona)
            case "forget", _:
                errand = self._own_memory.forget(wish.device_id, wish.control, wish.silenced)
            case "export", _:
                errand = self._own_memory.export(wish.device_id, wish.control)
            case _:
                errand = self._dialogue.reset(wish.device_id, wish.silenced, wish.control.user_id)
        self._go_on_errand(wish.received, errand)

    async def _change_persona(self, device_id: str, persona: str | None) -> None:
        await self._personas.choose(device_id, persona)
        self._dialogue.robot_changed(device_id)

    def _go_on_errand(self, received: Received, errand: Awaitable[None]) -> None:
        task = asyncio.create_task(self._acknowledge_after(received, errand))
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def _acknowledge_after(self, received: Received, errand: Awaitable[None]) -> None:
        task = asyncio.create_task(_logged(received.packet.topic, errand))
        await asyncio.wait([task], timeout=_ERRAND_S)
        self._connection.acknowledge(received)
        await task


async def _logged(topic: str, errand: Awaitable[None]) -> None:
    try:
        await errand
    except DatabaseError as error:
        log.error("a message was not acted on", topic=topic, reason=str(error))  # noqa: TRY400


async def _all(futures: list[asyncio.Future[None]]) -> None:
    if futures:
        await asyncio.wait(futures)


def _arrival(received: Received, inbound: Inbound, utterance: Utterance) -> Arrival:
    """Describe an utterance for the disk; one without an id is known again by its packet id and its payload."""
    packet = received.packet
    delivery = None
    if not inbound.named and received.qos > 0:
        delivery = f"{received.mid}:{hashlib.sha256(packet.topic.encode() + packet.payload).hexdigest()[:32]}"
    return Arrival(utterance=utterance, arrived_at=datetime.now(UTC), delivery=delivery, redelivered=packet.redelivered)
