from __future__ import annotations

import random

import pytest

from ai_server.mqtt.endings import Ending, Outcome
from ai_server.mqtt.reconnection import Reconnection


def reconnection(protocol: str = "auto") -> Reconnection:
    return Reconnection(protocol, random.Random(7))


def ended(outcome: Outcome) -> Ending:
    return Ending(outcome, "words")


def test_a_broker_that_is_away_is_looked_for_every_two_seconds_at_most_and_not_by_all_at_once() -> None:
    policy = reconnection()
    delays = [policy.delay_after(ended(Outcome.UNREACHABLE), held_s=0, now=n) for n in range(200)]
    assert 0.5 <= min(delays) < 0.6
    assert 1.9 < max(delays) <= 2
    assert len(set(delays)) == len(delays)


def test_a_broker_that_refuses_is_left_alone_for_longer_and_longer_up_to_half_a_minute() -> None:
    policy = reconnection()
    delays = [policy.delay_after(ended(Outcome.REFUSED), held_s=0, now=0) for _ in range(8)]
    for delay, longest in zip(delays, [2, 4, 8, 16, 30, 30, 30, 30], strict=True):
        assert longest / 4 <= delay <= longest


def test_a_connection_that_held_starts_the_delays_anew_and_a_brief_one_does_not() -> None:
    policy = reconnection()
    for _ in range(6):
        policy.delay_after(ended(Outcome.TAKEN_OVER), held_s=1, now=0)
    assert policy.delay_after(ended(Outcome.TAKEN_OVER), held_s=1, now=0) >= 7.5
    assert policy.delay_after(ended(Outcome.TAKEN_OVER), held_s=31, now=0) <= 2


def test_a_broker_that_is_lost_over_and_over_is_looked_for_as_soon_as_the_first_time() -> None:
    policy = reconnection()
    for now in range(0, 100, 10):
        assert policy.delay_after(ended(Outcome.LOST), held_s=8, now=now) <= 2


def test_connections_that_are_dropped_at_once_are_made_less_and_less_often() -> None:
    policy = reconnection()
    delays = [policy.delay_after(ended(Outcome.LOST), held_s=1, now=now) for now in range(10)]
    assert max(delays[:3]) <= 2
    assert min(delays[-2:]) >= 7.5


@pytest.mark.parametrize("outcome", [Outcome.SILENT, Outcome.UNSUPPORTED])
def test_silence_at_mqtt_5_is_followed_by_3_1_1_at_once(outcome: Outcome) -> None:
    policy = reconnection()
    assert policy.protocol == "5"
    assert policy.delay_after(ended(outcome), held_s=0, now=0) == 0
    assert policy.protocol == "3.1.1"


def test_a_broker_that_answers_nothing_is_tried_in_both_versions_by_turns() -> None:
    policy = reconnection()
    tried = []
    for _ in range(4):
        tried.append(policy.protocol)
        policy.delay_after(ended(Outcome.SILENT), held_s=0, now=0)
    assert tried == ["5", "3.1.1", "5", "3.1.1"]


def test_the_version_that_was_answered_is_kept_when_the_broker_falls_silent() -> None:
    policy = reconnection()
    policy.delay_after(ended(Outcome.SILENT), held_s=0, now=0)
    policy.answered()
    policy.delay_after(ended(Outcome.SILENT), held_s=0, now=0)
    assert policy.protocol == "3.1.1"


def test_a_refused_password_settles_the_version_too() -> None:
    policy = reconnection()
    policy.delay_after(ended(Outcome.REFUSED), held_s=0, now=0)
    policy.delay_after(ended(Outcome.SILENT), held_s=0, now=0)
    assert policy.protocol == "5"


def test_a_version_that_was_asked_for_is_never_changed() -> None:
    policy = reconnection("5")
    policy.delay_after(ended(Outcome.UNSUPPORTED), held_s=0, now=0)
    assert policy.protocol == "5"


def test_three_losses_within_a_minute_of_connections_that_hardly_held_are_a_contest() -> None:
    policy = reconnection()
    verdicts = []
    for now, outcome in ((0, Outcome.TAKEN_OVER), (10, Outcome.LOST), (20, Outcome.TAKEN_OVER)):
        policy.delay_after(ended(outcome), held_s=2, now=now)
        verdicts.append(policy.contested)
    assert verdicts == [False, False, True]


def test_losses_far_apart_or_of_a_broker_that_is_not_there_are_no_contest() -> None:
    policy = reconnection()
    for now in (0, 50, 100, 150):
        policy.delay_after(ended(Outcome.LOST), held_s=2, now=now)
        assert not policy.contested
    for now in range(200, 210):
        policy.delay_after(ended(Outcome.UNREACHABLE), held_s=0, now=now)
        assert not policy.contested


def test_losses_between_which_the_broker_was_away_are_no_contest() -> None:
    policy = reconnection()
    for now in range(0, 40, 10):
        policy.delay_after(ended(Outcome.LOST), held_s=2, now=now)
        assert not policy.contested
        policy.delay_after(ended(Outcome.UNREACHABLE), held_s=0, now=now + 3)
