import pytest

from ai_server.llm.engine.pace import LEAST_CHUNK, LEAST_READING, StepPace


def pace(rate: float) -> StepPace:
    return StepPace(rate, budget_s=0.1, reading_s=0.5)


def settle(pace: StepPace, rows: int, tokens: int, seconds: float) -> None:
    for _ in range(50):
        pace.learn(rows, tokens, seconds)


def test_a_step_in_which_nothing_is_generated_takes_as_long_as_it_may_in_whole_blocks():
    assert pace(400).chunk(0) == 6 * LEAST_READING


def test_what_is_read_ahead_keeps_to_the_budget():
    assert pace(700).chunk(0, in_budget=True) == 2 * LEAST_READING


def test_a_step_that_generates_reads_whole_blocks_with_its_rows_where_there_is_time():
    known = pace(400)
    settle(known, rows=4, tokens=0, seconds=0.02)
    settle(known, rows=4, tokens=28, seconds=0.09)
    assert known.chunk(4) == 28  # 400 tokens a second, for 80 ms: 32, and 28 are two blocks with the 4 rows


def test_where_generating_alone_takes_the_budget_a_step_may_last_two_and_a_half_times_as_long():
    slow = pace(400)
    settle(slow, rows=4, tokens=0, seconds=0.5)
    settle(slow, rows=4, tokens=44, seconds=0.609)
    assert slow.chunk(4) == 300  # 404 tokens a second, for 750 ms: 303, and 304 are whole blocks with the 4 rows


def test_a_step_reads_a_few_tokens_where_there_is_no_time_for_a_block():
    slow = pace(400)
    settle(slow, rows=4, tokens=0, seconds=0.05)
    settle(slow, rows=4, tokens=12, seconds=0.25)
    settle(slow, rows=4, tokens=5, seconds=0.099)
    assert slow.chunk(4) == 7  # 102 tokens a second, for 75 ms


def test_a_few_tokens_are_known_beside_more_rows_than_a_block_has():
    many = pace(400)
    settle(many, rows=20, tokens=0, seconds=0.05)
    settle(many, rows=20, tokens=12, seconds=0.25)
    settle(many, rows=20, tokens=5, seconds=0.059)
    assert many.chunk(20) == 11  # 555 tokens a second, for 75 ms, but less than makes a block


def test_later_tokens_of_a_conversation_take_longer_and_so_fewer_are_read():
    known = pace(400)
    settle(known, rows=4, tokens=0, seconds=0.05)
    for _ in range(3):
        for position in range(0, 2000, 10):
            known.learn(4, 28, 0.05 + 28 * (0.002 + 0.002 * position / 1000), position)
    assert known.chunk(4, 0) > known.chunk(4, 2000)


def test_what_other_programs_take_from_a_few_steps_does_not_make_the_next_ones_small():
    known = pace(400)
    settle(known, rows=4, tokens=0, seconds=0.02)
    settle(known, rows=4, tokens=28, seconds=0.09)
    known.learn(4, 28, 2.0)
    assert known.chunk(4) >= 12


def test_what_was_too_slow_is_tried_again_some_day():
    known = pace(400)
    settle(known, rows=4, tokens=0, seconds=0.05)
    settle(known, rows=4, tokens=12, seconds=0.13)
    assert known.chunk(4) < 12
    for _ in range(4):
        settle(known, rows=4, tokens=5, seconds=0.1)
    assert known.chunk(4) == 12


def test_a_slow_host_still_reads_a_little_in_every_step():
    slow = pace(3)
    settle(slow, rows=1, tokens=0, seconds=0.3)
    assert slow.chunk(0) == LEAST_READING
    assert slow.chunk(1) == LEAST_CHUNK


def test_chunks_shrink_where_reading_becomes_slower():
    slower = pace(400)
    assert slower.chunk(0) == 192
    settle(slower, rows=0, tokens=200, seconds=1)
    assert slower.chunk(0) == 64


def test_a_step_that_only_reads_fills_what_llama_cpp_computes_at_once():
    known = pace(400)
    settle(known, rows=0, tokens=150, seconds=1)
    assert known.chunk(0) % 64 == 0
    settle(known, rows=0, tokens=50, seconds=1)
    assert known.chunk(0) == LEAST_READING


def test_what_reading_adds_to_a_step_that_generates_is_learnt_by_itself():
    joint = pace(400)
    settle(joint, rows=2, tokens=0, seconds=0.05)
    settle(joint, rows=2, tokens=30, seconds=0.65)
    assert joint.chunk(2) < 14  # 50 tokens a second
    assert joint.chunk(0) == 6 * LEAST_READING


def test_a_few_tokens_say_nothing_of_the_speed():
    same = pace(400)
    settle(same, rows=0, tokens=LEAST_CHUNK - 1, seconds=1)
    assert same.chunk(0) == 6 * LEAST_READING


def test_before_any_step_was_made_rows_take_as_long_as_tokens_of_a_prompt():
    assert pace(400).generating_s(4) == pytest.approx(0.01)


def test_steps_of_unknown_size_are_guessed_between_their_neighbours_time_and_as_many_times_more():
    known = pace(400)
    settle(known, rows=2, tokens=0, seconds=0.04)
    assert known.generating_s(1) == pytest.approx(0.04)
    assert 0.04 < known.generating_s(4) < 0.08


def test_the_first_tokens_beside_replies_are_taken_to_be_slow():
    new = pace(400)
    settle(new, rows=4, tokens=0, seconds=0.02)
    assert new.chunk(4) == 12  # 80 ms, at three quarters of the speed of many tokens at once: 24
