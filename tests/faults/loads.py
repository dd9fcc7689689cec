"""A model loaded and unloaded, again and again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import psutil

from tests.engines import bench, chat

WARM_UP = 20
"""Loads after which caches of Python and of the allocator have about their size."""


@dataclass(frozen=True)
class Loads:
    """What was left behind.

    Attributes:
        grown_mib: of resident memory, since the first loads.
        grown_files: open ones, likewise.
        grown_threads: likewise.
    """

    grown_mib: float
    grown_files: int
    grown_threads: int


def again_and_again(times: int, note: Callable[[str], None] = lambda _: None) -> Loads:
    """Load the embedded model, have a short reply made and free everything, so many times in this process."""
    process = psutil.Process()
    before = None
    for count in range(times):
        if count == WARM_UP:
            before = process.memory_info().rss, process.num_fds(), process.num_threads()
        if count % 50 == 0:
            note(f"{count:,} of {times:,}")
        with bench(cells=256, context_size=256, batch_size=32, parallel=2) as engine:
            assert engine.ask("robot", chat("Hello!"), max_tokens=8).end.completion_tokens > 0
    assert before is not None, f"{WARM_UP} loads are the warm-up"
    after = process.memory_info().rss, process.num_fds(), process.num_threads()
    memory, files, threads = (now - then for now, then in zip(after, before, strict=True))
    return Loads(memory / 2**20, files, threads)
