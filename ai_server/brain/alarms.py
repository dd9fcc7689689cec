"""The clock that has timers, alarms and reminders fire."""

from __future__ import annotations

import asyncio
import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import groupby
from operator import attrgetter

import structlog
from sqlalchemy import Connection

from ai_server.brain.alarm_words import AlarmWords, Fired
from ai_server.brain.hostclock import SET_S, Clock
from ai_server.brain.recurrence import next_moment
from ai_server.brain.skills.sayings import Sayings
from ai_server.brain.skills.skill import Answer
from ai_server.brain.speaker import Speaker
from ai_server.memory.reminders import Firing, Kind, NewReminder, Reminder, Reminders, fire
from ai_server.memory.storage.database import DatabaseError

log = structlog.get_logger(__name__)

AGAIN_S = 1.0
"""What the database refused is tried again so soon."""

_SET_BACK_FAR_S = 86_400.0
"""Once the clock was set back by more, what repeats is told by it anew: it may have been wrong by years."""

_SNOOZED_WITHIN = timedelta(hours=1)
"""What fired longer ago is not put off by somebody who wants to sleep on."""


@dataclass(frozen=True, slots=True)
class After:
    """In so many seconds from now, whatever happens to the clock on the wall."""

    seconds: float


@dataclass(frozen=True, slots=True)
class At:
    """When the clock on the wall shows this; `repeats` as `recurrence.weekdays` takes it, from then on."""

    moment: datetime
    repeats: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants to be told; the fields are those of `NewReminder`."""

    device_id: str
    user_id: str = ""
    kind: Kind
    language: str
    name: str | None = None
    text: str | None = None


class Alarms:
    """Keeps what people want to be told, and has the robot tell it in time, each once.

    What counts elapsed time goes by a clock that nobody sets; while this runs, what is stored of it moves with the
    clock on the wall. What was set to a moment follows the clock on the wall, in the host's time zone.

    Args:
        reminders: where they are kept.
        sayings: what is said now; the files may be edited while this runs.
        clock: of the host.

    Attributes:
        zone: the host's.
    """

    def __init__(self, *, reminders: Reminders, sayings: Callable[[], Sayings], clock: Clock) -> None:
        self.zone = clock.zone
        self._reminders = reminders
        self._words = AlarmWords(sayings, clock.zone)
        self._clock = clock
        self._ahead = clock.wall() - clock.steady()
        """How far the clock on the wall is ahead of the steady one, as far as what is stored knows."""
        self._began = self.now()
        self._next_by_wall = math.inf
        self._next_elapsed = math.inf
        """Both in seconds since 1970, by the clock that each follows."""
        self._changed = asyncio.Event()
        self._changed.set()
        self._clock_is_set = asyncio.Lock()
        self._ringing: dict[str, asyncio.Task[None]] = {}

    def now(self) -> datetime:
        """Return the time on the wall, with the host's time zone."""
        return datetime.fromtimestamp(self._clock.wall(), self.zone)

    def left(self, reminder: Reminder) -> timedelta:
        """Return how long it is until one fires; nothing, once it has."""
        if reminder.due_at is None:
            return timedelta(0)
        return max(timedelta(0), reminder.due_at - (self._elapsed_now() if reminder.elapsed else self.now()))

    def due_on_the_wall(self, reminder: Reminder) -> datetime:
        """Return what the clock on the wall will show when one fires, in the host's time zone."""
        if reminder.due_at is not None and not reminder.elapsed:
            return reminder.due_at.astimezone(self.zone)
        return (self.now().astimezone(UTC) + self.left(reminder)).astimezone(self.zone)

    async def set(self, wish: Wish, when: After | At) -> Reminder:
        """Promise to tell something; when this returns the promise is on the disk.

        Raises:
            TooManyRemindersError: if there is no room for one more.
            DatabaseError: if it could not be stored.
        """
        async with self._clock_is_set:
            stored = await self._reminders.add(self._new(wish, when), self.now())
        self._changed.set()
        return stored

    async def pending(self, device_id: str) -> list[Reminder]:
        """Return what a robot is to tell, the next first; raises DatabaseError."""
        return sorted(await self._reminders.pending(device_id), key=self.left)

    async def cancel(self, cancelled: Sequence[Reminder]) -> list[Reminder]:
        """Take promises back; return those that were not kept yet; raises DatabaseError."""
        gone = await self._reminders.cancel(cancelled)
        self._changed.set()
        return gone

    async def snooze(self, device_id: str, seconds: float) -> bool:
        """Have what a robot told last tell it once more; False where it told nothing in the last hour.

        Raises:
            TooManyRemindersError: if there is no room for that.
            DatabaseError: if it could not be read or stored.
        """
        async with self._clock_is_set:
            fired = await self._reminders.last_fired(device_id, self.now() - _SNOOZED_WITHIN)
            await self._reminders.put_off(fired, self._after(seconds), self.now())
        self._changed.set()
        return bool(fired)

    async def run(self, speaker: Speaker) -> None:
        """Have `speaker` say what is due, until cancelled; what fell due before this began, at once."""
        try:
            while True:
                follows = await self._follow_the_wall()
                if self._changed.is_set() or self._left_s() == 0:
                    self._changed.clear()
                    await self._look(speaker)
                await self._clock.wait(self._changed, self._left_s(at_most=None if follows else AGAIN_S))
        finally:
            ringing = list(self._ringing.values())
            for task in ringing:
                task.cancel()
            if ringing:
                await asyncio.wait(ringing)

    def _new(self, wish: Wish, when: After | At) -> NewReminder:
        told = {"device_id": wish.device_id, "user_id": wish.user_id, "kind": wish.kind, "language": wish.language}
        named = {"name": wish.name, "text": wish.text}
        if isinstance(when, After):
            due_at = self._after(when.seconds)
            return NewReminder(**told, **named, due_at=due_at, elapsed=True, duration_s=when.seconds)
        local_time = when.moment.astimezone(self.zone).time().isoformat() if when.repeats else None
        return NewReminder(
            **told,
            **named,
            due_at=when.moment.astimezone(UTC),
            elapsed=False,
            repeats=when.repeats,
            local_time=local_time,
        )

    def _elapsed(self) -> float:
        """Return the time that the moments of what counts elapsed time are told by, in seconds since 1970."""
        return self._ahead + self._clock.steady()

    def _elapsed_now(self) -> datetime:
        return datetime.fromtimestamp(self._elapsed(), UTC)

    def _after(self, seconds: float) -> datetime:
        return self._elapsed_now() + timedelta(seconds=seconds)

    def _left_s(self, at_most: float | None = None) -> float | None:
        """Return how long nothing is to be done unless something changes; None for as long as that takes."""
        left = min(self._next_by_wall - self._clock.wall(), self._next_elapsed - self._elapsed())
        return at_most if left == math.inf else max(0.0, left if at_most is None else min(left, at_most))

    async def _follow_the_wall(self) -> bool:
        """Keep up with a clock on the wall that was set; False where the database does not let it."""
        set_by = self._clock.wall() - self._clock.steady() - self._ahead
        if abs(set_by) < SET_S:
            return True
        try:
            async with self._clock_is_set:
                await self._reminders.shift_elapsed(timedelta(seconds=set_by))
                self._ahead += set_by
            if set_by < -_SET_BACK_FAR_S:
                await self._reminders.move([(each, self._next(each)) for each in await self._reminders.repeated()])
        except DatabaseError as error:
            log.error("timers do not follow the clock, which was set", reason=str(error))  # noqa: TRY400
            return False
        log.info("the clock was set", by_s=round(set_by, 3))
        self._changed.set()
        return True

    async def _look(self, speaker: Speaker) -> None:
        """Have everything that is due told, and find out when the next is."""
        now, elapsed_now = self.now(), self._elapsed_now()
        try:
            outlook = await self._reminders.outlook(now, elapsed_now)
        except DatabaseError as error:
            log.error("what is due cannot be read", reason=str(error))  # noqa: TRY400
            self._next_by_wall, self._next_elapsed = math.inf, elapsed_now.timestamp() + AGAIN_S
            return
        self._next_by_wall, self._next_elapsed = _timestamp(outlook.next_by_wall), _timestamp(outlook.next_elapsed)
        of_robot = attrgetter("device_id")
        for device_id, ringing in groupby(sorted(outlook.due, key=of_robot), of_robot):
            if device_id not in self._ringing:
                task = asyncio.create_task(self._ring(device_id, list(ringing), speaker))
                self._ringing[device_id] = task
                task.add_done_callback(functools.partial(self._on_rung, device_id))

    async def _ring(self, device_id: str, due: list[Reminder], speaker: Speaker) -> None:
        """Have a robot tell what is due; what turns out to be cancelled meanwhile is looked at again."""
        now, of_person = self.now().astimezone(UTC), attrgetter("user_id")
        try:
            for _, theirs in groupby(sorted(due, key=of_person), of_person):
                await self._tell(list(theirs), now, speaker)
        except DatabaseError as error:
            log.error("what is due waits for the database", device_id=device_id, reason=str(error))  # noqa: TRY400
            await asyncio.sleep(AGAIN_S)

    async def _tell(self, due: Sequence[Reminder], now: datetime, speaker: Speaker) -> None:
        """Have a robot tell one person what is due."""
        fired = [Fired(each, *self._told_at(each, now)) for each in due]
        firings = [
            Firing(each.reminder, self._next(each.reminder) if each.reminder.repeats else None) for each in fired
        ]

        def within(connection: Connection) -> bool:
            return fire(connection, firings, now)

        first = due[0]
        await speaker.say(
            first.device_id,
            Answer(self._words.fired(fired, now, first.language)),
            user_id=first.user_id,
            intent=f"{first.kind}_due",
            request_id=_request_id(first),
            language=first.language,
            within=within,
        )

    def _on_rung(self, device_id: str, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            # This robot's are not tried again before the next start: they would fail as often.
            log.error("a robot cannot tell what is due", device_id=device_id, exc_info=error)
            return
        del self._ringing[device_id]
        self._changed.set()

    def _told_at(self, reminder: Reminder, now: datetime) -> tuple[datetime, bool]:
        """Return when one was to be told, and whether nobody was there to do it."""
        due_at = reminder.due_at or now
        if reminder.elapsed:
            due_at = now - (self._elapsed_now() - due_at)
        if reminder.repeats and reminder.local_time:
            due_at = self._last_missed(reminder, due_at, now)
        return due_at, due_at < self._began

    def _last_missed(self, reminder: Reminder, due_at: datetime, now: datetime) -> datetime:
        """Return when one that repeats was to be told last."""
        while (again := self._next(reminder, due_at)) <= now:
            due_at = again
        return due_at

    def _next(self, reminder: Reminder, after: datetime | None = None) -> datetime:
        """Return when one that repeats is to be told next."""
        time_of_day = time.fromisoformat(reminder.local_time or "00:00")
        return next_moment(time_of_day, after or self.now(), self.zone, reminder.repeats or "daily")


def _timestamp(moment: datetime | None) -> float:
    return moment.timestamp() if moment else math.inf


def _request_id(first: Reminder) -> str:
    """Return an id that is the same whenever this firing is tried, and no other's."""
    due_ms = int(first.due_at.timestamp() * 1000) if first.due_at else 0
    return f"{first.kind}-{first.id}-{due_ms}"
