"""The weather by Open-Meteo's public service, or another that speaks as it does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, TypeVar

import httpx2
import structlog
from pydantic import BaseModel, Field, ValidationError

from ai_server.bounded import Newest
from ai_server.brain.skills.forecast import DayForecast, Forecast, Sky, UnknownPlaceError, WeatherUnreachableError

log = structlog.get_logger(__name__)

FORECAST_URL = "https://api.open-meteo.com/v1/forecast"
GEOCODING_URL = "https://geocoding-api.open-meteo.com/v1/search"

_DAYS = 16
"""As far as the service looks ahead."""

_FRESH_S = 600
_MOST_KEPT = 64
_LARGEST_BYTES = 1_000_000
_FIRST_ERROR = 400

Model = TypeVar("Model", bound=BaseModel)


class _Place(BaseModel):
    name: Annotated[str, Field(min_length=1, max_length=200)]
    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]


class _Places(BaseModel):
    results: list[_Place] = []


class _Current(BaseModel):
    time: datetime
    temperature_2m: Annotated[float, Field(ge=-100, le=100)]
    weather_code: int


class _Daily(BaseModel):
    time: list[date]
    weather_code: list[int | None]
    temperature_2m_min: list[float | None]
    temperature_2m_max: list[float | None]
    precipitation_probability_max: list[float | None] = []


class _Weather(BaseModel):
    current: _Current
    daily: _Daily


@dataclass(frozen=True, slots=True)
class _Kept:
    forecast: Forecast
    until: float


class OpenMeteo:
    """A `WeatherProvider`: https://open-meteo.com/en/docs. What it told is kept for ten minutes.

    Args:
        client: asks it; whoever made it closes it.
        forecast_url: where forecasts are asked for.
        geocoding_url: where the names of places are asked for.
        timeout_s: it has so long for all of an answer.
        clock: seconds that only ever grow.
    """

    def __init__(
        self,
        client: httpx2.AsyncClient,
        *,
        forecast_url: str = FORECAST_URL,
        geocoding_url: str = GEOCODING_URL,
        timeout_s: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._forecast_url = forecast_url
        self._geocoding_url = geocoding_url
        self._timeout_s = timeout_s
        self._clock = clock
        self._kept = Newest[tuple[str, str], _Kept](_MOST_KEPT)

    async def forecast(self, place: str, language: str) -> Forecast:
        """Return the weather of a place; see `WeatherProvider.forecast`."""
        key = (place.casefold(), language)
        kept = self._kept.get(key)
        if kept and self._clock() < kept.until:
            return kept.forecast
        try:
            async with asyncio.timeout(self._timeout_s):
                forecast = await self._forecast(await self._place(place, language))
        except TimeoutError:
            raise WeatherUnreachableError(f"no answer within {self._timeout_s:g} s") from None
        self._kept[key] = _Kept(forecast, self._clock() + _FRESH_S)
        return forecast

    async def _place(self, place: str, language: str) -> _Place:
        if position := _position(place):
            return position
        wanted = {"name": place, "count": "1", "language": language, "format": "json"}
        found = await self._ask(self._geocoding_url, wanted, _Places)
        if not found.results:
            raise UnknownPlaceError(place)
        return found.results[0]

    async def _forecast(self, place: _Place) -> Forecast:
        wanted = {
            "latitude": f"{place.latitude:.4f}",
            "longitude": f"{place.longitude:.4f}",
            "current": "temperature_2m,weather_code",
            "daily": "weather_code,temperature_2m_min,temperature_2m_max,precipitation_probability_max",
            "timezone": "auto",
            "forecast_days": str(_DAYS),
        }
        weather = await self._ask(self._forecast_url, wanted, _Weather)
        current = weather.current
        return Forecast(
            place.name, current.time.date(), _sky(current.weather_code), current.temperature_2m, _days(weather.daily)
        )

    async def _ask(self, url: str, wanted: Mapping[str, str], model: type[Model]) -> Model:
        try:
            async with self._client.stream("GET", url, params=wanted) as response:
                body = await _body(response)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise WeatherUnreachableError(f"{url}: {error or type(error).__name__}") from error
        if response.status_code >= _FIRST_ERROR:
            reason = body[:200].decode("utf-8", "replace")
            raise WeatherUnreachableError(f"{url}: status {response.status_code}: {reason}")
        try:
            return model.model_validate_json(body)
        except ValidationError as error:
            raise WeatherUnreachableError(f"{url}: this is no answer of Open-Meteo: {error}") from error


async def _body(response: httpx2.Response) -> bytes:
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > _LARGEST_BYTES:
            raise WeatherUnreachableError(f"{response.url}: the answer is longer than {_LARGEST_BYTES} bytes")
    return bytes(body)


def _position(place: str) -> _Place | None:
    """Return the place of a latitude and a longitude; None where it is none."""
    latitude, _, longitude = place.partition(",")
    try:
        return _Place(name=place, latitude=float(latitude), longitude=float(longitude))
    except ValueError:
        return None


def _days(daily: _Daily) -> dict[date, DayForecast]:
    chances = [*daily.precipitation_probability_max, *[None] * len(daily.time)]
    days = zip(
        daily.time, daily.weather_code, daily.temperature_2m_min, daily.temperature_2m_max, chances, strict=False
    )
    return {
        day: DayForecast(_sky(code), low, high, chance)
        for day, code, low, high, chance in days
        if code is not None and low is not None and high is not None
    }


def _sky(code: int) -> Sky:
    """Return what a code of the WMO's table 4677, as far as the service uses it, means."""
    return next(sky for last, sky in _SKIES if code <= last)


_SKIES: tuple[tuple[float, Sky], ...] = (
    (0, "clear"),
    (2, "few_clouds"),
    (3, "clouds"),
    (48, "fog"),
    (55, "drizzle"),
    (57, "freezing_rain"),
    (65, "rain"),
    (67, "freezing_rain"),
    (77, "snow"),
    (82, "showers"),
    (86, "snow_showers"),
    (95, "thunderstorm"),
    (float("inf"), "hail"),
)
"""The last code of each; what lies between two is not used."""
