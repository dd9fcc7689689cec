"""Accepted utterances: each is stored once, and known again when it comes once more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import StatementError

from ai_server.memory.accepted import AcceptedUtterances, Arrival
from ai_server.memory.storage.database import Database
from ai_server.memory.turns import Turn, Turns
from ai_server.protocol.reply import Reply
from ai_server.protocol.utterance import Utterance

AT = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)


def arrival(
    request_id: str,
    delivery: str | None = None,
    *,
    redelivered: bool = False,
    at: datetime = AT,
    device_id: str = "rover",
    **utterance: Any,
) -> Arrival:
    said = Utterance(**{"device_id": device_id, "request_id": request_id, "text": "Hello"} | utterance)
    return Arrival(utterance=said, arrived_at=at, delivery=delivery, redelivered=redelivered)


def turn(request_id: str, *, device_id: str = "rover", at: datetime = AT) -> Turn:
    reply = Reply(request_id=request_id, device_id=device_id, text=f"to {request_id}", source="llm")
    return Turn(at=at, words="Hello", reply=reply)


@pytest.fixture
def accepted(database: Database) -> AcceptedUtterances:
    return AcceptedUtterances(database)


async def waiting_ids(accepted: AcceptedUtterances) -> list[str]:
    return [each.utterance.request_id for each in await accepted.waiting()]


async def test_an_arrival_comes_back_exactly_as_it_was_accepted(accepted: AcceptedUtterances) -> None:
    came = arrival(
        "q1",
        "f1",
        text="Geh vor! 🤖",
        confidence=0.75,
        language="de",
        emotion="happy",
        user_id="ada",
        ttl_ms=1234,
        interrupt=True,
        response_topic="naila/devices/rover/answers",
        correlation_data=b"\x00\xff\xfe",
    )
    (acceptance,) = await accepted.accept([came])
    assert (acceptance.utterance, acceptance.reply, acceptance.waiting) == (came.utterance, None, False)
    assert await accepted.waiting() == [came]


async def test_waiting_utterances_come_in_the_order_of_their_arrival_whatever_the_clock_says(
    accepted: AcceptedUtterances,
) -> None:
    await accepted.accept([arrival("q1"), arrival("q2", at=AT - timedelta(days=400))])
    await accepted.accept([arrival("q3", at=AT - timedelta(days=1))])
    assert await waiting_ids(accepted) == ["q1", "q2", "q3"]


async def test_nothing_to_accept_is_nothing_accepted(accepted: AcceptedUtterances) -> None:
    assert await accepted.accept([]) == []


async def test_a_repeat_of_a_waiting_request_is_not_stored_twice(accepted: AcceptedUtterances) -> None:
    await accepted.accept([arrival("q1", text="first")])
    (again,) = await accepted.accept([arrival("q1", text="second")])
    assert again.waiting
    assert [each.utterance.text for each in await accepted.waiting()] == ["first"]


async def test_a_repeat_within_one_batch_is_not_stored_twice(accepted: AcceptedUtterances) -> None:
    acceptances = await accepted.accept([arrival("q1"), arrival("q2"), arrival("q1")])
    assert [each.waiting for each in acceptances] == [False, False, True]
    assert await waiting_ids(accepted) == ["q1", "q2"]


async def test_a_repeat_of_an_answered_request_gets_the_stored_reply(
    accepted: AcceptedUtterances, turns: Turns
) -> None:
    await accepted.accept([arrival("q1")])
    answered = turn("q1")
    await turns.add(answered)
    assert await accepted.waiting() == []
    again, new = await accepted.accept([arrival("q1"), arrival("q2")])
    assert (again.reply, again.waiting) == (answered.reply, False)
    assert (new.reply, new.waiting) == (None, False)
    assert await waiting_ids(accepted) == ["q2"]


async def test_robots_may_choose_the_same_request_id(accepted: AcceptedUtterances, turns: Turns) -> None:
    first, second = await accepted.accept([arrival("q1"), arrival("q1", device_id="owl")])
    assert not first.waiting
    assert not second.waiting
    await turns.add(turn("q1"))
    (owls,) = await accepted.waiting()
    assert owls.utterance.device_id == "owl"
    (again,) = await accepted.accept([arrival("q1", device_id="owl")])
    assert (again.reply, again.waiting) == (None, True)


async def test_a_message_delivered_again_while_it_waits_keeps_its_first_request_id(
    accepted: AcceptedUtterances,
) -> None:
    await accepted.accept([arrival("first", "f1")])
    (again,) = await accepted.accept([arrival("second", "f1", redelivered=True)])
    assert again.waiting
    assert again.utterance == arrival("first").utterance
    assert await waiting_ids(accepted) == ["first"]


async def test_a_message_delivered_again_after_its_answer_gets_the_stored_reply(
    accepted: AcceptedUtterances, turns: Turns
) -> None:
    await accepted.accept([arrival("first", "f1")])
    await turns.add(turn("first"))
    (again,) = await accepted.accept([arrival("second", "f1", redelivered=True)])
    assert again.utterance.request_id == "first"
    assert again.reply == turn("first").reply.model_copy(update={"timestamp": again.reply.timestamp})
    assert await accepted.waiting() == []


async def test_a_message_delivered_twice_within_one_batch_is_stored_once(accepted: AcceptedUtterances) -> None:
    acceptances = await accepted.accept([arrival("first", "f1"), arrival("second", "f1", redelivered=True)])
    assert [each.utterance.request_id for each in acceptances] == ["first", "first"]
    assert acceptances[1].waiting


async def test_a_message_that_was_never_stored_is_new_even_where_it_is_delivered_again(
    accepted: AcceptedUtterances,
) -> None:
    await accepted.accept([arrival("q1", "f1"), arrival("q2", "f1", device_id="owl")])
    (new,) = await accepted.accept([arrival("q3", "f2", redelivered=True)])
    assert (new.utterance.request_id, new.waiting, new.reply) == ("q3", False, None)


async def test_the_same_words_under_the_same_packet_id_are_new_where_they_are_not_delivered_again(
    accepted: AcceptedUtterances,
) -> None:
    await accepted.accept([arrival("first", "f1")])
    (new,) = await accepted.accept([arrival("second", "f1")])
    assert not new.waiting
    (again,) = await accepted.accept([arrival("third", "f1", redelivered=True)])
    assert again.utterance.request_id == "second", "the newest one counts"


async def test_a_fingerprint_of_long_ago_is_another_message(accepted: AcceptedUtterances, turns: Turns) -> None:
    await accepted.accept([arrival("old", "f1", at=AT - timedelta(days=8))])
    await turns.add(turn("old", at=AT - timedelta(days=8)))
    (new,) = await accepted.accept([arrival("new", "f1", redelivered=True)])
    assert (new.utterance.request_id, new.reply) == ("new", None)


async def test_a_message_delivered_again_is_known_though_the_clock_was_set_back(
    accepted: AcceptedUtterances, turns: Turns
) -> None:
    await accepted.accept([arrival("first", "f1")])
    await turns.add(turn("first"))
    (again,) = await accepted.accept([arrival("second", "f1", redelivered=True, at=AT - timedelta(days=365))])
    assert again.utterance.request_id == "first"


async def test_thousands_of_arrivals_are_accepted_at_once(accepted: AcceptedUtterances) -> None:
    came = [arrival(f"q{number}") for number in range(2500)]
    acceptances = await accepted.accept([*came, *came])
    assert [each.waiting for each in acceptances] == [False] * 2500 + [True] * 2500
    assert await accepted.waiting() == came


async def test_an_arrival_that_cannot_be_stored_leaves_nothing_of_its_batch(accepted: AcceptedUtterances) -> None:
    came = [arrival(f"q{number}") for number in range(1500)]
    with pytest.raises(StatementError, match="no time zone"):
        await accepted.accept([*came, arrival("bad", at=datetime(2026, 3, 1))])  # noqa: DTZ001
    assert await accepted.waiting() == []


async def test_words_are_stored_masked_and_answered_as_they_were_said(database: Database) -> None:
    accepted = AcceptedUtterances(database, mask=lambda words: words.replace("ada@example.com", "<email>"))
    (acceptance,) = await accepted.accept([arrival("q1", text="write to ada@example.com")])
    assert acceptance.utterance.text == "write to ada@example.com"
    (waiting,) = await accepted.waiting()
    assert waiting.utterance.text == "write to <email>"
