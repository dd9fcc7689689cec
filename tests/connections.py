"""The brain's connection in tests: made, waited for and closed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

from ai_server.mqtt.connection import Connection, Publication, Received
from ai_server.mqtt.options import BrokerOptions
from ai_server.protocol import topics
from tests.brokers import TIMEOUT_S

TEXT = "naila/devices/r2/text"
STATUS = topics.STATUS
WILL = Publication(STATUS, b"offline", 1, retain=True)


def a_connection(options: BrokerOptions, on_connected: Callable[[], None] = lambda: None, **more: Any) -> Connection:
    arguments = {"subscriptions": topics.SUBSCRIPTIONS, "will": WILL, **more}
    return Connection(options=options, on_connected=on_connected, **arguments)


@contextlib.asynccontextmanager
async def connected(
    options: BrokerOptions, on_connected: Callable[[], None] = lambda: None, **more: Any
) -> AsyncIterator[Connection]:
    async with started(options, on_connected, **more) as connection:
        await connection.wait_connected(TIMEOUT_S)
        yield connection


@contextlib.asynccontextmanager
async def started(
    options: BrokerOptions, on_connected: Callable[[], None] = lambda: None, **more: Any
) -> AsyncIterator[Connection]:
    connection = a_connection(options, on_connected, **more)
    await connection.start()
    try:
        yield connection
    finally:
        await connection.close()


async def receive(connection: Connection, count: int) -> list[Received]:
    received: list[Received] = []
    async with asyncio.timeout(TIMEOUT_S):
        while len(received) < count:
            received += await connection.receive()
    return received


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(TIMEOUT_S):
        while not condition():  # noqa: ASYNC110  whatever condition it is
            await asyncio.sleep(0.02)


def payloads(received: list[Received]) -> list[bytes]:
    return [message.packet.payload for message in received]
