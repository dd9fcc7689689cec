from __future__ import annotations

import pytest

from ai_server.mqtt.inbox import Inbox, InboxFullError
from ai_server.protocol.utterance import Utterance


def _utterance(device_id: str, request_id: str) -> Utterance:
    return Utterance(device_id=device_id, request_id=request_id, text="hi")


def _ids(inbox: Inbox, device_id: str) -> list[str]:
    taken = []
    while waiting := inbox.take(device_id):
        taken.append(waiting.utterance.request_id)
    return taken


def test_a_robots_utterances_are_taken_in_order_and_apart_from_others():
    inbox = Inbox(per_device=8, total=8)
    for device_id, request_id in (("a", "1"), ("b", "2"), ("a", "3")):
        inbox.offer(_utterance(device_id, request_id))
    assert len(inbox) == 3
    assert _ids(inbox, "a") == ["1", "3"]
    assert _ids(inbox, "b") == ["2"]
    assert len(inbox) == 0


def test_a_full_line_of_one_robot_leaves_room_for_another():
    inbox = Inbox(per_device=1, total=8)
    inbox.offer(_utterance("a", "1"))
    with pytest.raises(InboxFullError, match="of this robot"):
        inbox.offer(_utterance("a", "2"))
    inbox.offer(_utterance("b", "3"))


def test_all_lines_together_are_bounded():
    inbox = Inbox(per_device=8, total=2)
    inbox.offer(_utterance("a", "1"))
    inbox.offer(_utterance("b", "2"))
    with pytest.raises(InboxFullError, match="at most 2"):
        inbox.offer(_utterance("c", "3"))
    inbox.take("a")
    inbox.offer(_utterance("c", "3"))


def test_dropping_a_line_makes_room_and_returns_who_stood_in_it():
    inbox = Inbox(per_device=2, total=2)
    inbox.offer(_utterance("a", "1"))
    inbox.offer(_utterance("a", "2"))
    assert [waiting.utterance.request_id for waiting in inbox.drop("a")] == ["1", "2"]
    assert inbox.take("a") is None
    assert len(inbox) == 0
    assert inbox.drop("a") == []


def test_a_waiting_request_is_known():
    inbox = Inbox(per_device=2, total=2)
    inbox.offer(_utterance("a", "1"))
    assert inbox.holds("a", "1")
    assert not inbox.holds("a", "2")
    assert not inbox.holds("b", "1")


def test_the_time_of_arrival_is_kept():
    inbox = Inbox(per_device=2, total=2, clock=lambda: 12.5)
    inbox.offer(_utterance("a", "1"))
    waiting = inbox.take("a")
    assert waiting is not None
    assert waiting.arrived == 12.5
