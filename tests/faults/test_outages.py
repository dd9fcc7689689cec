from __future__ import annotations

from pathlib import Path

from tests.brokers import RunningBroker, amqtt
from tests.faults import outages

NO_MODEL = {"LLM_MODEL_PATH": "none"}
BLOCKED_MS = 1000
"""An event loop that waited for the broker would be late by the whole outage; a busy machine is by much less."""


def test_nothing_is_lost_when_mosquitto_is_killed(directory: Path, broker: RunningBroker):
    account = outages.killed_broker(directory, broker, robots=8, utterances=40, kills=2, **NO_MODEL)
    account.assert_nothing_lost()
    assert account.sent == 40


def test_nothing_is_lost_when_the_daemon_and_its_broker_are_killed_together(directory: Path, broker: RunningBroker):
    account = outages.power_cut(directory, broker, robots=4, utterances=20, cuts=1, **NO_MODEL)
    account.assert_nothing_lost()
    assert account.sent == 20


def test_nothing_is_lost_when_a_broker_without_persistence_is_killed(directory: Path, tmp_path: Path):
    with amqtt(tmp_path) as broker:
        account = outages.killed_broker(directory, broker, robots=4, utterances=20, kills=1, **NO_MODEL)
    account.assert_nothing_lost()
    assert account.sent == 20


def test_a_network_that_is_cut_without_a_word_is_recovered_from(directory: Path, broker: RunningBroker):
    outage = outages.cut_network(directory, broker.options, seconds=2, **NO_MODEL)
    outage.account.assert_nothing_lost()
    assert outage.worst_lag_ms < BLOCKED_MS


def test_a_frozen_broker_is_waited_for_and_does_not_block_the_brain(directory: Path, broker: RunningBroker):
    outage = outages.frozen_broker(directory, broker, seconds=2, **NO_MODEL)
    outage.account.assert_nothing_lost()
    assert outage.worst_lag_ms < BLOCKED_MS


def test_the_daemon_ends_in_order_while_its_broker_is_frozen(directory: Path, broker: RunningBroker):
    # TimeoutStopSec of the unit; the wait for the broker's last word is 3 s, and for the connection's end 3 s.
    assert outages.stop_while_frozen(directory, broker, **NO_MODEL) < 30
