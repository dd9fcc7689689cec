"""What robots were told to do lately, and what came of it: a failure is told to the person, and to the model."""

from __future__ import annotations

import time
import uuid
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog
from pydantic import ValidationError

from ai_server.brain.robots import Robots
from ai_server.brain.wording import Wording, plain
from ai_server.dialogue.limits import ActionLimit
from ai_server.llm.chat import ActionCall
from ai_server.memory.undelivered import Undelivered
from ai_server.mqtt.outbox import Outbox
from ai_server.protocol.action import ActionResult
from ai_server.protocol.errors import ProtocolError
from ai_server.protocol.reply import ActionMessage
from ai_server.telemetry.meters import Meters

log = structlog.get_logger(__name__)

REMEMBERED_S = 600.0
"""A result that comes later than this is of an action that nobody has in mind any more; so is a failure."""

_COMMANDS = 64
_FAILURES = 3
"""Of each robot. Beyond these bounds the oldest go."""


def order(call: ActionCall, request_id: str, expires_at: datetime | None = None) -> ActionMessage:
    """Return an action as a body is told of it, under a `command_id` of its own."""
    return ActionMessage(
        command_id=uuid.uuid4().hex,
        request_id=request_id,
        action=call.name,
        arguments=call.arguments,
        expires_at=expires_at,
    )


@dataclass(slots=True)
class _Deeds:
    """What one robot was told to do and when, by `command_id`; and what failed, as a fact, and when."""

    commands: OrderedDict[str, tuple[float, ActionMessage]] = field(default_factory=OrderedDict)
    failures: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=_FAILURES))


class Deeds:
    """The actions of all robots, from the reply that they came with to what the body says of them.

    Args:
        limit: how many there may be.
        wording: returns the words of a failure, which people may edit.
        robots: what each declared.
        undelivered: where actions are that an earlier process gave out.
        outbox: publishes actions of this moment, and errors.
        meters: counts.
        max_robots: of so many robots actions are remembered.
        clock: seconds.
    """

    def __init__(
        self,
        *,
        limit: ActionLimit,
        wording: Callable[[], Wording],
        robots: Robots,
        undelivered: Undelivered,
        outbox: Outbox,
        meters: Meters,
        max_robots: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = limit
        self._wording = wording
        self._robots = robots
        self._undelivered = undelivered
        self._outbox = outbox
        self._meters = meters
        self._max_robots = max_robots
        self._clock = clock
        self._deeds: OrderedDict[str, _Deeds] = OrderedDict()

    async def resume(self) -> None:
        """Remember what an earlier process gave out lately, or left to be published.

        Raises:
            DatabaseError: if it cannot be read.
        """
        since = datetime.now(UTC) - timedelta(seconds=REMEMBERED_S)
        for publication in await self._undelivered.actions_since(since):
            try:
                action = ActionMessage.model_validate_json(publication.payload)
            except ValidationError:
                log.error("a damaged action is left out", id=publication.id)  # noqa: TRY400  its text is nonsense
            else:
                self._remember(publication.device_id, action)

    def admit(self, device_id: str, name: str) -> bool:
        """Say whether a robot may do one more thing now; one too many is counted, logged and reported."""
        try:
            self._limit.admit(device_id, name)
        except ProtocolError as error:
            self._meters.action_dropped(error.code)
            if self._limit.may_report(device_id):
                log.warning("an action was dropped", device_id=device_id, reason=str(error))
                self._outbox.error(error.message(), "brain")
            return False
        return True

    def act_now(self, device_id: str, action: ActionMessage) -> None:
        """Have a body do something that is of this moment: it is published beside the replies, and not stored."""
        self._outbox.act_now(device_id, action)
        self.given_out(device_id, [action])

    def given_out(self, device_id: str, actions: Iterable[ActionMessage]) -> None:
        """Take note of actions that were handed to the outbox."""
        self._expire()
        for action in actions:
            self._meters.action_sent()
            self._remember(device_id, action)

    def take(self, device_id: str, result: ActionResult) -> str | None:
        """Take what a robot says of an action, and return what the person is to be told; None where that is nothing.

        What it says of an action that is not known, or says once more, is counted and changes nothing. Nobody asked for
        the face that it makes, so a failure of that is counted alone.
        """
        action = self._settle(device_id, result.command_id)
        if action is None:
            self._meters.action_result_unknown()
            return None
        self._meters.action_ended(result.status)
        if result.status == "done" or self._is_face(device_id, action):
            return None
        detail = plain(result.detail or "")
        log.info(
            "an action came to nothing", device_id=device_id, action=action.action, status=result.status, detail=detail
        )
        fact = f"{action.action} failed: {detail}" if detail else f"{action.action} failed"
        self._deeds[device_id].failures.append((self._clock(), fact))
        declared = self._robots.robot(device_id).body.actions
        return self._wording().unsuccessful(result.status, action.action, detail, declared)

    def failures(self, device_id: str) -> tuple[str, ...]:
        """Return what failed lately and was not told to the model yet, each as a fact such as "move failed: stuck"."""
        deeds = self._deeds.get(device_id)
        if deeds is None:
            return ()
        since = self._clock() - REMEMBERED_S
        return tuple(fact for at, fact in deeds.failures if at > since)

    def answered(self, device_id: str, facts: str) -> None:
        """Take note that a turn was answered with these facts in mind: what failed of them is settled."""
        deeds = self._deeds.get(device_id)
        if deeds is not None:
            kept = [(at, fact) for at, fact in deeds.failures if fact not in facts.split("; ")]
            deeds.failures = deque(kept, maxlen=_FAILURES)

    def _is_face(self, device_id: str, action: ActionMessage) -> bool:
        face = self._robots.robot(device_id).body.face
        return face is not None and face.name == action.action

    def _remember(self, device_id: str, action: ActionMessage) -> None:
        deeds = self._deeds.setdefault(device_id, _Deeds())
        self._deeds.move_to_end(device_id)
        deeds.commands[action.command_id] = self._clock(), action
        if len(deeds.commands) > _COMMANDS:
            self._give_up_oldest(deeds)
        if len(self._deeds) > self._max_robots:
            _, forgotten = self._deeds.popitem(last=False)
            while forgotten.commands:
                self._give_up_oldest(forgotten)

    def _settle(self, device_id: str, command_id: str) -> ActionMessage | None:
        self._expire()
        deeds = self._deeds.get(device_id)
        _, action = deeds.commands.pop(command_id, (0.0, None)) if deeds else (0.0, None)
        return action

    def _expire(self) -> None:
        """Give up the actions of which nothing was heard in time."""
        since = self._clock() - REMEMBERED_S
        for deeds in self._deeds.values():
            while deeds.commands and next(iter(deeds.commands.values()))[0] <= since:
                self._give_up_oldest(deeds)

    def _give_up_oldest(self, deeds: _Deeds) -> None:
        deeds.commands.popitem(last=False)
        self._meters.action_unanswered()
