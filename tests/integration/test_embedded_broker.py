from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psutil
import pytest

from ai_server.mqtt import broker as broker_module
from ai_server.mqtt.broker import EmbeddedBroker, EmbeddedBrokerError, Kind, speaks_mqtt
from ai_server.mqtt.connection import Connection, Publication
from tests.brokers import TIMEOUT_S, Robot

TEXT = "naila/devices/r2/text"


@pytest.fixture(params=["mosquitto", "amqtt"])
def kind(request: pytest.FixtureRequest) -> Iterator[Kind]:
    return request.param


@pytest.fixture
def others() -> set[psutil.Process]:
    """What other tests have started, and stands."""
    return children()


def children() -> set[psutil.Process]:
    return set(psutil.Process().children(recursive=True))


@contextlib.asynccontextmanager
async def a_brain(broker: EmbeddedBroker) -> AsyncIterator[Connection]:
    connection = Connection(
        options=broker.options(),
        subscriptions=((TEXT, 1),),
        will=Publication("naila/ai/status", b"offline", 1, retain=True),
        on_connected=lambda: None,
    )
    await connection.start()
    try:
        yield connection
    finally:
        await connection.close()


async def test_it_carries_messages_between_the_brain_and_a_robot(kind: Kind) -> None:
    async with EmbeddedBroker(kind) as broker, a_brain(broker) as connection:
        await connection.wait_connected(TIMEOUT_S)
        assert connection.state.protocol == {"mosquitto": "5", "amqtt": "3.1.1"}[kind]
        with Robot(broker.options(), "naila/ai/responses/#") as robot:
            robot.publish(TEXT, "words")
            async with asyncio.timeout(TIMEOUT_S):
                (received,) = await connection.receive()
            assert received.packet.payload == b"words"
            connection.acknowledge(received)
            delivered = connection.publish("naila/ai/responses/text/r2", b"reply", qos=1)
            assert delivered is not None
            await asyncio.wait_for(delivered, TIMEOUT_S)
            assert robot.hear().payload == b"reply"


async def test_what_is_said_while_the_brain_is_away_is_kept(kind: Kind) -> None:
    async with EmbeddedBroker(kind) as broker:
        async with a_brain(broker) as connection:
            await connection.wait_connected(TIMEOUT_S)
        with Robot(broker.options()) as robot:
            robot.publish(TEXT, "words")
        async with a_brain(broker) as connection:
            # amqtt confirms the subscriptions only when it has the acknowledgement of what it kept.
            async with asyncio.timeout(TIMEOUT_S):
                (received,) = await connection.receive()
            connection.acknowledge(received)
            assert received.packet.payload == b"words"
            await connection.wait_connected(TIMEOUT_S)


async def test_it_takes_its_own_credentials_only_and_new_ones_each_time(kind: Kind) -> None:
    async with EmbeddedBroker(kind) as broker:
        options = broker.options("somebody")
        assert await asyncio.to_thread(speaks_mqtt, options)
        for wrong in ({"password": "guess"}, {"username": "root"}, {"username": None, "password": None}):
            assert not await asyncio.to_thread(speaks_mqtt, dataclasses.replace(options, **wrong))
        assert EmbeddedBroker(kind).password != broker.password


async def test_it_listens_on_loopback_only_and_is_gone_when_its_context_closes(
    kind: Kind, others: set[psutil.Process]
) -> None:
    async with EmbeddedBroker(kind) as broker:
        started = children() - others
        listening = [
            connection.laddr.ip
            for child in started
            for connection in child.net_connections(kind="inet")
            if connection.status == psutil.CONN_LISTEN
        ]
        assert listening == ["127.0.0.1"]
    assert not any(child.is_running() for child in started)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((broker.host, broker.port), timeout=1)


async def test_its_credentials_are_on_no_command_line_and_ctrl_c_does_not_reach_it(
    kind: Kind, others: set[psutil.Process]
) -> None:
    async with EmbeddedBroker(kind) as broker:
        started = children() - others
        assert started
        for child in started:
            assert broker.password not in " ".join(child.cmdline())
            assert os.getpgid(child.pid) != os.getpgid(0)


async def test_it_is_gone_with_its_data_after_its_starter_was_killed(kind: Kind, tmp_path: Path) -> None:
    program = textwrap.dedent("""
        import asyncio, sys
        from ai_server.mqtt.broker import EmbeddedBroker
        async def main():
            async with EmbeddedBroker(sys.argv[1]) as broker:
                print(broker.port, flush=True)
                await asyncio.Event().wait()
        asyncio.run(main())
    """)
    with subprocess.Popen(
        [sys.executable, "-c", program, kind],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    ) as starter:
        assert starter.stdout is not None
        assert int(starter.stdout.readline())
        orphans = psutil.Process(starter.pid).children(recursive=True)
        assert list(tmp_path.glob("naila-broker-*"))
        starter.send_signal(signal.SIGKILL)
    _, alive = await asyncio.to_thread(psutil.wait_procs, orphans, timeout=TIMEOUT_S)
    assert orphans
    assert not alive
    assert not list(tmp_path.glob("naila-broker-*"))


async def test_a_port_that_is_taken_meanwhile_is_not_its_end(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        free = broker_module._free_port()
        ports = iter((taken, free))
        monkeypatch.setattr(broker_module, "_free_port", lambda: next(ports))
        async with EmbeddedBroker(kind) as broker:
            assert broker.port == free


async def test_a_broker_that_cannot_start_says_what_it_printed(
    kind: Kind, others: set[psutil.Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        monkeypatch.setattr(broker_module, "_free_port", lambda: other.getsockname()[1])
        monkeypatch.setattr(broker_module, "ATTEMPTS", 1)
        with pytest.raises(EmbeddedBrokerError, match=rf"(?is){kind} did not start: .*address.* in use"):
            async with EmbeddedBroker(kind):
                pass
    assert not children() - others


async def test_it_says_that_it_is_a_demo_broker(kind: Kind) -> None:
    async with EmbeddedBroker(kind) as broker:
        line = broker.describe()
    assert line.startswith(f"Demo broker: {kind} on 127.0.0.1:{broker.port}")
    assert "\n" not in line
    assert broker.password not in line


def test_mosquitto_is_chosen_where_it_is_installed_and_amqtt_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    assert EmbeddedBroker().kind == "mosquitto"
    monkeypatch.setattr(broker_module, "find_program", lambda name: None)
    broker = EmbeddedBroker()
    assert (broker.kind, broker.protocol) == ("amqtt", "3.1.1")
    with pytest.raises(EmbeddedBrokerError, match="apt install mosquitto"):
        EmbeddedBroker("mosquitto")
