"""What systemd wants to hear of a daemon (sd_notify(3)), and the watchdog that tells it the truth."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Callable, Mapping

import structlog

log = structlog.get_logger(__name__)


class Notifier:
    """Tells systemd how the daemon is; where systemd did not start it, every method does nothing."""

    def __init__(self, address: str | None) -> None:
        """Make a notifier for the socket at `address`, a path or `@` and an abstract name; None for no socket."""
        self._address = "\0" + address[1:] if address and address.startswith("@") else address
        self._failed = False

    @classmethod
    def from_environment(cls) -> Notifier:
        """Return the notifier for `NOTIFY_SOCKET`."""
        return cls(os.environ.get("NOTIFY_SOCKET") or None)

    def ready(self) -> None:
        """Say that starting is over."""
        self._send("READY=1")

    def status(self, text: str) -> None:
        """Say what `systemctl status` is to show: one line."""
        self._send(f"STATUS={text.splitlines()[0] if text else ''}")

    def stopping(self) -> None:
        """Say that the daemon is about to end."""
        self._send("STOPPING=1")

    def extend_timeout(self, seconds: float) -> None:
        """Ask for at least so many more seconds, counted from now, to start or to stop in."""
        self._send(f"EXTEND_TIMEOUT_USEC={int(seconds * 1_000_000)}")

    def watchdog(self) -> None:
        """Say that the daemon lives."""
        self._send("WATCHDOG=1")

    def _send(self, message: str) -> None:
        if self._address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.settimeout(0)
                sender.sendto(message.encode(), self._address)
        except OSError as error:
            if not self._failed:
                log.warning("systemd does not hear the daemon", socket=self._address, error=str(error))
            self._failed = True
        else:
            self._failed = False


def watchdog_interval() -> float | None:
    """Return how often to call `Notifier.watchdog`, in seconds: a third of `WATCHDOG_USEC`; None if it is not awaited.

    `WATCHDOG_PID`, where it is set, must be this process.
    """
    period = os.environ.get("WATCHDOG_USEC", "")
    if not period.isdecimal() or int(period) == 0:
        return None
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    return int(period) / 3_000_000


class Watchdog:
    """Feeds systemd's watchdog only while every part of the daemon moves."""

    def __init__(
        self, notifier: Notifier, parts: Mapping[str, Callable[[], float]], *, interval: float, stale_after: float
    ) -> None:
        """Make a watchdog.

        Args:
            notifier: where systemd listens.
            parts: for each part by its name what returns `time.monotonic()` of its last sign of life.
            interval: seconds between two looks; see `watchdog_interval`.
            stale_after: seconds after its last sign of life from which a part counts as stopped.
        """
        self._notifier = notifier
        self._parts = parts
        self._interval = interval
        self._stale_after = stale_after
        self._stopped: frozenset[str] = frozenset()

    @property
    def stopped(self) -> frozenset[str]:
        """The parts that did not move at the last look."""
        return self._stopped

    async def run(self) -> None:
        """Look and feed until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(self._interval)

    def look(self) -> None:
        """Feed if every part moves; a part that stopped, or moves again, is logged once."""
        now = time.monotonic()
        ages = {name: now - last_alive() for name, last_alive in self._parts.items()}
        stopped = frozenset(name for name, age in ages.items() if age > self._stale_after)
        for name in sorted(stopped - self._stopped):
            log.error("part has stopped", part=name, silent_s=round(ages[name], 1))
        for name in sorted(self._stopped - stopped):
            log.info("part moves again", part=name)
        self._stopped = stopped
        if not stopped:
            self._notifier.watchdog()
