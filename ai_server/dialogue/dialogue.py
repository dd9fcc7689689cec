"""Each robot's utterances are answered in order, all robots at once, and any of them can be stopped."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import structlog

from ai_server.brain.graph import Brain
from ai_server.dialogue.deeds import Deeds, order
from ai_server.dialogue.delivery import Delivery
from ai_server.dialogue.pace import Pace
from ai_server.dialogue.running_turn import RunningTurn
from ai_server.llm.chat import Started, TooLongError
from ai_server.memory.privacy.erasure import Erasure
from ai_server.memory.privacy.selection import Selection
from ai_server.memory.storage.database import DatabaseError
from ai_server.memory.turns import Turns
from ai_server.mqtt.epochs import Epochs
from ai_server.mqtt.inbox import Inbox, InboxFullError, Waiting
from ai_server.mqtt.outbox import Outbox
from ai_server.protocol.errors import ErrorCode
from ai_server.protocol.reply import Reply
from ai_server.protocol.utterance import Utterance
from ai_server.telemetry.meters import Meters

log = structlog.get_logger(__name__)

_STORAGE_BACK_S = 5.0
"""When a robot whose utterance the database did not take is to come back."""


class Dialogue:
    """Takes utterances that are on the disk, has the brain answer them, and sends what it says.

    Args:
        brain: answers.
        delivery: stores and sends what it says.
        turns: where that is stored.
        erasure: erases what people ask to be forgotten.
        heard: called whenever somebody speaks.
        inbox: each robot's line.
        outbox: publishes.
        epochs: tell what was silenced from what was said after it.
        meters: count turns.
        deeds: what bodies do.
        action_ttl: how long an action is worth carrying out.
    """

    def __init__(
        self,
        *,
        brain: Brain,
        delivery: Delivery,
        turns: Turns,
        erasure: Erasure,
        heard: Callable[[], None],
        inbox: Inbox,
        outbox: Outbox,
        epochs: Epochs,
        meters: Meters,
        deeds: Deeds,
        action_ttl: timedelta,
    ) -> None:
        self._brain = brain
        self._deeds = deeds
        self._action_ttl = action_ttl
        self._delivery = delivery
        self._turns = turns
        self._erasure = erasure
        self._heard = heard
        self._inbox = inbox
        self._outbox = outbox
        self._epochs = epochs
        self._meters = meters
        self._running: dict[str, tuple[RunningTurn, asyncio.Task[None]]] = {}
        self._workers: dict[str, asyncio.Task[None]] = {}
        self._resets: dict[str, asyncio.Task[None]] = {}
        self._pace = Pace()
        self._draining = False

    @property
    def running(self) -> int:
        """How many turns are being answered now."""
        return len(self._running)

    def answering(self, device_id: str) -> asyncio.Future[None] | None:
        """Return what is done once a robot has said what it is saying; None where it says nothing."""
        turn, _ = self._running.get(device_id, (None, None))
        return None if turn is None else turn.waiting.answered

    def knows(self, utterance: Utterance) -> bool:
        """Say whether this request waits or is being answered."""
        turn, _ = self._running.get(utterance.device_id, (None, None))
        if turn is not None and turn.waiting.utterance.request_id == utterance.request_id:
            return True
        return self._inbox.find(utterance.device_id, utterance.request_id) is not None

    def reserve(self, utterance: Utterance) -> bool:
        """Reserve room for an utterance; one for which there is none is turned away, and told when to come back."""
        try:
            self._inbox.reserve(utterance.device_id)
        except InboxFullError as full:
            self._delivery.report(
                utterance, ErrorCode.BUSY, str(full), self._pace.retry_after_s(self._inbox.unanswered)
            )
            return False
        return True

    def refuse(self, utterance: Utterance, error: DatabaseError) -> None:
        """Tell the robot that its utterance could not be put on the disk; its room is given back."""
        self._inbox.release(utterance.device_id)
        self._delivery.report(
            utterance, ErrorCode.STORAGE_UNAVAILABLE, f"the brain cannot store it: {error.what}", _STORAGE_BACK_S
        )

    def answer_again(self, utterance: Utterance, reply: Reply) -> None:
        """Send the stored reply of a request that came once more; its room is given back."""
        self._inbox.release(utterance.device_id)
        self._delivery.send_again(utterance, reply)

    def hear(self, waiting: Waiting) -> None:
        """Put an utterance that is on the disk in its robot's line."""
        self._heard()
        utterance = waiting.utterance
        if self._inbox.unanswered == 1:
            self._pace.begin()
        self._inbox.put(waiting)
        if utterance.device_id not in self._workers and not self._draining:
            worker = asyncio.create_task(self._serve(utterance.device_id))
            worker.add_done_callback(_log_failure)
            self._workers[utterance.device_id] = worker

    def listen(self, partial: Utterance) -> None:
        """Have an utterance read that is not complete yet, unless its robot has one to answer: that comes first."""
        self._heard()
        if not self._inbox.unanswered_of(partial.device_id) and not self._draining:
            self._brain.listen(partial)

    def stop_listening(self, device_id: str) -> None:
        """Take it that the utterance that a robot hears is never completed."""
        self._brain.stop_listening(device_id)

    def robot_changed(self, device_id: str) -> None:
        """Have read ahead how conversations with a robot begin, which has another body or persona."""
        self._brain.robot_changed(device_id)

    def halt(self, utterance: Utterance) -> bool:
        """Have the robot's body stop, where the words ask for it and it declared how: now, before anything is stored.

        A stop that comes once more, because its words did, does no harm; so it is bounded by no rate either.

        Returns:
            Whether the utterance stops what its robot is saying, too.
        """
        device_id = utterance.device_id
        stops, call = self._brain.stop(device_id, utterance.text)
        if call:
            self._deeds.act_now(device_id, order(call, utterance.request_id, datetime.now(UTC) + self._action_ttl))
        return stops or utterance.interrupt

    def silence(self, device_id: str) -> list[asyncio.Future[None]]:
        """Stop what a robot is saying and everything that it was about to say.

        Returns:
            Futures that are done once it is on the disk that these turns were cancelled.
        """
        if not self._inbox.unanswered_of(device_id):
            return [asyncio.create_task(self._withdraw_actions(device_id))]
        self._epochs.silence(device_id)
        ended = [waiting.answered for waiting in self._inbox.line(device_id)]
        turn, task = self._running.get(device_id, (None, None))
        if turn is not None and task is not None:
            ended.append(turn.waiting.answered)
            turn.cancel()
            task.cancel()
        return [*ended, asyncio.create_task(self._withdraw_actions(device_id))]

    def cancel(self, device_id: str, request_id: str) -> list[asyncio.Future[None]]:
        """Stop one turn of a robot, where it is still to be said; returns what `silence` returns."""
        withdrawn = asyncio.create_task(self._withdraw_actions(device_id, request_id))
        turn, task = self._running.get(device_id, (None, None))
        if turn is not None and task is not None and turn.waiting.utterance.request_id == request_id:
            turn.cancel()
            task.cancel()
            return [turn.waiting.answered, withdrawn]
        waiting = self._inbox.find(device_id, request_id)
        if waiting is None:
            return [withdrawn]
        self._inbox.cancel(waiting)
        return [waiting.answered, withdrawn]

    def let_go(self, device_id: str) -> None:
        """Do nothing any more of what a robot asked whether to do."""
        self._brain.let_go(device_id)

    def reset(
        self, device_id: str, silenced: Iterable[asyncio.Future[None]], user_id: str | None = None
    ) -> asyncio.Task[None]:
        """Begin a new conversation with what is put in line next.

        Args:
            device_id: the robot; what is in its line was silenced.
            silenced: what `silence` returned.
            user_id: the person whose conversation it is; None for everybody's.

        Returns:
            A task that ends once it is on the disk; with a DatabaseError if the database does not take it.
        """
        ended = [*silenced, *(waiting.answered for waiting in self._inbox.line(device_id))]
        if device_id in self._resets:
            ended.append(self._resets[device_id])
        task = self._resets[device_id] = asyncio.create_task(self._reset(device_id, ended, user_id))
        return task

    async def drain(self, timeout: float) -> None:  # noqa: ASYNC109  a bound, not a cancellation
        """Finish what runs within `timeout` seconds; the rest stays on the disk, for the next start."""
        self._draining = True
        if self._workers:
            await asyncio.wait(self._workers.values(), timeout=timeout)
        unfinished = [task for _, task in self._running.values()] + list(self._workers.values())
        for task in unfinished:
            task.cancel()
        if unfinished:
            await asyncio.wait(unfinished)
        if self._inbox.unanswered:
            log.info("utterances wait for the next start", count=self._inbox.unanswered)

    async def _reset(self, device_id: str, ended: list[asyncio.Future[None]], user_id: str | None) -> None:
        await asyncio.wait(ended)  # what was cancelled is stored first, in the conversation that it ends
        try:
            self._brain.forget(device_id, await self._turns.reset(device_id, user_id))
        finally:
            if self._resets[device_id] is asyncio.current_task():
                del self._resets[device_id]

    async def _withdraw_actions(self, device_id: str, request_id: str | None = None) -> None:
        try:
            await self._outbox.withdraw_actions(device_id, request_id)
        except DatabaseError as error:
            log.error("cancelled actions are on the disk still", reason=str(error))  # noqa: TRY400

    async def _serve(self, device_id: str) -> None:
        try:
            while not self._draining and (waiting := self._inbox.take(device_id)):
                structlog.contextvars.bind_contextvars(device_id=device_id, request_id=waiting.utterance.request_id)
                log.debug("heard", words=waiting.utterance.text)
                turn = RunningTurn(waiting, self._outbox, self._epochs, self._deeds, self._action_ttl)
                await self._answer(turn)
        finally:
            del self._workers[device_id]
            if not self._inbox.unanswered_of(device_id):
                self._epochs.forget(device_id)

    async def _answer(self, turn: RunningTurn) -> None:
        utterance = turn.waiting.utterance
        task = asyncio.create_task(self._think(turn))
        self._running[utterance.device_id] = (turn, task)
        try:
            await asyncio.wait([task])
            self._conclude(turn, task)
            self._settle(turn, await self._delivery.deliver(turn))
            for selection in turn.forgets:
                await self._forget(utterance, selection)
        finally:
            del self._running[utterance.device_id]
            if turn.waiting.answered.cancel():  # it stays on the disk, for the next start
                self._inbox.release(utterance.device_id)

    async def _forget(self, utterance: Utterance, selection: Selection) -> None:
        """Erase what a person asked to be forgotten, this very turn among it; tell the robot where that failed."""
        try:
            await self._erasure.erase(selection, by=f"voice:{utterance.device_id}")
        except DatabaseError as error:
            log.error("what was to be forgotten is there still", reason=str(error))  # noqa: TRY400
            message = f"what was to be forgotten is there still: {error.what}"
            self._delivery.report(utterance, ErrorCode.STORAGE_UNAVAILABLE, message, _STORAGE_BACK_S)

    async def _think(self, turn: RunningTurn) -> None:
        """Have the brain answer.

        Raises:
            TimeoutError: nobody had begun to speak before the utterance's time had passed.
        """
        if turn.is_over:
            raise asyncio.CancelledError
        patience_s = turn.late_at - time.monotonic()
        if patience_s <= 0:
            raise TimeoutError
        utterance = turn.waiting.utterance
        async with asyncio.timeout(patience_s) as patience:
            if reset := self._resets.get(utterance.device_id):
                await asyncio.wait([reset])
            async with aclosing(self._brain.answer(utterance, turn.waiting.arrived)) as events:
                async for event in events:
                    if isinstance(event, Started):
                        patience.reschedule(None)
                    turn.handle(event)

    def _conclude(self, turn: RunningTurn, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            turn.cancel()
            return
        error = task.exception()
        if error is None:
            return
        utterance = turn.waiting.utterance
        if isinstance(error, TimeoutError):
            turn.stop("expired", "")
        elif isinstance(error, TooLongError):
            turn.stop("error", "That was too long for me. Could you say it in fewer words?")
            self._delivery.report(utterance, ErrorCode.TOO_LONG_FOR_MODEL, f"text: {error}")
        else:
            log.error("a turn failed", exc_info=error)
            turn.stop("error", "Something went wrong in my head. Could you say that again?")
            self._delivery.report(utterance, ErrorCode.INTERNAL, f"the turn failed: {type(error).__name__}")

    def _settle(self, turn: RunningTurn, reply: Reply) -> None:
        """Note that a turn is on the disk."""
        turn.waiting.answered.set_result(None)
        self._inbox.release(reply.device_id)
        self._pace.end()
        self._meters.turn_finished(reply)
        self._deeds.given_out(reply.device_id, reply.actions)
        if turn.understood and reply.finish_reason in {"stop", "length"}:
            self._deeds.answered(reply.device_id, turn.understood.facts)
        else:
            self._brain.let_go(reply.device_id)
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


def _log_failure(task: asyncio.Task[None]) -> None:
    error = None if task.cancelled() else task.exception()
    if error is not None:
        log.error("a robot was left without an answer", exc_info=error)
