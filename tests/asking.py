"""Questions to the skills, over a real database and the shipped sayings."""

from __future__ import annotations

import asyncio
import functools
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ai_server import resources
from ai_server.brain.alarms import Alarms
from ai_server.brain.body import Body
from ai_server.brain.facts.rules import FactRules
from ai_server.brain.robots import Situation
from ai_server.brain.skills.forecast import WeatherProvider
from ai_server.brain.skills.parts import Parts
from ai_server.brain.skills.registry import Skills
from ai_server.brain.skills.sayings import Sayings
from ai_server.brain.skills.skill import Answer, Question
from ai_server.memory.facts import Facts
from ai_server.memory.names import Names
from ai_server.memory.privacy.erasure import is_remembered
from ai_server.memory.reminders import Reminders
from ai_server.memory.storage.database import Database
from ai_server.memory.voice import Voices
from ai_server.protocol.device import ActionDeclaration, Capabilities
from tests.alarms import SimulatedClock
from tests.migrated import new_database

_RULES = FactRules.load(resources.config_dir() / "facts")
_SHIPPED = Sayings.load(resources.config_dir() / "phrases" / "skills")
NOW = datetime(2026, 11, 1, 9, 7, tzinfo=ZoneInfo("Europe/Berlin"))
"""A Sunday."""


def declared(*actions: dict[str, Any]) -> Body:
    """Return a body with actions of at most one parameter: `name`, `description`, `confirm`, and its schema."""
    return Body(tuple(map(_declaration, actions)))


def _declaration(action: dict[str, Any]) -> ActionDeclaration:
    schema = {key: value for key, value in action.items() if key not in {"name", "description", "confirm"}}
    whole = {
        "name": action["name"],
        "description": action.get("description", ""),
        "confirm": action.get("confirm", False),
        "parameters": {"properties": {"value": schema} if schema else {}},
    }
    (declaration,) = Capabilities.model_validate({"actions": [whole]}).actions
    return declaration


class Asker:
    """Asks one robot's skills; what is not said of a question is as at 9:07 on a Sunday in Berlin.

    Attributes:
        last: what the robot answered last.
    """

    def __init__(
        self,
        database: Database,
        *,
        weather: WeatherProvider | None = None,
        location: str = "",
        seed: int = 1,
    ) -> None:
        self.begin_anew()
        self.voices = Voices(database, max_robots=3)
        self.names = Names(database, max_names=9)
        self.facts = Facts(database)
        reminders = Reminders(database, max_per_robot=10, max_in_all=30)
        self.parts = Parts(
            sayings=lambda: self._sayings,
            rng=random.Random(seed),
            voices=self.voices,
            names=self.names,
            alarms=Alarms(reminders=reminders, sayings=lambda: self._sayings, clock=SimulatedClock(NOW)),
            facts=self.facts,
            fact_rules=lambda: _RULES,
            is_remembered=functools.partial(is_remembered, database),
            weather=weather,
            location=location,
        )
        self.skills = Skills.discover(self.parts)

    def begin_anew(self) -> None:
        """Forget what was said."""
        self.last: Answer | None = None
        self._sayings = Sayings(_SHIPPED._sayings, _SHIPPED._forms)

    async def ask(self, intent: str, text: str = "", *, response: str = "", **known: Any) -> Answer:
        """Ask by intent. `known` are fields of the question; what is none is a slot."""
        skill = self.skills.for_intent(intent, response)
        assert skill is not None, f"nobody answers {intent}"
        self.last = await skill.answer(self._question(intent, text, known))
        return self.last

    async def call(self, tool: str, **arguments: Any) -> Answer:
        """Call a skill by its name, as a model does."""
        skill = self.skills.named(tool)
        assert skill is not None, f"nothing is called {tool}"
        self.last = await skill.answer(self._question("", "", {"slots": arguments}))
        return self.last

    def _question(self, intent: str, text: str, known: dict[str, Any]) -> Question:
        fields: dict[str, Any] = {
            "device_id": "r1",
            "language": "en",
            "now": NOW,
            "situation": Situation(),
            "body": Body(),
            "last": self.last,
            "user_id": None,
            "robot_name": "Naila",
        }
        given = {name: known.pop(name) for name in list(known) if name in fields}
        slots = known.pop("slots", {})
        return Question(intent=intent, text=text, slots={**slots, **known}, **{**fields, **given})


@contextmanager
def standing_database(folder: Path) -> Iterator[Database]:
    """A database for many tests, of what keeps nothing."""
    database = asyncio.run(new_database(folder / "naila.db"))
    yield database
    asyncio.run(database.close())


@contextmanager
def standing_asker(folder: Path) -> Iterator[Asker]:
    """An asker for many tests, of what keeps nothing."""
    with standing_database(folder) as database:
        yield Asker(database)
