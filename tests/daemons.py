"""The daemon as a process of its own, as systemd would run it, for end-to-end tests."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from ai_server.mqtt.options import BrokerOptions
from ai_server.settings import Settings
from tests.brokers import Robot
from tests.forkserver import Forked, can_fork, forkserver

START_TIMEOUT_S = 60.0

CACHE = Path(tempfile.gettempdir()) / f"naila-tests-{os.getuid()}"
"""What the phrases teach is learnt once for all tests; it is kept by the hash of what it was learnt from."""


class RunningDaemon:
    """`naila run` on a broker; `environment` are further settings, by their names.

    Attributes:
        program: what Python runs at the next start.
    """

    program: tuple[str, ...] = ("-m", "ai_server")

    def __init__(self, directory: Path, broker: BrokerOptions, **environment: str) -> None:
        self.directory = directory
        self.log = directory / "naila.log"
        self.broker = broker
        self.environment = {
            **{name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields},
            "MQTT_HOST": broker.host,
            "MQTT_PORT": str(broker.port),
            "MQTT_USERNAME": broker.username or "",
            "MQTT_PASSWORD": broker.password or "",
            "MQTT_PROTOCOL": broker.protocol,
            "NAILA_DATA_DIR": str(directory / "data"),
            "NAILA_CACHE_DIR": str(CACHE),
            "NAILA_METRICS_INTERVAL_S": "0.5",
            "NAILA_LOG_FORMAT": "json",
            "LLM_SEED": "1",
            "LLM_THREADS": "1",  # more wait for one another where several tests share the cores
            **environment,
        }
        self.process: subprocess.Popen[bytes] | Forked | None = None
        self.started = datetime.now(UTC)

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def data(self) -> Path:
        return Path(self.environment["NAILA_DATA_DIR"])

    @property
    def engine_pid(self) -> int:
        """Of the process that runs the model."""
        children = psutil.Process(self.pid).children()
        return next(child.pid for child in children if "ai_server.llm.engine" in child.cmdline())

    @property
    def exit_code(self) -> int | None:
        """Of a process that ended by itself; None while it runs."""
        assert self.process is not None
        return self.process.poll()

    def start(self) -> None:
        self.started = datetime.now(UTC)
        program = (*self.program, "run")
        if can_fork(program, self.environment):
            self.process = forkserver().start(program, cwd=self.directory, env=self.environment, log=self.log)
            return
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *program],
                cwd=self.directory,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def wait_for(self, *states: str) -> dict[str, Any]:
        """Wait until the retained status says one of these states, and return it."""
        with Robot(self.broker, "naila/ai/status", client_id="watcher", protocol="3.1.1") as watcher:
            return self.watch(watcher, *states)

    def watch(self, watcher: Robot, *states: str) -> dict[str, Any]:
        """The same, through a client that subscribed already; returns the first status that fits."""
        give_up = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < give_up:
            assert self.process is None or self.process.poll() is None, self.log.read_text()
            try:
                status = json.loads(watcher.hear(1.0).payload)
            except queue.Empty:
                continue
            # A daemon of an earlier test may have left its own on the broker.
            if status["state"] in states and datetime.fromisoformat(status["timestamp"]) >= self.started:
                return status
        raise AssertionError(f"no status {states}: {self.log.read_text()}")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        process, self.process = self.process, None
        assert process is not None
        process.send_signal(how)
        return process.wait(START_TIMEOUT_S)

    def kill(self) -> None:
        """End it at once, if it is there."""
        if self.process is not None:
            self.stop(signal.SIGKILL)

    def trouble(self) -> str:
        """The end of its log, and what in it is no line of the log or worse than information."""
        lines = self.log.read_text().splitlines()
        worse = [line for line in lines if not line.startswith("{") or json.loads(line)["level"] != "info"]
        return "\n".join([*worse[-40:], "...", *lines[-10:]])

    def lines(self) -> list[dict[str, Any]]:
        """What it logged, parsed."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]


@contextlib.contextmanager
def naila(
    directory: Path, broker: BrokerOptions, *, ready: str | None = None, **environment: str
) -> Iterator[RunningDaemon]:
    """Run the daemon until the block ends, entered once its status is `ready`; without a model that is `degraded`."""
    directory.mkdir(parents=True, exist_ok=True)
    daemon = RunningDaemon(directory, broker, **environment)
    daemon.start()
    try:
        daemon.wait_for(ready or ("degraded" if environment.get("LLM_MODEL_PATH") == "none" else "ready"))
        yield daemon
    finally:
        daemon.kill()


def until(condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
    """Wait until something holds; the test fails where it does not in time."""
    give_up = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < give_up, "it did not come true in time"
        time.sleep(0.02)
