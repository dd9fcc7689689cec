"""Timers, alarms and reminders, kept from when they are promised until they have fired."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, and_, bindparam, delete, func, insert, or_, select, update

from ai_server.masking import unmasked
from ai_server.memory.schema import reminders
from ai_server.memory.storage.database import Database
from ai_server.memory.storage.rows import read_rows

Kind = Literal["timer", "alarm", "reminder"]
KINDS: tuple[Kind, ...] = ("timer", "alarm", "reminder")

FORGOTTEN_AFTER = timedelta(days=1)
"""One that fired so long ago cannot be put off any more."""

_LOOKED_AHEAD = 8
"""So many of the next ones are read to find the next: a row that a disk damaged is left out."""

_OF_ID = reminders.c.id == bindparam("of_id")
_OF_DEVICE = reminders.c.device_id == bindparam("of_device")
_PENDING = reminders.c.due_at.is_not(None)

_ADD = insert(reminders).returning(reminders.c.id)
_DELETE = delete(reminders).where(_OF_ID, _PENDING)
_PENDING_OF_DEVICE = select(reminders).where(_OF_DEVICE, _PENDING).order_by(reminders.c.due_at, reminders.c.id)
_COUNT = select(func.count()).select_from(reminders).where(_PENDING)
_COUNT_OF_DEVICE = _COUNT.where(_OF_DEVICE)
_DUE = (
    select(reminders)
    .where(
        _PENDING,
        or_(
            and_(~reminders.c.elapsed, reminders.c.due_at <= bindparam("clock")),
            and_(reminders.c.elapsed, reminders.c.due_at <= bindparam("elapsed_clock")),
        ),
    )
    .order_by(reminders.c.due_at, reminders.c.id)
)
_NEXT = (
    select(reminders)
    .where(reminders.c.elapsed == bindparam("counts_elapsed"), reminders.c.due_at > bindparam("after"))
    .order_by(reminders.c.due_at)
    .limit(_LOOKED_AHEAD)
)
_LAST_FIRED = (
    select(reminders)
    .where(_OF_DEVICE, reminders.c.fired_at >= bindparam("since"))
    .order_by(reminders.c.fired_at.desc(), reminders.c.id)
)
_IS_DUE = select(reminders.c.id).where(_OF_ID, reminders.c.due_at == bindparam("was_due_at"))
_FIRE = update(reminders).where(_OF_ID).values(due_at=bindparam("next_due_at"), fired_at=bindparam("at"))
_FORGET = delete(reminders).where(~_PENDING, reminders.c.fired_at < bindparam("before"))
_PUT_OFF = update(reminders).where(_OF_ID).values(due_at=bindparam("new_due_at"), elapsed=True, fired_at=None)
_SETTLE = update(reminders).where(_OF_ID).values(fired_at=None)
_MOVE = update(reminders).where(_OF_ID).values(due_at=bindparam("new_due_at"))
_ALL_ELAPSED = select(reminders).where(_PENDING, reminders.c.elapsed)
_ALL_REPEATED = select(reminders).where(_PENDING, reminders.c.repeats.is_not(None))


class NewReminder(BaseModel):
    """What a person wants to be told, and when.

    Attributes:
        device_id: the robot that tells.
        user_id: who set it; empty for somebody whom the robot did not know.
        kind: what the person called it.
        name: what it is called; None where it has no name.
        text: what to remind of; None for a timer or an alarm.
        language: what it is told in, a primary tag of BCP 47.
        due_at: when it fires next; None once it has fired for the last time.
        elapsed: whether it counts elapsed time, rather than follow the clock on the wall.
        duration_s: how long a timer runs; None of what was set to a moment.
        repeats: when it fires again, such as `weekdays`; None where it fires once.
        local_time: the time of the day, `HH:MM:SS`, of one that repeats.
    """

    model_config = ConfigDict(frozen=True)

    device_id: str
    user_id: str = ""
    kind: Kind
    language: str
    due_at: datetime | None
    elapsed: bool
    name: str | None = None
    text: str | None = None
    duration_s: float | None = None
    repeats: str | None = None
    local_time: str | None = None


class Reminder(NewReminder):
    """A timer, an alarm or a reminder on the disk.

    Attributes:
        id: never used again.
        set_at: when it was promised.
        fired_at: when it fired last, unless it was put off since; None before.
    """

    id: int
    set_at: datetime
    fired_at: datetime | None = None


class TooManyRemindersError(Exception):
    """There is no room for one more.

    Attributes:
        limit: so many there are already, of this robot or of all of them.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(f"there are {limit} timers, alarms and reminders already")
        self.limit = limit


