"""What becomes of a turn that has ended: it is stored together with what it publishes, and then published."""

from __future__ import annotations

import asyncio

import structlog
from sqlalchemy import Connection

from ai_server.brain.personality import Adaptation
from ai_server.brain.robots import Robots
from ai_server.dialogue.masked import masked
from ai_server.dialogue.running_turn import RunningTurn
from ai_server.failpoints import AFTER_REPLY_COMMIT, failpoint
from ai_server.masking import Masking
from ai_server.memory.privacy import audit
from ai_server.memory.privacy.selection import Selection
from ai_server.memory.storage.database import DatabaseError
from ai_server.memory.turns import Turn, Turns
from ai_server.memory.undelivered import NewPublication, StoredPublication
from ai_server.mqtt.outbox import Outbox
from ai_server.protocol import topics
from ai_server.protocol.errors import ErrorCode, ErrorMessage
from ai_server.protocol.parts import ReplyTooLargeError
from ai_server.protocol.reply import Reply, StreamEvent, StreamType
from ai_server.protocol.utterance import Utterance
from ai_server.telemetry.meters import Meters

log = structlog.get_logger(__name__)

_STORE_AGAIN_S = 1.0
"""A reply that the database did not take is offered again so often."""


_READS_FACTS = "fact_query"
"""The intent of those who ask what is known: the audit log has it, as it has what owners read."""


class Delivery:
    """Brings to robots what was said to them: replies, new and old ones, and errors.

    Args:
        robots: what each declared.
        turns: where replies are stored.
        outbox: publishes them.
        meters: count what goes wrong.
        adaptation: robots' personalities, which drift with each turn.
        masking: of what is stored; None stores it as it was said.
    """

    def __init__(
        self,
        *,
        robots: Robots,
        turns: Turns,
        outbox: Outbox,
        meters: Meters,
        adaptation: Adaptation,
        masking: Masking | None,
    ) -> None:
        self._robots = robots
        self._turns = turns
        self._outbox = outbox
        self._meters = meters
        self._adaptation = adaptation
        self._masking = masking

    def accepted(self, utterance: Utterance) -> None:
        """Tell the robot that an utterance is on the disk: no need to send it again."""
        event = StreamEvent(request_id=utterance.request_id, seq=0, type=StreamType.ACCEPTED)
        self._outbox.event(utterance.device_id, event)

    def report(self, utterance: Utterance, code: ErrorCode, message: str, retry_after_s: float | None = None) -> None:
        """Tell the robot, and operators, what went wrong with an utterance."""
        self._report(code, message, utterance.device_id, utterance.request_id, retry_after_s)

    def send_again(self, utterance: Utterance, reply: Reply) -> None:
        """Send the stored reply of a request that came once more; tell the robot where it has no room for it."""
        try:
            self._outbox.reply_again(reply, utterance, self._max_payload_bytes(utterance.device_id))
        except ReplyTooLargeError as error:
            self.report(utterance, ErrorCode.REPLY_TOO_LARGE, f"max_payload_bytes: {error}")

    async def repeat(self, device_id: str, request_id: str | None, user_id: str | None) -> None:
        """Say a robot's last reply again, under the new `request_id` where there is one; return when the broker has it.

        It is the last one to a person, '' for whoever the robot does not know; to anybody where `user_id` is None.

        Raises:
            DatabaseError: if it cannot be read.
        """
        if user_id is None:
            last = await self._turns.last_of_robot(device_id)
        else:
            last = await self._turns.last(device_id, user_id)
        if last is None:
            message = "command: nothing was said to this robot yet"
            self._report(ErrorCode.NOTHING_TO_REPEAT, message, device_id, request_id)
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
        try:
            await self._outbox.reply(again, self._max_payload_bytes(device_id))
        except ReplyTooLargeError as error:
            self._report(ErrorCode.REPLY_TOO_LARGE, f"max_payload_bytes: {error}", device_id, again.request_id)

    async def deliver(self, turn: RunningTurn) -> Reply:
        """Store the reply of a turn and what is to be published for it, then publish it; return the reply."""
        reply = turn.reply()
        publications = await self._store(turn, reply)
        if turn.finish_reason != reply.finish_reason:  # it was cancelled while it was stored
            reply = turn.reply()
            publications = await self._store(turn, reply, anew=True)
        failpoint(AFTER_REPLY_COMMIT)
        self._outbox.send(publications)
        turn.finish()
        return reply

    def drafts(self, reply: Reply, utterance: Utterance | None = None) -> list[NewPublication]:
        """Return what a reply puts on the disk to be published; its actions alone, and an error, where it has no room.

        `utterance` is None where nobody asked.
        """
        device_id = reply.device_id
        try:
            drafts = self._outbox.drafts(reply, utterance, self._max_payload_bytes(device_id))
        except ReplyTooLargeError as error:
            self._report(ErrorCode.REPLY_TOO_LARGE, f"max_payload_bytes: {error}", device_id, reply.request_id)
            return self._outbox.action_drafts(reply)
        if sum(draft.topic == topics.reply(device_id) for draft in drafts) > 1:
            self._meters.reply_split()
        return drafts

    async def _store(self, turn: RunningTurn, reply: Reply, *, anew: bool = False) -> list[StoredPublication]:
        """Put a turn and what it publishes on the disk, as soon as the database takes it."""
        record, drafts = self._record(turn, reply), self.drafts(reply, turn.waiting.utterance)

        def within(connection: Connection) -> bool:
            self._adaptation.drift(connection, record)
            if reply.intent == _READS_FACTS:
                scope = Selection(reply.device_id, record.user_id or "").scope
                audit.note(connection, who=f"voice:{reply.device_id}", what="read", scope=scope, count=1)
            return True

        while True:
            try:
                if anew:
                    stored: list[StoredPublication] | None = await self._turns.cancel(record, drafts)
                else:
                    stored = await self._turns.add(record, drafts, within=within)
            except DatabaseError as error:
                log.error("a reply waits to be stored", reason=str(error))  # noqa: TRY400  the reason says it all
                await asyncio.sleep(_STORE_AGAIN_S)
            else:
                if stored is None:  # an attempt that seemed to fail had been written
                    self._outbox.look_again()
                return stored or []

    def _record(self, turn: RunningTurn, reply: Reply) -> Turn:
        record = turn.record(reply)
        return masked(record, self._masking) if self._masking else record

    def _max_payload_bytes(self, device_id: str) -> int | None:
        return self._robots.robot(device_id).capabilities.max_payload_bytes

    def _report(
        self,
        code: ErrorCode,
        message: str,
        device_id: str,
        request_id: str | None,
        retry_after_s: float | None = None,
    ) -> None:
        self._meters.error(code)
        error = ErrorMessage(
            error_code=code,
            error_message=message,
            retry_after_seconds=retry_after_s,
            correlation_id=request_id,
            device_id=device_id,
        )
        self._outbox.error(error, "brain")
