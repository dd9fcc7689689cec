"""Timers, alarms and reminders fire once and in time, whatever happens to the clocks and to the daemon."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ai_server.brain.alarms import After, At, Wish
from ai_server.memory.reminders import Reminder, TooManyRemindersError
from ai_server.memory.schema import reminders
from ai_server.memory.storage.database import DatabaseError
from tests.alarms import BERLIN, SimulatedClock, house, until


def timer(name: str | None = None, device_id: str = "rover") -> Wish:
    return Wish(device_id=device_id, kind="timer", language="en", name=name)


def alarm(name: str | None = None, device_id: str = "rover") -> Wish:
    return Wish(device_id=device_id, kind="alarm", language="en", name=name)


def reminder(text: str) -> Wish:
    return Wish(device_id="rover", kind="reminder", language="en", text=text)


def local(day: int, hour: int, minute: int = 0, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=BERLIN)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "naila.db"


async def test_a_timer_fires_when_its_time_is_up_and_then_never_again(path: Path) -> None:
    async with house(path) as home:
        await home.alarms.set(timer("tea"), After(600))
        assert await home.run(seconds=599.9) == []
        assert await home.run(seconds=0.2) == ["Your timer tea is up."]
        assert home.said[0][2] == pytest.approx(600)
        assert await home.run(days=2) == []


async def test_several_run_at_once_and_each_is_told_by_its_name(path: Path) -> None:
    async with house(path) as home:
        await home.alarms.set(timer("tea"), After(240))
        await home.alarms.set(timer(), After(120))
        await home.alarms.set(reminder("call mum"), After(180))
        await home.alarms.set(timer("pasta", "other"), After(60))
        assert await home.run(minutes=10) == [
            "Your timer pasta is up.",
            "Your timer of 2 minutes is up.",
            "This is your reminder: call mum.",
            "Your timer tea is up.",
        ]


async def test_what_falls_due_together_is_said_in_one_reply(path: Path) -> None:
    async with house(path) as home:
        for name in ("tea", "pasta"):
            await home.alarms.set(timer(name), After(60))
        assert await home.run(minutes=2) == ["Your timer tea is up. Your timer pasta is up."]


async def test_what_people_set_is_told_to_each_of_them_and_to_nobody_else(path: Path) -> None:
    async with house(path) as home:
        for user_id, text in (("ada", "call mum"), ("bob", "swim"), ("ada", "run"), ("", "eat")):
            wish = Wish(device_id="rover", user_id=user_id, kind="reminder", language="en", text=text)
            await home.alarms.set(wish, After(60))
        assert len(await home.run(minutes=2)) == 3
        said = {user_id: await home.turns.last("rover", user_id) for user_id in ("ada", "bob", "", "eve")}
        told = {user_id: turn.reply.text for user_id, turn in said.items() if turn}
        assert "call mum" in told["ada"]
        assert "run" in told["ada"]
        assert told["bob"] == "This is your reminder: swim."
        assert told[""] == told["eve"] == "This is your reminder: eat."
        assert not await home.run(days=1)


async def test_an_alarm_tells_the_time(path: Path) -> None:
    async with house(path) as home:
        await home.alarms.set(alarm(), At(local(26, 7)))
        assert await home.run(hours=20, minutes=59) == []
        assert await home.run(minutes=2) == ["It is 07:00. This is your alarm."]


async def test_an_alarm_on_weekdays_leaves_out_the_weekend(path: Path) -> None:
    async with house(path) as home:
        await home.alarms.set(alarm(), At(local(26, 7), "weekdays"))
        await home.run(days=7)
        rung = [datetime.fromtimestamp(wall, BERLIN) for _, wall, _ in home.said]
        assert [each.replace(microsecond=0) for each in rung] == [
            local(26, 7),
            local(27, 7),
            local(30, 7),
            local(31, 7),
            local(1, 7, month=4),
        ]


async def test_an_alarm_at_a_time_that_the_clock_skips_rings_once_an_hour_later(path: Path) -> None:
    async with house(path) as home:
        await home.alarms.set(alarm(), At(local(27, 2, 30), "daily"))
        await home.run(days=5)
        rung = [datetime.fromtimestamp(wall, BERLIN) for _, wall, _ in home.said]
        assert [f"{each:%d %H:%M}" for each in rung] == ["27 02:30", "28 02:30", "29 03:30", "30 02:30"]


async def test_an_alarm_at_a_time_that_comes_twice_rings_the_first_time_only(path: Path) -> None:
    clock = SimulatedClock(datetime(2026, 10, 24, 10, 0, tzinfo=BERLIN))
    async with house(path, clock) as home:
        await home.alarms.set(alarm(), At(local(25, 2, 30, month=10), "daily"))
        await home.run(days=2)
        rung = [datetime.fromtimestamp(wall, BERLIN) for _, wall, _ in home.said]
        assert [f"{each:%d %H:%M %Z}" for each in rung] == ["25 02:30 CEST", "26 02:30 CET"]


@pytest.mark.parametrize("hours", [-3, 3])
async def test_a_clock_that_is_set_moves_alarms_and_not_timers(path: Path, hours: int) -> None:
    async with house(path) as home:
        await home.alarms.set(timer("tea"), After(5 * 3600))
        await home.alarms.set(alarm(), At(local(25, 14)))
        await home.run(minutes=30)
        home.clock.set_by(timedelta(hours=hours))
        await home.run(hours=10)
        steady = {text: steady for text, _, steady in home.said}
        assert steady["Your timer tea is up."] == pytest.approx(5 * 3600)
        assert steady["It is 14:00. This is your alarm."] == pytest.approx((4 - hours) * 3600)


async def test_a_timer_that_the_clock_was_set_under_runs_on_in_elapsed_time_after_a_restart(path: Path) -> None:
    async with house(path) as home:
        await home.alarms.set(timer("tea"), After(3600))
        await home.run(minutes=30)
        home.clock.set_by(timedelta(days=40))
        await home.run(minutes=1)
    async with house(path, home.clock) as again:
        assert await again.run(minutes=28) == []
        assert await again.run(minutes=2) == ["Your timer tea is up."]


async def test_an_alarm_that_rang_is_not_rung_again_when_the_clock_is_set_back_over_it(path: Path) -> None:
    async with house(path) as home:
        await home.alarms.set(alarm("once"), At(local(25, 11)))
        await home.alarms.set(alarm("often"), At(local(25, 11), "daily"))
        await home.run(hours=1, minutes=5)
        home.clock.set_by(timedelta(minutes=-30))
        await home.run(hours=5)
        assert [text for text, _, _ in home.said] == [
            "It is 11:00. This is your alarm once. It is 11:00. This is your alarm often."
        ]


async def test_a_clock_that_was_wrong_by_years_does_not_silence_what_repeats(path: Path) -> None:
    async with house(path) as home:
        home.clock.set_by(timedelta(days=3650))
        await home.alarms.set(alarm(), At(home.alarms.now() + timedelta(hours=1), "daily"))
        await home.run(hours=2)
        home.clock.set_by(timedelta(days=-3650))
        assert len(await home.run(days=3)) == 3


async def test_what_was_due_while_the_daemon_was_off_says_so_at_the_start(path: Path) -> None:
    async with house(path) as home:
        await home.alarms.set(timer("tea"), After(600))
        await home.alarms.set(timer("pasta"), After(1810))
        await home.run(minutes=1)
    home.clock.skip(timedelta(minutes=29))
    async with house(path, home.clock) as again:
        assert await again.run(seconds=1) == ["Your timer tea was due 20 minutes ago, while I was off."]
        assert await again.run(minutes=1) == ["Your timer pasta is up."]


async def test_what_was_due_hours_ago_is_summed_up_in_one_sentence(path: Path) -> None:
    async with house(path) as home:
        await home.alarms.set(timer("tea"), After(600))
        await home.alarms.set(alarm(), At(local(26, 7)))
        await home.alarms.set(reminder("call mum"), At(local(26, 8)))
        await home.alarms.set(timer("soup"), After(24 * 3600 - 1200))
        await home.run(minutes=1)
    home.clock.skip(timedelta(days=1, minutes=-1))
    async with house(path, home.clock) as again:
        (told,) = await again.run(seconds=1)
        soup, rest = told.split(". ")
        assert soup == "Your timer soup was due 20 minutes ago, while I was off"
        assert rest == (
            "These were due while I was off: timer tea at 10:10 yesterday, alarm at 07:00 today "
            "and reminder “call mum” at 08:00 today."
        )


async def test_a_daily_alarm_that_was_missed_for_days_is_told_once_and_goes_on(path: Path) -> None:
    async with house(path) as home:
        await home.alarms.set(alarm(), At(local(26, 7), "daily"))
        await home.run(minutes=1)
    home.clock.skip(timedelta(days=4, minutes=-1))
    async with house(path, home.clock) as again:
        assert await again.run(minutes=1) == ["These were due while I was off: alarm at 07:00 today."]
        assert await again.run(days=1) == ["It is 07:00. This is your alarm."]


async def test_a_cancelled_one_is_never_told(path: Path) -> None:
    async with house(path) as home:
        tea = await home.alarms.set(timer("tea"), After(600))
        assert await home.alarms.cancel([tea]) == [tea]
        assert await home.alarms.cancel([tea]) == []
        assert await home.run(hours=1) == []


async def test_one_that_is_cancelled_while_the_robot_finishes_a_sentence_is_not_told(path: Path) -> None:
    async with house(path) as home:
        tea = await home.alarms.set(timer("tea"), After(60))
        pasta = await home.alarms.set(timer("pasta"), After(60))
        home.answering["rover"] = speaking = asyncio.get_running_loop().create_future()
        passing = asyncio.create_task(home.run(minutes=2))
        await until(lambda: bool(home.alarms._ringing))
        await home.alarms.cancel([tea])
        del home.answering["rover"]
        speaking.set_result(None)
        assert await passing == ["Your timer pasta is up."]
        assert await home.alarms.pending("rover") == []
        assert pasta.name == "pasta"


async def test_snoozing_tells_it_once_more(path: Path) -> None:
    async with house(path) as home:
        await home.alarms.set(reminder("call mum"), After(60))
        await home.run(minutes=2)
        assert await home.alarms.snooze("rover", 300)
        assert await home.run(minutes=10) == ["This is your reminder: call mum."]
        assert home.said[1][2] == pytest.approx(120 + 300)


async def test_what_was_told_together_is_snoozed_together(path: Path) -> None:
    async with house(path) as home:
        for name in ("tea", "pasta"):
            await home.alarms.set(timer(name), After(60))
        await home.alarms.set(timer("soup"), After(30))
        await home.run(minutes=2)
        assert await home.alarms.snooze("rover", 300)
        assert await home.run(minutes=10) == ["Your timer tea is up. Your timer pasta is up."]


async def test_no_snooze_is_granted_in_part(path: Path) -> None:
    async with house(path, max_per_robot=2) as home:
        for name in ("tea", "pasta"):
            await home.alarms.set(timer(name), After(60))
        await home.run(minutes=2)
        await home.alarms.set(timer("soup"), After(600))
        with pytest.raises(TooManyRemindersError):
            await home.alarms.snooze("rover", 300)
        assert [each.name for each in await home.alarms.pending("rover")] == ["soup"]


async def test_a_clock_that_was_set_while_the_disk_was_full_is_followed_later(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(path) as home:
        await home.alarms.set(timer("tea"), After(7200))
        await home.run(seconds=1)
        shift, refusals = home.reminders.shift_elapsed, [1, 2]

        async def refusing(by: timedelta) -> None:
            if refusals:
                refusals.pop()
                raise DatabaseError(path, "the disk is full", "free some space", passing=True)
            await shift(by)

        monkeypatch.setattr(home.reminders, "shift_elapsed", refusing)
        home.clock.set_by(timedelta(hours=9))
        await home.run(minutes=1)
        assert refusals == []
    async with house(path, home.clock) as again:
        assert await again.run(hours=1, minutes=58) == []
        assert await again.run(minutes=2) == ["Your timer tea is up."]


async def test_an_alarm_that_repeats_goes_on_beside_its_snooze(path: Path) -> None:
    async with house(path) as home:
        await home.alarms.set(alarm(), At(local(26, 7), "daily"))
        await home.run(hours=21, minutes=1)
        await home.alarms.snooze("rover", 300)
        assert not await home.alarms.snooze("rover", 300), "it was put off already"
        assert await home.run(days=1) == ["It is 07:06. This is your alarm.", "It is 07:00. This is your alarm."]


async def test_nothing_is_snoozed_that_was_told_hours_ago_or_by_another_robot(path: Path) -> None:
    async with house(path) as home:
        assert not await home.alarms.snooze("rover", 300)
        await home.alarms.set(timer("tea"), After(60))
        await home.run(minutes=2)
        assert not await home.alarms.snooze("other", 300)
        await home.run(hours=2)
        assert not await home.alarms.snooze("rover", 300)


async def test_one_too_many_is_refused(path: Path) -> None:
    async with house(path, max_per_robot=2) as home:
        await home.alarms.set(timer("tea"), After(60))
        await home.alarms.set(timer("pasta"), After(60))
        with pytest.raises(TooManyRemindersError, match="2 timers"):
            await home.alarms.set(timer("soup"), After(60))
        await home.alarms.set(timer("soup", "other"), After(60))
        await home.run(minutes=2)
        await home.alarms.set(timer("soup"), After(60))


async def test_what_the_database_refuses_is_told_later_and_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with house(path) as home:
        await home.alarms.set(timer("tea"), After(60))
        await home.run(seconds=30)
        add, refusals = home.turns.add, [1, 2]

        async def refusing(*args: object, **how: object) -> object:
            if refusals:
                refusals.pop()
                raise DatabaseError(path, "the disk is full", "free some space", passing=True)
            return await add(*args, **how)  # type: ignore[arg-type]

        monkeypatch.setattr(home.turns, "add", refusing)
        monkeypatch.setattr("ai_server.brain.alarms.AGAIN_S", 0.01)
        assert await home.run(minutes=1) == ["Your timer tea is up."]
        assert refusals == []
        assert len(await home.publications()) == 1


async def test_what_fired_is_marked_in_the_transaction_that_stores_its_reply(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(path) as home:
        await home.alarms.set(timer("tea"), After(60))

        def broken(*_: object, **__: object) -> None:
            raise ValueError("the turn cannot be stored")

        monkeypatch.setattr("ai_server.brain.alarms.AGAIN_S", 0.01)
        with monkeypatch.context() as failing:
            failing.setattr("ai_server.memory.turns._add", broken)
            passing = asyncio.create_task(home.run(seconds=61))
            await until(lambda: home.database.failures >= 2)
            (pending,) = await home.alarms.pending("rover")
            assert pending.fired_at is None
            assert await home.publications() == []
        assert await passing == ["Your timer tea is up."]


async def test_a_robot_may_finish_what_it_says_first_but_not_for_long(path: Path) -> None:
    async with house(path) as home:
        home.speaking._patience_s = 0.05
        home.answering["rover"] = asyncio.get_running_loop().create_future()
        await home.alarms.set(timer("tea"), After(60))
        assert await home.run(minutes=2) == ["Your timer tea is up."]


async def test_the_reply_is_a_turn_of_its_own_that_waits_on_the_disk_for_the_broker(path: Path) -> None:
    async with house(path) as home:
        stored = await home.alarms.set(timer("tea"), After(60))
        await home.run(minutes=2)
        (published,) = await home.publications()
        told = {key: published[key] for key in ("device_id", "text", "intent", "source", "finish_reason", "language")}
        assert told == {
            "device_id": "rover",
            "text": "Your timer tea is up.",
            "intent": "timer_due",
            "source": "skill",
            "finish_reason": "stop",
            "language": "en",
        }
        turn = await home.turns.find("rover", published["request_id"])
        assert turn is not None
        assert (turn.words, turn.reply.text) == ("", "Your timer tea is up.")
        assert published["request_id"].startswith(f"timer-{stored.id}-")


def test_a_reminder_is_all_that_its_row_holds() -> None:
    assert set(Reminder.model_fields) == {column.name for column in reminders.c}
