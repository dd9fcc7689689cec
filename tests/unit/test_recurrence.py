"""Moments by the clock on the wall, also where it skips or repeats an hour."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_server.brain.recurrence import DAYS, moment, next_moment, weekdays

ZONES = [ZoneInfo(name) for name in ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC")]
"""The third sets its clocks by half an hour."""

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
TIMES = st.builds(time, st.integers(0, 23), st.integers(0, 59))


@pytest.mark.parametrize(
    ("repeats", "days"),
    [
        ("daily", {0, 1, 2, 3, 4, 5, 6}),
        ("weekdays", {0, 1, 2, 3, 4}),
        ("weekends", {5, 6}),
        ("monday", {0}),
        ("Monday, friday", {0, 4}),
        ("weekends,monday", {0, 5, 6}),
    ],
)
def test_how_often_is_a_set_of_days(repeats: str, days: set[int]) -> None:
    assert weekdays(repeats) == days


@pytest.mark.parametrize("repeats", ["", "yearly", "monday,", "mon"])
def test_what_is_no_day_is_refused(repeats: str) -> None:
    with pytest.raises(ValueError, match="is none of daily"):
        weekdays(repeats)


def test_a_time_that_is_skipped_is_taken_as_if_the_clock_had_not_been_set() -> None:
    at = moment(datetime(2026, 3, 29, tzinfo=UTC).date(), time(2, 30), ZONES[0])
    assert at == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert f"{at.astimezone(ZONES[0]):%H:%M}" == "03:30"


def test_of_a_time_that_comes_twice_the_first_counts() -> None:
    at = moment(datetime(2026, 10, 25, tzinfo=UTC).date(), time(2, 30), ZONES[0])
    assert at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@given(MOMENTS, TIMES, st.sampled_from(ZONES), st.sets(st.sampled_from(DAYS), min_size=1).map(",".join))
def test_the_next_moment_is_later_shows_the_time_and_is_the_first_such(
    after: datetime, time_of_day: time, zone: ZoneInfo, repeats: str
) -> None:
    found = next_moment(time_of_day, after, zone, repeats)
    local = found.astimezone(zone)
    assert found > after
    assert found - after <= timedelta(days=8, hours=2)
    shown = datetime.combine(local.date(), time_of_day)
    assert local.replace(tzinfo=None) - shown in {timedelta(0), timedelta(minutes=30), timedelta(hours=1)}
    assert local.weekday() in weekdays(repeats)
    earlier = {local.date() - timedelta(days=days) for days in range(1, 9)}
    assert not any(
        day.weekday() in weekdays(repeats) and after < moment(day, time_of_day, zone) < found for day in earlier
    )
