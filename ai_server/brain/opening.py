"""What the prompt of an utterance has before the words: what is true at the moment, and what was said so far."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from ai_server.brain.prompt import Exchange
from ai_server.brain.robots import Robots, Situation
from ai_server.llm.chat import ActionCall
from ai_server.memory.database import DatabaseError
from ai_server.memory.turns import PastTurn, Turns
from ai_server.protocol.terms import Emotion

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Past:
    """What a prompt tells of the time before it.

    Attributes:
        turns: of the conversation, from the oldest on.
        since: the id of the first of them; None where there are none.
    """

    turns: tuple[Exchange, ...] = ()
    since: int | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """When something is said, in local time with its zone, and what is true of the robot then."""

    now: datetime
    situation: Situation

    @property
    def facts(self) -> str:
        """The line of what is true, without its brackets."""
        return self.situation.facts(self.now)

    def spoken(self, emotion: Emotion | None, language: str | None) -> Moment:
        """Return this moment with how and in which language, by its English name, the person speaks.

        None tells nothing of the emotion, and is English.
        """
        felt = emotion or self.situation.person_emotion
        return replace(self, situation=replace(self.situation, person_emotion=felt, language=language))


@dataclass(frozen=True, slots=True)
class Opening:
    """The moment at which somebody begins to speak, and the past, which is being read: None where it cannot be."""

    moment: Moment
    past: asyncio.Task[Past | None]


class Openings:
    """Puts openings together.

    Args:
        robots: what is known of each robot now.
        failures: what a robot's body could not do lately, as facts.
        turns: what was said before.
        history_tokens: how much of the conversation is read.
        now: the local time, with its zone.
    """

    def __init__(
        self,
        *,
        robots: Robots,
        failures: Callable[[str], tuple[str, ...]],
        turns: Turns,
        history_tokens: int,
        now: Callable[[], datetime],
    ) -> None:
        self._robots = robots
        self._failures = failures
        self._turns = turns
        self._history_tokens = history_tokens
        self._now = now

    def moment(self, device_id: str) -> Moment:
        """Return what is true of a robot now."""
        situation = self._robots.situation(device_id)
        return Moment(self._now(), replace(situation, failures=self._failures(device_id)))

    def open(self, device_id: str, user_id: str | None) -> Opening:
        """Return the opening of what a person says to a robot now; the past is read from here on."""
        return Opening(self.moment(device_id), asyncio.create_task(self._read(device_id, user_id)))

    async def _read(self, device_id: str, user_id: str | None) -> Past | None:
        try:
            history = await self._turns.recent(device_id, user_id, self._history_tokens)
        except DatabaseError as error:
            log.error("the turns so far cannot be read", reason=str(error))  # noqa: TRY400  the reason says it all
            return None
        return Past(tuple(map(_exchange, history.turns)), since=history.turns[0].id if history.turns else None)


def _exchange(turn: PastTurn) -> Exchange:
    actions = tuple(ActionCall(action.action, action.arguments) for action in turn.actions)
    return Exchange(turn.facts, turn.words, turn.emotion, turn.text, actions)
