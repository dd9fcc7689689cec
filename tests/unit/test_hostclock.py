"""The host's clocks: what wakes whoever waits, and where the host is."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ai_server.brain import hostclock
from ai_server.brain.hostclock import HostClock, host_zone


async def test_waiting_ends_with_its_time() -> None:
    clock, event = HostClock(), asyncio.Event()
    began = clock.steady()
    await clock.wait(event, 0.05)
    assert clock.steady() - began >= 0.05
    assert not event.is_set()


async def test_waiting_ends_with_the_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hostclock, "LOOK_S", 0.01)
    clock, event = HostClock(), asyncio.Event()
    waiting = asyncio.create_task(clock.wait(event, None))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    event.set()
    await asyncio.wait_for(waiting, 10)


@pytest.mark.parametrize("by", [-3600.0, 0.2])
async def test_waiting_ends_when_the_clock_on_the_wall_is_set(monkeypatch: pytest.MonkeyPatch, by: float) -> None:
    monkeypatch.setattr(hostclock, "LOOK_S", 0.01)
    clock = HostClock()
    waiting = asyncio.create_task(clock.wait(asyncio.Event(), None))
    await asyncio.sleep(0.03)
    wall = time.time
    monkeypatch.setattr(clock, "wall", lambda: wall() + by)
    await asyncio.wait_for(waiting, 10)


def test_the_zone_is_that_of_tz(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", ":America/New_York")
    assert host_zone() == ZoneInfo("America/New_York")


def test_the_zone_is_that_of_the_system_with_its_summers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TZ", raising=False)
    monkeypatch.setattr(hostclock, "_LOCAL_TIME", _zone_file(tmp_path, "Europe/Berlin"))
    zone = host_zone()
    summer, winter = (datetime(2026, month, 1, 12, tzinfo=zone).utcoffset() for month in (7, 1))
    assert summer != winter


@pytest.mark.parametrize("tz", ["Nowhere/Else", ""])
def test_a_host_of_no_known_zone_is_on_utc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tz: str) -> None:
    monkeypatch.setenv("TZ", tz)
    monkeypatch.setattr(hostclock, "_LOCAL_TIME", tmp_path / "missing")
    assert host_zone() is UTC


def _zone_file(folder: Path, name: str) -> Path:
    """A file as /etc/localtime is one."""
    import importlib.resources

    area, place = name.split("/")
    data = importlib.resources.files(f"tzdata.zoneinfo.{area}").joinpath(place).read_bytes()
    file = folder / "localtime"
    file.write_bytes(data)
    return file
