"""What is said about the talk itself: say it again, let it be."""

from __future__ import annotations

from collections.abc import Iterable

from ai_server.brain.skills.parts import Parts
from ai_server.brain.skills.skill import Answer, Question, Skill
from ai_server.brain.skills.tool import NOTHING


def skills(parts: Parts) -> Iterable[Skill]:
    """Return the skills of this module."""
    return Repeat(parts), Cancel(parts)


class Repeat:
    """Says the last answer again, with its feeling and without its actions; a model reads it in the conversation."""

    name = "repeat"
    description = ""
    intents = frozenset({"repeat"})
    parameters = NOTHING

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def answer(self, question: Question) -> Answer:
        """Return what the robot said last."""
        if question.last is None:
            return Answer(self._parts.sayings().say(question.language, "dialogue.nothing_to_repeat"))
        return Answer(question.last.text, question.last.emotion)


class Cancel:
    """Says that it is silent now; a model has no use for that."""

    name = "cancel"
    description = ""
    intents = frozenset({"cancel"})
    parameters = NOTHING

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def answer(self, question: Question) -> Answer:
        """Return that all is well."""
        return Answer(self._parts.sayings().say(question.language, "dialogue.cancelled"))
