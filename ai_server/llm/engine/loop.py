"""The engine's one loop: obey what has arrived, do one step, tell what came of it."""

from __future__ import annotations

import time
from pathlib import Path

from ai_server.llm.engine.cache import Cache
from ai_server.llm.engine.channel import Channel, ChannelClosedError
from ai_server.llm.engine.engine import Engine
from ai_server.llm.engine.ggml import build, list_devices
from ai_server.llm.engine.log import NativeLog
from ai_server.llm.engine.pace import StepPace
from ai_server.llm.engine.pages import give_memory_back, huge_pages
from ai_server.llm.engine.runner import DecodeError, LoadError, Runner
from ai_server.llm.engine.spill import SpillStore
from ai_server.llm.engine.template import ChatTemplate, TemplateError
from ai_server.llm.wire import (
    AnyCommand,
    Cancel,
    Failed,
    Forget,
    ForgetAll,
    Generate,
    Hello,
    Listen,
    Load,
    Loaded,
    LoadFailed,
    Ping,
    Pong,
    Prepare,
    Progress,
)

_READING_S = 1.0
"""A step in which nothing is generated: who comes meanwhile waits so long, on a host that reads a block in it."""

_PROGRESS_S = 0.1
_STATISTICS_S = 1.0


class Loop:
    """Serves one daemon from its first word to its last, in one thread."""

    def __init__(self, channel: Channel, log: NativeLog) -> None:
        self._channel = channel
        self._log = log
        self._engine: Engine | None = None
        self._told = 0.0

    def run(self) -> None:
        """Serve until the daemon is gone.

        Raises:
            ChannelClosedError: it is.
            LoadError: llama.cpp broke, and could not be mended.
        """
        self._channel.send(Hello(build(), list_devices()))
        try:
            while True:
                busy = self._engine is not None and self._engine.busy
                for command in self._channel.receive(wait=not busy):
                    self._obey(command)
                if self._engine:
                    self._step(self._engine)
        finally:
            self._unload()

    def _step(self, engine: Engine) -> None:
        if begun := engine.admit():
            self._channel.send(*begun)
        signals = engine.step()
        if not engine.busy or time.monotonic() - self._told >= _STATISTICS_S:
            signals.append(engine.statistics())
            self._told = time.monotonic()
        if signals:
            self._channel.send(*signals)

    def _obey(self, command: AnyCommand) -> None:
        match command:
            case Load():
                self._load(command)
            case Ping():
                self._channel.send(Pong(command.id))
            case Generate() if self._engine is None:
                self._channel.send(Failed(command.id, "no model is loaded"))
            case _ if self._engine:
                self._hand_over(self._engine, command)

    def _hand_over(self, engine: Engine, command: AnyCommand) -> None:
        match command:
            case Generate():
                engine.submit(command)
            case Cancel():
                engine.cancel(command.id)
            case Listen():
                engine.listen(command)
            case Prepare():
                engine.prepare(command)
            case Forget():
                engine.forget(command.conversation_id)
            case ForgetAll():
                engine.forget_all()

    def _load(self, load: Load) -> None:
        if self._engine:
            self._channel.send(*self._engine.abandon("another model was loaded"))
        self._unload()
        started = time.perf_counter()
        try:
            with huge_pages():
                runner = Runner(load, self._log, _ProgressReport(self._channel))
        except LoadError as error:
            self._channel.send(LoadFailed(str(error)))
            return
        loaded = time.perf_counter()
        try:
            template = ChatTemplate(runner.chat_template, runner.vocabulary)
            rate = runner.warm_up()
        except (TemplateError, DecodeError) as error:
            runner.close()
            self._channel.send(LoadFailed(f"{load.path} cannot be used: {error}."))
            return
        give_memory_back()
        pace = StepPace(rate, budget_s=load.step_budget_ms / 1000, reading_s=_READING_S)
        self._engine = Engine(runner, template, Cache(runner, _spills(load, runner)), pace, parallel=load.parallel)
        warm = time.perf_counter()
        self._channel.send(
            Loaded(runner.context_size, runner.vocabulary.size, (loaded - started) * 1000, (warm - loaded) * 1000)
        )

    def _unload(self) -> None:
        engine, self._engine = self._engine, None
        if engine:
            engine.close()


def _spills(load: Load, runner: Runner) -> SpillStore:
    return SpillStore(
        memory_bytes=load.spill_bytes,
        disk_bytes=load.spill_disk_bytes,
        directory=Path(load.spill_directory) if load.spill_directory else None,
        key=runner.identity,
    )


class _ProgressReport:
    """Tells the daemon how far a load is, now and then; the load is given up where nobody listens any more."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._sent = float("-inf")

    def __call__(self, fraction: float) -> bool:
        now = time.monotonic()
        if now - self._sent < _PROGRESS_S and fraction < 1:
            return True
        self._sent = now
        try:
            self._channel.send(Progress(fraction))
        except ChannelClosedError:
            return False
        return True
