"""The engine's process without a daemon around it: what the doctor looks at and the bench measures."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from ai_server.hardware import Device
from ai_server.llm.process import EngineGoneError, EngineProcess
from ai_server.llm.service import load_command
from ai_server.llm.wire import (
    AnySignal,
    Begun,
    Done,
    Failed,
    Forget,
    Generate,
    Hello,
    Loaded,
    LoadFailed,
    Refused,
    Text,
)
from ai_server.plan import Plan

_PATIENCE_S = 300.0
"""The longest that it may be silent: a large model reads a prompt slowly on a small host."""


class EngineError(Exception):
    """The engine does not do what is wanted; the message says why, and how to mend it."""


@dataclass(slots=True)
class Answer:
    """What came of one request."""

    begun: Begun = field(default_factory=lambda: Begun(0, 0, 0, 0, 0))
    texts: list[Text] = field(default_factory=list)
    done: Done = field(default_factory=lambda: Done(0, "stop", 0, 0, 0))


class Engine:
    """One engine, made by `start`.

    Attributes:
        build: of llama.cpp.
        devices: that llama.cpp sees beside the CPU.
    """

    def __init__(self, process: EngineProcess, hello: Hello) -> None:
        self.build = hello.build
        self.devices = tuple(
            Device(each.name, each.description, each.kind, each.memory_total, each.memory_free)
            for each in hello.devices
        )
        self._process = process
        self._ids = itertools.count(1)

    @classmethod
    async def start(cls, timeout_s: float = _PATIENCE_S) -> Engine:
        """Start one; nothing is loaded.

        Raises:
            EngineError: it does not start within `timeout_s`.
        """
        process = await EngineProcess.spawn()
        try:
            async with asyncio.timeout(timeout_s):
                hello = await process.receive()
        except (EngineGoneError, TimeoutError):
            hello = None
        if isinstance(hello, Hello):
            return cls(process, hello)
        await process.end()
        raise EngineError("llama-cpp-python does not start: install it again (README.md, Prebuilt llama.cpp)")

    async def end(self) -> None:
        """End it, within seconds."""
        await self._process.end()

    async def load(self, path: Path, plan: Plan) -> None:
        """Load a model as planned, with no directory to spill to.

        Raises:
            EngineError: it cannot be.
        """
        self._process.send(load_command(path, plan))
        while not isinstance(signal := await self._receive(), Loaded):
            if isinstance(signal, LoadFailed):
                raise EngineError(signal.reason)

    async def answer(self, requests: Sequence[Generate]) -> list[Answer]:
        """Have requests answered at the same time, each under an id and in a conversation of its own.

        Raises:
            EngineError: one of them was not.
        """
        answers = {next(self._ids): Answer() for _ in requests}
        for number, request in zip(answers, requests, strict=True):
            self._process.send(msgspec.structs.replace(request, id=number, conversation_id=f"conversation-{number}"))
        unfinished = set(answers)
        while unfinished:
            match await self._receive():
                case Begun() as begun:
                    answers[begun.id].begun = begun
                case Text() as text:
                    answers[text.id].texts.append(text)
                case Done() as done:
                    answers[done.id].done = done
                    unfinished.discard(done.id)
                case Failed(reason=reason) | Refused(reason=reason):
                    raise EngineError(f"The engine could not answer: {reason}")
        for number in answers:
            self._process.send(Forget(f"conversation-{number}"))
        return list(answers.values())

    async def _receive(self) -> AnySignal:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await self._process.receive()
        except EngineGoneError:
            raise EngineError("The engine's process has died: `naila doctor` may say what ails it.") from None
        except TimeoutError:
            raise EngineError(f"The engine's process was silent for {_PATIENCE_S:.0f} s.") from None
