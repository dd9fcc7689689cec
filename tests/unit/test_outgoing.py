from __future__ import annotations

import asyncio
import time

import pytest

from ai_server.mqtt.network import Accepted, Publication, PublishExpired, PublishPostponed
from ai_server.mqtt.outgoing import Outgoing


class Network:
    """A network connection that gives out packet ids that come round soon."""

    def __init__(self, ids: int) -> None:
        self._ids = ids
        self.published: list[Publication] = []

    def publish(self, publication: Publication) -> int | None:
        self.published.append(publication)
        return (len(self.published) - 1) % self._ids + 1


def connected(network: Network, window: int = 20) -> Outgoing:
    outgoing = Outgoing(max_messages=100, max_bytes=10_000)
    outgoing.connected(network, Accepted("5", False, None, window))  # type: ignore[arg-type]
    return outgoing


def reply(number: int, size: int = 10) -> Publication:
    return Publication("t", str(number).encode().ljust(size), 1)


async def test_an_event_that_is_written_is_not_taken_for_the_puback_of_a_reply_with_its_packet_id() -> None:
    outgoing = connected(Network(ids=2))
    delivered = outgoing.publish(reply(1))
    outgoing.publish_once(reply(2))
    outgoing.publish_once(reply(3))
    outgoing.settle(2, None)
    outgoing.settle(1, None)
    assert not delivered.done()
    outgoing.settle(1, None)
    assert delivered.done()
    assert (outgoing.published, len(outgoing)) == (3, 0)


async def test_publications_wait_for_the_window_and_go_out_in_order_over_the_next_connection() -> None:
    first, second = Network(100), Network(100)
    outgoing = connected(first, window=3)
    for number in range(6):
        outgoing.publish(reply(number))
    assert [int(publication.payload) for publication in first.published] == [0, 1, 2]
    outgoing.settle(1, None)
    outgoing.disconnected()
    outgoing.connected(second, Accepted("5", True, None, 10))  # type: ignore[arg-type]
    assert [int(publication.payload) for publication in second.published] == [1, 2, 3, 4, 5]


async def test_what_was_cancelled_while_it_waited_or_was_in_flight_is_not_sent_again() -> None:
    first, second = Network(100), Network(100)
    outgoing = connected(first, window=2)
    delivered = [outgoing.publish(reply(number)) for number in range(4)]
    delivered[1].cancel()
    delivered[2].cancel()
    outgoing.disconnected()
    outgoing.connected(second, Accepted("5", True, None, 10))  # type: ignore[arg-type]
    assert [int(publication.payload) for publication in second.published] == [0, 3]


async def test_more_bytes_than_may_wait_are_postponed_and_the_room_comes_back() -> None:
    outgoing = Outgoing(max_messages=100, max_bytes=1000)
    waiting = [outgoing.publish(reply(number, 400)) for number in range(3)]
    assert not any(delivered.done() for delivered in waiting)
    with pytest.raises(PublishPostponed, match=r"3 publications \(\d+ bytes\)"):
        await outgoing.publish(reply(3))
    outgoing.connected(Network(100), Accepted("5", True, None, 10))  # type: ignore[arg-type]
    assert not outgoing.publish(reply(4)).done()


async def test_events_that_a_full_socket_does_not_take_are_dropped_and_counted() -> None:
    network = Network(1000)
    outgoing = connected(network)
    for number in range(20):
        outgoing.publish_once(reply(number, 1000))
    assert (len(network.published), outgoing.dropped) == (10, 10)
    outgoing.settle(1, None)
    outgoing.publish_once(reply(20))
    assert len(network.published) == 11


async def test_what_came_too_late_is_not_sent_and_what_is_behind_it_is() -> None:
    first, second = Network(100), Network(100)
    outgoing = connected(first, window=1)
    delivered = [
        outgoing.publish(Publication("t", b"0", 1, expires=time.monotonic() + 0.05)),
        outgoing.publish(Publication("t", b"1", 1, expires=time.monotonic() + 0.05)),
        outgoing.publish(Publication("t", b"2", 1, expires=time.monotonic() + 3600)),
        outgoing.publish(Publication("t", b"3", 1)),
    ]
    await asyncio.sleep(0.1)
    outgoing.disconnected()
    outgoing.connected(second, Accepted("5", True, None, 10))  # type: ignore[arg-type]
    assert [publication.payload for publication in second.published] == [b"2", b"3"]
    assert [type(each.exception()) for each in delivered[:2]] == [PublishExpired, PublishExpired]
    assert not any(each.done() for each in delivered[2:])
