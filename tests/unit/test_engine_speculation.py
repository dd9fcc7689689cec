from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_server.llm.engine.speculation import Acceptance, Lookup

few_tokens = st.integers(0, 3)
sequences = st.lists(few_tokens, max_size=40)
STEPS_BETWEEN_PROBES = 32


def drafted(tokens: list[int], most: int = 8) -> list[int]:
    return Lookup().draft(tokens, most)


def searched(tokens: list[int], most: int) -> list[int]:
    """The definition, by search."""
    for length in (4, 3, 2):
        for end in range(len(tokens) - 1, length - 1, -1):
            if tokens[end - length : end] == tokens[-length:]:
                return tokens[end : end + most]
    return []


def test_a_draft_is_what_followed_the_same_words_before():
    assert drafted([1, 2, 3, 4, 5, 6, 1, 2], most=3) == [3, 4, 5]


def test_a_draft_may_be_shorter_than_asked_for_where_the_sequence_ends():
    assert drafted([1, 2, 3, 1, 2]) == [3, 1, 2]


def test_the_longest_match_wins_over_a_newer_one():
    assert drafted([1, 2, 3, 4, 70, 9, 3, 4, 80, 1, 2, 3, 4], most=1) == [70]


def test_of_matches_of_one_length_the_newest_wins():
    assert drafted([1, 2, 70, 1, 2, 80, 1, 2], most=1) == [80]


@pytest.mark.parametrize("tokens", [[], [1], [1, 2], [1, 2, 3, 4], [5, 1, 6, 1]])
def test_nothing_is_drafted_where_no_two_tokens_occurred_before(tokens: list[int]):
    assert drafted(tokens) == []


def test_a_token_that_repeats_itself_is_drafted_again():
    assert drafted([7, 7, 7], most=4) == [7]


def test_no_draft_is_made_where_none_may_be():
    assert drafted([1, 2, 3, 1, 2], most=0) == []


def test_what_was_cut_off_is_not_drafted_any_more():
    lookup = Lookup()
    lookup.draft([1, 2, 70, 9, 1, 2, 80, 9, 1, 2], 1)
    assert lookup.draft([1, 2, 70, 9, 1, 2], 1) == [70]


def test_what_was_replaced_is_not_drafted_any_more():
    lookup = Lookup()
    lookup.draft([1, 2, 70, 1, 2], 1)
    assert lookup.draft([1, 2, 80, 1, 2], 1) == [80]


def test_a_lookup_leaves_the_tokens_as_they_are():
    tokens = [1, 2, 3, 1, 2]
    draft = Lookup().draft(tokens, 8)
    draft.append(99)
    assert tokens == [1, 2, 3, 1, 2]


@given(tokens=sequences, most=st.integers(0, 6))
def test_a_draft_is_a_continuation_that_occurs_in_the_tokens_after_the_same_two(tokens, most):
    draft = drafted(tokens, most)
    assert len(draft) <= most
    seen = tokens[-2:] + draft
    assert not draft or any(tokens[at : at + len(seen)] == seen for at in range(len(tokens) - 2))


@given(tokens=sequences, most=st.integers(0, 6))
def test_the_index_finds_what_a_search_finds(tokens, most):
    assert drafted(tokens, most) == searched(tokens, most)


@given(changes=st.lists(st.tuples(st.integers(0, 40), sequences), max_size=12), most=st.integers(1, 6))
def test_a_lookup_that_followed_any_changes_drafts_as_one_that_did_not(changes, most):
    lookup, tokens = Lookup(), []
    for kept, added in changes:
        tokens = tokens[:kept] + added
        assert lookup.draft(tokens, most) == searched(tokens, most)


def constant(_rows: int) -> float:
    """A host on which rows are for free: decoding waits for memory alone."""
    return 1.0


def proportional(rows: int) -> float:
    """A host that gains nothing from decoding rows together."""
    return float(rows)


def after(drafts: list[tuple[int, int]]) -> Acceptance:
    acceptance = Acceptance()
    for count, accepted in drafts:
        acceptance.learn(count, accepted)
    return acceptance


