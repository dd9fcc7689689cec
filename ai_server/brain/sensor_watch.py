"""Has robots speak by the rules, as their sensors' readings come in: once, until the sensor was back."""

from __future__ import annotations

import asyncio
import functools
import uuid
from collections.abc import Callable, Coroutine
from datetime import datetime

import structlog
from sqlalchemy import Connection

from ai_server.bounded import Newest
from ai_server.brain.robots import Robots, Situation
from ai_server.brain.rules import Rule, Rules
from ai_server.brain.skills.sayings import Sayings
from ai_server.brain.skills.skill import Answer
from ai_server.brain.speaker import Speaker
from ai_server.memory.said_rules import SaidRule, SaidRules
from ai_server.memory.storage.database import DatabaseError

log = structlog.get_logger(__name__)

_Key = tuple[str, str]


class SensorWatch:
    """Knows of each rule and robot whether the robot has spoken, also after a restart.

    Args:
        rules: those of now; the file may be edited while this runs.
        said: where it is kept when they made a robot speak.
        speaker: says it.
        robots: which language each is spoken to in.
        sayings: how numbers are said.
    """

    def __init__(
        self,
        *,
        rules: Callable[[], Rules],
        said: SaidRules,
        speaker: Speaker,
        robots: Robots,
        sayings: Callable[[], Sayings],
    ) -> None:
        self._rules = rules
        self._said_rules = said
        self._speaker = speaker
        self._robots = robots
        self._sayings = sayings
        self._said = Newest[_Key, SaidRule](said.max_kept)
        self._at_it: dict[_Key, asyncio.Task[None]] = {}

    async def load(self) -> None:
        """Remember what an earlier process said.

        Raises:
            DatabaseError: if it cannot be read.
        """
        self._said.update(await self._said_rules.load())

    def reading(self, device_id: str, situation: Situation, now: datetime) -> None:
        """Look at what is true of a robot, because a sensor told something; what is to be said is said soon.

        Args:
            device_id: the robot.
            situation: what is true of it.
            now: with the host's time zone.
        """
        for rule in self._rules().rules:
            key = device_id, rule.name
            if key in self._at_it:
                continue
            said = self._said.get(key)
            if said is not None and said.holds:
                if rule.is_over(situation):
                    self._begin(key, self._rearm(key, said))
            elif rule.begins(situation) and not _is_silent(rule, said, now):
                self._begin(key, self._speak(key, rule, situation, now))

    def _begin(self, key: _Key, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._at_it[key] = task
        task.add_done_callback(functools.partial(self._on_done, key))

    def _on_done(self, key: _Key, task: asyncio.Task[None]) -> None:
        del self._at_it[key]
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("a rule failed", device_id=key[0], rule=key[1], exc_info=error)

    async def _speak(self, key: _Key, rule: Rule, situation: Situation, now: datetime) -> None:
        device_id = key[0]
        language = self._robots.robot(device_id).language or "en"
        text, spoken = rule.words(situation, language, self._sayings().form(language).number)

        def within(connection: Connection) -> bool:
            self._said_rules.note(connection, device_id, rule.name, now)
            return True

        try:
            await self._speaker.say(
                device_id,
                Answer(text, rule.emotion),
                intent=f"rule_{rule.name}",
                request_id=f"rule-{uuid.uuid4().hex}",
                language=spoken,
                within=within,
            )
        except DatabaseError as error:
            log.error("a rule waits for the database", device_id=device_id, rule=rule.name, reason=str(error))  # noqa: TRY400
            return
        self._said[key] = SaidRule(now, holds=True)

    async def _rearm(self, key: _Key, said: SaidRule) -> None:
        try:
            await self._said_rules.rearm(*key)
        except DatabaseError as error:
            log.error("a rule waits for the database", device_id=key[0], rule=key[1], reason=str(error))  # noqa: TRY400
            return
        self._said[key] = SaidRule(said.said_at, holds=False)


def _is_silent(rule: Rule, said: SaidRule | None, now: datetime) -> bool:
    """Say whether it is not the time to speak."""
    too_soon = said is not None and now - said.said_at < rule.every
    return too_soon or (rule.quiet is not None and rule.quiet.include(now))
