"""How the robot speaks: how loud, how fast, and in which language.

A robot's own voice is set by its actions. Such an action takes one parameter, does not ask for a yes first, and tells
by its name what it sets:

- volume: a number; the name holds the word `volume` or `loudness`: `set_volume`, `volume`.
- rate: a number; the name holds `rate`, `speed` or `tempo`, and `speech`, `speaking`, `talking` or `voice`, so that it
  is not the speed of wheels: `set_speech_rate`, `voice_speed`.
- language: a text; the name holds `language` or `locale`: `set_language`. It is told the tag, or the first of its
  `enum` in that language.

Other words in the name must be plain ones, such as `speaker` or `level`: the volume of a `pump_volume` is another one.
Where no name tells it, a description may that holds the same words and one of a voice, such as `speaker` or `speech`.
Levels from 0 to 100 go from the parameter's `minimum` to its `maximum`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import structlog

from ai_server.brain.body import Body
from ai_server.brain.language import NAMES, primary
from ai_server.brain.skills.parts import Parts
from ai_server.brain.skills.skill import Answer, Question, Skill
from ai_server.brain.skills.tool import number_of, one_of, takes, whole, words_of
from ai_server.llm.chat import ActionCall
from ai_server.memory.storage.database import DatabaseError
from ai_server.memory.voice import Voice
from ai_server.protocol.device import ActionDeclaration, Parameter

log = structlog.get_logger(__name__)

_HIGHEST = 100
_USUAL = 50
"""The level that a voice has until somebody asks for another one."""

_STEP = 10
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")

Words = tuple[frozenset[str], ...]
"""Of each set an action's name, or its description, holds one."""

_VOICE = frozenset(
    {"audio", "loudspeaker", "sound", "speak", "speaker", "speaking", "speech", "talk", "talking", "voice"}
)
_PLAIN = _VOICE | {"adjust", "change", "level", "master", "output", "percent", "robot", "set", "to"}
"""What the name of an action of the voice may hold besides."""

_WHICHEVER = "auto"
_LANGUAGE: Words = (frozenset({"language", "locale"}),)


@dataclass(frozen=True, slots=True)
class _Level:
    """Something of a voice that has a level from 0 to 100.

    Attributes:
        of: its name in `Voice`, and of the saying that tells it.
        skill: the name of the skill.
        intent: which the skill answers.
        description: for a model.
        words: by which an action tells that it sets this.
        up: the saying for a step up.
        down: the saying for a step down.
        highest: the saying where no step up is left.
        lowest: the saying where no step down is left.
        unclear: the saying where nothing tells which level is wanted.
        fixed: the saying where no action sets it.
    """

    of: Literal["volume", "rate"]
    skill: str
    intent: str
    description: str
    words: Words
    up: str
    down: str
    highest: str
    lowest: str
    unclear: str
    fixed: str


_VOLUME = _Level(
    of="volume",
    skill="set_volume",
    intent="volume_set",
    description="Speak louder (change up) or quieter (change down), or at a volume from 0 to 100.",
    words=(frozenset({"volume", "loudness"}),),
    up="volume",
    down="volume",
    highest="loudest",
    lowest="quietest",
    unclear="how_loud",
    fixed="fixed_volume",
)
_RATE = _Level(
    of="rate",
    skill="set_speech_rate",
    intent="speech_rate_set",
    description="Speak faster (change up) or slower (change down), or at a rate from 0 to 100 of what you can.",
    words=(frozenset({"rate", "speed", "tempo"}), frozenset({"speech", "speak", "speaking", "talking", "voice"})),
    up="faster",
    down="slower",
    highest="fastest",
    lowest="slowest",
    unclear="how_fast",
    fixed="fixed_rate",
)


def skills(parts: Parts) -> Iterable[Skill]:
    """Return the skills of this module."""
    return SetLevel(parts, _VOLUME), SetLevel(parts, _RATE), SetLanguage(parts)


class SetLevel:
    """Sets how loud or how fast the robot speaks, to a level or by a step."""

    def __init__(self, parts: Parts, level: _Level) -> None:
        self.name = level.skill
        self.description = level.description
        self.intents = frozenset({level.intent})
        self.parameters: Mapping[str, Any] = takes(
            level=whole("from 0 to 100", 0, _HIGHEST), change=one_of("a step, where no level is said", "up", "down")
        )
        self._parts = parts
        self._level = level

    async def answer(self, question: Question) -> Answer:
        """Set the level, if the robot has an action for it."""
        action = find_action(question.body, self._level.words, _is_number)
        if action is None:
            return self._say(question, self._level.fixed)
        voice = self._parts.voices.of(question.device_id)
        before = _USUAL if (kept := getattr(voice, self._level.of)) is None else kept
        level, change = number_of(question, "level"), words_of(question, "change")
        if level is None and change not in {"up", "down"}:
            return self._say(question, self._level.unclear)
        if level is None and before == (_HIGHEST if change == "up" else 0):
            return self._say(question, self._level.highest if change == "up" else self._level.lowest)
        wanted = before + (_STEP if change == "up" else -_STEP) if level is None else round(level)
        wanted = min(_HIGHEST, max(0, wanted))
        step = self._level.up if change == "up" else self._level.down
        answer = self._say(question, self._level.of if level is not None else step, level=wanted)
        name, parameter = _only(action)
        answer = replace(answer, calls=(ActionCall(action.name, {name: _scaled(wanted, parameter)}),))
        voice = replace(voice, volume=wanted) if self._level.of == "volume" else replace(voice, rate=wanted)
        return await _keep(self._parts, question, voice, answer)

    def _say(self, question: Question, key: str, **values: object) -> Answer:
        return Answer(self._parts.sayings().say(question.language, f"voice.{key}", **values))


