"""The weather, asked for over HTTP of a server that speaks as Open-Meteo does."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator, Iterator
from datetime import date
from typing import Any

import httpx2
import pytest
from structlog.testing import capture_logs

from ai_server.brain.open_meteo import OpenMeteo
from ai_server.memory.storage.database import Database
from tests.asking import Asker, standing_database
from tests.weather_service import (
    TODAY,
    Answer,
    Service,
    drips,
    floods,
    forecast,
    hangs_up,
    never,
    sends,
    weather_service,
)


class Clock:
    """Seconds that pass when a test wants them to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def service() -> Iterator[Service]:
    with weather_service() as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(trust_env=False) as opened:
        yield opened


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with standing_database(tmp_path_factory.mktemp("weather")) as opened:
        yield opened


@pytest.fixture
def asker(database: Database, service: Service, client: httpx2.AsyncClient, clock: Clock) -> Asker:
    return asking(database, service, client, clock=clock)


def asking(
    database: Database, service: Service, client: httpx2.AsyncClient, location: str = "Berlin", **options: Any
) -> Asker:
    provider = OpenMeteo(client, forecast_url=service.forecast_url, geocoding_url=service.geocoding_url, **options)
    return Asker(database, weather=provider, location=location)


@pytest.mark.parametrize(
    ("slots", "said"),
    [
        ({}, "It is 8 degrees now, with clouds. The chance of rain is 80 percent."),
        ({"place": "sydney"}, "In Sydney it is 8 degrees now, with clouds. The chance of rain is 80 percent."),
        (
            {"date": "2026-11-01"},
            "Today there will be rain, and minus 2 to 10 degrees. The chance of rain is 80 percent.",
        ),
        ({"date": "2026-11-02"}, "Tomorrow there will be a clear sky, and 1 to 11 degrees."),
        (
            {"date": "2026-11-02", "place": "sydney"},
            "In Sydney there will be a clear sky tomorrow, and 1 to 11 degrees.",
        ),
        ({"date": "2026-11-03"}, "On Tuesday there will be clouds, and 2 to 12 degrees."),
        (
            {"date": "2026-11-04", "place": "sydney"},
            (
                "In Sydney there will be thunderstorms on Wednesday, and 3 to 13 degrees. "
                "The chance of rain is 20 percent."
            ),
        ),
        (
            {"date": "2026-11-09"},
            "On Monday, 9 November 2026 there will be drizzle, and 8 to 18 degrees. The chance of rain is 20 percent.",
        ),
        ({"date": "2026-11-16"}, "I can't see the weather of that day. I can see from today to 14 days ahead."),
        ({"date": "2026-10-31"}, "I can't see the weather of that day. I can see from today to 14 days ahead."),
        ({"date": "9999-12-31"}, "I can't see the weather of that day. I can see from today to 14 days ahead."),
        ({"place": "atlantis"}, "I know no place that is called Atlantis."),
    ],
)
async def test_the_weather_is_told(asker: Asker, slots: dict[str, str], said: str) -> None:
    assert (await asker.ask("weather_query", **slots)).text == said


async def test_the_weather_is_told_in_other_languages(asker: Asker) -> None:
    for language, rain in (("de", "80 Prozent"), ("es", "80 por ciento")):
        text = (await asker.ask("weather_query", language=language)).text
        assert "8 " in text
        assert rain in text


async def test_the_service_is_asked_for_a_place_by_its_name_and_then_by_its_position(
    asker: Asker, service: Service
) -> None:
    await asker.ask("weather_query", language="de", place="Sydney")
    (searched, name), (forecast_of, position) = service.asked
    assert (searched, name["name"], name["count"], name["language"]) == ("/v1/search", "Sydney", "1", "de")
    assert (forecast_of, position["latitude"], position["longitude"]) == ("/v1/forecast", "-33.8678", "151.2073")
    assert position["timezone"] == "auto"


async def test_a_host_may_be_told_by_its_position(
    database: Database, service: Service, client: httpx2.AsyncClient
) -> None:
    asker = asking(database, service, client, location="52.5, -13.4")
    assert (await asker.ask("weather_query")).text.startswith("It is 8 degrees now")
    ((path, wanted),) = service.asked
    assert (path, wanted["latitude"], wanted["longitude"]) == ("/v1/forecast", "52.5000", "-13.4000")


async def test_tomorrow_is_the_tomorrow_of_the_place(asker: Asker, service: Service) -> None:
    service.today["-33.8678"] = date(2026, 11, 2)
    text = (await asker.ask("weather_query", date="2026-11-02", place="sydney")).text
    assert text == "In Sydney there will be a clear sky tomorrow, and 1 to 11 degrees."


