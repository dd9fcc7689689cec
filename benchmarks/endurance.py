"""A steady conversation for minutes or hours, and whether the daemon grows over it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression

import psutil

from ai_server.mqtt.options import BrokerOptions
from tests.daemons import naila, until
from tests.faults.account import Account
from tests.faults.simulator import Simulator
from tests.faults.speech import WORDS
from tests.faults.store import look

TURNS_PER_S = 3.0
WARMING_TURNS_PER_S = 6.0
ROBOTS = 12
SAMPLE_S = 5.0
WARM_UP_S = 360.0
"""What is not looked at: until 2,000 turns were answered, the daemon's figures and SQLite's caches of pages fill."""

_MIB = 1024 * 1024


@dataclass(frozen=True)
class Sample:
    """What the daemon holds, `at` seconds after the first turn; the engine's memory is 0 where there is none."""

    at: float
    rss_mib: float
    engine_rss_mib: float
    open_files: int
    threads: int
    database_mib: float


@dataclass(frozen=True)
class Endurance:
    """What became of the utterances, and what the daemon held meanwhile."""

    account: Account
    samples: list[Sample]

    @property
    def slope_mib_per_hour(self) -> float:
        return self._slope(lambda sample: sample.rss_mib)

    @property
    def engine_slope_mib_per_hour(self) -> float:
        return self._slope(lambda sample: sample.engine_rss_mib)

    def most(self, figure: Callable[[Sample], int]) -> tuple[int, int]:
        """The most of a figure in the first half of the time after the warm-up, and in the second."""
        half = len(self.warm) // 2
        return max(map(figure, self.warm[:half])), max(map(figure, self.warm[half:]))

    @property
    def database_mib(self) -> float:
        """The most, with its write-ahead log."""
        return max(sample.database_mib for sample in self.samples)

    @property
    def warm(self) -> list[Sample]:
        return [sample for sample in self.samples if sample.at >= WARM_UP_S]

    def _slope(self, figure: Callable[[Sample], float]) -> float:
        return linear_regression([each.at / 3600 for each in self.warm], [figure(each) for each in self.warm]).slope


def converse(
    directory: Path,
    broker: BrokerOptions,
    minutes: float,
    progress: Callable[[float, int], None],
    **environment: str,
) -> Endurance:
    """Have robots speak until all is warm, and then for so many minutes, three turns a second together.

    Args:
        directory: for the daemon's files.
        broker: that the daemon and the robots connect to.
        minutes: how long what the daemon holds is looked at.
        progress: is told the share of the time that has passed, and how many turns were answered.
        environment: further settings of the daemon.
    """
    samples = []
    seconds = WARM_UP_S + minutes * 60
    with naila(directory, broker, **environment) as daemon, Simulator(broker, ROBOTS, name="steady") as simulator:
        process, database = psutil.Process(daemon.pid), daemon.data / "naila.db"
        robots, words = itertools.cycle(simulator.device_ids), itertools.cycle(WORDS)
        began = time.monotonic()
        next_turn = next_sample = began
        while (now := time.monotonic()) < began + seconds:
            if now >= next_turn:
                simulator.say([next(words)], next(robots))
                rate = WARMING_TURNS_PER_S if now < began + WARM_UP_S else TURNS_PER_S
                next_turn = max(next_turn + 1 / rate, now)  # no burst after a delay
            if now >= next_sample:
                samples.append(_sample(now - began, process, database))
                next_sample = max(next_sample + SAMPLE_S, now)
                progress((now - began) / seconds, simulator.answered)
            time.sleep(max(0.0, min(next_turn, next_sample) - time.monotonic()))
        account = simulator.settle()
        until(lambda: look(daemon.data).undelivered == 0)
        assert daemon.stop() == 0, daemon.trouble()
    return Endurance(account, samples)


def _sample(at: float, process: psutil.Process, database: Path) -> Sample:
    files = [database, database.with_name(database.name + "-wal")]
    with process.oneshot():
        return Sample(
            at=at,
            rss_mib=process.memory_info().rss / _MIB,
            engine_rss_mib=sum(child.memory_info().rss for child in process.children()) / _MIB,
            open_files=process.num_fds(),
            threads=process.num_threads(),
            database_mib=sum(file.stat().st_size for file in files) / _MIB,
        )