class SetLanguage:
    """Sets the language that the robot answers in, whatever it is spoken to in; or that it is again what it is."""

    name = "set_language"
    description = "Speak another language from now on; auto: whichever the person speaks."
    intents = frozenset({"language_set"})
    parameters = takes("language", language=one_of("its tag", *NAMES, _WHICHEVER))

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def answer(self, question: Question) -> Answer:
        """Answer in a language from now on, and tell so in it."""
        sayings, said = self._parts.sayings(), words_of(question, "language")
        if not said:
            return Answer(sayings.say(question.language, "voice.unclear_language"))
        if said == _WHICHEVER:
            voice = replace(self._parts.voices.of(question.device_id), language=None)
            return await _keep(self._parts, question, voice, Answer(sayings.say(question.language, "voice.whichever")))
        wanted = primary(said)
        if wanted not in NAMES:
            name = sayings.form(question.language).languages.get(wanted, said)
            return Answer(sayings.say(question.language, "voice.unknown_language", language=name))
        name = sayings.form(wanted).languages.get(wanted, NAMES[wanted])
        action = find_action(question.body, _LANGUAGE, lambda parameter: bool(_tag(parameter, wanted)))
        calls = () if action is None else (_call(action, wanted),)
        answer = Answer(sayings.say(wanted, "voice.language", language=name), calls=calls)
        voice = replace(self._parts.voices.of(question.device_id), language=wanted)
        return await _keep(self._parts, replace(question, language=wanted), voice, answer)


def find_action(body: Body, words: Words, fits: Callable[[Parameter], bool]) -> ActionDeclaration | None:
    """Return the action of a body that sets something of its voice; None where it has none.

    Args:
        body: with the declared actions.
        words: by which such an action tells what it sets.
        fits: whether its parameter takes what is to be set.
    """
    able = [
        action
        for action in body.offered
        if not action.confirm and len(action.parameters.properties) == 1 and fits(_only(action)[1])
    ]
    named = (action for action in able if _names(action.name, words))
    described = (action for action in able if _holds(_words(action.description), (*words, _VOICE)))
    return next(named, None) or next(described, None)


def _names(name: str, words: Words) -> bool:
    held = _words(name)
    return _holds(held, words) and held <= _PLAIN.union(*words)


def _holds(held: frozenset[str], words: Words) -> bool:
    return all(held & either for either in words)


def _words(text: str) -> frozenset[str]:
    return frozenset(word.lower() for word in _WORD.findall(text))


def _only(action: ActionDeclaration) -> tuple[str, Parameter]:
    (item,) = action.parameters.properties.items()
    return item


def _is_number(parameter: Parameter) -> bool:
    return parameter.type in {"integer", "number"}


def _scaled(level: int, parameter: Parameter) -> float | int:
    """Return a level from 0 to 100 as a value between a parameter's `minimum` and `maximum`."""
    low, high = parameter.range
    units = low + round((high - low) * level / _HIGHEST)
    return units if parameter.type == "integer" else units / 10**parameter.places


def _tag(parameter: Parameter, language: str) -> str:
    """Return what a parameter calls a language; empty where it cannot."""
    if parameter.type != "string":
        return ""
    if parameter.enum:
        return next((each for each in parameter.enum if re.split("[-_]", each.lower())[0] == language), "")
    return language if len(language) <= parameter.max_length else ""


def _call(action: ActionDeclaration, language: str) -> ActionCall:
    name, parameter = _only(action)
    return ActionCall(action.name, {name: _tag(parameter, language)})


async def _keep(parts: Parts, question: Question, voice: Voice, answer: Answer) -> Answer:
    """Return the answer once the voice is kept; where it cannot be, the answer says so."""
    try:
        await parts.voices.change(question.device_id, voice)
    except DatabaseError as error:
        log.error("a voice cannot be stored", device_id=question.device_id, reason=str(error))  # noqa: TRY400
        return replace(answer, text=f"{answer.text} {parts.sayings().say(question.language, 'voice.not_kept')}")
    return answer
