"""What the robot can do: its skills, and its body."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ai_server.brain.skills.forms import Forms
from ai_server.brain.skills.parts import Parts
from ai_server.brain.skills.sayings import Sayings
from ai_server.brain.skills.skill import Answer, Question, Skill
from ai_server.brain.skills.tool import NOTHING
from ai_server.brain.wording import plain

_MOST_ACTIONS = 6
"""More than that nobody listens to."""

_ALWAYS = ("clock", "arithmetic", "chance", "timers", "voice", "names")


def skills(parts: Parts) -> Iterable[Skill]:
    """Return the skill of this module."""
    return (Capabilities(parts),)


class Capabilities:
    """Says what the robot can do, in two sentences: one of its skills and one of its body."""

    name = "tell_capabilities"
    description = "Tell what you can do."
    intents = frozenset({"capabilities_query"})
    parameters = NOTHING

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def answer(self, question: Question) -> Answer:
        """Return what it can do."""
        sayings, language = self._parts.sayings(), question.language
        form = sayings.form(language)
        able = form.listing(sayings.say(language, f"capabilities.of.{each}") for each in self._able(question))
        text = sayings.say(language, "capabilities.skills", skills=able)
        return Answer(f"{text} {_body(question, sayings, form)}", "happy")

    def _able(self, question: Question) -> Iterator[str]:
        situation = question.situation
        yield from _ALWAYS
        readings = (situation.battery_percent, situation.temperature_c, situation.humidity_percent, situation.sees)
        if any(reading is not None for reading in (*readings, situation.distance_cm)):
            yield "sensors"
        if self._parts.weather is not None:
            yield "weather"


def _body(question: Question, sayings: Sayings, form: Forms) -> str:
    names = [plain(action.name.replace("_", " ")) for action in question.body.offered]
    if not names:
        return sayings.say(question.language, "capabilities.no_body")
    actions = form.listing(names[:_MOST_ACTIONS])
    if len(names) <= _MOST_ACTIONS:
        return sayings.say(question.language, "capabilities.body", actions=actions)
    return sayings.say(question.language, "capabilities.more", actions=actions, count=len(names))
