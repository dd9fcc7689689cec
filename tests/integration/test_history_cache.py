"""A real engine finds a conversation in its cache, turn after turn, also when turns leave the prompt."""

from __future__ import annotations

from pathlib import Path

import pytest

from ai_server import resources
from ai_server.llm.service import ModelService
from ai_server.plan import Wishes
from benchmarks.memory_history import AIM, Step, Talk, share_read_again
from tests.migrated import new_database

TURNS = 14
WISHES = Wishes(threads=1, context_size=2048, cells=3072)


async def talk(folder: Path, *, tells_more: bool) -> list[Step]:
    service = ModelService(resources.embedded_model(), WISHES, hang_timeout_s=120, on_change=lambda _: None)
    await service.start()
    await service.wait_loaded()
    database = await new_database(folder / "naila.db")
    talking = Talk(service, database, history_tokens=300, tells_more=tells_more)
    steps = [await talking.say() for _ in range(TURNS)]
    await database.close()
    await service.close()
    return steps


@pytest.mark.parametrize("tells_more", [False, True])
async def test_hardly_any_of_the_history_is_read_again(tmp_path: Path, *, tells_more: bool) -> None:
    steps = await talk(tmp_path, tells_more=tells_more)
    assert sum(step.is_border for step in steps) >= 2, "turns do leave the prompt"
    assert share_read_again(steps) <= AIM
    between = [step for step in steps[1:] if not step.is_border]
    assert all(step.again <= 1 for step in between), "until then it only grows at its end"
