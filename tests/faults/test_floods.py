from __future__ import annotations

from pathlib import Path

from tests.brokers import RunningBroker
from tests.faults.floods import all_at_once


def test_everybody_who_speaks_at_once_gets_a_reply_or_is_told_that_the_brain_is_busy(
    directory: Path, broker: RunningBroker
):
    flood = all_at_once(directory, broker.options, robots=100, waves=2, ttl_ms=1500, NAILA_QUEUE_TOTAL="20")
    assert flood.busy
    assert flood.account.answered
    assert flood.account.lost == 0
    assert flood.rss_mib[-1] - flood.rss_mib[0] < 20
