"""What skills are made of: the parts of the brain that they may need."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ai_server.brain.alarms import Alarms
from ai_server.brain.facts.rules import FactRules
from ai_server.brain.skills.forecast import WeatherProvider
from ai_server.brain.skills.sayings import Sayings
from ai_server.memory.facts import Facts
from ai_server.memory.names import Names
from ai_server.memory.privacy.selection import Selection
from ai_server.memory.voice import Voices


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a skill may need beside its question.

    Attributes:
        sayings: what skills say now; the files may be edited while the brain runs.
        rng: what coins and dice are thrown with.
        voices: how each robot is to speak.
        names: what people and robots are called.
        alarms: keeps timers, alarms and reminders.
        facts: what is known for good.
        fact_rules: find facts, and questions for them, in what is said; their files may be edited, too.
        is_remembered: says whether there is anything to forget of a selection; raises `DatabaseError`.
        weather: who knows the weather; None where the settings do not allow to ask.
        location: where this host is: a place's name, or latitude and longitude as `52.5,13.4`; empty where unknown.
    """

    sayings: Callable[[], Sayings]
    rng: random.Random
    voices: Voices
    names: Names
    alarms: Alarms
    facts: Facts
    fact_rules: Callable[[], FactRules]
    is_remembered: Callable[[Selection], Awaitable[bool]]
    weather: WeatherProvider | None = None
    location: str = ""
