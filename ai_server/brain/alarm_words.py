"""How timers, alarms and reminders are spoken of: when they fire, when they are late, and when somebody asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from ai_server.brain.recurrence import weekdays
from ai_server.brain.skills.sayings import Sayings
from ai_server.memory.reminders import Kind, Reminder

LATE = timedelta(seconds=30)
"""What is told later than this says so."""

VERY_LATE = timedelta(hours=1)
"""What is told later than this shares one sentence with the rest of its kind."""

_DAYS = {frozenset(range(7)): "every_day", frozenset(range(5)): "on_weekdays", frozenset({5, 6}): "on_weekends"}
_A_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Fired:
    """One that fires now.

    Attributes:
        reminder: which.
        due_at: when it was to be told.
        while_off: whether nobody was there then.
    """

    reminder: Reminder
    due_at: datetime
    while_off: bool


@dataclass(frozen=True, slots=True)
class Pending:
    """One that is to fire.

    Attributes:
        reminder: which.
        left: how long it is until then.
        due_at: what the clock on the wall will show then.
    """

    reminder: Reminder
    left: timedelta
    due_at: datetime


class AlarmWords:
    """Puts them into words, by the tables `timers` in `config/phrases/skills/`.

    Args:
        sayings: what is said now.
        zone: the host's.
    """

    def __init__(self, sayings: Callable[[], Sayings], zone: tzinfo) -> None:
        self._sayings = sayings
        self._zone = zone

    def say(self, language: str, key: str, **values: object) -> str:
        """Return a saying of the table as a sentence."""
        sentence = self._sayings().say(language, f"timers.{key}", **values)
        return sentence[:1].upper() + sentence[1:]

    def fired(self, fired: Sequence[Fired], now: datetime, language: str) -> str:
        """Return what is said as these fire: a sentence for each, and one for all that are very late."""
        told = [self._told(each, now, language) for each in fired if now - each.due_at <= VERY_LATE]
        missed = [each for each in fired if now - each.due_at > VERY_LATE]
        if missed:
            items = self.listing(language, (self._item(each, now, language) for each in missed))
            while_off = all(each.while_off for each in missed)
            told.append(self.say(language, "missed_while_off" if while_off else "missed", items=items))
        return " ".join(told)

    def promised(self, pending: Pending, now: datetime) -> str:
        """Return what was promised, just as it was understood."""
        reminder, language = pending.reminder, pending.reminder.language
        seconds = reminder.duration_s
        if seconds is None or (reminder.kind != "timer" and seconds >= _A_DAY_S) or reminder.kind == "alarm":
            return self.pending(pending, now, language)
        values = {"duration": self.duration(language, seconds), "name": reminder.name, "text": reminder.text}
        if reminder.kind == "reminder":
            return self.say(language, "reminder_set_after", **values)
        return self.say(language, "timer_set_named" if reminder.name else "timer_set", **values)

    def pending(self, pending: Pending, now: datetime, language: str) -> str:
        """Return what somebody is told who asks for one that is to fire."""
        what = self.what(pending.reminder, language)
        if pending.reminder.kind != "timer":
            return self.say(language, "at", what=what, when=self.when(pending.due_at, now, language, pending.reminder))
        left = self.duration(language, max(1.0, pending.left.total_seconds()))
        return self.say(language, "left", what=what, duration=left)

    def label(self, pending: Pending, now: datetime, language: str) -> str:
        """Return what tells one from the others: `timer tea`, `alarm at 07:00 tomorrow`."""
        what = self.what(pending.reminder, language)
        if pending.reminder.kind == "timer":
            return what
        return f"{what} {self.when(pending.due_at, now, language, pending.reminder)}"

    def what(self, reminder: Reminder, language: str) -> str:
        """Return what one is called, wherever in a sentence: `timer tea`, `timer of 10 minutes`, `alarm`."""
        key = {"timer": "timer", "alarm": "alarm", "reminder": "reminder"}[reminder.kind]
        values = {"text": reminder.text or "", "duration": self.duration(language, reminder.duration_s or 0)}
        if reminder.name and reminder.kind != "reminder":
            return self._sayings().say(language, f"timers.{key}_named", name=reminder.name)
        return self._sayings().say(language, f"timers.{key}", **values)

    def when(self, moment: datetime, now: datetime, language: str, reminder: Reminder | None = None) -> str:
        """Return when something is, seen from now; how often, where it is of a `reminder` that repeats."""
        sayings, forms = self._sayings(), self._sayings().form(language)
        local, today = moment.astimezone(self._zone), now.astimezone(self._zone).date()
        time = forms.time(local)
        if reminder and reminder.repeats:
            return sayings.say(
                language, "timers.repeated", time=time, repeats=self._repeats(reminder.repeats, language)
            )
        days = (local.date() - today).days
        near = {-1: "yesterday", 0: "today", 1: "tomorrow"}
        if days in near:
            return sayings.say(language, f"timers.{near[days]}", time=time)
        if 1 < days < 7:
            return sayings.say(language, "timers.weekday", time=time, weekday=forms.weekday(local))
        return sayings.say(language, "timers.date", time=time, date=forms.date(local))

    def duration(self, language: str, seconds: float) -> str:
        """Return a span of time in words, to the second."""
        return self._sayings().form(language).duration(seconds)

    def listing(self, language: str, items: Iterable[str]) -> str:
        """Return such as `a, b and c`."""
        return self._sayings().form(language).listing(items)

    def _told(self, fired: Fired, now: datetime, language: str) -> str:
        late_by, what = now - fired.due_at, self.what(fired.reminder, language)
        if late_by > LATE:
            key = "late_while_off" if fired.while_off else "late"
            return self.say(language, key, what=what, duration=self.duration(language, _rounded(late_by)))
        keys: dict[Kind, str] = {"timer": "timer_due", "alarm": "alarm_due", "reminder": "reminder_due"}
        time = self._sayings().form(language).time(now.astimezone(self._zone))
        return self.say(language, keys[fired.reminder.kind], what=what, time=time, text=fired.reminder.text or "")

    def _item(self, fired: Fired, now: datetime, language: str) -> str:
        return f"{self.what(fired.reminder, language)} {self.when(fired.due_at, now, language)}"

    def _repeats(self, repeats: str, language: str) -> str:
        sayings, forms, days = self._sayings(), self._sayings().form(language), weekdays(repeats)
        if days in _DAYS:
            return sayings.say(language, f"timers.{_DAYS[days]}")
        return sayings.say(
            language, "timers.on_days", days=forms.listing([forms.weekdays[day] for day in sorted(days)])
        )


def _rounded(late_by: timedelta) -> float:
    """Return how late something is as people say it: from a minute on in whole minutes."""
    seconds = late_by.total_seconds()
    return seconds if seconds < 60 else round(seconds / 60) * 60
