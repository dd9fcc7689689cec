"""`python -m benchmarks.crossings` counts prompts that tell what somebody else said, or what was forgotten.

Nine people speak with three robots, all at once: they say, begin to say, are silenced, reset, ask, forget and are
erased, in random order; the daemon's own house answers, on a real database, and every prompt that leaves it for the
model is looked at.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import tempfile
import time
from pathlib import Path

import structlog
from rich.console import Console
from rich.table import Table

from tests.crossing import a_household


async def run(operations: int, seed: int) -> list[int]:
    with tempfile.TemporaryDirectory() as directory:
        async with a_household(Path(directory), seed) as household:
            for _ in range(operations):
                await household.act()
        edge = household.edge
    for crossing in edge.crossings:
        print(crossing)
    prompts = edge.seen["asked"] + edge.seen["listened"] + edge.seen["prepared"]
    shown = ("known", "recalled", "of the household")
    return [seed, operations, prompts, *(edge.seen[each] for each in shown), len(edge.forgotten), len(edge.crossings)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--operations", type=int, default=10_000, help="in all")
    parser.add_argument("--runs", type=int, default=4, help="each on a database of its own")
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    began = time.monotonic()
    each = -(-arguments.operations // arguments.runs)
    rows = [asyncio.run(run(each, seed)) for seed in range(arguments.runs)]
    table = Table("seed", "operations", "prompts", "with what is known", "with what was recalled", "of everybody")
    for name in ("words forgotten", "crossings"):
        table.add_column(name)
    for row in rows:
        table.add_row(*map(str, row))
    Console().print(table)
    print(f"{sum(row[-1] for row in rows)} crossings in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
