from __future__ import annotations

import asyncio
from collections.abc import Callable

from ai_server.mqtt.incoming import Incoming
from ai_server.mqtt.network import Received
from ai_server.protocol.inbound import Packet


def at_once(callback: Callable[[], None]) -> None:
    callback()


def received(qos: int, size: int = 1) -> Received:
    return Received(Packet("naila/devices/r2/text", b"x" * size), qos, 1, 1)


async def test_beyond_the_bound_events_are_dropped_and_words_taken_up_to_twice_the_bound() -> None:
    incoming = Incoming(max_messages=2, max_bytes=1000, post=at_once)
    assert [incoming.put(received(qos)) for qos in (0, 0, 0, 1, 1, 1)] == [True, True, True, True, True, False]
    assert (len(incoming), incoming.dropped) == (4, 1)
    assert [message.qos for message in await incoming.take()] == [0, 0, 1, 1]
    assert incoming.put(received(0))


async def test_bytes_are_bounded_like_messages() -> None:
    incoming = Incoming(max_messages=100, max_bytes=1000, post=at_once)
    assert [incoming.put(received(qos, 600)) for qos in (0, 0, 0, 1, 1, 1)] == [True, True, True, True, True, False]
    assert (len(incoming), incoming.dropped) == (4, 1)
    await incoming.take()
    assert incoming.put(received(1, 600))
    assert incoming.taken == 4


async def test_whoever_waits_is_woken_by_the_next_message() -> None:
    incoming = Incoming(max_messages=2, max_bytes=1000, post=asyncio.get_running_loop().call_soon_threadsafe)
    waiting = asyncio.create_task(incoming.take())
    await asyncio.sleep(0)
    message = received(1)
    assert await asyncio.to_thread(incoming.put, message)
    assert await waiting == [message]
