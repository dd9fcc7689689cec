from __future__ import annotations

from pathlib import Path

from tests.brokers import RunningBroker
from tests.faults import hostile


def test_whatever_is_sent_is_taken_or_refused_by_name():
    assert hostile.parsed(1000) > 500


def test_hostile_messages_on_the_wire_get_an_error_each_at_most_and_a_flood_of_them_fewer(
    directory: Path, broker: RunningBroker
):
    assault = hostile.over_the_wire(directory, broker.options, count=400, LLM_MODEL_PATH="none")
    # docs/protocol.md: 100 at once, and one a second.
    assert 0 < assault.errors <= 101 + assault.seconds < assault.sent
