from __future__ import annotations

import json
import re

import pytest

from ai_server.mqtt.broker import EmbeddedBroker
from ai_server.mqtt.options import BrokerOptions
from tests.brokers import Robot, mosquitto
from tests.daemons import RunningDaemon, naila, until
from tests.robots import HeadlessRobot

STREAM = ["accepted", "started", "emotion"]


def test_words_come_back_as_a_stream_and_a_reply(daemon: RunningDaemon, robot: HeadlessRobot):
    turn = robot.say("hello there")
    assert turn.types()[:3] == STREAM
    assert turn.types()[-1] == "finished"
    assert [event["seq"] for event in turn.events] == list(range(len(turn.events)))
    reply = turn.reply
    assert reply is not None
    deltas = "".join(event["text"] for event in turn.events if event["type"] == "delta")
    assert deltas.strip() == reply["text"] != ""
    sentences = " ".join(event["text"] for event in turn.events if event["type"] == "sentence")
    assert sentences.split() == reply["text"].split()
    assert reply["device_id"] == robot.device_id
    assert (reply["source"], reply["finish_reason"]) == ("llm", "stop")
    assert reply["emotion"] == next(event["emotion"] for event in turn.events if event["type"] == "emotion")
    assert reply["usage"]["prompt_tokens"] > reply["usage"]["completion_tokens"] > 0
    assert 0 < reply["timings"]["first_token_ms"] <= reply["timings"]["total_ms"]


def test_a_second_turn_finds_the_first_in_the_cache(daemon: RunningDaemon, robot: HeadlessRobot):
    first, second = robot.say("hello there").reply, robot.say("tell me a joke").reply
    assert first is not None
    assert second is not None
    assert second["usage"]["cached_tokens"] >= first["usage"]["prompt_tokens"]


def test_the_time_and_the_date_need_no_model(daemon: RunningDaemon, robot: HeadlessRobot):
    time, date = robot.say("what time is it?"), robot.say("what's the date today")
    assert time.reply is not None
    assert date.reply is not None
    assert (time.reply["source"], time.reply["intent"]) == ("skill", "time_query")
    assert re.search(r"\d\d:\d\d", time.reply["text"])
    assert (date.reply["source"], date.reply["intent"]) == ("skill", "date_query")
    assert re.search(r"20\d\d", date.reply["text"])


def test_the_latest_sensor_reading_is_in_the_answer(daemon: RunningDaemon, robot: HeadlessRobot):
    robot.sense("battery", percentage=80)
    robot.sense("battery", percentage=37)
    reply = robot.say("how is your battery?").reply
    assert reply is not None
    assert "37 percent" in reply["text"]


def test_what_the_camera_sees_is_in_the_answer(daemon: RunningDaemon, robot: HeadlessRobot):
    event = {"event_type": "object_detected", "object": "a red cup", "confidence": 0.9}
    robot.publish(f"naila/devices/{robot.device_id}/vision/event", json.dumps(event))
    reply = robot.say("what do you see").reply
    assert reply is not None
    assert "a red cup" in reply["text"]


def test_another_robots_sensors_are_its_own(daemon: RunningDaemon, broker: BrokerOptions, robot: HeadlessRobot):
    robot.sense("battery", percentage=11)
    with HeadlessRobot(broker, "another") as other:
        reply = other.say("how is your battery?").reply
    assert reply is not None
    assert "11" not in reply["text"]


def test_plain_text_and_transcripts_are_answered_too(daemon: RunningDaemon, robot: HeadlessRobot):
    robot.publish(f"naila/devices/{robot.device_id}/text", "what time is it")
    robot.publish(
        f"naila/ai/processing/stt/{robot.device_id}",
        '{"transcription": "what time is it", "request_id": "stt"}',
    )
    robot.publish(
        "naila/ai/orchestration/main/task",
        json.dumps({"device_id": robot.device_id, "task_id": "task", "text": "what time is it"}),
    )
    assert robot.wait("stt").reply
    assert robot.wait("task").reply
    assert sum(turn.reply is not None for turn in robot.heard.values()) == 3


