from __future__ import annotations

from pathlib import Path

from tests.brokers import RunningBroker
from tests.faults import storage


def test_a_full_disk_refuses_new_words_by_name_and_recovers_by_itself(directory: Path, broker: RunningBroker):
    storage.full_disk(directory, broker.options).assert_nothing_lost()


def test_a_damaged_database_is_set_aside_and_a_fresh_one_begins(directory: Path, broker: RunningBroker):
    storage.damaged_database(directory, broker.options)


def test_what_waits_is_answered_in_order_although_the_clock_was_set_back(directory: Path, broker: RunningBroker):
    storage.clock_set_back(directory, broker.options).assert_nothing_lost()
