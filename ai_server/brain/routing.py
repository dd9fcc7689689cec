"""Decides who answers an utterance: the one place where that is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ai_server.bounded import Newest
from ai_server.brain.intent.intent import Intent

MOST_ASKED_AGAIN = 2
"""So often in a row a person is asked to say it again: then the robot makes what it can of what it heard."""

_MOST_ROBOTS = 1024
"""Of more robots, it is forgotten of the one that asked first."""

Route = Literal["consent", "ask_again", "action", "skill", "model"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What is known of an utterance when somebody has to answer it.

    Attributes:
        intent: what it was taken for.
        answers_question: it is a yes or a no to what the robot asked whether to do.
        command: the action that it says with all its parameters; empty where it says none.
        has_skill: a skill, or the owner's own answer, is there for the intent.
        confidence: the transcript's own, from 0 to 1; None where the robot did not tell.
        asked_again: how often in a row the person was asked to say it again just before.
    """

    intent: Intent
    answers_question: bool
    command: str
    has_skill: bool
    confidence: float | None
    asked_again: int


@dataclass(frozen=True, slots=True)
class Decision:
    """Who answers, and why, in words for `naila why`."""

    route: Route
    reason: str


class HeardBadly:
    """How often in a row each robot has just asked to have it said again."""

    def __init__(self) -> None:
        self._times = Newest[str, int](_MOST_ROBOTS)

    def of(self, device_id: str) -> int:
        """Return how often a robot has."""
        return self._times.get(device_id, 0)

    def note(self, device_id: str, *, asks: bool) -> None:
        """Take it that a robot asks once more, or that it has understood."""
        times = self._times.pop(device_id, 0)
        if asks:
            self._times[device_id] = times + 1


def decide(heard: Heard, *, least_confidence: float) -> Decision:
    """Return who answers an utterance.

    What stops the robot is never asked about again, nor is what is a known phrase to the letter and moves nothing.

    Args:
        heard: what is known of it.
        least_confidence: a transcript that its recogniser is less sure of was heard badly.
    """
    intent = heard.intent
    if heard.answers_question:
        return Decision("consent", f"it answers what the robot asked: {intent.name}")
    if _was_heard_badly(heard, least_confidence):
        return Decision("ask_again", f"the transcript's confidence {heard.confidence} is under {least_confidence}")
    if heard.command:
        return Decision("action", f"it says the declared action {heard.command} and all its parameters")
    if heard.has_skill:
        return Decision("skill", f"a skill answers {intent.name}")
    if intent.name == "conversation":
        return Decision("model", "it is conversation")
    return Decision("model", f"no skill answers {intent.name}")


def _was_heard_badly(heard: Heard, least_confidence: float) -> bool:
    if heard.confidence is None or heard.confidence >= least_confidence or heard.asked_again >= MOST_ASKED_AGAIN:
        return False
    is_known_phrase = heard.intent.is_phrase and heard.intent.name != "conversation"
    return heard.intent.name != "cancel" and (bool(heard.command) or not is_known_phrase)
