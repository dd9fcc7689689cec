"""The weather, as far as the settings allow to ask for it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import structlog

from ai_server.brain.skills.clock import title
from ai_server.brain.skills.forecast import DayForecast, Forecast, UnknownPlaceError, WeatherUnreachableError
from ai_server.brain.skills.parts import Parts
from ai_server.brain.skills.skill import Answer, Question, Skill
from ai_server.brain.skills.tool import day_of, takes, text, words_of

log = structlog.get_logger(__name__)

_WEEK = 7
"""A day that is so far ahead is told by its date, since its name is that of a nearer one too."""

_LIKELY_PERCENT = 20
"""Rain or snow that is less likely is not spoken of."""


def skills(parts: Parts) -> Iterable[Skill]:
    """Return the skill of this module."""
    return (Weather(parts),)


class Weather:
    """Tells the weather: now, or of a day; here, or in a place."""

    name = "tell_weather"
    description = "Tell the weather now or on a day of the next two weeks, here or in another place."
    intents = frozenset({"weather_query"})
    parameters = takes(
        place=text("a city; leave it out for here"),
        date=text("YYYY-MM-DD; leave it out for now", 10),
    )

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def answer(self, question: Question) -> Answer:
        """Return the weather, or why it cannot be told."""
        sayings, language = self._parts.sayings(), question.language
        if self._parts.weather is None:
            return Answer(sayings.say(language, "weather.not_allowed"))
        place = words_of(question, "place")
        if not place and not self._parts.location:
            return Answer(sayings.say(language, "weather.no_location"))
        try:
            forecast = await self._parts.weather.forecast(place or self._parts.location, language)
        except UnknownPlaceError:
            return Answer(sayings.say(language, "weather.unknown_place", place=title(place or self._parts.location)))
        except WeatherUnreachableError as error:
            log.warning("the weather cannot be had", reason=str(error))
            return Answer(sayings.say(language, "weather.unreachable"), "sad")
        return Answer(self._told(question, forecast, "_there" if place else ""))

    def _told(self, question: Question, forecast: Forecast, where: str) -> str:
        sayings, language = self._parts.sayings(), question.language
        form = sayings.form(language)
        day = _day(question, forecast)
        if day is None:
            degrees, sky = form.number(forecast.temperature_c, 0), sayings.say(language, f"weather.sky.{forecast.sky}")
            now = sayings.say(language, f"weather.now{where}", degrees=degrees, sky=sky, place=forecast.place)
            return f"{now}{self._rain(language, forecast.days.get(forecast.today))}"
        weather, ahead = forecast.days.get(day), (day - forecast.today).days
        if weather is None:
            farthest = max(forecast.days, default=forecast.today)
            return sayings.say(language, "weather.no_such_day", days=form.count_days((farthest - forecast.today).days))
        known = {
            "sky": sayings.say(language, f"weather.sky.{weather.sky}"),
            "low": form.number(weather.low_c, 0),
            "high": form.number(weather.high_c, 0),
            "place": forecast.place,
            "weekday": form.weekday(day) if ahead < _WEEK else form.date(day),
        }
        key = {0: "today", 1: "tomorrow"}.get(ahead, "weekday")
        return f"{sayings.say(language, f'weather.{key}{where}', **known)}{self._rain(language, weather)}"

    def _rain(self, language: str, weather: DayForecast | None) -> str:
        if weather is None or weather.rain_percent is None or weather.rain_percent < _LIKELY_PERCENT:
            return ""
        sayings = self._parts.sayings()
        percent = sayings.form(language).number(weather.rain_percent, 0)
        return f" {sayings.say(language, 'weather.rain', percent=percent)}"


def _day(question: Question, forecast: Forecast) -> date | None:
    """Return the day that is asked for, counted from today as it is there; None for now."""
    said = day_of(question)
    try:
        return forecast.today + timedelta((date.fromisoformat(said) - question.now.date()).days) if said else None
    except (ValueError, OverflowError):
        return None
