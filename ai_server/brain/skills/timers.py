"""Timers, alarms and reminders: set, told of, taken back and put off."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import structlog

from ai_server.brain.alarm_words import AlarmWords, Pending
from ai_server.brain.alarms import After, At, Wish
from ai_server.brain.recurrence import moment, next_moment, weekdays
from ai_server.brain.skills.parts import Parts
from ai_server.brain.skills.skill import Answer, Question, Skill
from ai_server.brain.skills.tool import number_of, takes, text, words_of
from ai_server.memory.reminders import KINDS, Kind, Reminder, TooManyRemindersError
from ai_server.memory.storage.database import DatabaseError

log = structlog.get_logger(__name__)

SNOOZE_S = 600.0
"""What fired is told again after so long, where nobody says when."""

_LONGEST_DAYS = 366
_MOST_TOLD = 10
"""Of more than these nobody listens to the rest."""

_LONGEST_NAME = 60
_LONGEST_TEXT = 200
_HALF_A_DAY = timedelta(hours=12)
_PARTS_OF_DAY = {"morning": time(8), "afternoon": time(15), "evening": time(19), "night": time(21)}
"""When somebody means who says no more than that."""

_EARLIEST_NIGHT = 6
"""An hour of a clock of 12 that is at night, and smaller than this, is after midnight."""

_ALL = re.compile(
    r"\b(all|every (one|timer|alarm|reminder)|everything|both|tod[oa]s|amb[oa]s|alle|sämtliche|beide)\b", re.IGNORECASE
)
_SPACES = re.compile(r"[\s\[\]{}<>]+")

_NAME = text("what it is called", _LONGEST_NAME)
_DURATION: Mapping[str, Any] = {
    "type": "number",
    "minimum": 1,
    "maximum": _LONGEST_DAYS * 86_400,
    "description": "seconds from now",
}
_TIME: Mapping[str, Any] = {"type": "string", "pattern": r"^\d\d:\d\d$", "description": "HH:MM, of 24 hours"}
_DATE: Mapping[str, Any] = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d$", "description": "YYYY-MM-DD"}
_REPEATS = text("daily, weekdays, weekends, or days such as monday,friday")
_EVERY_ONE: Mapping[str, Any] = {"type": "boolean", "description": "true for all of them"}


def skills(parts: Parts) -> Iterable[Skill]:
    """Return the skills of this module."""
    for kind in KINDS:
        yield from (SetReminder(parts, kind), TellReminders(parts, kind), CancelReminders(parts, kind))
    yield Snooze(parts)


class _ObjectionError(Exception):
    """Something is missing or cannot be; the message is the key of what is said, `values` are its placeholders.

    `choices` are what to choose from, where that is what is asked.
    """

    def __init__(self, key: str, *, choices: Sequence[str] = (), **values: object) -> None:
        super().__init__(key)
        self.choices = tuple(choices)
        self.values = values


class _AboutReminders:
    """What the skills of this module have in common: they say what goes wrong."""

    def __init__(self, parts: Parts) -> None:
        self._alarms = parts.alarms
        self._words = AlarmWords(parts.sayings, parts.alarms.zone)

    async def answer(self, question: Question) -> Answer:
        """Answer, also where something is missing, too much, or cannot be stored."""
        try:
            return Answer(await self._reply(question))
        except _ObjectionError as objection:
            asked = self._words.say(question.language, str(objection), **objection.values)
            return Answer(asked, choices=objection.choices)
        except TooManyRemindersError as full:
            return Answer(self._words.say(question.language, "full", count=full.limit), "sad")
        except DatabaseError as error:
            log.error("a reminder cannot be read or stored", device_id=question.device_id, reason=str(error))  # noqa: TRY400
            return Answer(self._words.say(question.language, "not_kept"), "sad")

    async def _reply(self, question: Question) -> str:
        raise NotImplementedError

    def _seen(self, reminder: Reminder) -> Pending:
        return Pending(reminder, self._alarms.left(reminder), self._alarms.due_on_the_wall(reminder))


class SetReminder(_AboutReminders):
    """Promises to tell something in time."""

    def __init__(self, parts: Parts, kind: Kind) -> None:
        super().__init__(parts)
        self.name = f"set_{kind}"
        self.intents = frozenset({f"{kind}_set"})
        self.description, self.parameters = _SETTING[kind]
        self._kind = kind

    async def _reply(self, question: Question) -> str:
        if self._kind == "reminder" and not _text(question):
            raise _ObjectionError("ask_text")
        wish = Wish(
            device_id=question.device_id,
            user_id=question.user_id or "",
            kind=self._kind,
            language=question.language,
            name=words_of(question, "name")[:_LONGEST_NAME] or None,
            text=_text(question) if self._kind == "reminder" else None,
        )
        reminder = await self._alarms.set(wish, self._when(question))
        return self._words.promised(self._seen(reminder), self._alarms.now())

    def _when(self, question: Question) -> After | At:
        """Return when it is to be told; raises _ObjectionError where that is not known, or cannot be."""
        now, seconds = self._alarms.now(), number_of(question, "duration")
        if seconds is None:
            seconds = None if (at := _at(question, now, self._kind)) is None else (at.moment - now).total_seconds()
        else:
            at = None
        if seconds is None:
            raise _ObjectionError(_MISSING[self._kind])
        if seconds <= 0:
            raise _ObjectionError("past" if at else _MISSING[self._kind])
        if seconds > _LONGEST_DAYS * 86_400:
            days = self._words.duration(question.language, _LONGEST_DAYS * 86_400)
            raise _ObjectionError("too_long", days=days)
        return After(seconds) if at is None or self._kind == "timer" else at


class TellReminders(_AboutReminders):
    """Tells what is promised, and how long it is until then."""

    def __init__(self, parts: Parts, kind: Kind) -> None:
        super().__init__(parts)
        self.name = f"list_{kind}s"
        self.description = f"Tell which {kind}s there are and how long it is until each."
        self.intents = frozenset({f"{kind}_query"})
        self.parameters = takes(name=_NAME)
        self._kind = kind

    async def _reply(self, question: Question) -> str:
        language, now = question.language, self._alarms.now()
        pending = _of_kind(await self._alarms.pending(question.device_id), self._kind)
        if not pending:
            raise _ObjectionError(f"none_{self._kind}")
        asked = _called(question, pending)
        if not asked:
            raise _ObjectionError(f"no_such_{self._kind}")
        told = [self._words.pending(self._seen(each), now, language) for each in asked[:_MOST_TOLD]]
        if len(asked) > 1:
            told.insert(0, self._words.say(language, f"count_{self._kind}", count=len(asked)))
        return " ".join(told)


class CancelReminders(_AboutReminders):
    """Takes back what was promised: by name, by time or duration, by its place in the list, or all."""

    def __init__(self, parts: Parts, kind: Kind) -> None:
        super().__init__(parts)
        self.name = f"cancel_{kind}"
        self.description = f"Cancel one of the {kind}s by its name or its time, or all of them."
        self.intents = frozenset({f"{kind}_cancel"})
        self.parameters = takes(name=_NAME, time=_TIME, all=_EVERY_ONE)
        self._kind = kind

    async def _reply(self, question: Question) -> str:
        language, now = question.language, self._alarms.now()
        pending = _of_kind(await self._alarms.pending(question.device_id), self._kind)
        if not pending:
            raise _ObjectionError(f"none_{self._kind}")
        chosen = self._chosen(question, pending)
        if not chosen:
            raise _ObjectionError(f"no_such_{self._kind}")
        labels = [self._words.label(self._seen(each), now, language) for each in chosen]
        if (choice := question.slots.get("choice")) in labels:
            chosen, labels = [chosen[labels.index(str(choice))]], [str(choice)]
        if len(chosen) > 1 and not _wants_all(question):
            items = labels[:_MOST_TOLD]
            raise _ObjectionError("which", choices=items, items=self._words.listing(language, items))
        await self._alarms.cancel(chosen)
        if len(chosen) == 1:
            return self._words.say(language, "cancelled", what=labels[0])
        return self._words.say(language, "cancelled_several", items=self._words.listing(language, labels[:_MOST_TOLD]))

    def _chosen(self, question: Question, pending: Sequence[Reminder]) -> Sequence[Reminder]:
        """Return those that are meant; more than one where that is not clear, or all are."""
        chosen = _called(question, pending)
        if (seconds := number_of(question, "duration")) is not None:
            chosen = [each for each in chosen if each.duration_s is not None and abs(each.duration_s - seconds) < 1]
        if question.slots.get("time") and (time_of_day := _time(question)) is not None:
            times = _meant(time_of_day, question)
            chosen = [
                each
                for each in chosen
                if self._alarms.due_on_the_wall(each).time().replace(second=0, microsecond=0) in times
            ]
        ordinal = number_of(question, "ordinal")
        if ordinal is None or not ordinal.is_integer() or ordinal == 0:
            return chosen
        place = int(ordinal) - 1 if ordinal > 0 else int(ordinal)
        return chosen[place : place + 1 or None]


class Snooze(_AboutReminders):
    """Puts off what has just been told."""

    name = "snooze"
    description = "Have the timer, alarm or reminder that has just gone off go off again, in so many seconds."
    intents = frozenset({"snooze"})
    parameters = takes(duration=_DURATION)

    async def _reply(self, question: Question) -> str:
        seconds = number_of(question, "duration")
        seconds = seconds if seconds and 0 < seconds <= _LONGEST_DAYS * 86_400 else SNOOZE_S
        if not await self._alarms.snooze(question.device_id, seconds):
            raise _ObjectionError("nothing_to_snooze")
        return self._words.say(question.language, "snoozed", duration=self._words.duration(question.language, seconds))


_MISSING: Mapping[Kind, str] = {
    "timer": "ask_duration",
    "alarm": "ask_alarm_time",
    "reminder": "ask_reminder_time",
}

_SETTING: Mapping[Kind, tuple[str, Mapping[str, Any]]] = {
    "timer": ("Set a timer of so many seconds.", takes("duration", duration=_DURATION, name=_NAME)),
    "alarm": (
        "Set an alarm at a time, HH:MM of 24 hours; it may repeat: daily, weekdays, weekends, monday,friday.",
        takes("time", time=_TIME, date=_DATE, repeats=_REPEATS, name=_NAME),
    ),
    "reminder": (
        "Remind the person of something in so many seconds, or at a time, HH:MM of 24 hours.",
        takes(
            "text", text=text("what of", _LONGEST_TEXT), duration=_DURATION, time=_TIME, date=_DATE, repeats=_REPEATS
        ),
    ),
}


def _of_kind(pending: Iterable[Reminder], kind: Kind) -> list[Reminder]:
    return [each for each in pending if each.kind == kind]


def _called(question: Question, pending: Sequence[Reminder]) -> Sequence[Reminder]:
    """Return those of the name, or the text, that is asked for; all where none is."""
    wanted = (words_of(question, "name") or _text(question)).casefold()
    if not wanted:
        return pending
    named = [(each, (each.name or each.text or "").casefold()) for each in pending]
    return [each for each, name in named if name == wanted] or [each for each, name in named if wanted in name]


def _wants_all(question: Question) -> bool:
    return question.slots.get("all") is True or bool(_ALL.search(question.text))


def _text(question: Question) -> str:
    """Return what to remind of, in one line that can be spoken."""
    return _SPACES.sub(" ", str(question.slots.get("text", ""))).strip(" .,;:!?")[:_LONGEST_TEXT]


def _at(question: Question, now: datetime, kind: Kind) -> At | None:
    """Return the moment that is meant by a time, a date and how often; None where there is no time."""
    time_of_day, zone = _time(question), now.tzinfo
    if time_of_day is None or zone is None:
        return None
    times, day = _meant(time_of_day, question), _date(question)
    if repeats := _repeats(question, kind):
        return At(next_moment(times[0], now, zone, repeats), repeats)
    if day is None:
        return At(min(next_moment(each, now, zone) for each in times))
    moments = sorted(moment(day, each, zone) for each in times)
    return At(next((each for each in moments if each > now), moments[-1]))


def _meant(time_of_day: time, question: Question) -> list[time]:
    """Return the times of the day that a time may mean: two, of a clock of 12 hours and no part of the day."""
    if question.slots.get("ambiguous") is not True:
        return [time_of_day]
    later = (datetime.combine(date.min, time_of_day) + _HALF_A_DAY).time()
    match question.slots.get("part"):
        case "morning":
            return [min(time_of_day, later)]
        case "afternoon" | "evening":
            return [max(time_of_day, later)]
        case "night":
            after_midnight = min(time_of_day, later)
            return [after_midnight if after_midnight.hour < _EARLIEST_NIGHT else max(time_of_day, later)]
    return [time_of_day, later]


def _time(question: Question) -> time | None:
    said = question.slots.get("time")
    if not said:
        return _PARTS_OF_DAY.get(str(question.slots.get("part")))
    try:
        return time.fromisoformat(str(said)).replace(tzinfo=None)
    except ValueError:
        raise _ObjectionError("unclear") from None


def _date(question: Question) -> date | None:
    said = question.slots.get("date")
    if not said:
        return None
    try:
        return date.fromisoformat(str(said))
    except ValueError:
        raise _ObjectionError("unclear") from None


def _repeats(question: Question, kind: Kind) -> str | None:
    repeats = str(question.slots.get("repeats", "")).strip()
    if not repeats or kind == "timer":
        return None
    try:
        weekdays(repeats)
    except ValueError:
        raise _ObjectionError("unclear") from None
    return repeats