@dataclass(frozen=True, slots=True)
class Firing:
    """One that fires: as it was read, and when it fires again; None for never."""

    reminder: Reminder
    next_due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is due, the oldest first, and when the next is after that; None where there is none.

    Attributes:
        due: whose time has come.
        next_by_wall: of those that follow the clock on the wall.
        next_elapsed: of those that count elapsed time.
    """

    due: list[Reminder]
    next_by_wall: datetime | None
    next_elapsed: datetime | None


class Reminders:
    """The timers, alarms and reminders of all robots. Every method can raise `DatabaseError`.

    Args:
        database: where they are kept.
        max_per_robot: so many of one robot may be pending.
        max_in_all: so many of all robots together.
        mask: what becomes of what to remind of.
    """

    def __init__(
        self,
        database: Database,
        *,
        max_per_robot: int,
        max_in_all: int,
        mask: Callable[[str], str] = unmasked,
    ) -> None:
        self._database = database
        self._mask = mask
        self._max_per_robot = max_per_robot
        self._max_in_all = max_in_all

    async def add(self, new: NewReminder, now: datetime) -> Reminder:
        """Put one on the disk; return it as it is stored.

        Raises:
            TooManyRemindersError: if there is no room.
        """
        kept = new.model_copy(update={"text": self._mask(new.text)}) if new.text else new
        return await self._database.run(lambda connection: self._add(connection, kept, now))

    async def pending(self, device_id: str) -> list[Reminder]:
        """Return those of a robot that are to fire, the next one first."""
        values = {"of_device": device_id}
        return await self._database.read(
            lambda connection: read_rows(connection, reminders, _PENDING_OF_DEVICE, values, Reminder.model_validate)
        )

    async def cancel(self, cancelled: Sequence[Reminder]) -> list[Reminder]:
        """Delete some; return those that were still to fire."""
        return await self._database.run(
            lambda connection: [each for each in cancelled if connection.execute(_DELETE, {"of_id": each.id}).rowcount]
        )

    async def last_fired(self, device_id: str, since: datetime) -> list[Reminder]:
        """Return those of a robot that fired last, together, at that moment or after it, and were not put off since."""
        values = {"of_device": device_id, "since": since}
        found = await self._database.read(
            lambda connection: read_rows(connection, reminders, _LAST_FIRED, values, Reminder.model_validate)
        )
        return [each for each in found if each.fired_at == found[0].fired_at]

    async def put_off(self, fired: Sequence[Reminder], due_at: datetime, now: datetime) -> None:
        """Have some that fired do so once more, in elapsed time; what repeats goes on as before beside that.

        Raises:
            TooManyRemindersError: if there is no room for all of them.
        """

        def work(connection: Connection) -> None:
            for each in fired:
                self._put_off(connection, each, due_at, now)

        await self._database.run(work)

    async def outlook(self, clock: datetime, elapsed_clock: datetime) -> Outlook:
        """Return what is due, and when the next is, by the two clocks that reminders follow."""
        return await self._database.read(lambda connection: _outlook(connection, clock, elapsed_clock))

    async def repeated(self) -> list[Reminder]:
        """Return those that are to fire again and again."""
        return await self._database.read(
            lambda connection: read_rows(connection, reminders, _ALL_REPEATED, {}, Reminder.model_validate)
        )

    async def move(self, moved: Sequence[tuple[Reminder, datetime]]) -> None:
        """Have some fire at other moments."""
        values = [{"of_id": reminder.id, "new_due_at": due_at} for reminder, due_at in moved]
        if values:
            await self._database.run(lambda connection: connection.execute(_MOVE, values).close())

    async def shift_elapsed(self, by: timedelta) -> None:
        """Move all that count elapsed time, because the clock that their moments are told by was set by so much."""

        def work(connection: Connection) -> None:
            counting = read_rows(connection, reminders, _ALL_ELAPSED, {}, Reminder.model_validate)
            values = [{"of_id": each.id, "new_due_at": each.due_at + by} for each in counting if each.due_at]
            if values:
                connection.execute(_MOVE, values)

        await self._database.run(work)

    def _add(self, connection: Connection, new: NewReminder, now: datetime) -> Reminder:
        self._require_room(connection, new.device_id)
        row = {**{name: getattr(new, name) for name in NewReminder.model_fields}, "set_at": now.astimezone(UTC)}
        return Reminder(id=connection.execute(_ADD, row).scalar_one(), **row)

    def _put_off(self, connection: Connection, fired: Reminder, due_at: datetime, now: datetime) -> None:
        if fired.due_at is None:
            self._require_room(connection, fired.device_id)
            connection.execute(_PUT_OFF, {"of_id": fired.id, "new_due_at": due_at})
            return
        once = {"due_at": due_at, "elapsed": True, "repeats": None, "local_time": None}
        self._add(connection, fired.model_copy(update=once), now)
        connection.execute(_SETTLE, {"of_id": fired.id})

    def _require_room(self, connection: Connection, device_id: str) -> None:
        if connection.execute(_COUNT_OF_DEVICE, {"of_device": device_id}).scalar_one() >= self._max_per_robot:
            raise TooManyRemindersError(self._max_per_robot)
        if connection.execute(_COUNT).scalar_one() >= self._max_in_all:
            raise TooManyRemindersError(self._max_in_all)


def _outlook(connection: Connection, clock: datetime, elapsed_clock: datetime) -> Outlook:
    values = {"clock": clock, "elapsed_clock": elapsed_clock}
    due = read_rows(connection, reminders, _DUE, values, Reminder.model_validate)
    return Outlook(due, _next(connection, clock, elapsed=False), _next(connection, elapsed_clock, elapsed=True))


def _next(connection: Connection, after: datetime, *, elapsed: bool) -> datetime | None:
    values = {"after": after, "counts_elapsed": elapsed}
    found = read_rows(connection, reminders, _NEXT, values, Reminder.model_validate)
    return found[0].due_at if found else None


def fire(connection: Connection, firings: Sequence[Firing], at: datetime) -> bool:
    """Note, within the transaction that stores what is said of them, that these have fired.

    Returns:
        False if any of them was cancelled or moved since it was read: nothing was written then.
    """
    for each in firings:
        values = {"of_id": each.reminder.id, "was_due_at": each.reminder.due_at}
        if connection.execute(_IS_DUE, values).first() is None:
            return False
    for each in firings:
        connection.execute(_FIRE, {"of_id": each.reminder.id, "next_due_at": each.next_due_at, "at": at})
    connection.execute(_FORGET, {"before": at - FORGOTTEN_AFTER})
    return True
