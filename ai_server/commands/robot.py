"""A simulated robot: an MQTT client that behaves as firmware should."""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
import time
import uuid
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self, TypeVar

from pydantic import BaseModel, JsonValue, ValidationError

from ai_server import __version__
from ai_server.commands.bodies import BODIES
from ai_server.commands.link import Broker, LastWill, Link, RobotError
from ai_server.commands.pose import Deed, SimulatedBody
from ai_server.protocol import topics
from ai_server.protocol.errors import ErrorMessage
from ai_server.protocol.memory import MemoryAnswer
from ai_server.protocol.reply import ActionMessage, Reply, StreamEvent
from ai_server.protocol.status import State, Status

ACCEPT_TIMEOUT_S = 15.0
ACTION_GRACE_S = 2.0
FIRST_STATUS_S = 1.0
HEARTBEAT_INTERVAL_S = 30.0
_REMEMBERED_IDS = 256

Happening = StreamEvent | Reply | ErrorMessage | Deed | MemoryAnswer
"""What a robot hears of one utterance, or of one wish."""

Message = TypeVar("Message", bound=BaseModel)
_log = logging.getLogger(__name__)


class NoAnswerError(RobotError):
    """Nobody accepted the words, or no reply to them came in time."""


@dataclass(frozen=True, slots=True)
class LinkChange:
    """The connection to the broker was lost or is back."""

    connected: bool
    reason: str


Overheard = Reply | ErrorMessage | Deed | Status | LinkChange
"""What a robot hears outside of its utterances."""


@dataclass(slots=True)
class _Turn:
    send: Callable[[], None]
    resends: bool
    deadline: float
    resend_at: float = 0.0
    sent: int = 0
    accepted: bool = False
    untold: int = 0
    refusal: str = ""
    heard: asyncio.Queue[Happening | RobotError] = field(default_factory=asyncio.Queue)


