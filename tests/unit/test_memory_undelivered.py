"""Publications: stored with their turn, in order, until they are delivered, dropped or swept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ai_server.memory.accepted import AcceptedUtterances, Arrival
from ai_server.memory.storage.database import Database
from ai_server.memory.turns import Turn, Turns, estimated_tokens
from ai_server.memory.undelivered import NewPublication, StoredPublication, Undelivered
from ai_server.protocol.reply import Reply
from ai_server.protocol.terms import FinishReason
from ai_server.protocol.utterance import Utterance

NOW = datetime.now(UTC)
REPLY = NewPublication(topic="naila/ai/responses/text/rover", payload=b"{}", kind="reply", correlation_data=b"\x00\xff")
ACTION = NewPublication(topic="naila/devices/rover/actions/move", payload=b'{"cm": 5}', kind="action")


def turn(
    number: int, *, device_id: str = "rover", text: str = "Hi there", finish_reason: FinishReason = "stop"
) -> Turn:
    reply = Reply(request_id=f"q{number}", device_id=device_id, text=text, source="llm", finish_reason=finish_reason)
    return Turn(at=NOW, words="Hello", reply=reply)


@pytest.fixture
def undelivered(database: Database) -> Undelivered:
    return Undelivered(database)


def ids(publications: list[StoredPublication] | None) -> list[int]:
    assert publications is not None
    return [each.id for each in publications]


async def test_what_a_turn_publishes_is_stored_with_it_in_order(turns: Turns, undelivered: Undelivered) -> None:
    stored = await turns.add(turn(1), [ACTION, REPLY])
    assert stored == await undelivered.after(0, 10)
    action, reply = stored or []
    assert (action.topic, action.payload, action.kind) == (ACTION.topic, ACTION.payload, "action")
    assert (reply.correlation_data, reply.device_id, reply.request_id) == (b"\x00\xff", "rover", "q1")
    assert action.id < reply.id


async def test_a_turn_that_is_stored_already_publishes_nothing(turns: Turns, undelivered: Undelivered) -> None:
    await turns.add(turn(1))
    assert await turns.add(turn(1), [REPLY]) is None
    assert await undelivered.count() == 0


async def test_a_turn_that_cannot_be_published_is_not_stored(turns: Turns, database: Database) -> None:
    accepted = AcceptedUtterances(database)
    said = Utterance(device_id="rover", request_id="q1", text="Hello")
    await accepted.accept([Arrival(utterance=said, arrived_at=NOW)])
    broken = NewPublication(topic=None, payload=b"", kind="reply")  # type: ignore[arg-type]
    with pytest.raises(Exception, match=r"(?i)not.null"):
        await turns.add(turn(1), [REPLY, broken])
    assert await turns.count() == 0
    assert [each.utterance for each in await accepted.waiting()] == [said]


async def test_publications_come_in_pages_of_ascending_ids(turns: Turns, undelivered: Undelivered) -> None:
    stored = [number for each in range(5) for number in ids(await turns.add(turn(each), [ACTION, REPLY]))]
    assert stored == sorted(stored)
    first = await undelivered.after(0, 4)
    second = await undelivered.after(first[-1].id, 100)
    assert ids(first) + ids(second) == stored
    assert await undelivered.after(stored[-1], 100) == []


async def test_what_is_delivered_is_undelivered_no_more(turns: Turns, undelivered: Undelivered) -> None:
    first, second, third = ids(await turns.add(turn(1), [ACTION, ACTION, REPLY]))
    await undelivered.mark_delivered([first, third, 1_000_000])
    await undelivered.mark_delivered([first])
    await undelivered.mark_delivered([])
    assert ids(await undelivered.after(0, 10)) == [second]
    assert await undelivered.count() == 1


async def test_the_sweep_takes_what_was_delivered_before_a_moment_alone(turns: Turns, undelivered: Undelivered) -> None:
    first, second = ids(await turns.add(turn(1), [ACTION, REPLY]))
    await undelivered.mark_delivered([first])
    assert await undelivered.sweep(NOW - timedelta(hours=1)) == 0
    assert await undelivered.sweep(datetime.now(UTC) + timedelta(seconds=1)) == 1
    assert ids(await undelivered.after(0, 10)) == [second]


async def test_the_sweep_takes_however_many_there_are(turns: Turns, undelivered: Undelivered) -> None:
    stored = ids(await turns.add(turn(1), [REPLY] * 3000))
    await undelivered.mark_delivered(stored[:2500])
    assert await undelivered.sweep(datetime.now(UTC) + timedelta(seconds=1)) == 2500
    assert await undelivered.count() == 500


async def test_an_id_never_comes_back(turns: Turns, undelivered: Undelivered) -> None:
    (first,) = ids(await turns.add(turn(1), [REPLY]))
    await undelivered.mark_delivered([first])
    await undelivered.sweep(datetime.now(UTC) + timedelta(seconds=1))
    (second,) = ids(await turns.add(turn(2), [REPLY]))
    assert second > first


async def test_dropping_actions_leaves_words_and_other_robots_alone(turns: Turns, undelivered: Undelivered) -> None:
    delivered, _, reply = ids(await turns.add(turn(1), [ACTION, ACTION, REPLY]))
    later = ids(await turns.add(turn(2), [ACTION]))
    owls = ids(await turns.add(turn(1, device_id="owl"), [ACTION]))
    await undelivered.mark_delivered([delivered])
    assert await undelivered.drop_actions("rover", "q1") == 1
    assert ids(await undelivered.after(0, 10)) == [reply, *later, *owls]
    assert await undelivered.drop_actions("rover") == 1
    assert await undelivered.drop_actions("rover") == 0
    assert ids(await undelivered.after(0, 10)) == [reply, *owls]


async def test_a_cancelled_turn_takes_the_place_of_the_stored_one(turns: Turns, undelivered: Undelivered) -> None:
    delivered, *_ = ids(await turns.add(turn(1), [ACTION, ACTION, REPLY]))
    owls = ids(await turns.add(turn(1, device_id="owl"), [ACTION]))
    await undelivered.mark_delivered([delivered])
    cancelled = turn(1, text="Hi", finish_reason="cancelled")
    replaced = await turns.cancel(cancelled, [REPLY])
    assert [each.kind for each in replaced] == ["reply"]
    assert ids(await undelivered.after(0, 10)) == [*owls, *ids(replaced)]
    assert await turns.find("rover", "q1") == cancelled
    assert await turns.count() == 2


async def test_a_turn_that_was_never_stored_is_stored_as_cancelled(turns: Turns, undelivered: Undelivered) -> None:
    cancelled = turn(1, finish_reason="cancelled")
    assert await turns.cancel(cancelled, [REPLY]) == await undelivered.after(0, 10)
    assert await turns.find("rover", "q1") == cancelled


@pytest.mark.parametrize("text", ["", "Hi", "Hi there and much more than was said before"])
async def test_history_is_as_if_the_cancelled_turn_had_been_stored_so_at_first(turns: Turns, text: str) -> None:
    stored = [turn(number) for number in range(10)]
    for each in stored:
        await turns.add(each)
    stored[4] = turn(4, text=text, finish_reason="cancelled")
    await turns.cancel(stored[4], [])
    for device_id in ("rover", "owl"):
        for each in stored:
            await turns.add(
                Turn(at=each.at, words=each.words, reply=each.reply.model_copy(update={"device_id": device_id}))
            )
    for budget in range(0, sum(map(estimated_tokens, stored)) + 20, 9):
        rovers = [each.request_id for each in (await turns.recent("rover", None, budget)).turns]
        assert rovers == [each.request_id for each in (await turns.recent("owl", None, budget)).turns]
