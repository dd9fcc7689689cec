"""Timers, alarms and reminders by word of mouth: set, asked for, taken back and put off."""

from __future__ import annotations

import functools
import random
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ai_server.brain.body import Body
from ai_server.brain.facts.rules import FactRules
from ai_server.brain.robots import Situation
from ai_server.brain.skills.parts import Parts
from ai_server.brain.skills.registry import Skills
from ai_server.brain.skills.skill import Question
from ai_server.memory.facts import Facts
from ai_server.memory.names import Names
from ai_server.memory.privacy.erasure import is_remembered
from ai_server.memory.voice import Voices
from tests.alarms import BERLIN, SAYINGS, House, SimulatedClock

WEDNESDAY_10 = datetime(2026, 5, 6, 10, 0, tzinfo=BERLIN)


class Home(House):
    """A house in which somebody speaks to the rover, on a Wednesday at ten."""

    def __init__(self, folder: Path, clock: SimulatedClock | None = None) -> None:
        super().__init__(folder / "naila.db", clock or SimulatedClock(WEDNESDAY_10), max_per_robot=12)

    async def open(self) -> None:
        await super().open()
        parts = Parts(
            sayings=lambda: SAYINGS,
            rng=random.Random(1),
            voices=Voices(self.database, max_robots=3),
            names=Names(self.database, max_names=3),
            alarms=self.alarms,
            facts=Facts(self.database),
            fact_rules=lambda: FactRules({}),
            is_remembered=functools.partial(is_remembered, self.database),
        )
        self.skills = Skills.discover(parts)

    async def ask(
        self, intent: str, words: str = "", /, *, language: str = "en", user_id: str | None = None, **slots: Any
    ) -> str:
        skill = self.skills.for_intent(intent)
        assert skill is not None
        question = Question(
            device_id="rover",
            intent=intent,
            slots=slots,
            text=words,
            language=language,
            now=self.clock.now(),
            situation=Situation(),
            body=Body(),
            last=None,
            user_id=user_id,
        )
        return (await skill.answer(question)).text


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    opened = Home(tmp_path)
    await opened.open()
    yield opened
    await opened.close()


class BusyClock(SimulatedClock):
    """It moves on a little whenever somebody looks."""

    def wall(self) -> float:
        self.ahead += 0.000_7
        return super().wall()


async def test_an_alarm_is_told_to_the_minute_that_it_was_set_to_while_time_passes(tmp_path: Path) -> None:
    home = Home(tmp_path, BusyClock(WEDNESDAY_10))
    await home.open()
    assert await home.ask("alarm_set", time="19:00") == "Alarm at 19:00 today."
    await home.close()


async def test_what_was_understood_is_said_back_and_then_done(home: Home) -> None:
    assert await home.ask("timer_set", duration=600.0, name="Tea") == "Timer Tea, 10 minutes, starting now."
    assert await home.run(minutes=11) == ["Your timer Tea is up."]


@pytest.mark.parametrize(
    ("slots", "says"),
    [
        ({"time": "12:30"}, "Alarm at 12:30 today."),
        ({"time": "07:00"}, "Alarm at 07:00 tomorrow."),
        ({"time": "09:00", "ambiguous": True}, "Alarm at 21:00 today."),
        ({"time": "11:00", "ambiguous": True}, "Alarm at 11:00 today."),
        ({"time": "12:15", "ambiguous": True}, "Alarm at 12:15 today."),
        ({"time": "07:00", "ambiguous": True, "part": "morning"}, "Alarm at 07:00 tomorrow."),
        ({"time": "07:00", "ambiguous": True, "part": "evening"}, "Alarm at 19:00 today."),
        ({"time": "02:00", "ambiguous": True, "part": "night"}, "Alarm at 02:00 tomorrow."),
        ({"part": "morning"}, "Alarm at 08:00 tomorrow."),
        ({"time": "07:00", "date": "2026-05-08"}, "Alarm at 07:00 on Friday."),
        ({"time": "07:00", "date": "2026-05-06", "ambiguous": True}, "Alarm at 19:00 today."),
        ({"time": "07:00", "date": "2026-06-01"}, "Alarm at 07:00 on Monday, 1 June 2026."),
        ({"time": "07:00", "date": "2026-05-06"}, "That is in the past."),
        ({"time": "07:00", "date": "2029-05-06"}, "That is too far away for me. I can look ahead 366 days."),
        ({"time": "07:00", "repeats": "daily"}, "Alarm at 07:00 every day."),
        ({"time": "07:00", "repeats": "weekdays", "ambiguous": True}, "Alarm at 07:00 on weekdays."),
        ({"time": "07:00", "repeats": "saturday,sunday"}, "Alarm at 07:00 at weekends."),
        ({"time": "07:00", "repeats": "monday,friday", "name": "Gym"}, "Alarm Gym at 07:00 every Monday and Friday."),
        ({"duration": 1200.0}, "Alarm at 10:20 today."),
        ({}, "For what time?"),
        ({"date": "2026-05-08"}, "For what time?"),
        ({"time": "7 o'clock"}, "I did not understand when that is."),
        ({"time": "07:00", "date": "soon"}, "I did not understand when that is."),
        ({"time": "07:00", "repeats": "now and then"}, "I did not understand when that is."),
    ],
)
async def test_an_alarm_is_for_the_next_such_moment(home: Home, slots: dict[str, Any], says: str) -> None:
    assert await home.ask("alarm_set", **slots) == says


