from __future__ import annotations

import random

from ai_server.mqtt.acknowledgements import Acknowledgements
from ai_server.mqtt.network import Received
from ai_server.protocol.inbound import Packet


def received(mid: int, *, qos: int = 1, epoch: int = 1, redelivered: bool = False) -> Received:
    return Received(Packet("naila/devices/r2/text", b"words", redelivered=redelivered), qos, mid, epoch)


def expecting(*messages: Received) -> Acknowledgements:
    acknowledgements = Acknowledgements()
    for message in messages:
        acknowledgements.expect(message)
    return acknowledgements


def test_a_message_waits_for_those_before_it() -> None:
    first, second, third = received(7), received(3), received(5)
    acknowledgements = expecting(first, second, third)
    assert acknowledgements.settle(second) == []
    assert acknowledgements.settle(first) == [7, 3]
    assert acknowledgements.settle(third) == [5]
    assert len(acknowledgements) == 0


def test_every_message_is_acknowledged_once_and_in_order_whatever_the_order_they_are_done_in() -> None:
    messages = [received(mid) for mid in range(1, 60_001)]
    acknowledgements = expecting(*messages)
    due: list[int] = []
    for message in random.Random(3).sample(messages, len(messages)):
        due += acknowledgements.settle(message) + acknowledgements.settle(message)
    assert due == list(range(1, 60_001))


def test_a_message_of_qos_0_is_owed_nothing() -> None:
    message = received(0, qos=0)
    acknowledgements = expecting(message)
    assert len(acknowledgements) == 0
    assert acknowledgements.settle(message) == []


def test_a_packet_id_of_an_earlier_connection_is_never_acknowledged_on_a_later_one() -> None:
    old, new = received(1, epoch=1), received(1, epoch=2)
    acknowledgements = expecting(old, received(2, epoch=1), new)
    assert acknowledgements.settle(old) == []
    assert acknowledgements.settle(new) == [1]


def test_a_message_delivered_again_on_one_connection_is_acknowledged_once_for_both() -> None:
    first, again, next_one = received(1), received(1, redelivered=True), received(2)
    acknowledgements = expecting(first, next_one, again)
    assert acknowledgements.settle(next_one) == []
    assert acknowledgements.settle(first) == []
    assert acknowledgements.settle(again) == [1, 2]


def test_a_packet_id_that_the_broker_gave_to_another_message_is_not_acknowledged_for_the_first() -> None:
    given_up, other, next_one = received(1), received(2), received(1)
    acknowledgements = expecting(given_up, other, next_one)
    assert acknowledgements.settle(given_up) == []
    assert acknowledgements.settle(other) == [2]
    assert acknowledgements.settle(next_one) == [1]
