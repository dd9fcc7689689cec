"""A week of a thousand timers, alarms and reminders, with restarts, kills and clocks that are set."""

from __future__ import annotations

import math
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ai_server.brain.alarms import After, At, Wish
from ai_server.memory.reminders import KINDS
from tests.alarms import BERLIN, House, SimulatedClock

SHARED_MEMORY = Path("/dev/shm")

COUNT = 1000
ROBOTS = 20
WEEK_S = 7 * 86_400.0
START = datetime(2026, 3, 23, 12, 0, tzinfo=BERLIN)
"""Six days before the clocks go forward there."""

SET_AT_S = 2.2 * 86_400
SET_BY = timedelta(minutes=43)
RESTARTS = 10


@dataclass(frozen=True, slots=True)
class Promise:
    """What was set.

    Attributes:
        name: is said as it fires.
        set_at: by the steady clock.
        due: by the clock that it follows.
        elapsed: whether that is the steady one.
    """

    name: str
    set_at: float
    due: float
    elapsed: bool


@dataclass(slots=True)
class Life:
    """A time in which the daemon ran and no clock was set.

    Attributes:
        begin: by the steady clock.
        ahead: how far the clock on the wall was ahead of it.
        end: by the steady clock.
    """

    begin: float
    ahead: float
    end: float = math.inf


def expected(promise: Promise, lives: list[Life]) -> float:
    """Return when it is to fire by the steady clock: as soon as a daemon runs and sees that it is due."""
    for life in lives:
        due = promise.due if promise.elapsed else promise.due - life.ahead
        at = max(due, life.begin, promise.set_at)
        if at < life.end or at == life.begin:
            return at
    raise AssertionError(f"{promise} is due after the end")


async def set_one(home: House, rng: random.Random, name: str) -> Promise:
    kind = rng.choice(KINDS)
    wish = Wish(device_id=f"robot-{rng.randrange(ROBOTS)}", kind=kind, language="en", name=name, text=name)
    seconds, set_at = min(rng.expovariate(1 / 20_000) + 1, 2 * 86_400), home.clock.steady()
    if kind == "timer":
        await home.alarms.set(wish, After(seconds))
        return Promise(name, set_at, set_at + seconds, elapsed=True)
    moment = (home.alarms.now() + timedelta(seconds=seconds + 60)).replace(second=0, microsecond=0)
    await home.alarms.set(wish, At(moment))
    return Promise(name, set_at, moment.timestamp(), elapsed=False)


async def restart(home: House, rng: random.Random, *, killed: bool) -> None:
    """Stop the daemon, or leave the files as a kill would; a while later the next one begins."""
    if killed:
        left = home.path.with_name(f"{rng.getrandbits(64):x}.db")
        for end in ("", "-wal"):
            shutil.copy(home.path.with_name(home.path.name + end), left.with_name(left.name + end))
        await home.close()
        home.path = left
    else:
        await home.close()
    home.clock.skip(timedelta(minutes=rng.uniform(0.1, 90)))
    await home.open()
    await home.run(seconds=0)


async def live(home: House, rng: random.Random) -> tuple[list[Promise], list[Life]]:
    """Live through the week; return what was set, and the times between its interruptions."""
    events = [(rng.uniform(0, 5 * 86_400), "set") for _ in range(COUNT)]
    events += [(rng.uniform(0, WEEK_S), "restart") for _ in range(RESTARTS)]
    promises, lives = [], [Life(0.0, home.clock.ahead)]
    for number, (at, what) in enumerate(sorted([*events, (SET_AT_S, "clock")])):
        await home.run(seconds=max(0.0, at - home.clock.steady()))
        if what == "set":
            promises.append(await set_one(home, rng, f"n{number}x"))
            continue
        lives[-1].end = home.clock.steady()
        if what == "clock":
            home.clock.set_by(SET_BY)
        else:
            await restart(home, rng, killed=number % 2 == 0)
        lives.append(Life(home.clock.steady(), home.clock.ahead))
    await home.run(seconds=WEEK_S - home.clock.steady())
    return promises, lives


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """In memory where the system has such a place: thousands of transactions wait long for a disk."""
    if not SHARED_MEMORY.is_dir():
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=SHARED_MEMORY) as made:
        yield Path(made)


async def test_a_thousand_fire_once_each_and_in_time(folder: Path) -> None:
    home = House(folder / "naila.db", SimulatedClock(START))
    await home.open()
    promises, lives = await live(home, random.Random(11))
    stored = [str(each["text"]) for each in await home.publications()]
    await home.close()

    said = {promise.name: [at for text, _, at in home.said if promise.name in text] for promise in promises}
    assert len(lives) == RESTARTS + 2
    assert Counter(map(len, said.values())) == {1: COUNT}, "each was said once"
    assert Counter(sum(name in text for text in stored) for name in said) == {1: COUNT}, "and stored once"
    errors = [said[promise.name][0] - expected(promise, lives) for promise in promises]
    assert min(errors) > -0.001
    assert max(errors) < 1
    print(
        "ERR",
        min(errors),
        max(errors),
        sorted(errors)[-5:],
        sum(1 for t, _, _ in home.said if ("due" in t and "ago" in t) or "were due" in t),
        len(home.said),
    )
