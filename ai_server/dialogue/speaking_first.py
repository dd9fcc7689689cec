"""The robot speaks though nobody asked: a timer is up, a sensor tells of something, or its body could not do it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection

from ai_server.brain.robots import Robots
from ai_server.brain.skills.skill import Answer
from ai_server.dialogue.deeds import Deeds, order
from ai_server.dialogue.delivery import Delivery
from ai_server.llm.chat import ActionCall
from ai_server.memory.storage.database import DatabaseError
from ai_server.memory.turns import Turn, Turns
from ai_server.mqtt.outbox import Outbox
from ai_server.protocol.reply import ActionMessage, Reply, StreamEvent, StreamType
from ai_server.telemetry.meters import Meters

log = structlog.get_logger(__name__)

PATIENCE_S = 3.0
"""A robot that speaks may finish for so long, before what is due is said all the same."""


class SpeakingFirst:
    """Says what nobody asked for as a turn of its own, once the robot is not in the middle of a reply.

    It is stored before it is published, and reaches the broker at least once, as every reply does.

    Args:
        robots: what each declared.
        turns: where what is said is stored.
        delivery: knows what is published of it.
        outbox: publishes it.
        deeds: admits the actions that go with it.
        answering: returns what is done once a robot has said what it is saying; None where it says nothing.
        meters: count what it says.
        action_ttl: how long an action is worth carrying out.
        patience_s: how long a robot may finish what it is saying.
    """

    def __init__(
        self,
        *,
        robots: Robots,
        turns: Turns,
        delivery: Delivery,
        outbox: Outbox,
        deeds: Deeds,
        answering: Callable[[str], asyncio.Future[None] | None],
        meters: Meters,
        action_ttl: timedelta,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._robots = robots
        self._turns = turns
        self._delivery = delivery
        self._outbox = outbox
        self._deeds = deeds
        self._answering = answering
        self._meters = meters
        self._action_ttl = action_ttl
        self._patience_s = patience_s

    async def say(
        self,
        device_id: str,
        answer: Answer,
        *,
        user_id: str = "",
        intent: str,
        request_id: str,
        language: str,
        within: Callable[[Connection], bool],
    ) -> bool:
        """Say something once, as `brain.speaker.Speaker` has it."""
        await self._let_finish(device_id)
        reply = self._reply(device_id, answer, intent=intent, request_id=request_id, language=language)
        trace = {"route": "itself", "reason": "it spoke first", "probability": 1.0, "rule": intent, "slots": {}}
        turn = Turn(at=reply.timestamp, words="", reply=reply, user_id=user_id or None, trace=trace)
        try:
            publications = await self._turns.add(turn, self._delivery.drafts(reply), within=within)
        except DatabaseError:
            self._outbox.look_again()  # an attempt that seems to fail may have been written
            raise
        if publications is None:
            return False
        self._stream(reply)
        self._outbox.send(publications)
        self._event(reply, len(reply.actions) + 4, StreamType.FINISHED, finish_reason=reply.finish_reason)
        self._deeds.given_out(device_id, reply.actions)
        self._meters.spoke_first()
        log.info("spoke first", device_id=device_id, request_id=request_id, intent=intent)
        return True

    async def tell_failure(self, device_id: str, command_id: str, words: str) -> None:
        """Tell the person, once, what came of an action that came to nothing; the words of that are English.

        Raises:
            DatabaseError: if it could not be stored: it is not told then.
        """
        # The id is made of the command's: told again after a restart, the turn is there already, and nothing goes out.
        await self.say(
            device_id,
            Answer(words, "sad"),
            intent="action_failed",
            request_id=f"failed-{command_id}",
            language="en",
            within=lambda _: True,
        )

    async def _let_finish(self, device_id: str) -> None:
        """Wait while the robot is in the middle of a reply, but not for long."""
        until = time.monotonic() + self._patience_s
        while (reply := self._answering(device_id)) is not None and (left := until - time.monotonic()) > 0:
            await asyncio.wait([reply], timeout=left)
            await asyncio.sleep(0)  # whoever answers takes note of it, too

    def _reply(self, device_id: str, answer: Answer, *, intent: str, request_id: str, language: str) -> Reply:
        return Reply(
            request_id=request_id,
            device_id=device_id,
            text=answer.text,
            emotion=answer.emotion,
            language=language,
            intent=intent,
            source="skill",
            actions=[
                self._action(call, request_id) for call in answer.calls if self._deeds.admit(device_id, call.name)
            ],
        )

    def _action(self, call: ActionCall, request_id: str) -> ActionMessage:
        return order(call, request_id, datetime.now(UTC) + self._action_ttl)

    def _stream(self, reply: Reply) -> None:
        """Publish what goes before the reply, as of a turn whose answer is there at once."""
        self._event(reply, 0, StreamType.STARTED)
        self._event(reply, 1, StreamType.EMOTION, emotion=reply.emotion)
        self._show(reply)
        self._event(reply, 2, StreamType.DELTA, text=reply.text)
        self._event(reply, 3, StreamType.SENTENCE, text=reply.text)
        for seq, action in enumerate(reply.actions, 4):
            self._event(reply, seq, StreamType.ACTION, action=action.model_copy(update={"expires_at": None}))

    def _show(self, reply: Reply) -> None:
        """Have the robot's face show the emotion."""
        device_id = reply.device_id
        call = self._robots.robot(device_id).body.face_for(reply.emotion)
        if call is None or not self._deeds.admit(device_id, call.name):
            return
        self._deeds.act_now(device_id, self._action(call, reply.request_id))

    def _event(self, reply: Reply, seq: int, kind: StreamType, **fields: Any) -> None:
        event = StreamEvent.model_construct(request_id=reply.request_id, seq=seq, type=kind, **fields)
        self._outbox.event(reply.device_id, event)
