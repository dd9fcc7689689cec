"""`python -m benchmarks.overhead`: what the daemon adds to bare llama.cpp and to a bare MQTT client, as one table."""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from rich.console import Console

from ai_server import hardware, resources
from ai_server.gguf import read_header
from ai_server.llm.service import load_command
from ai_server.llm.wire import Load
from ai_server.mqtt.options import BrokerOptions
from ai_server.plan import Wishes, plan
from benchmarks.echo import COUNT, ECHO, ECHOED, SENSOR
from benchmarks.figures import Comparison, Figure, Measure, table
from benchmarks.flood import Flood
from benchmarks.peers import LlamaPeer, running_echo, running_llama
from benchmarks.random_model import SHAPES, WEIGHTS, write_random_model
from benchmarks.robot import Robot
from tests.brokers import mosquitto
from tests.daemons import RunningDaemon

MAX_TOKENS = 32
REST_S = 0.02
"""Between two questions, so that what the daemon does after a reply is not in the next one's time."""

WORDS = (
    "Hello there, how was your day?",
    "I am a bit tired today.",
    "Tell me something about the sea.",
    "My sister is coming to visit tomorrow.",
    "Do you like music?",
    "I had pancakes for breakfast.",
    "What would you do on a rainy day?",
    "I think I lost my keys again.",
)
MIB = 1 << 20


@dataclass(frozen=True)
class Extent:
    """How often everything is done."""

    rounds: int
    starts: int
    turns: int
    round_trips: int
    readings: int


THOROUGH = Extent(rounds=5, starts=5, turns=40, round_trips=100, readings=5000)
QUICK = Extent(rounds=1, starts=1, turns=10, round_trips=20, readings=2000)


@dataclass
class Samples:
    """What was measured, a list for each round: of ours, and of the peer."""

    ours: list[list[float]] = field(default_factory=list)
    peer: list[list[float]] = field(default_factory=list)


class Overhead:
    """One run of all measures on one broker."""

    def __init__(self, broker: BrokerOptions, model: Path, directory: Path, extent: Extent) -> None:
        self._broker = broker
        self._extent = extent
        self._load = _load_command(model)
        self._directory = directory
        self._starts = Samples()
        self._decode_calls = Samples()
        self._round_trips = Samples()
        self._rates = Samples()
        self._readings = Samples()
        self._memory = Samples()

    def measure(self) -> list[Measure]:
        for _ in range(self._extent.starts):
            self._measure_start()
        with self._running_daemon() as daemon, running_llama(self._load) as llama, running_echo(self._broker):
            for number in range(self._extent.rounds):
                self._measure_turns(daemon, llama, number)
                self._measure_round_trips(number)
                self._measure_readings(number)
            self._measure_memory(daemon, llama)
        return self._measures()

    def _measures(self) -> list[Measure]:
        return [
            Measure("publish to first decode call, p50, ms", Figure.of(self._decode_calls.ours), aim=3),
            Measure("publish to first decode call, p99, ms", Figure.of(self._decode_calls.ours, 99), aim=10),
            _compared("skill round trip against an echo, ms", self._round_trips, aim=2, by="ratio"),
            _compared("decode, tokens/s", self._rates, aim=0.97, by="ratio", at_most=False),
            _compared("sensor readings taken in, 1/s", self._readings, aim=0.5, by="ratio", at_most=False),
            _compared("start to ready against the load, s", self._starts, aim=1, by="difference"),
            _compared("memory against weights and KV cache, MiB", self._memory, aim=150, by="difference"),
        ]

    @contextlib.contextmanager
    def _running_daemon(self) -> Iterator[RunningDaemon]:
        daemon = RunningDaemon(
            self._directory,
            self._broker,
            LLM_MODEL_PATH=self._load.path,
            LLM_GPU_LAYERS="0",
            LLM_MAX_TOKENS=str(MAX_TOKENS),
            NAILA_METRICS_INTERVAL_S="10",
            NAILA_RATE_PER_DEVICE="10000",  # what is measured is not the limit
            NAILA_SENSOR_RATE_PER_DEVICE="100000",
        )
        with Robot(self._broker, "watcher", "naila/ai/status") as watcher:
            started = time.monotonic_ns()
            daemon.start()
            try:
                while json.loads((status := watcher.hear()).payload)["state"] != "ready":
                    pass
                self._starts.ours.append([(status.at - started) / 1e9])
                yield daemon
            finally:
                daemon.stop()

    def _measure_start(self) -> None:
        with self._running_daemon():
            pass
        with running_llama(self._load) as llama:
            self._starts.peer.append([llama.load_s])

    def _measure_turns(self, daemon: RunningDaemon, llama: LlamaPeer, number: int) -> None:
        """Converse; then have bare llama.cpp decode as many tokens after prompts of the same lengths."""
        with Robot(self._broker, f"talker-{number}") as robot:
            asked = []
            for turn in range(self._extent.turns):
                asked.append(robot.ask(WORDS[turn % len(WORDS)]))
                robot.rest(REST_S)
        answered = [line for line in daemon.lines() if line["event"] == "answered"]
        first_calls = {line["request_id"]: line.get("first_decode_ns") for line in answered}
        self._decode_calls.ours.append([(first_calls[turn.request_id] - turn.sent) / 1e6 for turn in asked])
        usages = [turn.reply["usage"] for turn in asked]
        rates = [turn.reply["timings"]["tokens_per_second"] for turn in asked]
        decoded = [usage["completion_tokens"] - 1 for usage in usages]
        self._rates.ours.append([sum(decoded) / sum(count / rate for count, rate in zip(decoded, rates, strict=True))])
        bare_s = sum(llama.generate(usage["prompt_tokens"], usage["completion_tokens"]).decode_s for usage in usages)
        self._rates.peer.append([sum(decoded) / bare_s])

    def _measure_round_trips(self, number: int) -> None:
        with Robot(self._broker, f"asker-{number}") as robot, Robot(self._broker, "echoed", ECHOED) as echoed:
            ours, peer = [], []
            for _ in range(self._extent.round_trips):
                asked = robot.ask("What time is it?")
                assert asked.reply["source"] == "skill", asked.reply
                ours.append(asked.round_trip_ms)
                robot.rest(REST_S)
                sent = echoed.publish(ECHO, json.dumps(asked.reply).encode())
                peer.append((echoed.hear().at - sent) / 1e6)
                echoed.rest(REST_S)
        self._round_trips.ours.append(ours)
        self._round_trips.peer.append(peer)

    def _measure_readings(self, number: int) -> None:
        """Pour readings, and after them a question whose answer shows that all were taken in."""
        count, device_id = self._extent.readings, f"sensed-{number}"
        readings = [json.dumps({"percentage": index % 100, "charging": False}).encode() for index in range(count)]
        with Flood(self._broker) as flood, Robot(self._broker, device_id) as robot:
            sent = time.monotonic_ns()
            topic = f"naila/devices/{device_id}"
            flood.pour(f"{topic}/sensors/battery", readings, f"{topic}/text", b"what is your battery level")
            accepted = robot.hear()
            assert json.loads(accepted.payload)["type"] == "accepted"
            while "/text/" not in (reply := robot.hear()).topic:
                pass
            assert f"{(count - 1) % 100} percent" in json.loads(reply.payload)["text"], reply.payload
            self._readings.ours.append([count / (accepted.at - sent) * 1e9])
        with Flood(self._broker) as flood, Robot(self._broker, "echoed", ECHOED) as echoed:
            sent = time.monotonic_ns()
            flood.pour(SENSOR, readings, COUNT, b"")
            counted = echoed.hear()
            assert int(counted.payload) == count, counted.payload
            self._readings.peer.append([count / (counted.at - sent) * 1e9])

    def _measure_memory(self, daemon: RunningDaemon, llama: LlamaPeer) -> None:
        """Sum the proportional set sizes of the daemon and its engine, without the pages of the mapped model file."""
        process = psutil.Process(daemon.pid)
        family = [process, *process.children(recursive=True)]
        pss = sum(part.pss for one in family for part in one.memory_maps() if part.path != self._load.path)
        self._memory.ours.append([pss / MIB])
        self._memory.peer.append([llama.anonymous_weights_mib + llama.kv_mib])


