"""What people and robots are called."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import structlog

from ai_server.brain.skills.parts import Parts
from ai_server.brain.skills.skill import Answer, Question, Skill
from ai_server.brain.skills.tool import NOTHING, takes, text, words_of
from ai_server.memory.storage.database import DatabaseError

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
        names, device_id, user_id = self._parts.names, question.device_id, question.user_id
        return await _keep(
            self._parts, question, "person_set", lambda name: names.call_person(device_id, user_id, name)
        )


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
        names, device_id = self._parts.names, question.device_id
        return await _keep(self._parts, question, "robot_set", lambda name: names.call_robot(device_id, name))


async def _keep(parts: Parts, question: Question, saying: str, call: Callable[[str], Awaitable[None]]) -> Answer:
    """Have somebody called by the name that was said; return what is said to that."""
    sayings, language, name = parts.sayings(), question.language, _name(question)
    if not name:
        return Answer(sayings.say(language, "names.unclear"))
    try:
        await call(name)
    except DatabaseError as error:
        log.error("a name cannot be stored", device_id=question.device_id, reason=str(error))  # noqa: TRY400
        return Answer(sayings.say(language, "names.not_kept"), "sad")
    return Answer(sayings.say(language, f"names.{saying}", name=name), "happy")


def _name(question: Question) -> str:
    name = words_of(question, "name")[:_LONGEST].strip()
    if not any(character.isalpha() for character in name):
        return ""
    return " ".join(map(_capital, name.split())) if name.islower() else name


def _capital(word: str) -> str:
    return word if word in _PARTICLES else word[0].upper() + word[1:]
