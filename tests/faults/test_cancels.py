from __future__ import annotations

from pathlib import Path

from tests.brokers import RunningBroker
from tests.faults import cancels


def test_cancelled_is_the_last_event_of_a_long_reply(directory: Path, broker: RunningBroker):
    assert len(cancels.in_long_replies(directory, broker.options, times=3).latency_ms) == 3


def test_a_long_prompt_is_cancelled_before_the_first_word(directory: Path, broker: RunningBroker):
    assert len(cancels.in_long_prompts(directory, broker.options, times=3).latency_ms) == 3


def test_no_action_of_a_cancelled_turn_reaches_the_body(directory: Path, broker: RunningBroker):
    assert cancels.before_the_body_moves(directory, broker.options, times=10).cancelled == 10
