from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.brokers import RunningBroker
from tests.faults.engine_deaths import killed_engine


@pytest.mark.parametrize("how", [signal.SIGSEGV, signal.SIGKILL], ids=lambda how: how.name)
def test_turns_are_answered_although_the_engine_dies_in_the_middle(
    directory: Path, broker: RunningBroker, how: signal.Signals
):
    account = killed_engine(directory, broker.options, how)
    account.assert_nothing_lost()
