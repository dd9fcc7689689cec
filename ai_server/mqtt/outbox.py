"""What the brain has to say, put on its topic: replies and actions from the disk until the broker has them."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import itertools
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import structlog

from ai_server.failpoints import AFTER_PUBLISH, BEFORE_MARKED, failpoint
from ai_server.memory.storage.database import DatabaseError
from ai_server.memory.undelivered import NewPublication, StoredPublication, Undelivered
from ai_server.mqtt.connection import Connection, PublishExpired, PublishPostponed
from ai_server.protocol import topics
from ai_server.protocol.errors import ErrorMessage
from ai_server.protocol.memory import MemoryAnswer
from ai_server.protocol.operator import OperatorResponse
from ai_server.protocol.parts import split_reply
from ai_server.protocol.reply import ActionMessage, Reply, StreamEvent
from ai_server.protocol.status import Health, Metrics, Status
from ai_server.protocol.utterance import Utterance

log = structlog.get_logger(__name__)

_ROUND_S = 0.25
"""How often deliveries are written down."""

_BEHIND_S = 0.05
"""How often what found no room, or no connection, is tried again."""

_SWEEP_S = 60.0
_KEPT = timedelta(minutes=10)
"""How long a delivered publication stays on the disk, for whoever looks for one."""

_PAGE = 500


class Outbox:
    """Publishes every kind of message under its topic, QoS and retain flag.

    The stream goes out at most once, the rest at least once. Replies and actions are on the disk first, in the
    transaction of their turn; `run` writes down what was delivered and publishes what an earlier process, or a lack of
    room, left behind. Their order is that of the disk, and nothing that a robot asks to hear again overtakes them. An
    action that the broker does not have when it expires is not published any more.

    Attributes:
        round_trip_ms: from the newest publication that was acknowledged to its PUBACK.
        expired: how many actions came too late, since the start.
    """

    def __init__(self, connection: Connection, undelivered: Undelivered) -> None:
        self._connection = connection
        self._undelivered = undelivered
        self._unacknowledged: set[asyncio.Future[None]] = set()
        self._in_flight: dict[int, tuple[StoredPublication, asyncio.Future[None]]] = {}
        self._delivered: list[int] = []
        self._expired: list[int] = []
        self._deadlines: dict[int, float] = {}
        """Of `time.monotonic()`: the wall clock may be set while an action waits."""
        self._withdrawing: Counter[str] = Counter()
        self._caught_up = asyncio.Event()  # once what an earlier process left was looked for
        self._asked_again: dict[tuple[str, str], list[NewPublication]] = {}
        """By robot and request, what is said again once that was published."""
        self._read_to = 0
        self._work = asyncio.Event()
        self._work.set()
        self.round_trip_ms: float | None = None
        self.expired = 0

    def __len__(self) -> int:
        return len(self._unacknowledged)

    def drafts(self, reply: Reply, utterance: Utterance | None, max_payload_bytes: int | None) -> list[NewPublication]:
        """Return what a reply puts on the disk to be published: its words, with a copy if one is due, then its actions.

        A reply that is longer than `max_payload_bytes` goes out in parts. `utterance` is None where nobody asked.

        Raises:
            ReplyTooLargeError: if not even a part has room; there are still the actions.
        """
        return _words(reply, utterance, max_payload_bytes) + self.action_drafts(reply)

    def action_drafts(self, reply: Reply) -> list[NewPublication]:
        """Return what the actions of a reply put on the disk to be published."""
        return [
            NewPublication(
                topic=topics.action(reply.device_id, action.action),
                payload=action.to_json(),
                kind="action",
                expires_at=action.expires_at,
            )
            for action in reply.actions
        ]

    def send(self, publications: Sequence[StoredPublication]) -> None:
        """Publish what was just stored, in order; where there is no room for it, later."""
        for publication in publications:
            self._note_deadline(publication)
            if not self._caught_up.is_set() or not self._publish(publication):
                self._fall_behind(publication.id)
        failpoint(AFTER_PUBLISH)

    def look_again(self) -> None:
        """Look through the disk from the beginning for what is not on its way."""
        self._fall_behind(1)

    async def withdraw_actions(self, device_id: str, request_id: str | None = None) -> None:
        """Take a robot's actions that the broker does not have yet off the way, and off the disk.

        With `request_id`, those of that turn alone.

        Raises:
            DatabaseError: they are off the way, and on the disk still.
        """
        withdrawn = [
            delivered
            for publication, delivered in self._in_flight.values()
            if publication.kind == "action"
            and publication.device_id == device_id
            and request_id in {None, publication.request_id}
            and not delivered.done()
        ]
        if not withdrawn and self._caught_up.is_set():
            return
        self._withdrawing[device_id] += 1
        for delivered in withdrawn:
            delivered.cancel()
        try:
            await self._undelivered.drop_actions(device_id, request_id)
        finally:
            self._withdrawing -= Counter([device_id])

    async def run(self) -> None:
        """Write down what was delivered or expired and publish what was left behind, until cancelled."""
        swept = time.monotonic()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_SWEEP_S):
                    await self._work.wait()
            self._work.clear()
            try:
                await self.write_down()
                await self._catch_up()
                if time.monotonic() - swept > _SWEEP_S:
                    await self._undelivered.sweep(datetime.now(UTC) - _KEPT)
                    self._forget_deadlines()
                    swept = time.monotonic()
            except DatabaseError as error:
                log.debug("the outbox waits for the database", reason=str(error))  # whoever stores says it aloud
                self._work.set()
            await asyncio.sleep(_ROUND_S if self._caught_up.is_set() else _BEHIND_S)

    async def write_down(self) -> None:
        """Mark what the broker has as delivered, and what came too late as expired.

        Raises:
            DatabaseError: it is to be marked later.
        """
        delivered, self._delivered = self._delivered, []
        expired, self._expired = self._expired, []
        if not delivered and not expired:
            return
        failpoint(BEFORE_MARKED)
        try:
            await self._undelivered.mark_delivered(delivered)
            await self._undelivered.mark_expired(expired)
        except (DatabaseError, asyncio.CancelledError):
            self._delivered = delivered + self._delivered
            self._expired = expired + self._expired
            raise
        for number in delivered + expired:
            self._in_flight.pop(number, None)
            self._deadlines.pop(number, None)

    async def _catch_up(self) -> None:
        """Publish what is on the disk and not on its way, oldest first, as far as there is room."""
        while not self._caught_up.is_set() and self._connection.state.connected and not self._withdrawing:
            self._work.clear()
            since = self._read_to
            page = await self._undelivered.after(since, _PAGE)
            if self._read_to < since:
                continue  # the broker refused one of those before while the page was read
            if not page and not self._work.is_set():  # nothing was stored while it was read
                self._caught_up.set()
                self._say_again()
            for publication in page:
                if not self._publish(publication):
                    break
                self._read_to = publication.id
            else:
                continue
            break
        if not self._caught_up.is_set() or self._delivered or self._expired:
            self._work.set()

    def _say_again(self) -> None:
        asked_again, self._asked_again = self._asked_again, {}
        for publication in itertools.chain.from_iterable(asked_again.values()):
            self._send(publication.topic, publication.payload, correlation_data=publication.correlation_data)

    def _fall_behind(self, number: int) -> None:
        self._caught_up.clear()
        self._read_to = min(self._read_to, number - 1)
        self._work.set()

    def _publish(self, publication: StoredPublication) -> bool:
        """Hand a stored publication to the connection; return False where it has to wait."""
        if publication.id in self._in_flight:
            return True
        if publication.kind == "action" and publication.device_id in self._withdrawing:
            return False
        deadline = self._note_deadline(publication)
        delivered = self._send(
            publication.topic, publication.payload, correlation_data=publication.correlation_data, expires=deadline
        )
        if delivered.done() and isinstance(delivered.exception(), PublishPostponed):
            return False
        self._in_flight[publication.id] = publication, delivered
        delivered.add_done_callback(functools.partial(self._on_settled, publication))
        return True

    def _on_settled(self, publication: StoredPublication, delivered: asyncio.Future[None]) -> None:
        number = publication.id
        refusal = None if delivered.cancelled() else delivered.exception()
        if delivered.cancelled():
            del self._in_flight[number]
        elif isinstance(refusal, PublishPostponed):
            del self._in_flight[number]
            self._fall_behind(number)
        elif isinstance(refusal, PublishExpired):
            log.warning(
                "an action was not carried out: it waited too long for the broker",
                device_id=publication.device_id,
                request_id=publication.request_id,
                topic=publication.topic,
            )
            self.expired += 1
            self._expired.append(number)
            self._work.set()
        else:  # the broker has it, or will never take it
            self._delivered.append(number)
            self._work.set()

    def _note_deadline(self, publication: StoredPublication) -> float | None:
        """Return until when a publication is worth sending, of `time.monotonic()`; None for ever."""
        if publication.expires_at is None:
            return None
        left = (publication.expires_at - datetime.now(UTC)).total_seconds()
        return self._deadlines.setdefault(publication.id, time.monotonic() + left)

    def _forget_deadlines(self) -> None:
        """Forget those of actions that were withdrawn."""
        long_ago = time.monotonic() - _KEPT.total_seconds()
        self._deadlines = {number: deadline for number, deadline in self._deadlines.items() if deadline > long_ago}

    def event(self, device_id: str, event: StreamEvent) -> None:
        """Publish one stream event, best effort."""
        self._connection.publish(topics.stream(device_id), event.to_json(), qos=0)

    def act_now(self, device_id: str, action: ActionMessage) -> None:
        """Publish an action that is of this moment, such as a face: with QoS 1, and not stored.

        Without a connection it is not published: it would be old when it arrives.
        """
        if not self._connection.state.connected:
            return
        expires = None
        if action.expires_at is not None:
            expires = time.monotonic() + (action.expires_at - datetime.now(UTC)).total_seconds()
        self._send(topics.action(device_id, action.action), action.to_json(), expires=expires)

    def reply_again(self, reply: Reply, utterance: Utterance, max_payload_bytes: int | None) -> None:
        """Publish a stored reply once more, after what was left behind: its request came again.

        Raises:
            ReplyTooLargeError: if not even a part has room.
        """
        self._asked_again[reply.device_id, reply.request_id] = _words(reply, utterance, max_payload_bytes)
        if self._caught_up.is_set():
            self._say_again()

    async def reply(self, reply: Reply, max_payload_bytes: int | None) -> None:
        """Publish a reply that belongs to no stored turn, after what was left behind; return when the broker has it.

        Raises:
            ReplyTooLargeError: if not even a part has room.
        """
        words = _words(reply, None, max_payload_bytes)
        await self._caught_up.wait()
        await asyncio.wait([self._send(each.topic, each.payload) for each in words])

    def error(self, error: ErrorMessage, service: str) -> None:
        """Publish an error to operators, and to the robot where it is known which."""
        payload = error.model_dump_json(exclude_none=True).encode()
        self._send(topics.system_error(service), payload)
        if error.device_id:
            self._send(topics.error(error.device_id), payload)

    def respond(self, command: str, response: OperatorResponse) -> None:
        """Publish what came of an operator's request."""
        self._send(topics.response(command), response.to_json())

    def memory(self, device_id: str, answer: MemoryAnswer) -> asyncio.Future[None]:
        """Publish what came of a robot's wish to forget or to export; the future is done when the broker has it."""
        return self._send(topics.memory(device_id), answer.to_json())

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
        """Publish what is left, and write down what the broker has within `timeout` seconds; `run` must have ended.

        Returns:
            How many publications it does not have; those on the disk are published at the next start.
        """
        try:
            await self._catch_up()
            if self._unacknowledged:
                await asyncio.wait(self._unacknowledged, timeout=timeout)
            await self.write_down()
        except DatabaseError as error:
            log.error("what was delivered could not be written down", reason=str(error))  # noqa: TRY400
        return len(self._unacknowledged)

    def _send(
        self,
        topic: str,
        payload: bytes,
        *,
        retain: bool = False,
        correlation_data: bytes | None = None,
        expires: float | None = None,
    ) -> asyncio.Future[None]:
        delivered = self._connection.publish(
            topic, payload, qos=1, retain=retain, correlation_data=correlation_data, expires=expires
        )
        self._unacknowledged.add(delivered)
        sent = time.monotonic()
        delivered.add_done_callback(lambda future: self._settle(topic, sent, future))
        return delivered

    def _settle(self, topic: str, sent: float, delivered: asyncio.Future[None]) -> None:
        self._unacknowledged.discard(delivered)
        if delivered.cancelled():
            return
        refusal = delivered.exception()
        if refusal is None:
            self.round_trip_ms = (time.monotonic() - sent) * 1000
        elif not isinstance(refusal, PublishPostponed | PublishExpired):
            log.error("the broker refused a publication", topic=topic, reason=str(refusal))


def _words(reply: Reply, utterance: Utterance | None, max_payload_bytes: int | None) -> list[NewPublication]:
    """Return what publishes the words of a reply; raises ReplyTooLargeError."""
    correlation_data = utterance.correlation_data if utterance else None
    return [
        NewPublication(topic=topic, payload=part, kind="reply", correlation_data=correlation_data)
        for topic in _reply_topics(reply, utterance)
        for part in _parts(reply, max_payload_bytes)
    ]


def _reply_topics(reply: Reply, utterance: Utterance | None) -> list[str]:
    own = topics.reply(reply.device_id)
    return [own, utterance.response_topic] if utterance and utterance.response_topic else [own]


def _parts(reply: Reply, max_payload_bytes: int | None) -> list[bytes]:
    return [reply.to_json()] if max_payload_bytes is None else split_reply(reply, max_payload_bytes)
