"""The daemon dies: by SIGKILL, at every failpoint and at random instants under load."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from ai_server import failpoints
from ai_server.mqtt.options import BrokerOptions
from tests.brokers import TIMEOUT_S
from tests.daemons import RunningDaemon
from tests.faults import launcher
from tests.faults.account import Account
from tests.faults.simulator import Manners, Simulator
from tests.faults.store import end

WORDS = ("hello", "what time is it", "tell me about the moon", "how is your battery", "do you like music")


def at_every_failpoint(
    directory: Path,
    broker: BrokerOptions,
    *,
    names: Sequence[str] = failpoints.NAMES,
    rounds: int = 1,
    robots: int = 2,
    seed: int = 1,
    **environment: str,
) -> Account:
    """Kill the daemon at each failpoint in turn, `rounds` times over, while robots talk to it.

    Each daemon takes over what the one before left, so that it meets stored work and new work. In the first round it
    dies when it reaches the failpoint first, later at a random reach.
    """
    randomness = random.Random(seed)
    daemon = RunningDaemon(directory, broker, **environment)
    with Simulator(broker, robots, name="killed") as simulator:
        try:
            for number in range(rounds):
                for name in names:
                    nth = 1 if number == 0 else randomness.randint(1, 5)
                    _die_at(daemon, simulator, name, nth)
            daemon.program = RunningDaemon.program
            daemon.start()
            account = simulator.settle()
            end(daemon, account)
        finally:
            daemon.kill()
    return account


def _die_at(daemon: RunningDaemon, simulator: Simulator, name: str, nth: int) -> None:
    daemon.program = launcher.program(name, nth)
    daemon.start()
    give_up = time.monotonic() + TIMEOUT_S
    while (code := daemon.exit_code) is None:
        assert time.monotonic() < give_up, f"{name} was not reached: {daemon.trouble()}"
        if simulator.idle:
            simulator.say(WORDS)
        time.sleep(0.01)
    assert code == -signal.SIGKILL, f"{name}: exit code {code}: {daemon.trouble()}"


def at_random(
    directory: Path,
    broker: BrokerOptions,
    *,
    robots: int = 20,
    utterances: int = 200,
    kills: int = 10,
    seed: int = 1,
    **environment: str,
) -> Account:
    """Kill the daemon at random instants while it answers; each time it is started again at once."""
    randomness = random.Random(seed)
    daemon = RunningDaemon(directory, broker, **environment)
    each = utterances // robots
    with Simulator(broker, robots, name="random", manners=Manners(hands_in_one_by_one=False)) as simulator:
        daemon.start()
        try:
            simulator.say(WORDS[number % len(WORDS)] for number in range(each))
            for answered in sorted(randomness.sample(range(robots * each), kills)):
                assert simulator.wait_for(answered), daemon.trouble()
                time.sleep(randomness.uniform(0, 0.05))
                daemon.stop(signal.SIGKILL)
                daemon.start()
            account = simulator.settle()
            end(daemon, account)
        finally:
            daemon.kill()
    return account
