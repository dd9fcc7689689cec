"""The broker dies or hangs, or the network to it is cut, while robots talk."""

from __future__ import annotations

import dataclasses
import random
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ai_server import resources
from ai_server.mqtt.options import BrokerOptions
from tests.brokers import TIMEOUT_S, RunningBroker
from tests.daemons import RunningDaemon, naila
from tests.faults.account import Account
from tests.faults.observer import Observer
from tests.faults.simulator import Simulator
from tests.faults.speech import WORDS
from tests.faults.store import end
from tests.proxies import Proxy

_KEPT_SETTINGS = ("autosave_", "persistent_", "max_")


def shipped_configuration() -> str:
    """What the shipped configuration of Mosquitto says of queues and of persistence: each change is on the disk."""
    shipped = (resources.config_dir() / "mosquitto" / "naila.conf").read_text()
    return "\n".join(line for line in shipped.splitlines() if line.startswith(_KEPT_SETTINGS))


@dataclass(frozen=True)
class Outage:
    """What became of the utterances.

    Attributes:
        recovered_s: from the end of the outage to the first answer.
        worst_lag_ms: how late the event loop was at worst.
    """

    account: Account
    recovered_s: float
    worst_lag_ms: float


def killed_broker(
    directory: Path,
    broker: RunningBroker,
    *,
    robots: int = 20,
    utterances: int = 200,
    kills: int = 5,
    seed: int = 1,
    **environment: str,
) -> Account:
    """Kill the broker at random instants while the daemon answers, and start it again at once."""

    def kill(_: RunningDaemon) -> None:
        broker.kill()
        broker.start()

    return _fail_at_random(kill, directory, broker, robots, utterances, kills, seed, environment)


def power_cut(
    directory: Path,
    broker: RunningBroker,
    *,
    robots: int = 20,
    utterances: int = 200,
    cuts: int = 5,
    seed: int = 1,
    **environment: str,
) -> Account:
    """Kill the daemon and its broker together at random instants, and start both again.

    What the kernel had not written to the disk yet survives, as it would not in a real one.
    """

    def cut(daemon: RunningDaemon) -> None:
        broker.kill()
        daemon.stop(signal.SIGKILL)
        broker.start()
        daemon.start()

    return _fail_at_random(cut, directory, broker, robots, utterances, cuts, seed, environment)


def _fail_at_random(
    fail: Callable[[RunningDaemon], None],
    directory: Path,
    broker: RunningBroker,
    robots: int,
    utterances: int,
    times: int,
    seed: int,
    environment: Mapping[str, str],
) -> Account:
    randomness = random.Random(seed)
    each = utterances // robots
    with (
        naila(directory, broker.options, **environment) as daemon,
        Simulator(broker.options, robots, name="bereft") as simulator,
    ):
        simulator.say(WORDS[number % len(WORDS)] for number in range(each))
        for answered in sorted(randomness.sample(range(robots * each), times)):
            assert simulator.wait_for(answered, 2 * TIMEOUT_S), daemon.trouble()
            time.sleep(randomness.uniform(0, 0.05))
            fail(daemon)
        account = simulator.settle(2 * TIMEOUT_S)
        end(daemon, account)
    return account


def cut_network(
    directory: Path, broker: BrokerOptions, *, seconds: float, robots: int = 5, **environment: str
) -> Outage:
    """Stop forwarding between the daemon and its broker without a word to either, while robots go on talking."""
    with Proxy(broker.port) as proxy:
        options = dataclasses.replace(broker, port=proxy.port)
        with (
            naila(directory, options, **environment) as daemon,
            Observer(broker) as observer,
            Simulator(broker, robots, name="cut-off") as simulator,
        ):
            simulator.say(WORDS)
            proxy.cut()
            time.sleep(seconds)
            simulator.say(WORDS)
            return _outage_over(proxy.mend, daemon, observer, simulator)


def frozen_broker(
    directory: Path, broker: RunningBroker, *, seconds: float, robots: int = 5, **environment: str
) -> Outage:
    """Stop the broker's process with its connections open, and let it go on later, while robots go on talking."""
    with (
        naila(directory, broker.options, **environment) as daemon,
        Observer(broker.options) as observer,
        Simulator(broker.options, robots, name="unheard") as simulator,
    ):
        simulator.say(WORDS)
        broker.freeze()
        try:
            time.sleep(seconds)
            simulator.say(WORDS)
            return _outage_over(broker.thaw, daemon, observer, simulator)
        finally:
            broker.thaw()


def stop_while_frozen(directory: Path, broker: RunningBroker, **environment: str) -> float:
    """Ask the daemon to stop while its broker is frozen; return how many seconds it took to end in order."""
    with (
        naila(directory, broker.options, **environment) as daemon,
        Simulator(broker.options, 2, name="parting") as simulator,
    ):
        simulator.say(WORDS)
        broker.freeze()
        began = time.monotonic()
        try:
            assert daemon.stop(signal.SIGTERM) == 0, daemon.trouble()
            return time.monotonic() - began
        finally:
            broker.thaw()


def _outage_over(
    restore: Callable[[], None], daemon: RunningDaemon, observer: Observer, simulator: Simulator
) -> Outage:
    answered = simulator.answered
    restore()
    began = time.monotonic()
    assert simulator.wait_for(answered + 1), daemon.trouble()
    recovered_s = time.monotonic() - began
    account = simulator.settle()
    observer.wait_for_metrics()
    end(daemon, account)
    return Outage(account, recovered_s, observer.worst_lag_ms)
