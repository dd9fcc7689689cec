"""The time and the date, here and elsewhere."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ai_server.brain.skills.places import Places
from tests.asking import Asker


@pytest.mark.parametrize(
    ("slots", "said"),
    [
        ({}, "It is 09:07."),
        ({"place": "tokyo"}, "It is 17:07 in Tokyo."),
        ({"place": "New York"}, "It is 03:07 in New York."),
        ({"place": "the united states"}, "It is 03:07 in the United States."),
        ({"place": "new zealand"}, "It is 21:07 in New Zealand."),
        ({"place": "uk"}, "It is 08:07 in UK."),
        ({"place": "atlantis"}, "I do not know what time it is in Atlantis."),
    ],
)
async def test_the_time_is_told_here_and_in_other_places(asker: Asker, slots: dict[str, str], said: str) -> None:
    assert (await asker.ask("time_query", **slots)).text == said


async def test_where_it_is_another_day_the_day_is_told_too(asker: Asker) -> None:
    late = datetime(2026, 11, 1, 22, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    text = (await asker.ask("time_query", now=late, place="sydney")).text
    assert text == "It is 08:30 in Sydney, on Monday."


async def test_the_time_elsewhere_follows_the_clock_changes_of_both_places(asker: Asker) -> None:
    between = datetime(2026, 10, 28, 12, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    assert (await asker.ask("time_query", now=between, place="boston")).text == "It is 07:00 in Boston."


@pytest.mark.parametrize(
    ("slots", "said"),
    [
        ({}, "Today is Sunday, 1 November 2026."),
        ({"date": "2026-11-02"}, "Tomorrow is Monday, 2 November 2026."),
        ({"date": "2026-10-31"}, "Yesterday was Saturday, 31 October 2026."),
        ({"date": "2026-12-25"}, "That is Friday, 25 December 2026."),
        ({"date": "2024-02-29"}, "That was Thursday, 29 February 2024."),
        ({"place": "japan"}, "In Japan, today is Sunday, 1 November 2026."),
        ({"place": "sydney", "date": "2026-11-02"}, "In Sydney, tomorrow is Monday, 2 November 2026."),
        ({"place": "sydney", "date": "2026-12-25"}, "That is Friday, 25 December 2026."),
        ({"place": "atlantis"}, "I do not know what time it is in Atlantis."),
        ({"date": "someday"}, "I do not know which day that is."),
        ({"date": "2026-12-25", "count_days": True}, "It is 54 days until Friday, 25 December 2026."),
        ({"date": "2026-11-02", "count_days": True}, "It is 1 day until Monday, 2 November 2026."),
        ({"date": "2026-10-25", "count_days": True}, "Sunday, 25 October 2026 was 7 days ago."),
        ({"date": "2026-11-01", "count_days": True}, "That is today."),
    ],
)
async def test_a_date_is_told(asker: Asker, slots: dict[str, Any], said: str) -> None:
    assert (await asker.ask("date_query", **slots)).text == said


@pytest.mark.parametrize(
    "text",
    ["how many days until christmas", "how long is it till christmas", "cuántos días faltan", "Wie viele Tage noch"],
)
async def test_who_asks_how_many_days_is_told_how_many(asker: Asker, text: str) -> None:
    assert "54 days" in (await asker.ask("date_query", text, date="2026-12-25")).text
    assert "54 days" not in (await asker.ask("date_query", text, date="2026-12-25", count_days=False)).text


@pytest.mark.parametrize(
    ("language", "text", "said"),
    [
        ("en", "what's the date tomorrow", "Tomorrow is Monday, 2 November 2026."),
        ("en", "how many days until christmas", "It is 54 days until Friday, 25 December 2026."),
        ("en", "how many days until summer", "I do not know which day that is."),
        ("de", "wie viele Tage noch bis Weihnachten", "Noch 54 Tage, dann ist Freitag, 25. Dezember 2026."),
        ("es", "cuántos días faltan para Navidad", "De hoy al viernes 25 de diciembre de 2026 hay 54 días."),
    ],
)
async def test_a_date_that_is_in_the_words_alone_is_read_there(
    asker: Asker, language: str, text: str, said: str
) -> None:
    assert (await asker.ask("date_query", text, language=language)).text == said


@pytest.mark.parametrize(
    ("language", "said"),
    [("de", "In Tokio ist es 17:07 Uhr."), ("es", "En Tokio son las 17:07."), ("xx", "It is 17:07 in Tokio.")],
)
async def test_the_time_is_told_in_the_language_that_is_spoken(asker: Asker, language: str, said: str) -> None:
    assert (await asker.ask("time_query", language=language, place="tokio")).text == said


async def test_in_a_place_today_is_the_day_that_it_is_there(asker: Asker) -> None:
    late = datetime(2026, 11, 1, 22, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    assert "today is Monday, 2 Nov" in (await asker.ask("date_query", now=late, place="sydney")).text
    assert (
        "tomorrow is Tuesday, 3 Nov"
        in (await asker.ask("date_query", now=late, place="sydney", date="2026-11-02")).text
    )


async def test_a_model_asks_with_a_place_and_a_date(asker: Asker) -> None:
    assert (await asker.call("tell_time", place="Berlin")).text == "It is 09:07 in Berlin."
    assert "54 days" in (await asker.call("tell_date", date="2026-12-25", count_days=True)).text


@pytest.mark.parametrize(
    ("place", "zone"),
    [
        ("Paris", "Europe/Paris"),
        ("Paris, France", "Europe/Paris"),
        ("buenos aires", "America/Argentina/Buenos_Aires"),
        ("São Paulo", "America/Sao_Paulo"),
        ("MÜNCHEN", "Europe/Berlin"),
        ("el Japón", "Asia/Tokyo"),
        ("Großbritannien", "Europe/London"),
        ("côte d'ivoire", "Africa/Abidjan"),
        ("San Francisco", "America/Los_Angeles"),
        ("russia", "Europe/Moscow"),
        ("New York City", "America/New_York"),
        ("australia", "Australia/Sydney"),
        ("Georgia", "Asia/Tbilisi"),
        ("Europe/Vienna", "Europe/Vienna"),
        ("UTC", "UTC"),
    ],
)
def test_a_place_has_its_time_zone(place: str, zone: str) -> None:
    assert Places().zone(place) == ZoneInfo(zone)


@pytest.mark.parametrize("place", ["", "the", ",", "../../etc/passwd", "nowhere", "x" * 1000])
def test_what_is_no_place_has_none(place: str) -> None:
    assert Places().zone(place) is None


def test_every_place_that_is_known_has_a_time_zone() -> None:
    places = Places()
    assert len(places._zones) > 1000
    assert [name for name in places._zones if places.zone(name) is None] == []
