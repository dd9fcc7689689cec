"""What the engine tells of its work, as the daemon keeps and publishes it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ai_server import resources
from ai_server.llm.chat import ChatRequest, Message, Sampling
from ai_server.llm.service import EngineWork, ModelService
from ai_server.plan import Wishes

WISHES = Wishes(threads=1, context_size=1024, cells=2048)


@pytest.fixture
def restarting() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture
async def service(tmp_path: Path, restarting: asyncio.Event) -> AsyncIterator[ModelService]:
    service = ModelService(
        resources.embedded_model(),
        WISHES,
        hang_timeout_s=30,
        on_change=lambda state: restarting.set() if state.restarts else None,
        spill_directory=tmp_path / "kv-cache",
    )
    await service.start()
    await service.wait_loaded()
    yield service
    await service.close()


async def converse(service: ModelService, *words: str) -> None:
    messages = [Message("system", "You are NAILA, a small friendly robot.")]
    for utterance in words:
        messages.append(Message("user", utterance))
        request = ChatRequest("r", "rover", tuple(messages), Sampling(temperature=0), max_tokens=20)
        *_, finished = [event async for event in service.stream(request)]
        messages.append(Message("assistant", finished.text))


async def at_rest(service: ModelService) -> EngineWork:
    """Its work after it has told that it rests."""
    for _ in range(3000):
        work = service.work
        if work.statistics and work.statistics.generated_tokens and not work.statistics.active:
            return work
        await asyncio.sleep(0.01)
    raise AssertionError(f"the engine did not tell of its rest, but {service.work.statistics}")


async def test_what_the_engine_did_is_known(service):
    await converse(service, "Hello!", "Tell me a joke.")
    work = await at_rest(service)
    told = work.statistics
    assert (told.active, told.waiting, told.conversations, told.cells) == (0, 0, 1, service.state.plan.cells)
    assert 0 < told.cells_used <= told.cells
    assert told.generated_tokens > 2
    assert told.prefilled_tokens > 0
    assert told.reused_tokens > 0
    assert told.steps >= len(work.step_ms) > 0
    assert all(took > 0 for took in work.step_ms)


async def test_the_hop_of_each_piece_of_text_is_measured(service):
    await converse(service, "Hello!")
    hops = service.work.hop_ms
    assert hops
    assert all(0 < hop < 30_000 for hop in hops)


async def test_a_new_engine_has_told_nothing_of_the_old_ones_work(service, restarting):
    await converse(service, "Hello!")
    await at_rest(service)
    os.kill(service.state.pid, signal.SIGKILL)
    await restarting.wait()
    await service.wait_loaded()
    told = service.work.statistics
    assert told is None or told.generated_tokens == 0