async def test_what_was_told_is_not_asked_for_again_for_ten_minutes(
    asker: Asker, service: Service, clock: Clock
) -> None:
    for _ in range(3):
        await asker.ask("weather_query", place="Sydney")
        await asker.ask("weather_query", place="sydney", date="2026-11-02")
    assert len(service.asked) == 2
    clock.now += 599
    await asker.ask("weather_query", place="sydney")
    assert len(service.asked) == 2
    clock.now += 2
    await asker.ask("weather_query", place="sydney")
    assert len(service.asked) == 4


async def test_a_failure_is_not_kept(asker: Asker, service: Service) -> None:
    service.answer = sends(b"", 503)
    assert "can't reach" in (await asker.ask("weather_query")).text
    service.answer = None
    assert (await asker.ask("weather_query")).text.startswith("It is 8 degrees now")


def wrong(**changes: Any) -> bytes:
    return json.dumps(forecast(TODAY, 16) | changes).encode()


@pytest.mark.parametrize(
    ("answer", "logged"),
    [
        (sends(b"oops", 500), "status 500: oops"),
        (sends(b'{"error":true,"reason":"Daily API request limit exceeded."}', 429), "limit exceeded"),
        (sends(b"<html>Log in to the Wi-Fi</html>"), "no answer of Open-Meteo"),
        (sends(b""), "no answer of Open-Meteo"),
        (sends(b"[]"), "no answer of Open-Meteo"),
        (sends(b"\xff\xfe{}"), "no answer of Open-Meteo"),
        (sends(wrong(current={"time": "now", "temperature_2m": "warm", "weather_code": 3})), "no answer of Open-Meteo"),
        (
            sends(wrong(current={"time": "2026-11-01T09", "temperature_2m": 4e9, "weather_code": 3})),
            "temperature_2m",
        ),
        (sends(wrong(daily=None)), "no answer of Open-Meteo"),
        (hangs_up, "127.0.0.1"),
        (never, "no answer within 0.5 s"),
        (drips, "no answer within 0.5 s"),
        (floods, "longer than 1000000 bytes"),
    ],
)
async def test_a_service_that_does_not_answer_well_is_admitted(
    database: Database, service: Service, client: httpx2.AsyncClient, answer: Answer, logged: str
) -> None:
    service.answer = answer
    asker = asking(database, service, client, location="52.5,13.4", timeout_s=0.5 if answer in (never, drips) else 20)
    with capture_logs() as logs:
        said = await asker.ask("weather_query")
    assert (said.text, said.emotion) == ("I can't reach the weather service at the moment.", "sad")
    ((event, reason),) = [(log["event"], log["reason"]) for log in logs]
    assert event == "the weather cannot be had"
    assert logged in reason


async def test_without_a_network_the_weather_is_not_known(
    database: Database, service: Service, client: httpx2.AsyncClient
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        service.port = closed.getsockname()[1]
    asker = asking(database, service, client)
    assert "can't reach" in (await asker.ask("weather_query")).text


async def test_an_address_that_is_none_is_admitted(database: Database, client: httpx2.AsyncClient) -> None:
    asker = Asker(database, weather=OpenMeteo(client, geocoding_url="http://[", forecast_url="x"), location="Berlin")
    assert "can't reach" in (await asker.ask("weather_query")).text
    assert "can't reach" in (await asker.ask("weather_query", place="1,1")).text


async def test_a_forecast_with_less_than_all_tells_what_there_is(asker: Asker, service: Service) -> None:
    whole = forecast(TODAY, 16)
    del whole["daily"]["precipitation_probability_max"]
    whole["daily"]["temperature_2m_max"] = whole["daily"]["temperature_2m_max"][:2]
    service.answer = lambda each, handler: sends(
        json.dumps(each.usual("/v1/search", {"name": "berlin"}) if len(each.asked) == 1 else whole).encode()
    )(each, handler)
    assert (await asker.ask("weather_query")).text == "It is 8 degrees now, with clouds."
    assert "1 to 11 degrees" in (await asker.ask("weather_query", date="2026-11-02")).text
    assert "to 1 day ahead" in (await asker.ask("weather_query", date="2026-11-03")).text


async def test_where_the_settings_do_not_allow_it_nobody_is_asked(database: Database) -> None:
    assert (await Asker(database).ask("weather_query")).text == "I can't see the weather from here."


async def test_a_host_that_does_not_know_where_it_is_asks_for_a_place(
    database: Database, service: Service, client: httpx2.AsyncClient
) -> None:
    asker = asking(database, service, client, location="")
    assert (await asker.ask("weather_query")).text.startswith("I do not know where we are.")
    assert service.asked == []


async def test_a_robot_that_may_ask_says_that_it_can_tell_the_weather(asker: Asker) -> None:
    assert "tell the weather" in (await asker.ask("capabilities_query")).text
