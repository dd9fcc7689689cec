"""Whatever people and robots do at once, a prompt tells what its person said to its robot, and what is for all."""

from __future__ import annotations

from pathlib import Path

from tests.crossing import a_household

OPERATIONS = 300


async def test_nobody_is_told_what_somebody_else_said_nor_what_was_forgotten(tmp_path: Path):
    async with a_household(tmp_path, seed=1) as household:
        for _ in range(OPERATIONS):
            await household.act()
    assert household.edge.crossings == []
    seen = {each: household.edge.seen[each] for each in ("listened", "known", "recalled", "forgot", "of the household")}
    assert min(seen.values()) > 3, seen
