from __future__ import annotations

from dataclasses import replace

import pytest

from ai_server.brain.intent.intent import Intent
from ai_server.brain.routing import MOST_ASKED_AGAIN, Heard, decide

TALK = Heard(
    intent=Intent("conversation", 0.9),
    answers_question=False,
    command="",
    has_skill=False,
    confidence=None,
    asked_again=0,
)
TIME = replace(TALK, intent=Intent("time_query", 1.0, rule="what time is it"), has_skill=True)
WAVE = replace(TALK, command="wave")
STOP = replace(TALK, intent=Intent("cancel", 1.0, rule="stop"), has_skill=True, command="stop")
YES = replace(TALK, intent=Intent("affirm", 1.0, rule="yes"), answers_question=True)
GREETING = replace(TALK, intent=Intent("greeting", 1.0, rule="hello"))


@pytest.mark.parametrize(
    ("heard", "route"),
    [(TALK, "model"), (TIME, "skill"), (WAVE, "action"), (STOP, "action"), (YES, "consent"), (GREETING, "model")],
)
def test_an_utterance_goes_to_the_simplest_that_can_answer_it(heard: Heard, route: str) -> None:
    assert decide(heard, least_confidence=0.4).route == route


@pytest.mark.parametrize(
    ("heard", "route"), [(TALK, "ask_again"), (WAVE, "ask_again"), (TIME, "skill"), (STOP, "action"), (YES, "consent")]
)
def test_what_was_heard_badly_is_asked_again_but_a_stop_and_a_known_phrase(heard: Heard, route: str) -> None:
    assert decide(replace(heard, confidence=0.2), least_confidence=0.4).route == route


def test_a_transcript_of_just_enough_confidence_was_heard_well() -> None:
    assert decide(replace(TALK, confidence=0.4), least_confidence=0.4).route == "model"


def test_nobody_is_asked_a_third_time() -> None:
    badly = replace(TALK, confidence=0.1)
    routes = [decide(replace(badly, asked_again=n), least_confidence=0.4).route for n in range(MOST_ASKED_AGAIN + 1)]
    assert routes == ["ask_again", "ask_again", "model"]


@pytest.mark.parametrize(
    ("heard", "reason"),
    [
        (TALK, "it is conversation"),
        (TIME, "a skill answers time_query"),
        (WAVE, "it says the declared action wave and all its parameters"),
        (GREETING, "no skill answers greeting"),
        (YES, "it answers what the robot asked: affirm"),
        (replace(TALK, confidence=0.25), "the transcript's confidence 0.25 is under 0.4"),
    ],
)
def test_a_decision_says_why(heard: Heard, reason: str) -> None:
    assert decide(heard, least_confidence=0.4).reason == reason
