from __future__ import annotations

import pytest

from ai_server.protocol.status import State, Status
from ai_server.telemetry.condition import Condition
from ai_server.telemetry.systemd import Notifier


@pytest.fixture
def published() -> list[Status]:
    return []


@pytest.fixture
def condition(published: list[Status]) -> Condition:
    condition = Condition(Notifier(None), "tiny.gguf")
    condition.publish = published.append
    return condition


def _states(published: list[Status]) -> list[tuple[str, str]]:
    return [(str(status.state), status.reason) for status in published]


def test_every_change_is_published_once(condition, published):
    condition.enter(State.LOADING)
    condition.enter(State.LOADING)
    condition.enter(State.READY)
    assert _states(published) == [("loading", ""), ("ready", "")]
    assert published[0].model == "tiny.gguf"


def test_a_slow_phase_says_how_far_it_is(condition, published):
    condition.enter(State.LOADING)
    condition.enter(State.LOADING, "the model is 10 % loaded")
    condition.enter(State.LOADING, "the model is 10 % loaded")
    condition.enter(State.READY)
    assert _states(published) == [("loading", ""), ("loading", "the model is 10 % loaded"), ("ready", "")]


def test_what_ails_a_part_degrades_until_it_is_well(condition, published):
    condition.enter(State.READY)
    condition.ail("llm", "the engine died")
    condition.ail("memory", "the disk is full")
    condition.ail("llm", "")
    condition.ail("memory", "")
    assert _states(published) == [
        ("ready", ""),
        ("degraded", "the engine died"),
        ("degraded", "the engine died; the disk is full"),
        ("degraded", "the disk is full"),
        ("ready", ""),
    ]


def test_a_brain_that_drains_says_so_whatever_ails_it(condition, published):
    condition.ail("llm", "the engine died")
    condition.enter(State.DRAINING)
    assert _states(published)[-1] == ("draining", "")


def test_the_status_is_published_again_on_demand(condition, published):
    condition.enter(State.READY)
    condition.announce_again()
    assert _states(published) == [("ready", "")] * 2
