"""The time and the date, here and elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta

from ai_server.brain.skills.parts import Parts
from ai_server.brain.skills.places import Places
from ai_server.brain.skills.skill import Answer, Question, Skill
from ai_server.brain.skills.tool import day_of, takes, text, words_of

_NEAR = {-1: "yesterday", 0: "date", 1: "tomorrow"}
"""What is said of days by how far they are from today."""

_COUNTED = re.compile(
    r"how (?:many days|long)|days (?:un)?til|cu[aá]nt[oa]s? (?:d[ií]as?|falta)|wie ?viele tage|wie lange",
    re.IGNORECASE,
)
"""Asks how far a day is away, and not which day it is."""

_SMALL_WORDS = frozenset({"and", "da", "de", "del", "of", "the"})
_INITIALS = frozenset({"gmt", "la", "nyc", "uae", "uk", "us", "usa", "utc"})


def skills(parts: Parts) -> Iterable[Skill]:
    """Return the skills of this module."""
    places = Places()
    return Time(parts, places), Date(parts, places)


class Time:
    """Tells the time: the host's, or that of a place."""

    name = "tell_time"
    description = "Tell what time it is, here or in another place."
    intents = frozenset({"time_query"})
    parameters = takes(place=text("a city or a country; leave it out for here"))

    def __init__(self, parts: Parts, places: Places) -> None:
        self._parts = parts
        self._places = places

    async def answer(self, question: Question) -> Answer:
        """Return the time; of another day than here, with the day."""
        sayings, language = self._parts.sayings(), question.language
        form, place = sayings.form(language), words_of(question, "place")
        if not place:
            return Answer(sayings.say(language, "clock.time", time=form.time(question.now)))
        zone = self._places.zone(place)
        if zone is None:
            return Answer(sayings.say(language, "clock.unknown_place", place=title(place)))
        there = question.now.astimezone(zone)
        key = "clock.time_there" if there.date() == question.now.date() else "clock.time_there_other_day"
        known = {"time": form.time(there), "place": title(place), "weekday": form.weekday(there)}
        return Answer(sayings.say(language, key, **known))


class Date:
    """Tells which day it is, here or elsewhere, on which weekday a date falls, and how far it is away."""

    name = "tell_date"
    description = "Tell today's date, the weekday of another date, or how many days it is until then."
    intents = frozenset({"date_query"})
    parameters = takes(
        date=text("YYYY-MM-DD; leave it out for today", 10),
        place=text("a city or a country; leave it out for here"),
        count_days={"type": "boolean", "description": "true: tell how many days away it is"},
    )

    def __init__(self, parts: Parts, places: Places) -> None:
        self._parts = parts
        self._places = places

    async def answer(self, question: Question) -> Answer:
        """Return the date, or the days until it."""
        sayings, language = self._parts.sayings(), question.language
        form, place = sayings.form(language), words_of(question, "place")
        today, said, counts = question.now.date(), day_of(question), _counts_days(question)
        try:
            day = date.fromisoformat(said) if said or counts else today
        except ValueError:
            return Answer(sayings.say(language, "clock.unclear_date"))
        away = (day - today).days
        if counts:
            return self._days(question, day, away)
        if not place:
            key = _NEAR.get(away, "future_date" if away > 0 else "past_date")
            return Answer(sayings.say(language, f"clock.{key}", date=form.date(day)))
        zone = self._places.zone(place)
        if zone is None:
            return Answer(sayings.say(language, "clock.unknown_place", place=title(place)))
        if away not in _NEAR:
            key = "future_date" if away > 0 else "past_date"
            return Answer(sayings.say(language, f"clock.{key}", date=form.date(day)))
        there = question.now.astimezone(zone).date() + timedelta(away)
        return Answer(sayings.say(language, f"clock.{_NEAR[away]}_there", date=form.date(there), place=title(place)))

    def _days(self, question: Question, day: date, away: int) -> Answer:
        sayings, language = self._parts.sayings(), question.language
        form = sayings.form(language)
        if not away:
            return Answer(sayings.say(language, "clock.days_none"))
        key = "clock.days_until" if away > 0 else "clock.days_since"
        return Answer(sayings.say(language, key, days=form.count_days(abs(away)), date=form.date(day)))


def _counts_days(question: Question) -> bool:
    wish = question.slots.get("count_days")
    return wish if isinstance(wish, bool) else bool(_COUNTED.search(question.text))


def title(place: str) -> str:
    """Return a place's name as it is written, where it came in small letters."""
    if not place.islower():
        return place
    if place in _INITIALS:
        return place.upper()
    return " ".join(word if word in _SMALL_WORDS else word[0].upper() + word[1:] for word in place.split())
