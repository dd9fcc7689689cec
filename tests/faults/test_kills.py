from __future__ import annotations

import signal
from pathlib import Path

import psutil

from tests.brokers import RunningBroker
from tests.daemons import RunningDaemon, until
from tests.faults import kills, launcher
from tests.robots import HeadlessRobot

NO_MODEL = {"LLM_MODEL_PATH": "none"}


def test_nothing_is_lost_or_answered_twice_when_the_daemon_dies_at_each_failpoint(
    directory: Path, broker: RunningBroker
):
    account = kills.at_every_failpoint(directory, broker.options, **NO_MODEL)
    account.assert_nothing_lost()
    assert account.misdelivered == 0
    assert account.sent >= 10


def test_nothing_is_lost_or_answered_twice_when_the_daemon_dies_at_random(directory: Path, broker: RunningBroker):
    account = kills.at_random(directory, broker.options, robots=8, utterances=40, kills=3, **NO_MODEL)
    account.assert_nothing_lost()
    assert account.misdelivered == 0
    assert account.sent == 40


def test_the_engine_dies_with_its_daemon(directory: Path, broker: RunningBroker):
    daemon = RunningDaemon(directory, broker.options)
    daemon.program = launcher.program("mid_generation")
    daemon.start()
    try:
        daemon.wait_for("ready")
        engine = psutil.Process(daemon.engine_pid)
        with HeadlessRobot(broker.options, "witness") as robot:
            robot.send("tell me about the moon")
            until(lambda: daemon.exit_code is not None)
        assert daemon.exit_code == -signal.SIGKILL
        until(lambda: not engine.is_running())
    finally:
        daemon.kill()
