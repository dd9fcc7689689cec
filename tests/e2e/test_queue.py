from __future__ import annotations

import signal
import time

from ai_server.mqtt.options import BrokerOptions
from tests.daemons import naila
from tests.model_variants import endless
from tests.robots import HeadlessRobot


def test_robots_take_turns(broker: BrokerOptions, tmp_path):
    with (
        naila(tmp_path, broker, LLM_MODEL_PATH=str(endless(tmp_path)), LLM_MAX_TOKENS="200"),
        HeadlessRobot(broker, "t1") as eager,
        HeadlessRobot(broker, "t2") as modest,
    ):
        backlog = [eager.send("tell me a story", ttl_ms=600_000) for _ in range(4)]
        eager.wait_for_event(backlog[0], "started")
        modest.say("tell me a story", ttl_ms=600_000)
        eager.listen(0.05)
        assert eager.turn(backlog[-1]).reply is None, "the other robot did not wait for the backlog"
        replies = [eager.wait(request_id) for request_id in backlog]
        assert all(turn.reply and turn.reply["finish_reason"] == "length" for turn in replies)


def test_what_was_accepted_before_a_kill_is_answered_in_order_and_the_late_as_expired(broker: BrokerOptions, tmp_path):
    settings = {"MQTT_CLIENT_ID": "naila-killed", "LLM_MODEL_PATH": str(endless(tmp_path))}
    with HeadlessRobot(broker, "t3") as robot:
        with naila(tmp_path, broker, LLM_MAX_TOKENS="3500", **settings) as daemon:
            speaking = robot.send("tell me a story", ttl_ms=600_000)
            late = robot.send("tell me a joke", ttl_ms=500)
            in_time = robot.send("what time is it", ttl_ms=600_000)
            robot.wait_for_event(in_time, "accepted")
            robot.wait_for_event(speaking, "delta")
            assert daemon.stop(signal.SIGKILL) == -signal.SIGKILL
            time.sleep(0.6)
        robot.heard.clear()
        with naila(tmp_path, broker, LLM_MAX_TOKENS="20", **settings):
            replies = [robot.wait(request_id).reply for request_id in (speaking, late, in_time)]
        reasons = [reply["finish_reason"] for reply in replies if reply]
        assert reasons[1:] == ["expired", "stop"]
        assert reasons[0] in {"length", "stop"}
        assert list(robot.heard) == [speaking, late, in_time]


def test_a_reply_that_takes_too_long_ends_with_what_it_has(broker: BrokerOptions, tmp_path):
    with (
        naila(
            tmp_path,
            broker,
            LLM_MODEL_PATH=str(endless(tmp_path)),
            LLM_MAX_TOKENS="8192",
            LLM_CONTEXT_SIZE="16384",
            NAILA_REPLY_TIMEOUT_S="3",
        ),
        HeadlessRobot(broker, "t4") as robot,
    ):
        reply = robot.say("tell me a story").reply
        assert reply is not None
        assert reply["finish_reason"] == "length"
        assert reply["text"]
