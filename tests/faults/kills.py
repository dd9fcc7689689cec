"""The daemon dies: by SIGKILL, at every failpoint and at random instants under load."""

from __future__ import annotations

import itertools
import random
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from ai_server import failpoints
from ai_server.mqtt.options import BrokerOptions
from tests.brokers import TIMEOUT_S
from tests.daemons import RunningDaemon, until
from tests.faults import launcher
from tests.faults.account import Account
from tests.faults.simulator import INSISTENT, SILENT, Simulator
from tests.faults.speech import BODY, DRIVE, WORDS
from tests.faults.store import end


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
    """Kill the daemon at each failpoint in turn, `rounds` times over, while robots talk to it that say all but once.

    Each daemon takes over what the one before left, so that it meets stored work and new work. In the first round it
    dies when it reaches the failpoint first, later at a random reach.
    """
    randomness = random.Random(seed)
    daemon = RunningDaemon(directory, broker, **environment)
    with Simulator(broker, robots, name="killed", manners=SILENT) as simulator:
        try:
            for number, name in itertools.product(range(rounds), names):
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
    if not simulator.requests:  # the broker keeps words for those that it has seen
        daemon.wait_for("ready", "degraded")
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
    """Kill the daemon at random instants while it answers; each time it is started again at once.

    Half of the robots say everything once, the other half again and again, and they ask for actions too.
    """
    randomness = random.Random(seed)
    daemon = RunningDaemon(directory, broker, **environment)
    words = list(itertools.islice(itertools.cycle((*WORDS, DRIVE)), utterances // robots))
    with (
        Simulator(broker, robots // 2, name="silent", manners=SILENT) as silent,
        Simulator(broker, robots // 2, name="insistent", manners=INSISTENT) as insistent,
    ):
        everybody = silent, insistent
        try:
            daemon.start()
            daemon.wait_for("ready", "degraded")
            for simulator in everybody:
                simulator.declare(BODY)
                simulator.say(words)
            total = sum(len(simulator.requests) for simulator in everybody)
            for answered in sorted(randomness.sample(range(total), kills)):
                until(lambda count=answered: sum(simulator.answered for simulator in everybody) >= count)
                time.sleep(randomness.uniform(0, 0.05))
                daemon.stop(signal.SIGKILL)
                daemon.start()
            account = Account.of(simulator.settle() for simulator in everybody)
            end(daemon, account)
        finally:
            daemon.kill()
    return account