def lengths(acceptance: Acceptance, steps: int, cost: Callable[[int], float], most: int = 8) -> list[int]:
    return [acceptance.length(most, cost) for _ in range(steps)]


def test_the_longest_draft_pays_where_rows_are_free_and_guesses_are_right():
    assert after([(4, 4)] * 10).length(8, constant) == 8


def test_a_draft_stops_where_the_next_token_costs_more_than_it_is_expected_to_give():
    likely = Acceptance()
    likely.chance = 0.8
    # 1, 1.8, 2.44, 2.95 and 3.36 tokens in 1, 1.3, 1.6, 1.9 and 2.2: most in a unit of time with three drafted
    assert likely.length(8, lambda rows: 0.7 + 0.3 * rows) == 3


def test_a_short_draft_is_tried_at_once_though_it_would_not_pay_by_what_is_known():
    assert Acceptance().length(8, proportional) == 2


def test_nothing_is_drafted_where_a_row_more_costs_as_much_as_a_step():
    assert set(lengths(after([(4, 4)] * 10), STEPS_BETWEEN_PROBES, proportional)) == {0}


def test_a_gain_of_less_than_five_per_cent_is_not_worth_a_draft():
    sure = after([(1, 1)])
    sure.chance = 1.0
    assert sure.length(1, lambda rows: 1.0 if rows == 1 else 1.92) == 0
    assert sure.length(1, lambda rows: 1.0 if rows == 1 else 1.90) == 1


def test_wrong_guesses_turn_speculation_off():
    def cost(rows: int) -> float:
        return 1 + 0.2 * (rows - 1)

    assert Acceptance().length(8, cost) > 0
    assert after([(4, 0)] * 20).length(8, cost) == 0


def test_while_off_a_short_draft_is_tried_after_every_32_steps():
    assert lengths(after([(4, 0)] * 40), STEPS_BETWEEN_PROBES + 1, proportional) == [0] * STEPS_BETWEEN_PROBES + [2]


def test_a_probe_waits_until_there_was_something_to_draft():
    off = after([(4, 0)] * 40)
    lengths(off, STEPS_BETWEEN_PROBES, proportional)
    assert off.length(8, proportional) == 2
    off.learn(0, 0)
    assert off.length(8, proportional) == 2
    off.learn(2, 0)
    assert off.length(8, proportional) == 0


def test_speculation_comes_back_after_probes_that_were_right():
    def cost(rows: int) -> float:
        return 1 + 0.3 * (rows - 1)

    off = after([(4, 0)] * 40)
    made = []
    for _ in range(12 * (STEPS_BETWEEN_PROBES + 1)):
        length = off.length(8, cost)
        off.learn(length, length)
        made.append(length)
    assert made[0] == 0
    assert made[-1] > 2


def test_no_draft_says_nothing_of_the_chance():
    acceptance = Acceptance()
    before = acceptance.chance
    acceptance.learn(0, 0)
    assert acceptance.chance == before


def test_the_tokens_after_the_first_wrong_one_say_nothing_of_the_chance():
    assert after([(8, 2)]).chance == pytest.approx(after([(3, 2)]).chance)


@pytest.mark.parametrize("right_in_ten", [1, 5, 9])
def test_the_chance_comes_near_the_share_of_guesses_that_were_right(right_in_ten: int):
    acceptance = after([(1, int(step % 10 < right_in_ten)) for step in range(0, 700, 7)])
    assert acceptance.chance == pytest.approx(right_in_ten / 10, abs=0.15)


@given(
    drafts=st.lists(st.integers(0, 8).flatmap(lambda count: st.tuples(st.just(count), st.integers(0, count)))),
    most=st.integers(0, 8),
    row=st.floats(0, 2),
)
def test_the_length_and_the_chance_stay_within_their_bounds(drafts, most, row):
    acceptance = after(drafts)
    assert 0 <= acceptance.chance <= 1
    assert 0 <= acceptance.length(most, lambda rows: 1 + row * (rows - 1)) <= most
