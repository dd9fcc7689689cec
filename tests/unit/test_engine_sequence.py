import pytest

from ai_server.llm.engine.sequence import common_prefix, find_run

TURNS = list(range(100, 150)) + list(range(200, 250))


@pytest.mark.parametrize(
    ("ours", "theirs", "length"),
    [([], [1], 0), ([1, 2, 3], [1, 2, 3], 3), ([1, 2], [1, 2, 3], 2), ([1, 2, 3], [1, 9, 3], 1), ([4], [5], 0)],
)
def test_the_common_prefix_ends_at_the_first_difference(ours, theirs, length):
    assert common_prefix(ours, theirs) == common_prefix(theirs, ours) == length


def test_a_run_is_found_at_the_turn_where_it_begins():
    assert find_run(TURNS, [0, 50], [*range(200, 250), 7, 8, 9]) == 50


def test_a_run_that_begins_at_no_turn_is_not_found():
    assert find_run(TURNS, [0, 50], range(210, 250)) is None


def test_the_first_of_several_places_counts():
    assert find_run([1, 2, 1, 2, 1, 2], [0, 2, 4], [1, 2]) == 0


def test_a_run_that_goes_on_after_the_end_is_found():
    assert find_run(TURNS[:60], [0, 50], [*range(200, 210), 7, 8, 9]) == 50


def test_a_turn_that_has_not_begun_is_not_found():
    assert find_run(TURNS, [100], [1, 2, 3]) is None
