from __future__ import annotations

from ai_server.dialogue.pace import Pace


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def _paced(interval_s: float) -> tuple[Pace, Clock]:
    """A pace that has seen many turns of the same length."""
    clock = Clock()
    pace = Pace(clock)
    pace.begin()
    for _ in range(100):
        clock.now += interval_s
        pace.end()
    return pace, clock


def test_a_robot_is_to_come_back_when_those_before_it_are_answered():
    pace, _ = _paced(0.5)
    assert pace.retry_after_s(10) == 5.0


def test_robots_that_are_turned_away_together_come_back_one_after_the_other():
    pace, _ = _paced(0.5)
    assert [pace.retry_after_s(10) for _ in range(3)] == [5.0, 5.5, 6.0]


def test_a_time_without_turns_does_not_count():
    pace, clock = _paced(0.5)
    clock.now += 3600
    pace.begin()
    clock.now += 0.5
    pace.end()
    assert pace.retry_after_s(10) == 5.0


def test_nobody_is_told_to_wait_for_more_than_a_minute():
    pace, _ = _paced(2.0)
    assert max(pace.retry_after_s(256) for _ in range(1000)) == 60.0


def test_promises_are_forgotten_as_their_time_passes():
    pace, clock = _paced(0.5)
    for _ in range(20):
        pace.retry_after_s(1)
    clock.now += 60
    assert pace.retry_after_s(1) == 0.5
