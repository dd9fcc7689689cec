"""One of the KV cache's sequences."""

from __future__ import annotations

import itertools
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class Sequence:
    """A sequence of the KV cache. Only the runner changes its tokens, since it changes the cache with them.

    Attributes:
        id: llama.cpp's.
        tokens: what the cache holds, position by position.
    """

    id: int
    tokens: list[int] = field(default_factory=list)


def common_prefix(ours: SequenceOf[int], theirs: SequenceOf[int]) -> int:
    """Return how many tokens at the start are the same."""
    length = min(len(ours), len(theirs))
    if ours[:length] == theirs[:length]:  # nearly always, and much faster than to search
        return length
    pairs = zip(ours, theirs, strict=False)
    return next((at for at, (one, other) in enumerate(pairs) if one != other), length)


def find_run(tokens: SequenceOf[int], starts: SequenceOf[int], wanted: SequenceOf[int]) -> int | None:
    """Return at which of the ascending `starts` the beginning of `wanted` stands in `tokens`, or None.

    What is compared are 32 tokens, or as many as there are up to the end of either.
    """
    run = list(itertools.islice(wanted, 32))
    here = (at for at in starts if at < len(tokens))
    return next((at for at in here if list(tokens[at : at + len(run)]) == run[: len(tokens) - at]), None)
