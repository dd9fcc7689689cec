"""What people and robots are called."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from ai_server.brain.skills.parts import Parts
from ai_server.brain.skills.skill import Answer, Question, Skill
from ai_server.brain.skills.tool import NOTHING, takes, text, words_of
from ai_server.memory.database import DatabaseError

log = structlog.get_logger(__name__)

_LONGEST = 40
_PARTICLES = frozenset(
    {"da", "de", "del", "della", "den", "der", "di", "du", "la", "le", "of", "van", "von", "y", "zu"}
)


def skills(parts: Parts) -> Iterable[Skill]:
    """Return the skills of this module."""
    return SetPersonName(parts), TellPersonName(parts), SetRobotName(parts)


class SetPersonName:
    """Takes the name of who speaks."""

    name = "remember_name"
    description = "Remember what the person who speaks is called."
    intents = frozenset({"user_name_set"})
    parameters = takes("name", name=text("the person's name", _LONGEST))

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def answer(self, question: Question) -> Answer:
        """Call the person so from now on."""
        sayings, name = self._parts.sayings(), _name(question)
        if not name:
            return Answer(sayings.say(question.language, "names.unclear"))
        try:
            await self._parts.names.call_person(question.device_id, question.user_id, name)
        except DatabaseError as error:
            return _not_kept(self._parts, question, error)
        return Answer(sayings.say(question.language, "names.person_set", name=name), "happy")


class TellPersonName:
    """Tells who speaks."""

    name = "recall_name"
    description = "Tell what the person who speaks is called."
    intents = frozenset({"user_name_query"})
    parameters = NOTHING

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def answer(self, question: Question) -> Answer:
        """Return the person's name."""
        sayings = self._parts.sayings()
        name = self._parts.names.person(question.device_id, question.user_id)
        if name is None:
            return Answer(sayings.say(question.language, "names.no_person"))
        return Answer(sayings.say(question.language, "names.person", name=name), "happy")


class SetRobotName:
    """Takes another name for the robot itself."""

    name = "rename_robot"
    description = "Take another name for yourself."
    intents = frozenset({"robot_name_set"})
    parameters = takes("name", name=text("your new name", _LONGEST))

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def answer(self, question: Question) -> Answer:
        """Be called so from now on."""
        sayings, name = self._parts.sayings(), _name(question)
        if not name:
            return Answer(sayings.say(question.language, "names.unclear"))
        try:
            await self._parts.names.call_robot(question.device_id, name)
        except DatabaseError as error:
            return _not_kept(self._parts, question, error)
        return Answer(sayings.say(question.language, "names.robot_set", name=name), "happy")


def _name(question: Question) -> str:
    name = words_of(question, "name")[:_LONGEST].strip()
    if not any(character.isalpha() for character in name):
        return ""
    return " ".join(map(_capital, name.split())) if name.islower() else name


def _capital(word: str) -> str:
    return word if word in _PARTICLES else word[0].upper() + word[1:]


def _not_kept(parts: Parts, question: Question, error: DatabaseError) -> Answer:
    log.error("a name cannot be stored", device_id=question.device_id, reason=str(error))
    return Answer(parts.sayings().say(question.language, "names.not_kept"), "sad")
