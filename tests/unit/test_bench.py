"""The limits, and how rates are taken from what the engine tells."""

from __future__ import annotations

import pytest

from ai_server.commands.bandwidth import read_bandwidth
from ai_server.commands.bench import Rate, decode_limit, rate_of
from ai_server.commands.engine import Answer
from ai_server.llm.wire import Done, Text

SECOND = 1_000_000_000


def answer(*texts: tuple[float, int], decode_ms: float = 0) -> Answer:
    """What came of a request: when its texts came, in seconds, and how many tokens each stood for."""
    made = sum(tokens for _, tokens in texts)
    given = [Text(1, "x", tokens, int(at * SECOND)) for at, tokens in texts]
    return Answer(texts=given, done=Done(1, "length", made, prefill_ms=0, decode_ms=decode_ms))


def test_a_reply_is_no_faster_than_weights_and_conversation_are_read() -> None:
    assert decode_limit(10e9, token_bytes=4_000_000_000, kv_bytes=0) == 2.5
    assert decode_limit(10e9, token_bytes=4_000_000_000, kv_bytes=1_000_000_000) == 2


def test_replies_at_once_share_the_weights_and_not_their_conversations() -> None:
    assert decode_limit(10e9, token_bytes=4_000_000_000, kv_bytes=0, replies=8) == 20
    assert decode_limit(10e9, token_bytes=4_000_000_000, kv_bytes=125_000_000, replies=8) == 16


def test_a_share_is_of_a_limit_that_is_known() -> None:
    assert Rate("one reply", measured=3, limit=4).share == 0.75
    assert Rate("a prompt", measured=3).share is None


def test_one_reply_is_measured_by_the_engines_clock() -> None:
    assert rate_of([answer((1, 33), decode_ms=500)]) == (64, 0.5)


def test_several_replies_are_measured_while_all_of_them_run() -> None:
    first = answer((1.0, 1), (1.5, 5), (2.0, 5), (2.5, 9))
    second = answer((1.5, 2), (2.0, 4))
    assert rate_of([first, second]) == (18, 0.5)


def test_replies_that_are_told_of_one_after_the_other_lose_no_step_at_the_edges() -> None:
    first = answer(*((step, 1) for step in range(1, 33)))
    second = answer(*((step + 0.001, 1) for step in range(1, 33)))
    rate, seconds = rate_of([first, second])
    assert rate == pytest.approx(2)
    assert seconds == pytest.approx(31, abs=0.01)


@pytest.mark.parametrize("other", [answer(), answer((3.0, 1), (4.0, 7))])
def test_replies_that_never_ran_together_tell_no_rate(other: Answer) -> None:
    assert rate_of([answer((1.0, 1), (2.0, 9)), other])[1] == 0


@pytest.mark.parametrize("threads", [1, 3])
def test_the_bandwidth_of_memory_is_in_bytes_a_second(threads: int) -> None:
    assert 1e8 < read_bandwidth(1 << 20, threads) < 1e14