@pytest.mark.parametrize(
    ("slots", "says"),
    [
        ({"text": "call mum", "duration": 1200.0}, "In 20 minutes I will remind you: call mum."),
        ({"text": "call mum", "time": "18:00"}, "Reminder “call mum” at 18:00 today."),
        ({"text": "call mum", "date": "2026-05-07", "part": "evening"}, "Reminder “call mum” at 19:00 tomorrow."),
        ({"text": "call mum", "duration": 172_800.0}, "Reminder “call mum” at 10:00 on Friday."),
        ({"text": "call mum"}, "When shall I remind you?"),
        ({"time": "18:00"}, "What shall I remind you of?"),
    ],
)
async def test_a_reminder_says_what_it_is_for(home: Home, slots: dict[str, Any], says: str) -> None:
    assert await home.ask("reminder_set", **slots) == says


@pytest.mark.parametrize("duration", [0.0, -5.0, "soon", None])
async def test_a_timer_without_a_duration_asks_for_one(home: Home, duration: object) -> None:
    assert await home.ask("timer_set", **({} if duration is None else {"duration": duration})) == "For how long?"
    assert await home.alarms.pending("rover") == []


async def test_what_is_set_is_of_who_set_it(home: Home) -> None:
    await home.ask("timer_set", duration=60.0, user_id="ada")
    await home.ask("reminder_set", duration=120.0, text="swim")
    assert [each.user_id for each in await home.reminders.pending("rover")] == ["ada", ""]


async def test_a_timer_until_a_time_runs_for_as_long_as_that_is(home: Home) -> None:
    assert await home.ask("timer_set", time="10:45") == "Timer of 45 minutes, starting now."


async def test_it_is_told_how_long_it_is_until_each(home: Home) -> None:
    assert await home.ask("timer_query") == "You have no timers."
    await home.ask("timer_set", duration=600.0, name="Tea")
    await home.ask("alarm_set", time="18:00")
    await home.run(minutes=4)
    assert await home.ask("timer_query") == "Timer Tea: 6 minutes left."
    await home.ask("timer_set", duration=300.0)
    assert await home.ask("timer_query") == (
        "You have 2 timers. Timer of 5 minutes: 5 minutes left. Timer Tea: 6 minutes left."
    )
    assert await home.ask("timer_query", name="tea") == "Timer Tea: 6 minutes left."
    assert await home.ask("timer_query", name="soup") == "I have no such timer."
    assert await home.ask("alarm_query") == "Alarm at 18:00 today."
    assert await home.ask("reminder_query") == "You have no reminders."