def test_repeat_says_the_last_reply_again(daemon: RunningDaemon, robot: HeadlessRobot):
    said = robot.say("what time is it").reply
    by_words = robot.say("say that again please").reply
    robot.control("repeat", request_id="again")
    until(lambda: robot.listen(0.05) or robot.turn("again").reply is not None)
    by_control = robot.turn("again").reply
    assert said is not None
    assert by_words is not None
    assert by_control is not None
    assert said["text"] == by_words["text"] == by_control["text"]


def test_repeat_for_one_person_repeats_nothing_that_another_was_told(daemon: RunningDaemon, robot: HeadlessRobot):
    told_nobody_known = robot.say("what time is it").reply
    told_ada = robot.say("what is 17 plus 4", user_id="ada").reply
    for user_id, told in (("", told_nobody_known), ("ada", told_ada)):
        request_id = f"again-{user_id}"
        robot.control("repeat", request_id=request_id, user_id=user_id)
        until(lambda request_id=request_id: robot.listen(0.05) or robot.turn(request_id).reply is not None)
        repeated = robot.turn(request_id).reply
        assert repeated is not None
        assert told is not None
        assert repeated["text"] == told["text"]


def test_nothing_to_repeat_is_said_by_name(daemon: RunningDaemon, robot: HeadlessRobot):
    robot.control("repeat", request_id="early")
    until(lambda: robot.listen(0.05) or bool(robot.turn("early").errors))
    assert robot.turn("early").errors[0]["error_code"] == "nothing_to_repeat"


def test_reset_begins_a_new_conversation(daemon: RunningDaemon, robot: HeadlessRobot):
    robot.say("hello there")
    long = robot.say("tell me a joke").reply
    robot.control("reset")
    short = robot.say("tell me a joke").reply
    assert long is not None
    assert short is not None
    assert short["usage"]["prompt_tokens"] < long["usage"]["prompt_tokens"]


def test_what_is_said_right_after_a_reset_is_answered_in_the_new_conversation(
    daemon: RunningDaemon, robot: HeadlessRobot
):
    first = robot.say("tell me a joke").reply
    assert first is not None
    for number in range(10):
        robot.publish_soon(f"naila/devices/{robot.device_id}/control", '{"command": "reset"}')
        said = json.dumps({"text": "tell me a joke", "request_id": f"r{number}"})
        robot.publish_soon(f"naila/devices/{robot.device_id}/text", said)
        reply = robot.wait(f"r{number}").reply
        assert reply is not None
        assert reply["finish_reason"] == "stop"
        assert reply["usage"]["prompt_tokens"] < first["usage"]["prompt_tokens"] + 10


def test_a_request_sent_twice_gets_one_answer_twice(daemon: RunningDaemon, robot: HeadlessRobot):
    first = robot.say("tell me a joke", request_id="twice").reply
    second = robot.send_again("tell me a joke", "twice")
    assert first is not None
    assert first == second


def test_an_mqtt_5_request_gets_a_copy_where_it_asked(daemon: RunningDaemon, broker: BrokerOptions):
    with HeadlessRobot(broker, "five", protocol="5") as robot:
        own = {"ResponseTopic": "naila/devices/five/inbox", "CorrelationData": b"corr-1"}
        robot.publish("naila/devices/five/text", "what time is it", **own)
        turn = robot.wait("corr-1")
        until(lambda: robot.listen(0.05) or bool(robot.copies))
    assert robot.copies == [(b"corr-1", turn.reply)]


def test_a_response_topic_of_another_robot_is_not_written_to(daemon: RunningDaemon, broker: BrokerOptions):
    with (
        Robot(broker, "naila/devices/victim/#", client_id="spy", protocol="5") as spy,
        HeadlessRobot(broker, "mean", protocol="5") as robot,
    ):
        stranger = {"ResponseTopic": "naila/devices/victim/inbox", "CorrelationData": b"c"}
        robot.publish("naila/devices/mean/text", "what time is it", **stranger)
        robot.wait("c")
        robot.listen(0.2)
        assert spy.messages.empty()