def _compared(what: str, samples: Samples, *, aim: float, by: Comparison, at_most: bool = True) -> Measure:
    return Measure(what, Figure.of(samples.ours), aim, Figure.of(samples.peer), by, at_most)


def _load_command(model: Path) -> Load:
    planned = plan(hardware.detect(), read_header(model), Wishes(gpu_layers=0))
    return load_command(model, planned)


def main() -> None:
    """Measure, print the table, and return an exit code of 0 whatever the figures are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=resources.embedded_model(), help="a GGUF file")
    parser.add_argument(
        "--shape", choices=list(SHAPES), help="a model of random weights in this shape; see --vocabulary"
    )
    parser.add_argument("--vocabulary", type=Path, help="llama.cpp's models/ggml-vocab-llama-bpe.gguf, for --shape")
    parser.add_argument("--quick", action="store_true", help="few rounds: to see that it runs, not to quote")
    options = parser.parse_args()
    if options.shape and not options.vocabulary:
        parser.error("--shape needs --vocabulary: llama.cpp's source has it as models/ggml-vocab-llama-bpe.gguf")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the broker and the peers end too
    with tempfile.TemporaryDirectory(prefix="naila-bench-") as name:
        directory = Path(name)
        model = options.model.resolve()
        if options.shape:
            model = directory / f"random-{options.shape}.gguf"
            write_random_model(model, options.vocabulary, SHAPES[options.shape], WEIGHTS["q4_k_m"])
        # Without its limit the broker drops readings of QoS 0 that a reader does not take fast enough.
        with mosquitto(directory, configuration="max_queued_messages 0") as broker:
            extent = QUICK if options.quick else THOROUGH
            measures = Overhead(broker.options, model, directory, extent).measure()
    console = Console(width=None if sys.stdout.isatty() else 132)
    console.print(table(f"{model.name}, {extent.rounds} rounds", measures))


if __name__ == "__main__":
    main()
