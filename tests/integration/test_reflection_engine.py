"""Reflection with a real engine: it gives way at once, and what the model says follows its grammar."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from ai_server import resources
from ai_server.brain.facts.by_model import ModelFacts
from ai_server.brain.facts.rules import FactRules
from ai_server.brain.reflection import CONVERSATION, Reflection
from ai_server.llm.chat import ChatEvent, ChatRequest, Delta, Finished, Message, Sampling
from ai_server.llm.service import ModelService
from ai_server.memory.storage.database import Database
from ai_server.memory.summaries import Summaries
from ai_server.memory.turns import Turn, Turns
from ai_server.plan import Wishes
from ai_server.protocol.reply import Reply

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = AT + timedelta(days=1)
RULES = FactRules.load(resources.config_dir() / "facts")


class Watched:
    """The engine, with what it was asked and how it ended."""

    def __init__(self, service: ModelService) -> None:
        self._service = service
        self.speaks = asyncio.Event()
        self.finished: list[tuple[ChatRequest, Finished]] = []
        self.forgotten: list[str] = []

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        async for event in self._service.stream(request):
            if isinstance(event, Delta):
                self.speaks.set()
                await asyncio.sleep(0)  # whoever waits for it comes first, however much is there already
            if isinstance(event, Finished):
                self.finished.append((request, event))
            yield event

    def forget(self, name: str) -> None:
        self.forgotten.append(name)
        self._service.forget(name)


@pytest.fixture
async def service() -> AsyncIterator[ModelService]:
    wishes = Wishes(threads=1, context_size=2048, cells=3072, parallel=1)
    service = ModelService(resources.embedded_model(), wishes, hang_timeout_s=120, on_change=lambda _: None)
    await service.start()
    await service.wait_loaded()
    yield service
    await service.close()


@pytest.fixture
async def turns(database: Database) -> Turns:
    turns = Turns(database, now=lambda: LATER)
    for number in range(6):
        at = AT + timedelta(minutes=number)
        reply = Reply(request_id=f"q{number}", device_id="rover", text="I see.", source="llm", timestamp=at)
        await turns.add(Turn(at=at, words=f"My friend {number} likes jazz a lot.", reply=reply, user_id="ada"))
    return turns


async def test_it_gives_way_to_somebody_who_speaks_and_comes_to_its_end_later(
    service: ModelService, turns: Turns, database: Database
) -> None:
    model, summaries = Watched(service), Summaries(database)
    reflection = Reflection(
        turns=turns,
        summaries=summaries,
        model=model,
        finder=ModelFacts(lambda: RULES),
        busy=lambda: False,
        forget=model.forget,
        history_tokens=1000,
        now=lambda: LATER,
        quiet_s=0.0,
    )
    step = asyncio.create_task(reflection.step())
    await model.speaks.wait()
    reflection.interrupt()
    words = ChatRequest("q", "rover/ada", (Message("user", "Hello!"),), Sampling(temperature=0), max_tokens=8)
    replied = [event async for event in service.stream(words)]
    assert isinstance(replied[-1], Finished)
    await step
    assert model.finished == [], "the engine answers one at a time, and it had not finished with that"
    while await reflection.step():
        pass
    assert await summaries.unreflected() == []
    assert set(model.forgotten) == {CONVERSATION}
    of_facts = [finished.text for request, finished in model.finished if request.grammar]
    assert of_facts
    assert all(text.startswith("[") for text in of_facts)
