"""Alarms between a real database and a real outbox, under clocks that only a test moves."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ai_server import resources
from ai_server.brain.alarms import Alarms
from ai_server.brain.hostclock import LOOK_S
from ai_server.brain.robots import Robots
from ai_server.brain.skills.sayings import Sayings
from ai_server.brain.skills.skill import Answer
from ai_server.brain.wording import Wording
from ai_server.dialogue.deeds import Deeds
from ai_server.dialogue.limits import ActionLimit
from ai_server.dialogue.speaking_first import SpeakingFirst
from ai_server.memory.reminders import Reminders
from ai_server.memory.storage.database import Database
from ai_server.memory.turns import Turns
from ai_server.memory.undelivered import Undelivered
from ai_server.mqtt.connection import Connection, Publication
from ai_server.mqtt.options import BrokerOptions
from ai_server.mqtt.outbox import Outbox
from ai_server.telemetry.meters import Meters
from tests.acting import delivery_of
from tests.migrated import make_database

SAYINGS = Sayings.load(resources.config_dir() / "phrases" / "skills")
WORDING = Wording.load(resources.config_dir() / "phrases" / "actions.toml")
BERLIN = ZoneInfo("Europe/Berlin")
WEDNESDAY = datetime(2026, 3, 25, 10, 0, tzinfo=BERLIN)
"""Four days before the clocks go forward there."""


class SimulatedClock:
    """Two clocks that stand still until a test lets time pass; what then waits for them waits no real time.

    Args:
        start: what the clock on the wall shows first.
        zone: where it hangs.

    Attributes:
        ahead: how far the clock on the wall is ahead of the steady one, in seconds.
    """

    def __init__(self, start: datetime = WEDNESDAY, zone: tzinfo = BERLIN) -> None:
        self.zone = zone
        self.busy: dict[str, asyncio.Task[None]] = {}
        """Time stands still while one of these runs."""
        self._steady = self._until = 0.0
        self._noticed_at = math.inf
        self.ahead = start.timestamp()
        self._passes = asyncio.Event()
        self._stands_still = asyncio.Event()

    def wall(self) -> float:
        return self.ahead + self._steady

    def steady(self) -> float:
        return self._steady

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.wall(), self.zone)

    def set_by(self, by: timedelta) -> None:
        """Set the clock on the wall; whoever waits notices after as long as on a host."""
        self.ahead += by.total_seconds()
        self._noticed_at = self._steady + LOOK_S

    def skip(self, span: timedelta) -> None:
        """Let time pass while nobody waits for it."""
        self._steady = self._until = self._until + span.total_seconds()

    async def run(self, span: timedelta) -> None:
        """Let time pass for the one who waits; return once it has, and nothing is left to be done."""
        self._until += span.total_seconds()
        self._stands_still.clear()
        self._passes.set()
        await self._stands_still.wait()

    async def wait(self, event: asyncio.Event, timeout_s: float | None) -> None:
        if self.busy:
            await asyncio.wait(list(self.busy.values()))
        until = math.inf if timeout_s is None else self._steady + timeout_s
        while not event.is_set():
            until = min(until, self._noticed_at)
            if until <= self._until:
                self._steady = until
                self._noticed_at = math.inf if until == self._noticed_at else self._noticed_at
                return
            self._steady = self._until
            self._passes.clear()
            self._stands_still.set()
            waiting = [asyncio.ensure_future(each.wait()) for each in (event, self._passes)]
            try:
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for each in waiting:
                    each.cancel()


class House:
    """Alarms, and what they speak through, on a database file; `open` and `close` as often as the daemon starts.

    Its outbox connects to no broker, but where a test starts its `connection` and has its `outbox` run.

    Attributes:
        answering: what each robot is saying now.
        said: what was said first, as it was said: by the clock on the wall and by the steady one.
    """

    def __init__(
        self,
        path: Path,
        clock: SimulatedClock | None = None,
        max_per_robot: int = 1000,
        broker: BrokerOptions | None = None,
    ) -> None:
        self.path = make_database(path)
        self._options = broker or BrokerOptions("127.0.0.1")
        self.clock = clock or SimulatedClock()
        self.said: list[tuple[str, float, float]] = []
        self._max_per_robot = max_per_robot
        self.answering: dict[str, asyncio.Future[None]] = {}

    async def open(self) -> None:
        self.database = await Database.open(self.path)
        self.turns, self.undelivered = Turns(self.database), Undelivered(self.database)
        self.reminders = Reminders(self.database, max_per_robot=self._max_per_robot, max_in_all=10_000)
        self.connection = Connection(
            options=self._options,
            subscriptions=(),
            will=Publication("naila/ai/status", b""),
            on_connected=lambda: None,
        )
        self.outbox = Outbox(self.connection, self.undelivered)
        self.robots = Robots(max_robots=100, max_sensors=8)
        meters = Meters()
        deeds = Deeds(
            limit=ActionLimit(rate_per_device=1000, max_robots=8, may_report=lambda _: True),
            wording=lambda: WORDING,
            robots=self.robots,
            undelivered=self.undelivered,
            outbox=self.outbox,
            meters=meters,
            max_robots=8,
        )
        self.speaking = SpeakingFirst(
            robots=self.robots,
            turns=self.turns,
            delivery=delivery_of(self.robots, self.turns, self.outbox, meters, self.database),
            outbox=self.outbox,
            deeds=deeds,
            answering=self.answering.get,
            meters=meters,
            action_ttl=timedelta(seconds=30),
        )
        self.alarms = Alarms(reminders=self.reminders, sayings=lambda: SAYINGS, clock=self.clock)
        self.clock.busy = self.alarms._ringing
        self._running = asyncio.create_task(self.alarms.run(self))

    async def say(self, device_id: str, answer: Answer, **how: Any) -> bool:
        """Speak first, and keep what was said."""
        was_said = await self.speaking.say(device_id, answer, **how)
        if was_said:
            self.said.append((answer.text, self.clock.wall(), self.clock.steady()))
        return was_said

    async def stop(self) -> None:
        """End what rings, as a daemon does before it closes the database."""
        self._running.cancel()
        await asyncio.wait([self._running])

    async def close(self) -> None:
        await self.stop()
        await self.database.close()

    async def run(self, **span: float) -> list[str]:
        """Let time pass, `minutes=5` such as; return what was said in that time."""
        before = len(self.said)
        passing = asyncio.create_task(self.clock.run(timedelta(**span)))
        await asyncio.wait([passing, self._running], return_when=asyncio.FIRST_COMPLETED)
        if self._running.done():
            passing.cancel()
            self._running.result()
        await passing
        return [text for text, _, _ in self.said[before:]]

    async def publications(self) -> list[dict[str, Any]]:
        """What waits on the disk to be published."""
        return [json.loads(each.payload) for each in await self.undelivered.after(0, 100_000)]


@asynccontextmanager
async def house(path: Path, clock: SimulatedClock | None = None, **more: Any) -> AsyncIterator[House]:
    """A house that is open until the block ends."""
    opened = House(path, clock, **more)
    await opened.open()
    try:
        yield opened
    finally:
        await opened.close()


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something holds."""
    while not condition():  # noqa: ASYNC110  what is waited for tells nobody
        await asyncio.sleep(0.001)
