"""What a skill is: it answers some intents, and a language model may call it as a tool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from ai_server.brain.body import Body
from ai_server.brain.robots import Situation
from ai_server.brain.slots import SlotValue
from ai_server.llm.chat import ActionCall
from ai_server.memory.privacy.selection import Selection
from ai_server.protocol.terms import Emotion


@dataclass(frozen=True, slots=True)
class Answer:
    """What a skill says, and the declared actions that the robot's body is to do with it.

    Attributes:
        choices: what it asks to choose from, in that order; the next words may choose by number or by name, and come
            back as the same intent with the slot `choice`.
        forgets: what the person wants forgotten, each part of it; the words of this turn are among it.
    """

    text: str
    emotion: Emotion = "neutral"
    calls: tuple[ActionCall, ...] = ()
    choices: tuple[str, ...] = ()
    forgets: tuple[Selection, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a skill may look at.

    Attributes:
        device_id: the robot that was spoken to.
        intent: which of the skill's intents it is.
        slots: what exactly is wanted.
        text: what was said.
        language: to answer in, a primary tag of BCP 47.
        now: in the host's time zone.
        situation: what is known of the robot.
        body: what it can do.
        last: what it said last; None where that was nothing.
        user_id: who speaks, where the robot knows.
        robot_name: what its persona is called.
    """

    device_id: str
    intent: str
    slots: Mapping[str, SlotValue]
    text: str
    language: str
    now: datetime
    situation: Situation
    body: Body
    last: Answer | None
    user_id: str | None = None
    robot_name: str = ""


class Skill(Protocol):
    """Answers with no model call what a clock, a sensor or a table knows better.

    Attributes:
        name: the tool's, of a-z and _.
        description: one line, for a language model.
        intents: which it answers.
        parameters: what a model may call it with, a JSON Schema of one flat object.
    """

    name: str
    description: str
    intents: frozenset[str]
    parameters: Mapping[str, Any]

    async def answer(self, question: Question) -> Answer:
        """Answer a question, with words for whatever goes wrong."""
        ...


@runtime_checkable
class KnowingSkill(Skill, Protocol):
    """A skill that answers only what it knows something of; the model answers the rest."""

    async def knows(self, question: Question) -> bool:
        """Say whether it has an answer to a question."""
        ...
