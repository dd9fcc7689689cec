"""What the classifier sees of utterances: of one as of many at once."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_server.brain.intent.features import Table, features

WORDS = st.sampled_from(["what", "time", "is", "it", "alarm", "weather", "7", "42", "qqqqq", "时", "grün"])
UTTERANCES = st.lists(st.lists(WORDS, max_size=6), min_size=1, max_size=8)
KNOWN = frozenset({"what", "time", "is", "it", "alarm", "时", "grün"})


def of_each(table: Table) -> list[list[int]]:
    return [sorted(table.columns[table.rows == row].tolist()) for row in range(len(table))]


@settings(deadline=None)
@given(UTTERANCES)
def test_many_utterances_have_the_features_that_each_has(utterances: list[list[str]]) -> None:
    table = Table.of(utterances, KNOWN)
    assert of_each(table) == [sorted(features(words, KNOWN)) for words in utterances]
    assert table.lengths.tolist() == [len(features(words, KNOWN)) for words in utterances]


@settings(deadline=None)
@given(UTTERANCES, st.integers(1, 3))
def test_batches_are_all_of_them_in_order(utterances: list[list[str]], size: int) -> None:
    table = Table.of(utterances, KNOWN)
    batches = list(table.batches(size))
    assert [row for _, batch in batches for row in of_each(batch)] == of_each(table)
    assert [len(batch) for _, batch in batches] == [len(utterances[those]) for those, _ in batches]


@settings(deadline=None)
@given(UTTERANCES, st.integers(1, 4))
def test_rare_features_are_left_out_and_still_count_in_the_lengths(utterances: list[list[str]], least: int) -> None:
    table = Table.of(utterances, KNOWN)
    frequent = table.frequent(least)
    counts = np.bincount(table.columns)
    assert of_each(frequent) == [[each for each in row if counts[each] >= least] for row in of_each(table)]
    assert frequent.lengths.tolist() == table.lengths.tolist()