async def test_one_is_cancelled_by_its_name_its_length_its_time_or_its_place(home: Home) -> None:
    for name, minutes in (("Tea", 5), ("Pasta", 10), ("Bread", 40)):
        await home.ask("timer_set", duration=60.0 * minutes, name=name)
    assert await home.ask("timer_cancel") == "Which one: timer Tea, timer Pasta and timer Bread?"
    assert await home.ask("timer_cancel", name="soup") == "I have no such timer."
    assert await home.ask("timer_cancel", name="pasta") == "Timer Pasta is cancelled."
    assert await home.ask("timer_cancel", duration=300.0) == "Timer Tea is cancelled."
    assert await home.ask("timer_cancel") == "Timer Bread is cancelled."
    assert await home.ask("timer_cancel") == "You have no timers."
    for time in ("07:00", "08:00", "09:00"):
        await home.ask("alarm_set", time=time)
    assert await home.ask("alarm_cancel", time="08:00", ambiguous=True) == "Alarm at 08:00 tomorrow is cancelled."
    assert await home.ask("alarm_cancel", ordinal=-1) == "Alarm at 09:00 tomorrow is cancelled."
    assert await home.ask("alarm_cancel", ordinal=2) == "I have no such alarm."
    assert await home.ask("alarm_cancel", ordinal=1) == "Alarm at 07:00 tomorrow is cancelled."
    assert await home.run(days=2) == []


async def test_all_of_a_kind_are_cancelled_and_no_other(home: Home) -> None:
    await home.ask("timer_set", duration=60.0)
    await home.ask("timer_set", duration=120.0)
    await home.ask("reminder_set", text="call mum", duration=180.0)
    assert await home.ask("timer_cancel", "cancel all my timers") == (
        "These are cancelled: timer of 1 minute and timer of 2 minutes."
    )
    assert await home.run(minutes=5) == ["This is your reminder: call mum."]


async def test_what_has_gone_off_can_be_put_off(home: Home) -> None:
    assert await home.ask("snooze") == "Nothing has gone off that I could put off."
    await home.ask("alarm_set", time="10:30")
    await home.run(minutes=31)
    assert await home.ask("snooze") == "I will tell you again in 10 minutes."
    assert await home.run(minutes=10) == ["It is 10:41. This is your alarm."]
    assert await home.ask("snooze", duration=300.0) == "I will tell you again in 5 minutes."
    assert await home.run(minutes=5) == ["It is 10:46. This is your alarm."]


async def test_one_too_many_is_refused_in_words(home: Home) -> None:
    for _ in range(12):
        await home.ask("timer_set", duration=600.0)
    says = "I have 12 of them to keep in mind already. Cancel one first."
    assert await home.ask("timer_set", duration=600.0) == says
    assert len(await home.alarms.pending("rover")) == 12


async def test_what_cannot_be_stored_is_not_promised(home: Home) -> None:
    await home.stop()
    await home.database.close()
    says = "I could not note that down. Please try again."
    assert await home.ask("timer_set", duration=600.0) == says
    assert await home.ask("timer_query") == says
    await home.open()


async def test_a_promise_is_kept_in_the_language_that_it_was_made_in(home: Home) -> None:
    said = await home.ask("timer_set", language="de", duration=600.0, name="Tee")
    assert said == SAYINGS.say("de", "timers.timer_set_named", name="Tee", duration="10 Minuten")
    await home.run(minutes=11)
    (reply,) = await home.publications()
    assert reply["language"] == "de"
    assert "Tee" in reply["text"]
    assert "timer" in reply["text"].lower()


@pytest.mark.parametrize("language", ["en", "de", "es", "ja"])
async def test_every_language_has_words_for_everything(home: Home, language: str) -> None:
    said = [
        await home.ask("timer_set", language=language, duration=600.0),
        await home.ask("timer_set", language=language, duration=5400.0, name="X"),
        await home.ask("alarm_set", language=language, time="11:00", repeats="monday,friday"),
        await home.ask("alarm_set", language=language, time="11:00"),
        await home.ask("reminder_set", language=language, text="X", date="2026-05-09", time="08:00"),
        *[await home.ask(f"{kind}_query", language=language) for kind in ("timer", "alarm", "reminder")],
        *[await home.ask(f"{kind}_cancel", language=language) for kind in ("timer", "alarm", "reminder")],
        await home.ask("snooze", language=language),
    ]
    assert all(said)
    assert not any("$" in each for each in said)
    assert await home.run(hours=2)


async def test_brackets_of_a_name_do_not_reach_the_reply(home: Home) -> None:
    assert await home.ask("timer_set", duration=60.0, name="[sad] {tea}") == "Timer sad tea, 1 minute, starting now."
    says = await home.ask("reminder_set", duration=60.0, text="[sad]\n{call} mum.")
    assert says == "In 1 minute I will remind you: sad call mum."
