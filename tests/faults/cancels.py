"""People interrupt: in long replies, in long prompts, and just before the body moves."""

from __future__ import annotations

import json
import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ai_server.mqtt.options import BrokerOptions
from ai_server.telemetry.meters import quantiles
from tests.brokers import TIMEOUT_S
from tests.daemons import naila
from tests.faults.speech import BODY, DRIVE
from tests.model_variants import endless
from tests.robots import HeadlessRobot, Turn

ONE_THREAD = {"LLM_THREADS": "1"}
"""Two threads of llama.cpp wait for each other at each layer, which on a busy machine takes longer than the work."""

LONG_WORDS = " ".join(f"Once upon a time there was robot number {number}." for number in range(80))[:4000]


@dataclass(frozen=True)
class Cancels:
    """How long after the robot's `cancel` the last event of the turn came, and how long one model step takes, in ms."""

    latency_ms: list[float]
    step_ms: float

    def __str__(self) -> str:
        latency = quantiles(self.latency_ms)
        return f"last event after p50 {latency.p50} ms, p99 {latency.p99} ms; one step {self.step_ms:.2f} ms"


class TimedRobot(HeadlessRobot):
    """A robot that knows when each event of its stream came."""

    def __init__(self, broker: BrokerOptions, device_id: str) -> None:
        super().__init__(broker, device_id)
        self.times: list[tuple[float, str, str]] = []

    def _sort(self, message: Any) -> None:
        if "/stream/" in message.topic:
            event = json.loads(message.payload)
            self.times.append((message.timestamp, event["request_id"], event["type"]))
        super()._sort(message)

    def cancelled(self, request_id: str) -> float | None:
        """Cancel and return the milliseconds until the last event of the turn; None where it had finished before."""
        began = time.monotonic()
        self.control("cancel", request_id=request_id)
        self.wait(request_id)
        self.listen(0.02)
        last, _, kind = [each for each in self.times if each[1] == request_id][-1]
        return (last - began) * 1000 if kind == "cancelled" else None


def in_long_replies(directory: Path, broker: BrokerOptions, *, times: int = 5, **environment: str) -> Cancels:
    """Cancel replies that go on until the context is full, at some word; a step is a token."""
    settings = {
        **ONE_THREAD,
        "LLM_MODEL_PATH": str(endless(directory)),
        "LLM_MAX_TOKENS": "8000",
        "NAILA_HISTORY_TOKENS": "0",
        **environment,
    }
    latencies: list[float] = []
    with naila(directory, broker, **settings), TimedRobot(broker, "talker") as robot:
        whole = robot.say("tell me a very long story")
        assert whole.reply is not None
        give_up = time.monotonic() + TIMEOUT_S + 5 * times
        while len(latencies) < times:
            assert time.monotonic() < give_up, f"only {len(latencies)} cancels came before the end of the reply"
            request_id = robot.send("tell me a very long story")
            robot.wait_for_event(request_id, "delta")
            latency = robot.cancelled(request_id)
            if latency is not None:
                latencies.append(latency)
    return Cancels(latencies, 1000 / whole.reply["timings"]["tokens_per_second"])


def in_long_prompts(
    directory: Path, broker: BrokerOptions, *, times: int = 5, batch: int = 32, seed: int = 1, **environment: str
) -> Cancels:
    """Cancel while the model still reads what was said; a step is a batch of the prompt."""
    settings = {**ONE_THREAD, "LLM_BATCH_SIZE": str(batch), "NAILA_HISTORY_TOKENS": "0", **environment}
    randomness = random.Random(seed)
    latencies: list[float] = []
    with naila(directory, broker, **settings), TimedRobot(broker, "reader") as robot:
        whole = robot.say(LONG_WORDS)
        assert whole.reply is not None
        prompt_ms = whole.reply["timings"]["first_token_ms"]
        batches = whole.reply["usage"]["prompt_tokens"] / batch
        give_up = time.monotonic() + TIMEOUT_S + 5 * times
        while len(latencies) < times:
            assert time.monotonic() < give_up, f"only {len(latencies)} cancels came before the first word"
            # Other first words, so that nothing of the prompt is in the cache.
            request_id = robot.send(f"{randomness.random()} {LONG_WORDS}"[:4000])
            robot.wait_for_event(request_id, "accepted")
            time.sleep(randomness.uniform(0.1, 0.6) * prompt_ms / 1000)
            latency = robot.cancelled(request_id)
            if latency is not None and "delta" not in robot.turn(request_id).types():
                latencies.append(latency)
    return Cancels(latencies, prompt_ms / batches)


@dataclass(frozen=True)
class Interruptions:
    """How many turns that wanted the body to move were cancelled, of them after an action was announced, and how many
    had finished before the cancel."""

    cancelled: int
    announced: int
    finished: int


def before_the_body_moves(
    directory: Path, broker: BrokerOptions, *, times: int = 10, seed: int = 1, **environment: str
) -> Interruptions:
    """Cancel turns that want the body to move, at all stages, until so many were cancelled.

    No action of a cancelled turn may reach the body, and none of another is lost.
    """
    randomness = random.Random(seed)
    settings = {
        **ONE_THREAD,
        "LLM_TEMPERATURE": "0",
        "NAILA_RATE_PER_DEVICE": "1000",
        "NAILA_HISTORY_TOKENS": "0",
        **environment,
    }
    cancelled: list[Turn] = []
    finished: list[Turn] = []
    with naila(directory, broker, **settings), HeadlessRobot(broker, "mover") as robot:
        robot.publish("naila/devices/mover/capabilities", json.dumps(BODY), retain=True)
        assert robot.say(DRIVE).actions
        give_up = time.monotonic() + TIMEOUT_S + 5 * times
        while len(cancelled) < times:
            assert time.monotonic() < give_up, f"{len(cancelled)} were cancelled, {len(finished)} were not"
            request_id = robot.send(DRIVE)
            _listen_until(robot, request_id, randomness.choice(["accepted", "started", "delta", "delta", "action"]))
            robot.control("cancel", request_id=request_id)
            turn = robot.wait(request_id)
            (cancelled if turn.types()[-1] == "cancelled" else finished).append(turn)
        robot.listen(1.0)
    for turn in cancelled:
        assert turn.reply is not None
        assert (turn.reply["finish_reason"], turn.reply["actions"], turn.actions) == ("cancelled", [], [])
    for turn in finished:
        assert turn.reply is not None
        assert turn.actions == turn.reply["actions"]
    announced = sum("action" in turn.types() for turn in cancelled)
    return Interruptions(len(cancelled), announced, len(finished))


def _listen_until(robot: HeadlessRobot, request_id: str, kind: str) -> None:
    """Listen until the stream has had an event of this type, or has ended."""
    give_up = time.monotonic() + TIMEOUT_S
    while not {kind, "finished"} & set(robot.turn(request_id).types()):
        assert time.monotonic() < give_up
        robot.listen(0.005)
