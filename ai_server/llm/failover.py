"""Whoever can answer does: the engine, the engine again after it broke, then the fallback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Protocol

import structlog

from ai_server.llm.chat import (
    ChatEvent,
    ChatModel,
    ChatRequest,
    ListeningModel,
    ListenRequest,
    Message,
    ModelError,
)
from ai_server.llm.service import EngineState

_ATTEMPTS = 2
_LONGEST_WAIT_S = 10.0

_log = structlog.get_logger(__name__)


class Engine(ListeningModel, Protocol):
    """A model that can be away, such as `ModelService`."""

    @property
    def state(self) -> EngineState:
        """How it is now."""
        ...

    async def wait_loaded(self) -> None:
        """Wait until it is loaded; raises ModelError where it cannot be."""
        ...

    def forget_all(self) -> None:
        """Forget all conversations, and what they begin with."""
        ...


class Failover:
    """Answers with the engine, and with the fallback where the engine cannot.

    A turn on which the engine breaks is tried once more as soon as it is loaded again. A second `Started` then says
    that the reply begins anew. While the engine is not loaded the fallback answers at once. An utterance that is too
    long raises TooLongError, as it would without the fallback. The engine alone reads ahead.

    Args:
        engine: None where no model is configured.
        fallback: what needs no model.
        longest_wait_s: a broken turn waits at most so long for the engine, and never longer than its timeout.
    """

    def __init__(self, engine: Engine | None, fallback: ChatModel, *, longest_wait_s: float = _LONGEST_WAIT_S) -> None:
        self._engine = engine
        self._fallback = fallback
        self._longest_wait_s = longest_wait_s

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        """Yield the events of one reply; closing the iterator cancels it.

        Raises:
            TooLongError: the persona and the newest words alone do not fit the context.
        """
        engine = self._engine
        for attempt in range(_ATTEMPTS):
            if engine is None or not await self._is_ready(engine, request, wait=attempt > 0):
                break
            try:
                async with _events(engine, request) as events:
                    async for event in events:
                        yield event
            except ModelError as error:
                _log.warning("the engine broke on a turn", request_id=request.request_id, reason=str(error))
            else:
                return
        async with _events(self._fallback, request) as events:
            async for event in events:
                yield event

    def listen(self, request: ListenRequest) -> None:
        """Have the engine, where there is one, read what is being said while it is not complete."""
        if self._engine:
            self._engine.listen(request)

    def prepare(self, system: Message) -> None:
        """Have the engine, where there is one, read the system message of conversations to come."""
        if self._engine:
            self._engine.prepare(system)

    def forget(self, conversation_id: str) -> None:
        """Have the engine, where there is one, forget what it read of a conversation."""
        if self._engine:
            self._engine.forget(conversation_id)

    def forget_all(self) -> None:
        """Have the engine, where there is one, forget all conversations, and what they begin with."""
        if self._engine:
            self._engine.forget_all()

    async def _is_ready(self, engine: Engine, request: ChatRequest, *, wait: bool) -> bool:
        if engine.state.status == "loaded" or not wait:
            return engine.state.status == "loaded"
        longest_s = self._longest_wait_s if request.timeout_s is None else min(request.timeout_s, self._longest_wait_s)
        try:
            async with asyncio.timeout(longest_s):
                await engine.wait_loaded()
        except (TimeoutError, ModelError):
            return False
        return True


def _events(model: ChatModel, request: ChatRequest) -> aclosing[AsyncGenerator[ChatEvent, None]]:
    """Close a model's stream together with ours, and not when the garbage is collected."""
    return aclosing(model.stream(request))
