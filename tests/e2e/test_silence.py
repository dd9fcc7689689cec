from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from ai_server.mqtt.options import BrokerOptions
from tests.daemons import RunningDaemon, naila
from tests.model_variants import endless
from tests.robots import HeadlessRobot, Turn


@pytest.fixture(scope="module")
def talkative(broker: BrokerOptions, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDaemon]:
    """A daemon whose model speaks for long, and has room for four utterances of a robot."""
    directory = tmp_path_factory.mktemp("talkative")
    model = str(endless(directory))
    with naila(
        directory, broker, LLM_MODEL_PATH=model, LLM_MAX_TOKENS="3500", NAILA_QUEUE_PER_DEVICE="4", LLM_PARALLEL="1"
    ) as daemon:
        yield daemon


def _speaks(robot: HeadlessRobot) -> str:
    """Have the robot say something long, and return once it speaks."""
    request_id = robot.send("tell me a very long story", ttl_ms=600_000)
    robot.wait_for_event(request_id, "delta")
    return request_id


def _is_cancelled(turn: Turn) -> bool:
    assert turn.reply is not None
    return turn.types()[-1] == "cancelled" and turn.reply["finish_reason"] == "cancelled" and not turn.actions


def test_a_wake_word_silences_the_robot(talkative: RunningDaemon, broker: BrokerOptions):
    with HeadlessRobot(broker, "s1") as robot:
        speaking = _speaks(robot)
        robot.publish("naila/devices/s1/audio/wake_word", json.dumps({"wake_word": "naila", "confidence": 0.9}))
        assert _is_cancelled(robot.wait(speaking))


def test_what_was_about_to_be_said_is_dropped_too(talkative: RunningDaemon, broker: BrokerOptions):
    with HeadlessRobot(broker, "s2") as robot:
        speaking = _speaks(robot)
        waiting = [robot.send("tell me a joke", ttl_ms=600_000) for _ in range(2)]
        robot.control("cancel")
        turns = [robot.wait(request_id) for request_id in (speaking, *waiting)]
        assert all(_is_cancelled(turn) for turn in turns)
        assert turns[0].reply is not None
        assert turns[1].reply is not None
        assert turns[0].reply["text"], "what had been said stays"
        assert turns[1].reply["text"] == ""
        assert robot.say("what time is it").reply, "what is said after is answered"


def test_one_waiting_request_is_cancelled_alone(talkative: RunningDaemon, broker: BrokerOptions):
    with HeadlessRobot(broker, "s3") as robot:
        speaking = _speaks(robot)
        unwanted = robot.send("tell me a joke", ttl_ms=600_000)
        wanted = robot.send("what time is it", ttl_ms=600_000)
        robot.control("cancel", request_id=unwanted)
        robot.control("cancel", request_id=speaking)
        assert _is_cancelled(robot.wait(unwanted))
        reply = robot.wait(wanted).reply
        assert reply is not None
        assert reply["finish_reason"] == "stop"


def test_a_cancel_that_comes_together_with_its_request_is_obeyed(talkative: RunningDaemon, broker: BrokerOptions):
    with HeadlessRobot(broker, "s4") as robot:
        for number in range(10):
            robot.publish_soon("naila/devices/s4/text", json.dumps({"text": "a story", "request_id": f"c{number}"}))
            robot.publish_soon(
                "naila/devices/s4/control", json.dumps({"command": "cancel", "request_id": f"c{number}"})
            )
            assert _is_cancelled(robot.wait(f"c{number}"))


def test_nothing_follows_the_cancelled_event(talkative: RunningDaemon, broker: BrokerOptions):
    with HeadlessRobot(broker, "s5") as robot:
        for _ in range(5):
            speaking = _speaks(robot)
            robot.control("cancel")
            turn = robot.wait(speaking)
            robot.listen(0.1)
            assert _is_cancelled(turn)
            assert turn.types().count("cancelled") == 1


def test_memory_keeps_only_what_had_been_said(talkative: RunningDaemon, broker: BrokerOptions):
    with HeadlessRobot(broker, "s6") as robot:
        speaking = _speaks(robot)
        robot.control("cancel")
        turn = robot.wait(speaking)
        said = "".join(event["text"] for event in turn.events if event["type"] == "delta")
        assert turn.reply is not None
        assert turn.reply["text"] == said.strip()


def test_a_request_that_waits_is_not_queued_twice(talkative: RunningDaemon, broker: BrokerOptions):
    with HeadlessRobot(broker, "s7") as robot:
        speaking = _speaks(robot)
        for _ in range(10):  # more often than there is room for
            robot.send("what time is it", request_id="once", ttl_ms=600_000)
        robot.control("cancel", request_id=speaking)
        turn = robot.wait("once")
        robot.listen(0.2)
        assert turn.types().count("accepted") >= 1
        assert turn.types().count("finished") == 1
        assert not turn.errors


def test_an_utterance_that_waits_for_the_model_in_vain_expires(talkative: RunningDaemon, broker: BrokerOptions):
    with HeadlessRobot(broker, "s8") as talker, HeadlessRobot(broker, "s9") as waiter:
        speaking = _speaks(talker)
        reply = waiter.say("tell me a joke", ttl_ms=200).reply
        assert reply is not None
        assert (reply["finish_reason"], reply["text"]) == ("expired", "")
        assert talker.turn(speaking).reply is None, "the other one was not disturbed"
        talker.control("cancel")
        assert _is_cancelled(talker.wait(speaking))


@pytest.mark.parametrize("words", ["stop", "Stop it!", "be quiet"])
def test_a_stop_stops_the_body_too_once_and_while_a_reply_is_made(
    talkative: RunningDaemon, broker: BrokerOptions, words: str
):
    device_id = f"halted-{words.strip('!').replace(' ', '-')}"
    with HeadlessRobot(broker, device_id) as robot:
        robot.publish(f"naila/devices/{device_id}/capabilities", json.dumps({"actions": [{"name": "stop"}]}))
        speaking = _speaks(robot)
        stop = robot.say(words)
        robot.listen(0.5)
        assert [(action["action"], action["arguments"]) for action in stop.actions] == [("stop", {})]
        assert _is_cancelled(robot.wait(speaking))


def test_words_that_only_speak_of_stopping_leave_the_body_alone(talkative: RunningDaemon, broker: BrokerOptions):
    with HeadlessRobot(broker, "unhalted") as robot:
        robot.publish("naila/devices/unhalted/capabilities", json.dumps({"actions": [{"name": "stop"}]}))
        spoken = robot.send("when does the bus stop here", ttl_ms=600_000)
        robot.wait_for_event(spoken, "delta")
        robot.control("cancel")
        assert robot.wait(spoken).actions == []
