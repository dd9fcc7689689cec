from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any, Self

import pytest

from ai_server.mqtt.options import BrokerOptions
from tests.brokers import TIMEOUT_S, Robot, mosquitto
from tests.daemons import RunningDaemon, naila
from tests.model_variants import endless
from tests.robots import HeadlessRobot

STORY = (
    "so yesterday I went down to the harbour with my sister and we saw a very old ship with three tall masts that "
    "came all the way from the other side of the sea and"
)
WORDS = STORY.split()
BODY = {"actions": [{"name": name} for name in ("wave", "nod", "dance", "sit", "stand", "jump", "sing", "look_around")]}


class Engine(Robot):
    """The engine's figures, as the daemon publishes them."""

    def __init__(self, broker: BrokerOptions) -> None:
        super().__init__(broker, "naila/ai/metrics", client_id="figures")

    def __enter__(self) -> Self:
        super().__enter__()
        self.hear()  # what was retained
        return self

    def rests(self, at_least: int = 0) -> int:
        """Wait until nothing is read any more and this many prompt tokens were; return how many they are."""
        before, give_up = -1, time.monotonic() + TIMEOUT_S
        while time.monotonic() < give_up:
            figures: dict[str, Any] = json.loads(self.hear().payload)["engine"]
            if figures["prefilled_tokens"] == before >= at_least:
                return before
            before = figures["prefilled_tokens"]
        raise AssertionError(f"the engine has read {before} tokens, not {at_least}")


@pytest.fixture
def engine(daemon: RunningDaemon, broker: BrokerOptions) -> Iterator[Engine]:
    with Engine(broker) as figures:
        yield figures


def _hear(robot: HeadlessRobot, words: str, **fields: Any) -> None:
    partial = {"transcription": words, "is_final": False, **fields}
    robot.publish(f"naila/ai/processing/stt/{robot.device_id}", json.dumps(partial))


def _unread(reply: dict[str, Any] | None) -> int:
    """The tokens of a prompt that were left to read when the words were complete."""
    assert reply is not None
    assert reply["source"] == "llm"
    return int(reply["usage"]["prompt_tokens"] - reply["usage"]["cached_tokens"])


def test_of_words_that_came_as_partial_transcripts_only_the_last_are_left_to_read(engine: Engine, robot: HeadlessRobot):
    robot.say("hello there")
    read = engine.rests()
    for count in range(5, len(WORDS) + 1, 5):
        _hear(robot, " ".join(WORDS[:count]), request_id="sea")
    engine.rests(read + len(WORDS) // 2)
    robot.sense("battery", percentage=50)  # which the model is not told of in the middle of a sentence
    heard = _unread(robot.say(f"{STORY} back", request_id="sea").reply)
    unheard = _unread(robot.say(f"{STORY} home").reply)
    assert 0 < heard < 10
    assert unheard > len(WORDS)


def test_what_a_recogniser_takes_back_is_read_again(engine: Engine, robot: HeadlessRobot):
    read = engine.rests()
    _hear(robot, f"{STORY} the wrong guess of a recogniser")
    engine.rests(read + len(WORDS))
    guessed = robot.say(f"{STORY} what do you think").reply
    assert _unread(guessed) < len(WORDS) // 2
    assert guessed is not None
    robot.control("reset")
    plain = robot.say(f"{STORY} what do you think").reply
    assert plain is not None
    assert plain["usage"]["prompt_tokens"] == guessed["usage"]["prompt_tokens"]


def test_partial_transcripts_are_not_answered_and_not_stored(engine: Engine, robot: HeadlessRobot):
    for words in ("what", "what time", "what time is it"):
        _hear(robot, words, request_id="p1", interrupt=True)
    _hear(robot, "stop", request_id="p2")
    first = robot.say("hello there", request_id="p1").reply
    assert first is not None
    assert first["intent"] == "greeting"
    assert list(robot.heard) == ["p1"]
    assert robot.turn("p1").types().count("accepted") == 1


def test_partial_transcripts_during_a_reply_leave_it_alone(tmp_path):
    # On a broker of its own: the other tests' daemon would answer too.
    with (
        mosquitto(tmp_path) as running,
        naila(tmp_path, running.options, LLM_MODEL_PATH=str(endless(tmp_path)), LLM_MAX_TOKENS="300"),
        HeadlessRobot(running.options, "l1") as robot,
    ):
        request_id = robot.send("tell me a story")
        robot.wait_for_event(request_id, "delta")
        for count in range(len(WORDS)):
            _hear(robot, " ".join(WORDS[: count + 1]))
        reply = robot.wait(request_id).reply
        assert reply is not None
        assert (reply["finish_reason"], reply["usage"]["completion_tokens"]) == ("length", 300)


def test_too_many_partial_transcripts_are_refused_and_the_complete_words_answered(
    daemon: RunningDaemon, robot: HeadlessRobot
):
    for _ in range(80):
        _hear(robot, "what", request_id="flood")
    assert robot.say("what time is it").reply
    assert {error["error_code"] for error in robot.turn("flood").errors} == {"rate_limited"}


def test_the_persona_is_read_before_the_first_person_speaks(tmp_path):
    with (
        mosquitto(tmp_path) as running,
        naila(tmp_path, running.options),
        Engine(running.options) as engine,
        HeadlessRobot(running.options, "l2") as robot,
    ):
        engine.rests(5)
        reply = robot.say("hello there").reply
        assert reply is not None
        assert reply["usage"]["cached_tokens"] > 5


def test_a_new_body_is_read_before_somebody_speaks_to_it(engine: Engine, robot: HeadlessRobot):
    read = engine.rests()
    robot.publish(f"naila/devices/{robot.device_id}/capabilities", json.dumps(BODY))
    engine.rests(read + 2 * len(BODY["actions"]))
    first = robot.say("hello there").reply
    assert first is not None
    assert first["usage"]["cached_tokens"] > 3 * len(BODY["actions"])


def test_a_reset_leaves_nothing_of_the_conversation_in_the_cache(daemon: RunningDaemon, robot: HeadlessRobot):
    robot.say(STORY)
    robot.control("reset")
    assert _unread(robot.say(STORY).reply) > len(WORDS)
