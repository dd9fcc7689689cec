"""What the brain tells of a turn while it goes through it, beside what the model says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ai_server.brain.intent.intent import Intent
from ai_server.brain.routing import Decision
from ai_server.llm.chat import ActionCall, ChatEvent
from ai_server.memory.facts import NewFact
from ai_server.memory.privacy.selection import Selection
from ai_server.protocol.terms import Emotion


@dataclass(frozen=True, slots=True)
class Understood:
    """What the brain took an utterance for, and what was true when it was said; the first event of a turn.

    Attributes:
        facts: the bracketed line, without its brackets.
        decision: who answers, and why.
        language: what is answered in, a primary tag of BCP 47.
        model_language: what the model answers in, whatever else does; None for the same.
        took_ms: to understand it.
        person_emotion: how the person seems to feel, where that is known.
        learned: what the words tell that is to be known for good.
    """

    intent: Intent
    facts: str
    decision: Decision
    language: str = "en"
    took_ms: float = 0.0
    person_emotion: Emotion | None = None
    learned: tuple[NewFact, ...] = ()
    model_language: str | None = None


@dataclass(frozen=True, slots=True)
class Prompted:
    """What the model is given to go by.

    Attributes:
        facts: the bracketed line with what came to mind, without its brackets.
        characters: of the whole prompt, without what the template puts around them.
        recalled: how much came to mind.
        past: what the prompt tells of the time before, for `naila why`.
        took_ms: from when the utterance was understood.
    """

    facts: str
    characters: int
    took_ms: float
    recalled: int = 0
    past: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Face:
    """The robot's face is to show the emotion of the reply, now; comes after its `EmotionTag` and before any word."""

    call: ActionCall


@dataclass(frozen=True, slots=True)
class Forgets:
    """The person asks to have something forgotten; the words that say what are not to be kept either."""

    selection: Selection


BrainEvent = Understood | Prompted | Face | Forgets | ChatEvent
