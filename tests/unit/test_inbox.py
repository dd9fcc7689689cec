from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ai_server.memory.accepted import AcceptedUtterances, Arrival
from ai_server.mqtt.epochs import LONG_OVER
from ai_server.mqtt.inbox import Inbox, InboxFullError, Waiting
from ai_server.protocol.utterance import Utterance
from tests.migrated import new_database

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def _utterance(device_id: str, request_id: str) -> Utterance:
    return Utterance(device_id=device_id, request_id=request_id, text="hi")


def _waiting(device_id: str, request_id: str) -> Waiting:
    return Waiting(_utterance(device_id, request_id), arrived=0.0, epoch=1)


def _arrival(device_id: str, request_id: str, arrived_at: datetime = NOW) -> Arrival:
    return Arrival(utterance=_utterance(device_id, request_id), arrived_at=arrived_at)


def _ids(inbox: Inbox, device_id: str) -> list[str]:
    taken = []
    while waiting := inbox.take(device_id):
        taken.append(waiting.utterance.request_id)
    return taken


@pytest.fixture
async def accepted(tmp_path: Path) -> AsyncIterator[AcceptedUtterances]:
    database = await new_database(tmp_path / "naila.db")
    yield AcceptedUtterances(database)
    await database.close()


def _inbox(accepted: AcceptedUtterances, per_device: int = 8, total: int = 8) -> Inbox:
    return Inbox(accepted, per_device=per_device, total=total, clock=lambda: 1000.0, wall_clock=lambda: NOW)


async def test_a_robots_utterances_are_taken_in_order_and_apart_from_others(accepted: AcceptedUtterances):
    inbox = _inbox(accepted)
    for device_id, request_id in (("a", "1"), ("b", "2"), ("a", "3")):
        inbox.put(_waiting(device_id, request_id))
    assert len(inbox) == 3
    assert _ids(inbox, "a") == ["1", "3"]
    assert _ids(inbox, "b") == ["2"]
    assert len(inbox) == 0


async def test_a_full_line_of_one_robot_leaves_room_for_another(accepted: AcceptedUtterances):
    inbox = _inbox(accepted, per_device=1)
    inbox.reserve("a")
    with pytest.raises(InboxFullError, match="of this robot"):
        inbox.reserve("a")
    inbox.reserve("b")


async def test_all_lines_together_are_bounded_until_one_is_answered(accepted: AcceptedUtterances):
    inbox = _inbox(accepted, total=2)
    inbox.reserve("a")
    inbox.reserve("b")
    with pytest.raises(InboxFullError, match="at most 2"):
        inbox.reserve("c")
    inbox.release("a")
    inbox.reserve("c")
    assert inbox.unanswered == 2


async def test_a_waiting_request_is_found(accepted: AcceptedUtterances):
    inbox = _inbox(accepted)
    inbox.put(_waiting("a", "1"))
    assert inbox.find("a", "1") is not None
    assert inbox.find("a", "2") is None
    assert inbox.find("b", "1") is None


async def test_a_cancelled_one_keeps_its_place_and_is_over(accepted: AcceptedUtterances):
    inbox = _inbox(accepted)
    first, second = _waiting("a", "1"), _waiting("a", "2")
    inbox.put(first)
    inbox.put(second)
    inbox.cancel(first)
    line = inbox.line("a")
    assert [waiting.epoch for waiting in line] == [LONG_OVER, 1]
    assert line[0].answered is first.answered, "whoever waits for its answer still does"


async def test_what_was_stored_is_found_by_the_next_process_in_order_and_with_its_age(accepted: AcceptedUtterances):
    before = _inbox(accepted)
    await before.store([_arrival("a", "1", NOW - timedelta(seconds=7))])
    await before.store([_arrival("b", "2"), _arrival("a", "3")])
    after = _inbox(accepted)
    stored = await after.stored(epoch=5)
    assert [(waiting.utterance.request_id, waiting.arrived) for waiting in stored] == [
        ("1", 993.0),
        ("2", 1000.0),
        ("3", 1000.0),
    ]
    assert after.unanswered == 3


async def test_what_seems_to_come_from_the_future_is_taken_to_be_new(accepted: AcceptedUtterances):
    inbox = _inbox(accepted)
    await inbox.store([_arrival("a", "1", NOW + timedelta(days=1))])
    assert [waiting.arrived for waiting in await inbox.stored(epoch=1)] == [1000.0]