class SimulatedRobot:
    """A robot on a broker, for as long as its `async with` block.

    It declares its body and its heartbeat (both retained, the heartbeat also as its last will), sends an utterance
    again until it is accepted, does what its body is told, drops an action whose `command_id` it has seen, and answers
    what came of each. A lost connection is made again for ever; utterances without a reply are then sent once more.

    Attributes:
        device_id: its id, and its MQTT client id.
        link: its connection, with the version of MQTT in use and a tap for every message.
        status: what the brain last published of itself; None before the first.
        body: what moves.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        username: str | None = None,
        password: str | None = None,
        protocol: Literal["auto", "5", "3.1.1"] = "auto",
        tls: ssl.SSLContext | None = None,
        device_id: str = "robot-1",
        body: str = "none",
        persona: str | None = None,
        timeout_s: float = 120.0,
        resend_after_s: float = 3.0,
    ) -> None:
        """Describe the robot; `async with` connects it.

        Args:
            host: the broker's name or address.
            port: the broker's port.
            username: None for an anonymous connection.
            password: goes with `username`.
            protocol: `auto` speaks MQTT 5, and 3.1.1 where the broker does not answer that.
            tls: how to encrypt; None for not at all.
            device_id: `[A-Za-z0-9_-]{1,64}`.
            body: a name in `BODIES`.
            persona: the name of the persona file that it declares; None for none.
            timeout_s: seconds of silence after which an accepted utterance is given up. Words that nobody accepts are
                given up after 15 seconds, or after this where it is less.
            resend_after_s: seconds without `accepted` after which the words are sent again.

        Raises:
            ValueError: if the device id or the body is none.
        """
        if not topics.DEVICE_ID.fullmatch(device_id):
            raise ValueError(f"device id {device_id!r} is not 1 to 64 of the characters A-Z a-z 0-9 _ -")
        if body not in BODIES:
            raise ValueError(f"body {body!r} is none of {', '.join(BODIES)}")
        self.device_id = device_id
        self.status: Status | None = None
        self.body = SimulatedBody("robot" if body == "none" else body)
        self._declared = {**BODIES[body], **({"persona": persona} if persona else {})}
        self._timeout_s = timeout_s
        self._accept_timeout_s = min(ACCEPT_TIMEOUT_S, timeout_s)
        self._resend_after_s = resend_after_s
        self._started = time.monotonic()
        self._turns: dict[str, _Turn] = {}
        self._answered: deque[str] = deque(maxlen=_REMEMBERED_IDS)
        self._performed: deque[str] = deque(maxlen=_REMEMBERED_IDS)
        self._overheard: asyncio.Queue[Overheard] = asyncio.Queue()
        self._status_came = asyncio.Event()
        self._was_up = False
        self.link = Link(
            Broker(host, port, username, password, tls),
            device_id,
            protocol=protocol,
            subscriptions=[
                (topics.STATUS, 1),
                (topics.stream(device_id), 0),
                (topics.reply(device_id), 1),
                (topics.error(device_id), 1),
                (topics.memory(device_id), 1),
                (topics.action(device_id, "+"), 1),
            ],
            last_will=LastWill(topics.HEARTBEAT.format(device_id=device_id), self._heartbeat("offline")),
            owner=self,
        )

    async def __aenter__(self) -> Self:
        """Connect, subscribe, and declare body and heartbeat.

        Raises:
            RobotError: if the broker cannot be reached, or refuses the robot or its subscriptions.
        """
        await self.link.open()
        self._beating = asyncio.create_task(self._beat(), name="heartbeat")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Say `offline` and disconnect."""
        self._beating.cancel()
        await self.link.close()

    def say(self, text: str, **fields: JsonValue) -> AsyncIterator[Happening]:
        """Say something, and iterate over what the brain makes of it until the reply is whole.

        The last happenings are the `Reply`, the deeds that come after it, and the replies to those that failed; or an
        `ErrorMessage` that refuses the words for good. After a `busy` one the words are sent again.

        Args:
            text: the words, 1 to 4,000 characters.
            fields: further fields of the utterance, such as `emotion` or `ttl_ms`; without a `request_id` it gets one.

        Raises:
            NoAnswerError: while iterating, if nobody accepts the words or no reply to them comes in time.
            RobotError: while iterating, if the broker refuses the publication.
        """
        request_id = str(fields.setdefault("request_id", uuid.uuid4().hex))
        payload = _json({"text": text, **fields})
        return self._follow(request_id, lambda: self._publish(topics.TEXT, payload), resends=True)

    def repeat(self) -> AsyncIterator[Happening]:
        """Ask for the last reply again, and iterate over it as `say` does."""
        request_id = uuid.uuid4().hex
        return self._follow(request_id, lambda: self.control("repeat", request_id), resends=False)

    def forget(self, about: str) -> AsyncIterator[Happening]:
        """Have the brain forget what it remembers of this robot that speaks of these words; yields what came of it."""
        request_id = uuid.uuid4().hex
        payload = _json({"command": "forget", "request_id": request_id, "about": about})
        return self._follow(request_id, lambda: self._publish(topics.CONTROL, payload), resends=False)

    def control(self, command: str, request_id: str | None = None) -> None:
        """Publish a command: `cancel` (everything, or only `request_id`), `repeat` or `reset`."""
        fields = {"command": command} if request_id is None else {"command": command, "request_id": request_id}
        self._publish(topics.CONTROL, _json(fields))

    def choose_persona(self, name: str | None) -> None:
        """Choose the persona that it speaks with from the next turn on; None takes the choice back."""
        self._publish(topics.CONTROL, _json({"command": "persona", "persona": name}))

    def sensor(self, sensor_type: str, fields: Mapping[str, JsonValue]) -> None:
        """Publish one reading, such as `sensor("battery", {"percentage": 20})`."""
        topic = topics.SENSOR.format(device_id=self.device_id, type=sensor_type)
        self.link.publish(topic, _json(fields), qos=0)

    def vision(self, fields: Mapping[str, JsonValue]) -> None:
        """Publish what the camera made out, such as `vision({"event_type": "object_detected", "object": "cup"})`."""
        self._publish(topics.VISION, _json(fields))

    async def overheard(self) -> AsyncIterator[Overheard]:
        """Iterate for ever over what belongs to no utterance that is waited for, with each change of the status."""
        while True:
            yield await self._overheard.get()

    async def brain_loaded(self, timeout_s: float) -> bool:
        """Wait while the brain says `starting` or `loading`; return False without any status, or after `timeout_s`."""
        await self._until(lambda: self.status is not None, FIRST_STATUS_S)
        if self.status is None:
            return False
        return await self._until(lambda: self.status is not None and _is_loaded(self.status), timeout_s)

    async def _until(self, is_met: Callable[[], bool], timeout_s: float) -> bool:
        try:
            async with asyncio.timeout(timeout_s):
                while not is_met():
                    self._status_came.clear()
                    await self._status_came.wait()
        except TimeoutError:
            return False
        return True

    # One utterance

    async def _follow(self, request_id: str, send: Callable[[], None], *, resends: bool) -> AsyncIterator[Happening]:
        turn = _Turn(send, resends, deadline=self._now() + self._accept_timeout_s)
        self._turns[request_id] = turn
        try:
            self._send(turn)
            while True:
                happening = await self._next(turn)
                yield happening
                if isinstance(happening, Reply) and happening.request_id == request_id:
                    break
                if isinstance(happening, MemoryAnswer):
                    return
                if isinstance(happening, ErrorMessage) and happening.retry_after_seconds is None:
                    return
            async for deed in self._remaining_deeds(turn, happening):
                yield deed
        finally:
            del self._turns[request_id]

    def _send(self, turn: _Turn) -> None:
        turn.sent += 1
        turn.resend_at = self._now() + self._resend_after_s
        turn.send()

    async def _next(self, turn: _Turn) -> Happening:
        while True:
            waits_for_accepted = turn.resends and not turn.accepted
            wake_at = min(turn.resend_at, turn.deadline) if waits_for_accepted else turn.deadline
            try:
                async with asyncio.timeout_at(wake_at):
                    happening = await turn.heard.get()
            except TimeoutError:
                if self._now() >= turn.deadline:
                    raise NoAnswerError(self._why_no_answer(turn)) from None
                self._send(turn)
                continue
            if isinstance(happening, RobotError):
                raise happening
            self._note(turn, happening)
            return happening

    def _note(self, turn: _Turn, happening: Happening) -> None:
        if isinstance(happening, ErrorMessage):
            turn.refusal = happening.error_message
            turn.resend_at = self._now() + (happening.retry_after_seconds or self._resend_after_s)
        else:
            turn.accepted = True
            turn.deadline = self._now() + self._timeout_s

    async def _remaining_deeds(self, turn: _Turn, reply: Reply) -> AsyncIterator[Deed | Reply]:
        """Yield what the actions of a reply come to, and the replies to those that failed: all are heard after it."""
        give_up_at = self._now() + ACTION_GRACE_S
        announced = {action.command_id for action in reply.actions}
        while announced.difference(self._performed) or turn.untold or not turn.heard.empty():
            try:
                async with asyncio.timeout_at(give_up_at):
                    happening = await turn.heard.get()
            except TimeoutError:
                return
            if isinstance(happening, Deed | Reply):
                yield happening

    def _why_no_answer(self, turn: _Turn) -> str:
        if turn.accepted:
            return f"The words were accepted, but then nothing came for {self._timeout_s:g} s. {self._cause(turn)}"
        times = "once" if turn.sent == 1 else f"{turn.sent} times"
        return f"Nobody accepted the words in {self._accept_timeout_s:g} s (sent {times}). {self._cause(turn)}"

    def _cause(self, turn: _Turn) -> str:
        broker = f"the broker at {self.link.broker}"
        if not self.link.connected:
            return f"The connection to {broker} is lost."
        if turn.refusal:
            return f"The brain's last word was: {turn.refusal}"
        if self.status is None:
            return f"No brain has published its status on {broker}: is `naila run` running, and on this broker?"
        if self.status.state is State.OFFLINE:
            return "The brain is offline: start it with `naila run`."
        reason = f" ({self.status.reason})" if self.status.reason else ""
        return (
            f"The brain's status is `{self.status.state.value}`{reason}: look at its log, and whether {broker} lets it "
            f"read {topics.TEXT.format(device_id=self.device_id)} and write {topics.reply(self.device_id)}."
        )

    # What comes in

    def received(self, topic: str, payload: bytes) -> None:
        """Take a message from the link."""
        if topic == topics.STATUS:
            self._hear_status(payload)
        elif topic == topics.stream(self.device_id):
            self._hear_stream(_parse(topic, payload, StreamEvent))
        elif topic == topics.reply(self.device_id):
            self._hear_reply(_parse(topic, payload, Reply))
        elif topic == topics.error(self.device_id):
            self._hear_error(_parse(topic, payload, ErrorMessage))
        elif topic == topics.memory(self.device_id):
            self._hear_memory(_parse(topic, payload, MemoryAnswer))
        else:
            self._hear_action(_parse(topic, payload, ActionMessage))

    def _hear_status(self, payload: bytes) -> None:
        status = _parse(topics.STATUS, payload, Status) if payload else None
        if status and (self.status is None or status.state is not self.status.state):
            self._overheard.put_nowait(status)
        self.status = status
        self._status_came.set()

    def _hear_stream(self, event: StreamEvent | None) -> None:
        if event and event.request_id in self._turns:
            self._turns[event.request_id].heard.put_nowait(event)

    def _hear_reply(self, reply: Reply | None) -> None:
        if reply is None:
            return
        if turn := self._turns.get(reply.request_id) or self._turn_that_failed(reply):
            turn.heard.put_nowait(reply)
        elif reply.request_id not in self._answered:
            self._overheard.put_nowait(reply)
        self._answered.append(reply.request_id)

    def _turn_that_failed(self, reply: Reply) -> _Turn | None:
        """Return the turn of whose action a reply says that it came to nothing, where it is still listened to."""
        if reply.intent != "action_failed" or reply.request_id in self._answered:
            return None
        turn = next((turn for turn in self._turns.values() if turn.untold), None)
        if turn:
            turn.untold -= 1
        return turn

    def _hear_error(self, error: ErrorMessage | None) -> None:
        if error is None:
            return
        if turn := self._turns.get(error.correlation_id or ""):
            turn.heard.put_nowait(error)
        else:
            self._overheard.put_nowait(error)

    def _hear_memory(self, answer: MemoryAnswer | None) -> None:
        if answer and (turn := self._turns.get(answer.request_id or "")):
            turn.heard.put_nowait(answer)

    def _hear_action(self, action: ActionMessage | None) -> None:
        if action is None or action.command_id in self._performed:
            return
        self._performed.append(action.command_id)
        deed = self.body.perform(action)
        self._publish(topics.ACTION_RESULT, deed.result.model_dump_json(exclude_none=True).encode())
        if turn := self._turns.get(action.request_id):
            turn.untold += deed.status != "done"
            turn.heard.put_nowait(deed)
        else:
            self._overheard.put_nowait(deed)

    # What the link tells

    def link_up(self) -> None:
        """Declare body and heartbeat; send again what has no reply yet."""
        self._publish(topics.CAPABILITIES, _json(self._declared), retain=True)
        self._publish(topics.HEARTBEAT, self._heartbeat("online"), retain=True)
        if not self._was_up:
            self._was_up = True
            return
        self._overheard.put_nowait(LinkChange(connected=True, reason="connected again"))
        for turn in self._turns.values():
            if turn.resends:
                self._send(turn)

    def link_down(self, reason: str) -> None:
        """Tell of it; the link tries again."""
        self._overheard.put_nowait(LinkChange(connected=False, reason=reason))

    def publication_refused(self, reason: str) -> None:
        """End what waits for a reply: the broker will not let it out next time either."""
        refusal = f"The broker refused a publication of {self.device_id}: {reason}. Its access list decides that."
        _log.warning(refusal)
        for turn in self._turns.values():
            turn.heard.put_nowait(RobotError(refusal))

    # What goes out

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_INTERVAL_S)
            if self.link.connected:
                self._publish(topics.HEARTBEAT, self._heartbeat("online"), retain=True)

    def _heartbeat(self, status: str) -> bytes:
        uptime = round(time.monotonic() - self._started)
        return _json({"status": status, "uptime_seconds": uptime, "firmware_version": f"simulated-{__version__}"})

    def _publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self.link.publish(topic.format(device_id=self.device_id), payload, retain=retain)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _is_loaded(status: Status) -> bool:
    return status.state not in {State.STARTING, State.LOADING}


def _parse(topic: str, payload: bytes, model: type[Message]) -> Message | None:
    try:
        return model.model_validate_json(payload)
    except ValidationError as error:
        _log.warning("%s carries what is no %s: %s", topic, model.__name__, error.errors()[0]["msg"])
        return None


def _json(fields: Mapping[str, JsonValue]) -> bytes:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
