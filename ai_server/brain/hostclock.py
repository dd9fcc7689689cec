"""What the host's clocks say, and the time zone that it stands in."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import time
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog

log = structlog.get_logger(__name__)

LOOK_S = 0.5
"""How often a host looks whether the clock on the wall was set."""

SET_S = 0.05
"""A clock that is set by less is taken for one that runs a little fast or slow."""

_LOCAL_TIME = Path("/etc/localtime")

_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Goes on while the host sleeps, as CLOCK_MONOTONIC does not on Linux."""


class Clock(Protocol):
    """Tells the time, and waits.

    Attributes:
        zone: where the clock on the wall hangs.
    """

    zone: tzinfo

    def wall(self) -> float:
        """Return the seconds since 1970 by the clock on the wall, which can be set."""
        ...

    def steady(self) -> float:
        """Return the seconds since whenever, by a clock that nobody sets."""
        ...

    async def wait(self, event: asyncio.Event, timeout_s: float | None) -> None:
        """Return once an event is set, so many seconds have passed, or the clock on the wall was set by somebody.

        Args:
            event: whatever else may happen.
            timeout_s: by the steady clock; None for as long as it takes.
        """
        ...


class HostClock:
    """The clocks of the computer that this runs on."""

    def __init__(self) -> None:
        self.zone = host_zone()

    def wall(self) -> float:
        """Return the seconds since 1970 by the system's clock."""
        return time.time()

    def steady(self) -> float:
        """Return the seconds since the host was started."""
        return time.clock_gettime(_STEADY)

    async def wait(self, event: asyncio.Event, timeout_s: float | None) -> None:
        """Return once an event is set, so many seconds have passed, or the clock on the wall was set by somebody."""
        ahead = self.wall() - self.steady()
        until = math.inf if timeout_s is None else self.steady() + timeout_s
        while not event.is_set() and (left := until - self.steady()) > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(LOOK_S, left)):
                    await event.wait()
            if abs(self.wall() - self.steady() - ahead) >= SET_S:
                return


def host_zone() -> tzinfo:
    """Return the host's time zone with its rules for summer: of `TZ` where that names one, else of `/etc/localtime`."""
    name = os.environ.get("TZ", "").removeprefix(":")
    try:
        if name:
            return ZoneInfo(name)
        with _LOCAL_TIME.open("rb") as file:
            return ZoneInfo.from_file(file, key=None)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        log.warning("the host's time zone is not known: alarms follow UTC", tz=name, reason=str(error))
        return UTC
