"""What systemd hears, on a real socket."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ai_server.telemetry.systemd import Notifier, Watchdog, watchdog_interval


class Listener:
    """systemd's end of `NOTIFY_SOCKET`."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)

    def heard(self) -> list[str]:
        """Return what was sent since the last call."""
        messages = []
        self._socket.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                messages.append(self._socket.recv(4096).decode())
        return messages

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def listener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Listener]:
    abstract = f"@naila-test-{os.getpid()}"
    listener = Listener(str(tmp_path / "notify") if request.param == "path" else abstract)
    yield listener
    listener.close()


def test_each_message_is_what_systemd_documents(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", listener.address)
    notifier = Notifier.from_environment()
    notifier.extend_timeout(12.5)
    notifier.status("loading: 40 %\nREADY=1")
    notifier.ready()
    notifier.watchdog()
    notifier.stopping()
    assert listener.heard() == [
        "EXTEND_TIMEOUT_USEC=12500000",
        "STATUS=loading: 40 %",
        "READY=1",
        "WATCHDOG=1",
        "STOPPING=1",
    ]


@pytest.mark.parametrize("value", [None, ""])
def test_without_systemd_nothing_is_sent_and_nothing_said(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    if value is not None:
        monkeypatch.setenv("NOTIFY_SOCKET", value)
    with capture_logs() as logged:
        Notifier.from_environment().ready()
    assert logged == []


def test_a_socket_that_is_gone_is_logged_once(tmp_path: Path) -> None:
    notifier = Notifier(str(tmp_path / "gone"))
    with capture_logs() as logged:
        notifier.ready()
        notifier.watchdog()
    assert [(line["log_level"], line["socket"]) for line in logged] == [("warning", str(tmp_path / "gone"))]


@pytest.mark.parametrize(
    ("environment", "interval"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "60000000"}, 20.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}, 20.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, None),
    ],
)
def test_the_watchdog_is_fed_three_times_in_its_period(
    environment: dict[str, str], interval: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("WATCHDOG_USEC", "WATCHDOG_PID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert watchdog_interval() == interval


class Part:
    """A part of the daemon that can stop and move again."""

    def __init__(self) -> None:
        self.stopped_at: float | None = None

    def last_alive(self) -> float:
        return time.monotonic() if self.stopped_at is None else self.stopped_at

    def stop(self) -> None:
        self.stopped_at = time.monotonic() - 100


def watchdog(listener: Listener, **parts: Part) -> Watchdog:
    alive = {name: part.last_alive for name, part in parts.items()}
    return Watchdog(Notifier(listener.address), alive, interval=0.01, stale_after=30)


def test_the_watchdog_is_fed_while_every_part_moves(listener: Listener) -> None:
    dog = watchdog(listener, network=Part(), database=Part())
    dog.look()
    assert listener.heard() == ["WATCHDOG=1"]
    assert dog.stopped == frozenset()


def test_one_stopped_part_starves_the_watchdog_and_is_named_once(listener: Listener) -> None:
    network, database = Part(), Part()
    dog = watchdog(listener, network=network, database=database)
    network.stop()
    with capture_logs() as logged:
        dog.look()
        dog.look()
    assert listener.heard() == []
    assert dog.stopped == {"network"}
    assert [(line["log_level"], line["part"], line["silent_s"]) for line in logged] == [("error", "network", 100.0)]


def test_a_part_that_moves_again_is_named_and_the_watchdog_fed(listener: Listener) -> None:
    network = Part()
    dog = watchdog(listener, network=network)
    network.stop()
    dog.look()
    network.stopped_at = None
    with capture_logs() as logged:
        dog.look()
    assert listener.heard() == ["WATCHDOG=1"]
    assert [(line["log_level"], line["part"]) for line in logged] == [("info", "network")]


async def test_the_watchdog_goes_on_until_it_is_cancelled(listener: Listener) -> None:
    task = asyncio.create_task(watchdog(listener, network=Part()).run())
    fed: list[str] = []
    while len(fed) < 3:
        await asyncio.sleep(0.01)
        fed += listener.heard()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert set(fed) == {"WATCHDOG=1"}
