"""What the prompt of an utterance has before the words: what is true at the moment, and the past."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ai_server.brain.past import Past
from ai_server.brain.robots import Robots, Situation
from ai_server.protocol.terms import Emotion


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
        read: returns what is behind what a person says to a robot now; None where it cannot be read.
        now: the local time, with its zone.
    """

    def __init__(
        self,
        *,
        robots: Robots,
        failures: Callable[[str], tuple[str, ...]],
        read: Callable[[str, str | None], Coroutine[Any, Any, Past | None]],
        now: Callable[[], datetime],
    ) -> None:
        self._robots = robots
        self._failures = failures
        self._read = read
        self._now = now

    def moment(self, device_id: str) -> Moment:
        """Return what is true of a robot now."""
        situation = self._robots.situation(device_id)
        return Moment(self._now(), replace(situation, failures=self._failures(device_id)))

    def open(self, device_id: str, user_id: str | None, moment: Moment | None = None) -> Opening:
        """Return the opening of what a person says to a robot at a moment, or now; the past is read from here on."""
        return Opening(moment or self.moment(device_id), asyncio.create_task(self._read(device_id, user_id)))
