"""Actions that need a yes: none is done without one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ai_server import resources
from ai_server.brain.consent import ANSWER_S, Asking, Consent
from ai_server.brain.robots import Robots
from ai_server.brain.wording import Wording
from ai_server.llm.chat import ActionCall, ChatEvent, Delta, EmotionTag, Finished, Sentence, Started
from ai_server.protocol.device import Capabilities

WORDING = Wording.load(resources.config_dir() / "phrases" / "actions.toml")
BODY = Capabilities.model_validate(
    {
        "actions": [
            {"name": "gripper_open", "description": "Open the gripper", "confirm": True},
            {
                "name": "fire_launcher",
                "parameters": {"properties": {"power": {"type": "integer", "minimum": 1, "maximum": 9}}},
                "confirm": True,
            },
            {"name": "wave"},
        ]
    }
)
OPEN = ActionCall("gripper_open", {})
FIRE = ActionCall("fire_launcher", {"power": 5})
WAVE = ActionCall("wave", {})


@pytest.fixture
def robots() -> Robots:
    robots = Robots(max_robots=2000, max_sensors=8)
    robots.declare("rover", BODY)
    return robots


@pytest.fixture
def consent(robots: Robots) -> Consent:
    return Consent(robots, lambda: WORDING)


def test_a_yes_is_needed_for_what_was_declared_so_alone(consent: Consent) -> None:
    assert [consent.is_needed("rover", call) for call in (OPEN, FIRE, WAVE, ActionCall("dance", {}))] == [
        True,
        True,
        False,
        False,
    ]
    assert not consent.is_needed("owl", OPEN)


def test_one_question_is_asked_for_all_and_one_yes_does_all_in_order(consent: Consent) -> None:
    assert consent.ask("rover", None, [OPEN, FIRE], 0) == "Shall I open the gripper and fire launcher, power 5?"
    assert consent.answer("rover", None, "affirm", 1) == [OPEN, FIRE]


def test_a_yes_counts_once(consent: Consent) -> None:
    consent.ask("rover", None, [OPEN], 0)
    assert consent.answer("rover", None, "affirm", 1) == [OPEN]
    assert consent.answer("rover", None, "affirm", 2) == []


def test_a_yes_counts_for_a_minute(consent: Consent) -> None:
    consent.ask("rover", None, [OPEN], 10)
    assert consent.is_answer("rover", None, 10 + ANSWER_S)
    assert not consent.is_answer("rover", None, 10.1 + ANSWER_S)
    assert consent.answer("rover", None, "affirm", 10 + ANSWER_S) == [OPEN]
    consent.ask("rover", None, [OPEN], 10)
    assert consent.answer("rover", None, "affirm", 10.1 + ANSWER_S) == []


def test_a_yes_that_was_said_before_the_question_is_none(consent: Consent) -> None:
    consent.ask("rover", None, [OPEN], 10)
    assert not consent.is_answer("rover", None, 9.9)
    assert consent.answer("rover", None, "affirm", 9.9) == []
    assert consent.answer("rover", None, "affirm", 11) == []


@pytest.mark.parametrize("intent", ["deny", "conversation", "time_query", "cancel"])
def test_anything_but_a_yes_lets_it_go_for_good(consent: Consent, intent: str) -> None:
    consent.ask("rover", None, [OPEN], 0)
    assert consent.is_answer("rover", None, 1)
    assert consent.answer("rover", None, intent, 1) == []
    assert not consent.is_answer("rover", None, 1)
    assert consent.answer("rover", None, "affirm", 2) == []


def test_a_question_that_was_not_understood_can_be_answered_once_it_was_repeated(consent: Consent) -> None:
    consent.ask("rover", None, [OPEN], 0)
    assert consent.answer("rover", None, "repeat", 1) == []
    assert consent.answer("rover", None, "affirm", 2) == [OPEN]


def test_another_robots_yes_is_none(consent: Consent, robots: Robots) -> None:
    robots.declare("owl", BODY)
    consent.ask("rover", None, [OPEN], 0)
    assert consent.answer("owl", None, "affirm", 1) == []
    assert consent.answer("rover", None, "affirm", 1) == [OPEN]


def test_another_persons_yes_is_none(consent: Consent) -> None:
    consent.ask("rover", "ada", [OPEN], 0)
    assert not consent.is_answer("rover", "bob", 1)
    assert [consent.answer("rover", user_id, "affirm", 1) for user_id in ("bob", None)] == [[], []]
    assert consent.answer("rover", "ada", "affirm", 1) == [OPEN]


def test_nothing_is_kept_of_anybody_once_the_robot_was_cancelled(consent: Consent) -> None:
    for user_id in ("ada", "bob"):
        consent.ask("rover", user_id, [OPEN], 0)
    consent.let_go("rover")
    assert [consent.answer("rover", user_id, "affirm", 1) for user_id in ("ada", "bob")] == [[], []]


def test_a_new_question_takes_the_place_of_the_one_before(consent: Consent) -> None:
    consent.ask("rover", None, [OPEN], 0)
    consent.ask("rover", None, [FIRE], 30)
    assert consent.answer("rover", None, "affirm", 31) == [FIRE]


def test_what_the_body_declares_no_more_is_not_done_after_the_yes(consent: Consent, robots: Robots) -> None:
    consent.ask("rover", None, [OPEN, FIRE], 0)
    robots.declare("rover", Capabilities(actions=BODY.actions[:1]))
    assert consent.answer("rover", None, "affirm", 1) == [OPEN]


def test_so_many_robots_may_have_asked_and_the_first_is_let_go(consent: Consent, robots: Robots) -> None:
    names = [f"r{number}" for number in range(1030)]
    for name in names:
        robots.declare(name, BODY)
        consent.ask(name, None, [OPEN], 0)
    answered = [name for name in names if consent.answer(name, None, "affirm", 1)]
    assert answered == names[6:]


def passed_on(consent: Consent, *events: ChatEvent, at: float = 0) -> list[ChatEvent]:
    asking = Asking(consent, "rover", None, clock=lambda: at)
    return [each for event in events for each in asking.pass_on(event)]


def test_the_question_is_said_after_the_words_and_the_action_is_kept(consent: Consent) -> None:
    heard = passed_on(
        consent,
        Started("llm"),
        EmotionTag("happy"),
        Delta("With pleasure."),
        Sentence("With pleasure."),
        WAVE,
        OPEN,
        Finished("stop", "With pleasure.", prefill_ms=3),
    )
    assert heard == [
        Started("llm"),
        EmotionTag("happy"),
        Delta("With pleasure."),
        Sentence("With pleasure."),
        WAVE,
        Delta(" Shall I open the gripper?"),
        Sentence("Shall I open the gripper?"),
        Finished("stop", "With pleasure. Shall I open the gripper?", prefill_ms=3),
    ]
    assert consent.answer("rover", None, "affirm", 1) == [OPEN]


def test_a_reply_of_an_action_alone_is_the_question(consent: Consent) -> None:
    *_, delta, sentence, finished = passed_on(consent, Started("llm"), OPEN, Finished("stop", ""))
    assert (delta, sentence) == (Delta("Shall I open the gripper?"), Sentence("Shall I open the gripper?"))
    assert isinstance(finished, Finished)
    assert finished.text == "Shall I open the gripper?"


def test_what_only_a_broken_attempt_wanted_is_not_asked_for(consent: Consent) -> None:
    events = (Started("llm"), OPEN, Started("fallback"), Delta("Sorry."), Finished("stop", "Sorry."))
    assert passed_on(consent, *events)[-1] == Finished("stop", "Sorry.")
    assert not consent.is_answer("rover", None, 0)


def test_a_reply_that_never_finishes_asks_for_nothing(consent: Consent) -> None:
    assert passed_on(consent, Started("llm"), Delta("With"), OPEN) == [Started("llm"), Delta("With")]
    assert not consent.is_answer("rover", None, 0)


ROBOTS = st.sampled_from(["rover", "owl", "crab"])
INTENTS = st.sampled_from(["affirm", "affirm", "deny", "conversation", "cancel", "repeat"])


class Conversations(RuleBasedStateMachine):
    """Robots that ask, are answered, are cancelled, begin anew and wait, in any order.

    What was asked of each and when is noted here too; whatever `answer` returns must follow from that note.
    """

    def __init__(self) -> None:
        super().__init__()
        robots = Robots(max_robots=8, max_sensors=8)
        for name in ("rover", "owl", "crab"):
            robots.declare(name, BODY)
        self.consent = Consent(robots, lambda: WORDING)
        self.now = 0.0
        self.asked: dict[str, tuple[float, list[ActionCall]]] = {}

    @rule(seconds=st.floats(0, 2 * ANSWER_S))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(robot=ROBOTS, calls=st.lists(st.sampled_from([OPEN, FIRE]), min_size=1, max_size=3))
    def reply(self, robot: str, calls: list[ActionCall]) -> None:
        asking = Asking(self.consent, robot, None, clock=lambda: self.now)
        heard = [each for event in (Started("llm"), *calls, Finished("stop", "So?")) for each in asking.pass_on(event)]
        assert not [event for event in heard if isinstance(event, ActionCall)], "it went out without being asked for"
        self.asked[robot] = (self.now, calls)

    @rule(robot=ROBOTS, intent=INTENTS, waited=st.just(0.0) | st.floats(0, ANSWER_S))
    def hear(self, robot: str, intent: str, waited: float) -> None:
        arrived = self.now - waited
        done = self.consent.answer(robot, None, intent, arrived)
        at, calls = self.asked.get(robot, (0.0, []))
        if intent != "repeat":
            self.asked.pop(robot, None)
        allowed = intent == "affirm" and 0 <= arrived - at <= ANSWER_S
        assert done == (calls if allowed else [])

    @rule(robot=ROBOTS)
    def cancel(self, robot: str) -> None:
        self.consent.let_go(robot)
        self.asked.pop(robot, None)

    @invariant()
    def waits_for_what_was_asked(self) -> None:
        for robot in ("rover", "owl", "crab"):
            at, _ = self.asked.get(robot, (None, []))
            assert self.consent.is_answer(robot, None, self.now) == (at is not None and self.now - at <= ANSWER_S)


TestNothingIsDoneWithoutAYes = Conversations.TestCase
TestNothingIsDoneWithoutAYes.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


@given(st.text(max_size=40).filter(lambda intent: intent != "affirm"))
def test_no_other_intent_is_a_yes(intent: str) -> None:
    robots = Robots(max_robots=1, max_sensors=1)
    robots.declare("rover", BODY)
    consent = Consent(robots, lambda: WORDING)
    consent.ask("rover", None, [OPEN], 0)
    assert consent.answer("rover", None, intent, 0) == []
