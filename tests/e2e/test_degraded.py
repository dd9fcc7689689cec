from __future__ import annotations

import json
import os
import signal
import time

import psutil

from ai_server.mqtt.options import BrokerOptions
from tests.brokers import Robot
from tests.daemons import RunningDaemon, naila
from tests.model_variants import endless, truncated
from tests.robots import HeadlessRobot


def _engine(daemon: RunningDaemon) -> int:
    children = psutil.Process(daemon.pid).children()
    return next(child.pid for child in children if "ai_server.llm.engine" in child.cmdline())


def test_a_truncated_model_degrades_and_the_fallback_answers(broker: BrokerOptions, tmp_path):
    path = truncated(tmp_path)
    with (
        naila(tmp_path, broker, ready="degraded", LLM_MODEL_PATH=str(path)) as daemon,
        HeadlessRobot(broker, "r1") as robot,
    ):
        reason = daemon.wait_for("degraded")["reason"]
        assert "truncated.gguf" in reason
        assert "bytes" in reason
        reply = robot.say("tell me about the moon").reply
        assert reply is not None
        assert (reply["source"], reply["finish_reason"]) == ("fallback", "stop")
        assert reply["text"]
        assert daemon.stop() == 0


def test_a_missing_model_is_named(broker: BrokerOptions, tmp_path):
    with naila(tmp_path, broker, ready="degraded", LLM_MODEL_PATH=str(tmp_path / "nowhere.gguf")) as daemon:
        assert "nowhere.gguf" in daemon.wait_for("degraded")["reason"]


def test_no_model_on_purpose_is_said(broker: BrokerOptions, tmp_path):
    with (
        naila(tmp_path, broker, ready="degraded", LLM_MODEL_PATH="none") as daemon,
        HeadlessRobot(broker, "r2") as robot,
    ):
        assert "LLM_MODEL_PATH=none" in daemon.wait_for("degraded")["reason"]
        assert robot.say("hello").reply


def test_a_killed_engine_is_replaced_and_the_turn_answered(broker: BrokerOptions, tmp_path):
    model = endless(tmp_path)
    with (
        Robot(broker, "naila/ai/status", client_id="status-watcher") as watcher,
        naila(tmp_path, broker, LLM_MODEL_PATH=str(model), LLM_MAX_TOKENS="600") as daemon,
        HeadlessRobot(broker, "r3") as robot,
    ):
        daemon.watch(watcher, "ready")
        request_id = robot.send("tell me a very long story")
        robot.wait_for_event(request_id, "delta")
        os.kill(_engine(daemon), signal.SIGKILL)
        assert "out-of-memory" in daemon.watch(watcher, "degraded")["reason"]
        assert robot.say("what time is it", request_id="meanwhile", ttl_ms=60_000) is not None
        turn = robot.wait(request_id)
        assert turn.types().count("started") == 2, "the reply began anew"
        assert turn.reply is not None
        assert turn.reply["source"] == "llm"
        daemon.watch(watcher, "ready")


def test_cancel_ends_a_long_reply(broker: BrokerOptions, tmp_path):
    model = endless(tmp_path)
    with (
        naila(tmp_path, broker, LLM_MODEL_PATH=str(model), LLM_MAX_TOKENS="3500") as daemon,
        HeadlessRobot(broker, "r4") as robot,
    ):
        for number, cancel in enumerate(
            (
                lambda: robot.control("cancel"),
                lambda: robot.send("stop talking", request_id="stop"),
                lambda: robot.send("what time is it", request_id="rude", interrupt=True),
            )
        ):
            request_id = robot.send("tell me a very long story", request_id=f"long-{number}")
            robot.wait_for_event(request_id, "delta")
            cancel()
            turn = robot.wait(request_id)
            assert turn.types()[-1] == "cancelled"
            assert turn.reply is not None
            assert turn.reply["finish_reason"] == "cancelled"
            assert not turn.actions
        assert robot.wait("stop").reply
        assert robot.wait("rude").reply
        assert daemon.stop() == 0


def test_a_second_robot_is_not_disturbed_by_a_cancel_and_skills_do_not_wait(broker: BrokerOptions, tmp_path):
    with (
        naila(tmp_path, broker, LLM_MODEL_PATH=str(endless(tmp_path)), LLM_MAX_TOKENS="3500"),
        HeadlessRobot(broker, "r5") as talker,
        HeadlessRobot(broker, "r6") as other,
    ):
        long = talker.send("tell me a very long story")
        talker.wait_for_event(long, "delta")
        other.control("cancel")
        assert other.say("what time is it").reply
        assert "finished" not in talker.turn(long).types()
        talker.listen(0.2)
        assert "cancelled" not in talker.turn(long).types()


def test_a_full_line_answers_busy_and_a_late_one_expired(broker: BrokerOptions, tmp_path):
    with (
        naila(
            tmp_path, broker, LLM_MODEL_PATH=str(endless(tmp_path)), LLM_MAX_TOKENS="3500", NAILA_QUEUE_PER_DEVICE="3"
        ),
        HeadlessRobot(broker, "r7") as robot,
    ):
        long = robot.send("tell me a very long story")
        robot.wait_for_event(long, "delta")
        late = robot.send("are you there", ttl_ms=1)
        waiting = robot.send("what time is it", ttl_ms=60_000)
        refused = robot.wait(robot.send("hello"))
        assert refused.errors[0]["error_code"] == "busy"
        assert refused.errors[0]["retry_after_seconds"] > 0
        robot.control("cancel", request_id=long)
        expired = robot.wait(late).reply
        assert expired is not None
        assert (expired["finish_reason"], expired["text"]) == ("expired", "")
        answered = robot.wait(waiting).reply
        assert answered is not None
        assert answered["finish_reason"] == "stop"


def test_metrics_and_health_tell_what_happened(broker: BrokerOptions, tmp_path):
    with naila(tmp_path, broker) as daemon, HeadlessRobot(broker, "r8") as robot:
        robot.say("hello")
        robot.say("what time is it")
        time.sleep(0.6)
        with Robot(broker, "naila/ai/metrics", "naila/system/health/services", client_id="figures") as reader:
            seen = {}
            while len(seen) < 2 or seen["naila/ai/metrics"]["llm"]["skill_turns"] < 1:
                message = reader.hear()
                seen[message.topic] = json.loads(message.payload)
        metrics, health = seen["naila/ai/metrics"], seen["naila/system/health/services"]
        assert metrics["llm_status"] == "loaded"
        assert metrics["model_name"] == "naila-tiny"
        assert metrics["context_length"] >= 512
        assert metrics["tokens_generated"] > 0
        assert (metrics["llm"]["turns"], metrics["llm"]["skill_turns"], metrics["memory"]["turns"]) == (1, 1, 2)
        assert metrics["llm"]["first_token_ms"]["p50"] > 0
        assert metrics["process"]["rss_mb"] > 10
        assert metrics["process"]["engine_rss_mb"] > 10
        assert {name: each["status"] for name, each in health["services"].items()} == dict.fromkeys(
            ("mqtt", "brain", "llm", "memory", "config"), "healthy"
        )
        lines = [line for line in daemon.lines() if line["event"] == "answered"]
        assert [(line["device_id"], line["request_id"]) for line in lines] == [("r8", "q1"), ("r8", "q2")]
        assert "hello" not in daemon.log.read_text(), "what people say is not logged"
