from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
import typer

from ai_server.commands.memory.choosing import moment, typed_id

HERE = timezone(timedelta(hours=2))
NOW = datetime(2026, 5, 3, 18, 30, tzinfo=HERE)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("12h", NOW - timedelta(hours=12)),
        ("3d", NOW - timedelta(days=3)),
        ("7 days", NOW - timedelta(days=7)),
        ("1 hour", NOW - timedelta(hours=1)),
        ("90min", NOW - timedelta(minutes=90)),
        (" 2 Weeks ", NOW - timedelta(weeks=2)),
        ("2026-05-01T12:00:00Z", datetime.fromisoformat("2026-05-01T12:00:00+00:00")),
        ("2026-05-01T12:00:00+02:00", datetime(2026, 5, 1, 12, tzinfo=HERE)),
    ],
)
def test_a_moment_is_understood_as_people_write_it(typed, meant):
    assert moment(typed, NOW) == meant


@pytest.mark.parametrize(("typed", "day"), [("today", 3), ("Yesterday", 2), ("2026-05-01", 1)])
def test_a_day_means_its_beginning_where_the_host_is(typed, day):
    assert moment(typed, NOW) == datetime(2026, 5, day).astimezone()


@pytest.mark.parametrize("typed", ["tomorrow", "", "3 moons", "2026-13-01", "999999w"])
def test_what_is_no_moment_is_refused_by_name(typed):
    with pytest.raises(ValueError, match=repr(typed)):
        moment(typed, NOW)


def test_ids_are_typed_as_tables_show_them():
    assert typed_id("c12") == ("c", 12)
    assert typed_id("f7") == ("f", 7)
    for wrong in ("12", "x1", "t", "t-1", "t1 "):
        with pytest.raises(typer.BadParameter, match="is no id"):
            typed_id(wrong)
