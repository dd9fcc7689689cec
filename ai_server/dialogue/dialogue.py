"""Each robot's utterances are answered in order, all robots at once, and any of them can be stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import aclosing

import structlog

from ai_server.brain.graph import Brain
from ai_server.dialogue.running_turn import RunningTurn
from ai_server.llm.chat import TooLongError
from ai_server.memory.database import DatabaseError
from ai_server.memory.turns import Turns
from ai_server.mqtt.inbox import Inbox, InboxFullError
from ai_server.mqtt.outbox import Outbox
from ai_server.protocol.errors import ErrorCode, ErrorMessage
from ai_server.protocol.reply import Reply, StreamEvent, StreamType
from ai_server.protocol.utterance import Utterance
from ai_server.telemetry.meters import Meters

log = structlog.get_logger(__name__)


_FIRST_TURN_S = 2.0
"""What a turn is taken to last before the first one was measured."""

_PACE_WEIGHT = 0.2
"""How much the newest turn counts in the usual one."""


class Dialogue:
    """Takes utterances, has the brain answer them, and sends what it says."""

    def __init__(self, *, brain: Brain, turns: Turns, inbox: Inbox, outbox: Outbox, meters: Meters) -> None:
        self._brain = brain
        self._turns = turns
        self._inbox = inbox
        self._outbox = outbox
        self._meters = meters
        self._running: dict[str, tuple[RunningTurn, asyncio.Task[None]]] = {}
        self._workers: dict[str, asyncio.Task[None]] = {}
        self._errands: set[asyncio.Task[None]] = set()
        self._usual_turn_s = _FIRST_TURN_S

    @property
    def running(self) -> int:
        """How many turns are being answered now."""
        return len(self._running)

    def hear(self, utterance: Utterance) -> None:
        """Put an utterance in its robot's line; one that waits or is being answered already is not queued twice."""
        if not utterance.is_final:
            return
        if self._has(utterance):
            self._accept(utterance)
            return
        if utterance.interrupt or self._brain.is_stop(utterance.text):
            self.cancel(utterance.device_id)
        try:
            self._inbox.offer(utterance)
        except InboxFullError as full:
            self._refuse(utterance, str(full))
            return
        self._accept(utterance)
        if utterance.device_id not in self._workers:
            worker = asyncio.create_task(self._serve(utterance.device_id))
            worker.add_done_callback(_log_failure)
            self._workers[utterance.device_id] = worker

    def cancel(self, device_id: str, request_id: str | None = None) -> None:
        """Stop what a robot is saying; with a `request_id`, only where it is that turn."""
        turn, task = self._running.get(device_id, (None, None))
        if turn is None or task is None or turn.finish_reason is not None:
            return
        if request_id in {None, turn.waiting.utterance.request_id}:
            task.cancel()

    def repeat(self, device_id: str, request_id: str | None) -> None:
        """Say a robot's last reply again, under the new `request_id` where there is one."""
        self._send_on_errand(self._repeat(device_id, request_id))

    def reset(self, device_id: str) -> None:
        """Stop what a robot is saying and begin a new conversation: nothing said before is in its prompt."""
        self.cancel(device_id)
        self._send_on_errand(self._reset(device_id))

    async def drain(self, timeout: float) -> None:  # noqa: ASYNC109  a bound, not a cancellation
        """Finish what runs within `timeout` seconds; hand back the rest: its robots are told to send it again."""
        for device_id in list(self._workers):
            for waiting in self._inbox.drop(device_id):
                self._hand_back(waiting.utterance)
        busy = [*self._workers.values(), *self._errands]
        if busy:
            await asyncio.wait(busy, timeout=timeout)
        for turn, task in list(self._running.values()):
            turn.handed_back = True
            task.cancel()
        if self._workers:
            await asyncio.wait(self._workers.values())

    def _has(self, utterance: Utterance) -> bool:
        turn, _ = self._running.get(utterance.device_id, (None, None))
        being_answered = turn is not None and turn.waiting.utterance.request_id == utterance.request_id
        return being_answered or self._inbox.holds(utterance.device_id, utterance.request_id)

    def _accept(self, utterance: Utterance) -> None:
        accepted = StreamEvent(request_id=utterance.request_id, seq=0, type=StreamType.ACCEPTED)
        self._outbox.event(utterance.device_id, accepted)

    def _refuse(self, utterance: Utterance, reason: str) -> None:
        self._meters.turn_busy()
        self._report(utterance, ErrorCode.BUSY, reason, self._wait_estimate_s())

    def _wait_estimate_s(self) -> float:
        """Return in how many seconds there may be room: one turn of each robot that waits, at the usual pace."""
        return round(max(1.0, self._usual_turn_s * len(self._workers)), 1)

    def _hand_back(self, utterance: Utterance) -> None:
        self._report(utterance, ErrorCode.BUSY, "the brain is stopping; send the utterance again", 5.0)

    def _report(self, utterance: Utterance, code: ErrorCode, message: str, retry_after: float | None = None) -> None:
        error = ErrorMessage(
            error_code=code,
            error_message=message,
            retry_after_seconds=retry_after,
            correlation_id=utterance.request_id,
            device_id=utterance.device_id,
        )
        self._outbox.error(error, "brain")

    async def _serve(self, device_id: str) -> None:
        try:
            while waiting := self._inbox.take(device_id):
                turn = RunningTurn(waiting, self._outbox)
                structlog.contextvars.bind_contextvars(device_id=device_id, request_id=waiting.utterance.request_id)
                log.debug("heard", words=waiting.utterance.text)
                await self._answer(turn)
        finally:
            del self._workers[device_id]

    async def _answer(self, turn: RunningTurn) -> None:
        utterance = turn.waiting.utterance
        if turn.is_late():
            turn.stop("expired", "")
        else:
            task = asyncio.create_task(self._think(turn))
            self._running[utterance.device_id] = (turn, task)
            await asyncio.wait([task])
            del self._running[utterance.device_id]
            self._conclude(turn, task)
        if turn.handed_back:
            self._hand_back(utterance)
        elif turn.stored is not None:
            self._outbox.reply(turn.stored, utterance)
        else:
            await self._send(turn)

    async def _think(self, turn: RunningTurn) -> None:
        utterance = turn.waiting.utterance
        answered = await self._turns.find(utterance.device_id, utterance.request_id)
        if answered is not None:
            turn.stored = answered.reply
            return
        async with aclosing(self._brain.answer(utterance)) as events:
            async for event in events:
                turn.handle(event)

    def _conclude(self, turn: RunningTurn, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            turn.stop("cancelled")
            return
        error = task.exception()
        if error is None:
            return
        utterance = turn.waiting.utterance
        if isinstance(error, TooLongError):
            turn.stop("error", "That was too long for me. Could you say it in fewer words?")
            self._report(utterance, ErrorCode.TOO_LONG_FOR_MODEL, f"text: {error}")
            return
        log.error("a turn failed", exc_info=error)
        turn.stop("error", "Something went wrong in my head. Could you say that again?")
        self._report(utterance, ErrorCode.INTERNAL, f"the turn failed: {type(error).__name__}")

    async def _send(self, turn: RunningTurn) -> None:
        utterance, reply = turn.waiting.utterance, turn.reply()
        try:
            await self._turns.add(turn.record(reply))
        except DatabaseError as error:
            log.error("a turn was not stored", reason=str(error))  # noqa: TRY400  the reason says it all
        for action in reply.actions:
            self._outbox.action(reply.device_id, action)
        self._outbox.reply(reply, utterance)
        kind = StreamType.CANCELLED if reply.finish_reason == "cancelled" else StreamType.FINISHED
        turn.announce(kind, finish_reason=reply.finish_reason)
        self._meters.turn_finished(reply)
        took_s = (reply.timings.total_ms - reply.timings.queue_ms) / 1000
        self._usual_turn_s += _PACE_WEIGHT * (took_s - self._usual_turn_s)
        figures = reply.timings.model_dump(exclude_none=True)
        if turn.first_decode is not None:
            figures["first_decode_ns"] = turn.first_decode
        log.info(
            "answered",
            source=reply.source,
            intent=reply.intent,
            finish_reason=reply.finish_reason,
            actions=len(reply.actions),
            **figures,
        )

    async def _reset(self, device_id: str) -> None:
        _, task = self._running.get(device_id, (None, None))
        if task is not None:
            await asyncio.wait([task])  # what was cancelled is stored first, in the conversation that it ends
        await self._turns.reset(device_id)

    async def _repeat(self, device_id: str, request_id: str | None) -> None:
        last = await self._turns.last(device_id)
        if last is None:
            error = ErrorMessage(
                error_code=ErrorCode.NOTHING_TO_REPEAT,
                error_message="command: nothing was said to this robot yet",
                correlation_id=request_id,
                device_id=device_id,
            )
            self._outbox.error(error, "brain")
            return
        said = last.reply
        again = Reply(
            request_id=request_id or said.request_id,
            device_id=device_id,
            text=said.text,
            emotion=said.emotion,
            language=said.language,
            intent="repeat",
            source="skill",
        )
        self._outbox.reply(again)

    def _send_on_errand(self, errand: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(errand)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)
        task.add_done_callback(_log_failure)


def _log_failure(task: asyncio.Task[None]) -> None:
    error = None if task.cancelled() else task.exception()
    if error is not None:
        log.error("a robot was left without an answer", exc_info=error)
