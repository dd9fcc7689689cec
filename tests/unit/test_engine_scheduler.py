from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from ai_server.llm.engine.pace import LEAST_CHUNK, StepPace
from ai_server.llm.engine.scheduler import Scheduler, Share


@dataclass(eq=False)
class Work:
    pending: int
    position: int = 0


def works(least: int, most: int, count: int) -> st.SearchStrategy[list[Work]]:
    return st.lists(st.integers(least, most).map(Work), max_size=count)


@st.composite
def plans(draw, *, least_room: int = 0):
    """A scheduler with a pace that has seen something, and what there is to do."""
    pace = StepPace(draw(st.floats(1, 1e5)), budget_s=0.1, reading_s=0.25)
    learnt = st.tuples(st.integers(0, 8), st.integers(0, 500), st.floats(1e-4, 10), st.floats(0, 1e5))
    for rows, tokens, seconds, position in draw(st.lists(learnt.filter(lambda step: step[0] or step[1]), max_size=5)):
        pace.learn(rows, tokens, seconds, position)
    generating = draw(works(1, 1, count=8))
    batch_size = draw(st.integers(max(1, len(generating) + least_room), 512))
    reading, ahead = draw(works(1, 3000, count=6)), draw(works(1, 3000, count=4))
    return Scheduler(pace, batch_size), batch_size, generating, reading, ahead


def given_to(work: Work, shares: list[Share[Work]]) -> int:
    return sum(share.tokens for share in shares if share.work is work)


@given(plans())
def test_every_reply_that_generates_has_its_token(plan):
    scheduler, _, generating, reading, ahead = plan
    shares = scheduler.plan(generating, reading, ahead)
    assert [given_to(work, shares) for work in generating] == [1] * len(generating)


@given(plans())
def test_a_step_is_never_larger_than_a_batch(plan):
    scheduler, batch_size, *work = plan
    assert sum(share.tokens for share in scheduler.plan(*work)) <= batch_size


@given(plans())
def test_nobody_gets_more_than_is_pending_or_nothing_or_two_shares(plan):
    scheduler, _, *work = plan
    shares = scheduler.plan(*work)
    assert all(0 < share.tokens <= share.work.pending for share in shares)
    assert len({id(share.work) for share in shares}) == len(shares)


@given(plans(least_room=1))
def test_the_prompt_that_waits_longest_always_gets_on(plan):
    scheduler, _, generating, reading, ahead = plan
    shares = scheduler.plan(generating, reading, ahead)
    assert not reading or given_to(reading[0], shares) > 0


@given(plans(least_room=2))
def test_a_short_prompt_gets_on_beside_a_long_one(plan):
    scheduler, _, generating, _, _ = plan
    long, short = Work(3000), Work(1)
    assert given_to(short, scheduler.plan(generating, [long, short], [])) == 1


@given(plans())
def test_reading_ahead_happens_only_where_there_is_nothing_else_to_do(plan):
    scheduler, _, generating, reading, ahead = plan
    shares = scheduler.plan(generating, reading, ahead)
    if generating or reading:
        assert not any(given_to(work, shares) for work in ahead)
    else:
        assert [share.work for share in shares] == ahead[:1]


@given(plans(least_room=LEAST_CHUNK))
def test_no_prompt_stands_still_while_there_is_time_for_it(plan):
    scheduler, _, generating, reading, ahead = plan
    shares = scheduler.plan(generating, reading, ahead)
    pending = sum(work.pending for work in reading)
    assert sum(given_to(work, shares) for work in reading) >= min(pending, LEAST_CHUNK)


@given(plans(least_room=1))
def test_all_prompts_are_read_in_the_end(plan):
    scheduler, _, generating, reading, _ = plan
    steps = sum(work.pending for work in reading)
    for _ in range(steps):
        unread = [work for work in reading if work.pending]
        if not unread:
            break
        for share in scheduler.plan(generating, unread, []):
            share.work.pending -= 0 if share.work in generating else share.tokens
    assert not any(work.pending for work in reading)