def test_words_too_long_for_the_model_are_refused_by_name(daemon: RunningDaemon, robot: HeadlessRobot):
    words = " ".join(f"{number * 7919 % 99991}" for number in range(650))
    turn = robot.say(words)
    assert turn.errors[0]["error_code"] == "too_long_for_model"
    assert re.search(r"\d+ tokens", turn.errors[0]["error_message"])
    assert turn.reply is not None
    assert turn.reply["finish_reason"] == "error"
    assert robot.say("what time is it").reply


def test_a_robot_with_little_room_gets_the_reply_in_parts(daemon: RunningDaemon, broker: BrokerOptions):
    with HeadlessRobot(broker, "s10") as robot:
        robot.publish("naila/devices/s10/capabilities", json.dumps({"max_payload_bytes": 128}), retain=True)
        robot.publish("naila/devices/s10/text", json.dumps({"text": "what can you do?", "request_id": "p"}))
        parts: list[dict[str, object]] = []
        while not parts or parts[-1]["part"] != parts[-1]["parts"]:
            message = robot.hear()
            if "/text/" in message.topic:
                assert len(message.payload) <= 128
                parts.append(json.loads(message.payload))
        assert [each["part"] for each in parts] == list(range(1, len(parts) + 1))
        robot.publish("naila/devices/s10/capabilities", "{}", retain=True)
        whole = robot.send_again("what can you do?", "p")
        assert "".join(str(each["text"]) for each in parts) == whole["text"]


def test_a_robot_without_room_for_a_reply_is_told_so_whenever_it_asks_for_it(
    daemon: RunningDaemon, broker: BrokerOptions
):
    with HeadlessRobot(broker, "s12") as robot:
        robot.publish("naila/devices/s12/capabilities", json.dumps({"max_payload_bytes": 128}), retain=True)
        request_id = "q" * 128
        asks = [lambda: robot.send("what time is it", request_id=request_id)] * 2
        asks.append(lambda: robot.control("repeat", request_id=request_id))
        for asked, ask in enumerate(asks, start=1):
            ask()
            until(lambda count=asked: robot.listen(0.05) or len(robot.turn(request_id).errors) == count)
        assert {error["error_code"] for error in robot.turn(request_id).errors} == {"reply_too_large"}
        robot.publish("naila/devices/s12/capabilities", "{}", retain=True)
        assert robot.say("what time is it").reply


def test_a_request_without_an_id_is_answered_once(daemon: RunningDaemon, broker: BrokerOptions):
    with HeadlessRobot(broker, "s11") as robot:
        robot.publish("naila/devices/s11/text", "what time is it")
        until(lambda: robot.listen(0.05) or any(turn.ended() for turn in robot.heard.values()))
        robot.listen(0.2)
        assert len(robot.heard) == 1


@pytest.mark.parametrize("kind", ["mosquitto", "amqtt"])
async def test_the_embedded_broker_carries_a_conversation(kind, tmp_path):
    async with EmbeddedBroker(kind) as broker:
        with naila(tmp_path, broker.options()), HeadlessRobot(broker.options(), "r1") as robot:
            turn = robot.say("hello there")
            assert turn.types()[:3] == STREAM
            assert turn.reply


def test_the_conversation_survives_a_restart(tmp_path):
    # On a broker of its own: the other tests' daemon would answer too.
    with mosquitto(tmp_path) as running, HeadlessRobot(running.options, "restarted") as robot:
        broker = running.options
        with naila(tmp_path, broker) as daemon:
            before = robot.say("hello there").reply
            assert daemon.stop() == 0
        missed = robot.send("what time is it")
        with naila(tmp_path, broker):
            assert robot.wait(missed).reply, "what was said while the brain was away is answered later"
            after = robot.say("tell me a joke").reply
            known = robot.send_again("hello there", "q1")
    assert before is not None
    assert after is not None
    assert after["usage"]["prompt_tokens"] > before["usage"]["prompt_tokens"]
    assert known == before
