"""The weather of a place, whoever tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

Sky = Literal[
    "clear",
    "few_clouds",
    "clouds",
    "fog",
    "drizzle",
    "freezing_rain",
    "rain",
    "snow",
    "showers",
    "snow_showers",
    "thunderstorm",
    "hail",
]
"""The words for it stand in `config/phrases/skills/`, under `[weather.sky]`."""


@dataclass(frozen=True, slots=True)
class DayForecast:
    """The weather of one day; temperatures in degrees Celsius, the chance of rain or snow in percent where known."""

    sky: Sky
    low_c: float
    high_c: float
    rain_percent: float | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """The weather of a place.

    Attributes:
        place: what the place is called.
        today: the day that it is there.
        sky: now.
        temperature_c: now, in degrees Celsius.
        days: from today on; what is not known is left out.
    """

    place: str
    today: date
    sky: Sky
    temperature_c: float
    days: Mapping[date, DayForecast]


class WeatherUnreachableError(Exception):
    """The weather could not be had; the message says why, for the log."""


class UnknownPlaceError(Exception):
    """Nobody knows a place of this name; the message is the name."""


class WeatherProvider(Protocol):
    """Who knows the weather."""

    async def forecast(self, place: str, language: str) -> Forecast:
        """Return the weather of a place.

        Args:
            place: its name, or its latitude and longitude in degrees, as `52.5,13.4`.
            language: to name the place in, a primary tag of BCP 47.

        Raises:
            UnknownPlaceError: if there is no such place.
            WeatherUnreachableError: if it could not be had, for whatever reason.
        """
        ...
