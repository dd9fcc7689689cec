"""What owners wrote themselves: an intent of their own, and the answer to it."""

from __future__ import annotations

from collections.abc import Mapping

from ai_server.brain.intent.response import filled
from ai_server.brain.skills.parts import Parts
from ai_server.brain.skills.skill import Answer, Question
from ai_server.brain.skills.tool import NOTHING, words_of


class OwnAnswer:
    """Fills in an owner's answer. What is not known is left out, with the comma before it.

    `{person}` is the name of who speaks, `{robot}` the robot's, `{time}` and `{date}` are now, `{battery}` is its
    charge in percent; a slot's name stands for what was said there, and goes before these.
    """

    name = "own_answer"
    description = ""
    intents: frozenset[str] = frozenset()
    parameters = NOTHING

    def __init__(self, parts: Parts, response: str) -> None:
        self._parts = parts
        self._response = response

    async def answer(self, question: Question) -> Answer:
        """Return the owner's answer."""
        known = self._known(question)
        return Answer(filled(self._response, lambda name: words_of(question, name) or known.get(name, "")))

    def _known(self, question: Question) -> Mapping[str, str]:
        form = self._parts.sayings().form(question.language)
        battery = question.situation.battery_percent
        return {
            "person": self._parts.names.person(question.device_id, question.user_id) or "",
            "robot": self._parts.names.robot(question.device_id) or question.robot_name,
            "time": form.time(question.now),
            "date": form.date(question.now),
            "battery": "" if battery is None else form.number(battery, 0),
        }
