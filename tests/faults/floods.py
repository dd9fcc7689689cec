"""Everybody speaks at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psutil

from ai_server.mqtt.options import BrokerOptions
from tests.brokers import TIMEOUT_S
from tests.daemons import naila
from tests.faults.account import Account
from tests.faults.simulator import Manners, Simulator

_MIB = 1024 * 1024


@dataclass(frozen=True)
class Flood:
    """What became of the utterances of the first wave, and the daemon's resident memory after each wave.

    Attributes:
        busy: how many utterances of all waves were turned away.
        fastest_busy_s: from sending to the first `busy` of all.
    """

    account: Account
    busy: int
    fastest_busy_s: float | None
    rss_mib: list[float]


def all_at_once(
    directory: Path,
    broker: BrokerOptions,
    *,
    robots: int = 1000,
    connections: int = 4,
    waves: int = 4,
    ttl_ms: int = 5000,
    **environment: str,
) -> Flood:
    """Have each robot say one thing at the same moment, in several waves; every utterance gets some answer."""
    manners = Manners(takes_no_for_an_answer=True, clean_session=True, fields={"ttl_ms": ttl_ms})
    rss_mib = []
    with (
        naila(directory, broker, **environment) as daemon,
        Simulator(broker, robots, connections=connections, manners=manners, name="crowd") as simulator,
    ):
        process = psutil.Process(daemon.pid)
        for _ in range(waves):
            simulator.say(["tell me about the moon"])
            account = simulator.settle(2 * TIMEOUT_S)
            account.assert_nothing_lost()
            rss_mib.append(process.memory_info().rss / _MIB)
        assert daemon.stop() == 0, daemon.trouble()
    turned_away = [request.took_s for request in account.requests if request.refused and request.took_s is not None]
    codes = {error["error_code"] for request in account.requests for error in request.errors}
    assert codes <= {"busy"}, codes
    return Flood(account, len(turned_away), min(turned_away, default=None), rss_mib)
