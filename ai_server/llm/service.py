"""The model as the daemon uses it: kept loaded in its own process, restarted when that dies or hangs."""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

import structlog

from ai_server import hardware
from ai_server.gguf import ModelFileError, ModelHeader, read_header
from ai_server.hardware import Device
from ai_server.llm.chat import (
    ChatEvent,
    ChatRequest,
    Finished,
    ListenRequest,
    Message,
    ModelError,
    Started,
    TokenUsage,
    TooLongError,
)
from ai_server.llm.engine import spill
from ai_server.llm.process import EngineGoneError, EngineProcess
from ai_server.llm.reply import ReplyParser, VerbatimParser
from ai_server.llm.wire import (
    AnySignal,
    Begun,
    Cancel,
    DeviceInfo,
    Done,
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
    Refused,
    Statistics,
    Text,
)
from ai_server.plan import Plan, PlanError, Wishes, plan

_FIRST_BACKOFF_S = 0.5
_LONGEST_BACKOFF_S = 30.0
_GOOD_LIFE_S = 60.0
_PING_S = 5.0
_LOADING_PATIENCE = 10
"""Loading may be silent so many times longer than answering: a slow disk gives no progress for long."""
_MEASURED = 1000
"""Of hops and of steps so many of the newest are kept."""
_MIB = 1 << 20

_log = structlog.get_logger(__name__)

EngineStatus: TypeAlias = Literal["unloaded", "loading", "loaded", "error"]


@dataclass(frozen=True, slots=True)
class EngineState:
    """How the model is."""

    status: EngineStatus = "unloaded"
    """`error` is final: the file or the settings must be mended, and the daemon restarted."""
    progress: float = 0
    """Of the load, 0 to 1."""
    reason: str | None = "the model has not been loaded"
    """Why it is not loaded, in one sentence; None where it is."""
    plan: Plan | None = None
    model: ModelHeader | None = None
    context_size: int | None = None
    """Tokens, as llama.cpp rounded them."""
    load_ms: float | None = None
    """llama.cpp's own part of the load."""
    warmup_ms: float | None = None
    restarts: int = 0
    """How often the engine's process died or hung and was started again."""
    pid: int | None = None
    last_sign_of_life: float | None = None
    """`time.monotonic()` of the engine's newest signal."""


@dataclass(frozen=True, slots=True)
class EngineWork:
    """What the engine told of its work."""

    statistics: Statistics | None = None
    """The engine's newest; None before its first."""
    step_ms: tuple[float, ...] = ()
    """How long each of the engine's last 1,000 steps took, as far as it told."""
    hop_ms: tuple[float, ...] = ()
    """How long each of the last 1,000 pieces of text took from the engine's process to this one."""


class ModelService:
    """Answers chats with a GGUF model, so many of them at once as the plan's `parallel` says; others wait.

    Args:
        model_path: the GGUF file.
        wishes: what was set explicitly; the rest is planned from the file's header and the host.
        hang_timeout_s: the engine is killed and restarted when it gives no sign of life for so long.
        on_change: is told each new state, on the event loop.
        spill_directory: where the engine keeps conversations on the disk; None keeps none there.
    """

    def __init__(
        self,
        model_path: Path,
        wishes: Wishes,
        *,
        hang_timeout_s: float,
        on_change: Callable[[EngineState], None],
        spill_directory: Path | None = None,
    ) -> None:
        self._path = model_path
        self._spill_directory = spill_directory
        self._wishes = wishes
        self._hang_timeout_s = hang_timeout_s
        self._on_change = on_change
        self._state = EngineState()
        self._settled = asyncio.Event()
        self._process: EngineProcess | None = None
        self._task: asyncio.Task[None] | None = None
        self._ids = itertools.count(1)
        self._answers: dict[int, _Answer] = {}
        self._to_forget: dict[Forget | ForgetAll, None] = {}
        """What the next engine is to be told; the files are erased already."""
        self._unconfirmed: dict[int, Forget | ForgetAll] = {}
        """What this engine was told, by the ping after it."""
        self._statistics: Statistics | None = None
        self._step_ms: deque[float] = deque(maxlen=_MEASURED)
        self._hop_ms: deque[float] = deque(maxlen=_MEASURED)

    @property
    def state(self) -> EngineState:
        """How the model is now."""
        return replace(
            self._state,
            last_sign_of_life=self._process.last_sign_of_life if self._process else None,
        )

    @property
    def work(self) -> EngineWork:
        """What the engine told of its work until now."""
        return EngineWork(self._statistics, tuple(self._step_ms), tuple(self._hop_ms))

    async def start(self) -> None:
        """Begin to load and return at once; failures show in `state`."""
        self._change(status="loading", reason="the model is being loaded")
        self._task = asyncio.create_task(self._keep_running(), name="model-service")
        self._task.add_done_callback(self._on_ended)

    async def close(self) -> None:
        """End the engine, within seconds; running requests end with ModelError."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        self._change(status="unloaded", reason="the model was unloaded", progress=0, pid=None)

    async def wait_loaded(self) -> None:
        """Wait until the model is loaded.

        Raises:
            ModelError: it cannot be, or the service was closed.
        """
        while self._state.status == "loading":
            await self._settled.wait()
        if self._state.status != "loaded":
            raise ModelError(self._state.reason)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        """Yield the events of one reply; closing the iterator cancels generation before the next token.

        Raises:
            TooLongError: the persona and the newest words alone do not fit the context.
            ModelError: the model is not loaded, or its engine died, hung or failed on this request.
        """
        if self._process is None or self._state.status != "loaded":
            raise ModelError(self._state.reason or "the engine is being stopped")
        request_id = next(self._ids)
        answer = self._answers[request_id] = _Answer()
        self._process.send(_generate(request_id, request))
        try:
            async for event in _events(answer, request):
                yield event
        finally:
            if self._answers.pop(request_id, None) and self._process:
                self._process.send(Cancel(request_id))

    def listen(self, request: ListenRequest) -> None:
        """Read what is being said while it is not complete, where the model is loaded and not busy."""
        if self._process and self._state.status == "loaded":
            self._process.send(Listen(request.conversation_id, request.messages, _today(), request.max_tokens))

    def prepare(self, system: Message) -> None:
        """Read the system message of conversations to come, where the model is loaded and as soon as it is idle."""
        if self._process and self._state.status == "loaded":
            self._process.send(Prepare((system,), _today()))

    def forget(self, conversation_id: str) -> None:
        """Forget what was read of a conversation: its file goes at once, also where the engine is away.

        One that is being answered is forgotten once it is.
        """
        self._forget(Forget(conversation_id))

    def forget_all(self) -> None:
        """Forget all conversations, and what they begin with, as `forget` does."""
        self._forget(ForgetAll())

    def _forget(self, command: Forget | ForgetAll) -> None:
        self._erase_files(command)
        if not self._process or self._state.status != "loaded":
            self._to_forget[command] = None
            return
        number = next(self._ids)
        self._unconfirmed[number] = command
        self._process.send(command)
        self._process.send(Ping(number))

    def _erase_files(self, command: Forget | ForgetAll) -> None:
        if self._spill_directory is None:
            return
        if self._process is None:
            spill.erase_unfinished(self._spill_directory)
        match command:
            case Forget(conversation_id=name):
                spill.erase_file(self._spill_directory, name)
            case ForgetAll():
                spill.erase_files(self._spill_directory)

    # The life of the engine's process.

    async def _keep_running(self) -> None:
        backoff = _FIRST_BACKOFF_S
        while True:
            born = time.monotonic()
            try:
                reason = await self._live()
            except (ModelFileError, PlanError, _UnusableError) as error:
                _log.error("the model cannot be loaded", reason=str(error), path=str(self._path))
                self._change(status="error", reason=str(error), pid=None)
                return
            if time.monotonic() - born >= _GOOD_LIFE_S:
                backoff = _FIRST_BACKOFF_S
            _log.warning("the engine is restarted", reason=reason, in_s=backoff)
            restarts = self._state.restarts + 1
            self._change(status="loading", reason=reason, progress=0, pid=None, restarts=restarts)
            self._break_off(reason)
            await asyncio.sleep(backoff)
            backoff = min(2 * backoff, _LONGEST_BACKOFF_S)

    async def _live(self) -> str:
        """Start an engine, load the model and pass its signals on until it dies; return how it died."""
        try:
            process = await EngineProcess.spawn()
        except OSError as error:
            return f"the engine's process cannot be started: {error}"
        self._process, self._statistics = process, None
        self._change(pid=process.pid)
        watchdog = asyncio.create_task(self._watch(process), name="engine-watchdog")
        try:
            with suppress(EngineGoneError):
                await self._load(process)
                while True:
                    signal = await process.receive()
                    self._measure(signal)
                    self._pass_on(signal)
        finally:
            watchdog.cancel()
            self._process = None
            death = await process.end()
            self._forget_again()
        return death

    def _forget_again(self) -> None:
        """Forget what an engine that is gone may not have forgotten: it may have written it down at its end."""
        self._to_forget |= dict.fromkeys(self._unconfirmed.values())
        self._unconfirmed.clear()
        for command in self._to_forget:
            self._erase_files(command)

    async def _load(self, process: EngineProcess) -> None:
        hello, header = await asyncio.gather(process.receive(), asyncio.to_thread(read_header, self._path))
        if not isinstance(hello, Hello):
            raise EngineGoneError
        plan = await asyncio.to_thread(_plan, hello.devices, header, self._wishes)
        self._change(plan=plan, model=header)
        _log.info(
            "the model is placed",
            acceleration=plan.acceleration,
            threads=plan.threads,
            gpu_layers=plan.gpu_layers,
            context_size=plan.context_size,
            cells=plan.cells,
            parallel=plan.parallel,
            kv_type=plan.kv_type,
            load_mode=plan.load_mode,
            spill_mb=plan.spill_bytes // _MIB,
            spill_disk_mb=plan.spill_disk_bytes // _MIB if self._spill_directory else 0,
        )
        process.send(load_command(self._path, plan, self._spill_directory))
        while True:
            match await process.receive():
                case Progress(fraction=fraction):
                    self._change(progress=fraction)
                case LoadFailed(reason=reason):
                    raise _UnusableError(reason)
                case Loaded() as loaded:
                    self._on_loaded(loaded)
                    return

    def _on_loaded(self, loaded: Loaded) -> None:
        _log.info("the model is loaded", path=str(self._path), load_ms=loaded.load_ms, warmup_ms=loaded.warmup_ms)
        self._change(
            status="loaded",
            progress=1,
            reason=None,
            context_size=loaded.context_size,
            load_ms=loaded.load_ms,
            warmup_ms=loaded.warmup_ms,
        )
        to_forget, self._to_forget = self._to_forget, {}
        for command in to_forget:
            self._forget(command)

    def _measure(self, signal: AnySignal) -> None:
        match signal:
            case Text(at=at):
                self._hop_ms.append((time.monotonic_ns() - at) / 1e6)
            case Statistics():
                self._statistics = signal
                self._step_ms.extend(signal.step_ms)
            case Pong(id=number):
                self._unconfirmed.pop(number, None)

    def _pass_on(self, signal: AnySignal) -> None:
        match signal:
            case Begun() | Text() if signal.id in self._answers:
                self._answers[signal.id].put(signal)
            case Done() | Refused() | Failed() if signal.id in self._answers:
                self._answers.pop(signal.id).put(signal)

    async def _watch(self, process: EngineProcess) -> None:
        """Ask the engine for a sign of life where it is quiet; kill it where it gives none.

        Silence is counted in ticks, so that a daemon that was itself stopped does not blame the engine.
        """
        tick = min(_PING_S, self._hang_timeout_s / 4)
        silence = 0.0
        while silence < self._patience_s():
            if silence == 0:
                process.send(Ping(next(self._ids)))
            seen, before = process.last_sign_of_life, time.monotonic()
            await asyncio.sleep(tick)
            quiet = process.last_sign_of_life == seen
            silence = silence + min(time.monotonic() - before, 2 * tick) if quiet else 0
        process.kill(f"the engine gave no sign of life for {silence:.0f} s and was killed")

    def _patience_s(self) -> float:
        return self._hang_timeout_s * (1 if self._state.status == "loaded" else _LOADING_PATIENCE)

    def _break_off(self, reason: str) -> None:
        answers, self._answers = self._answers, {}
        for answer in answers.values():
            answer.put(ModelError(reason))

    def _on_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            _log.error("the model service has failed", exc_info=error)
            self._change(status="error", reason=f"the model service has failed: {error}", pid=None)
        self._break_off(self._state.reason or "the model was unloaded")

    def _change(self, **changes: Any) -> None:
        self._state = replace(self._state, **changes)
        if self._state.status == "loading":
            self._settled.clear()
        else:
            self._settled.set()
        self._on_change(self.state)


class _UnusableError(Exception):
    """llama.cpp does not take this model."""


class _Answer:
    """The signals of one request, up to its last."""

    def __init__(self) -> None:
        self._signals: asyncio.Queue[AnySignal | ModelError] = asyncio.Queue()
        self.put = self._signals.put_nowait

    async def next(self) -> AnySignal:
        """Return the next signal.

        Raises:
            TooLongError, ModelError: there will be none, and why.
        """
        match await self._signals.get():
            case Refused(reason=reason):
                raise TooLongError(reason)
            case Failed(reason=reason):
                raise ModelError(reason)
            case ModelError() as error:
                raise error
            case signal:
                return signal


async def _events(answer: _Answer, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
    parser = VerbatimParser() if request.verbatim else ReplyParser()
    begun = Begun(0, 0, 0, 0, 0)
    while True:
        match await answer.next():
            case Begun() as begun:
                yield Started(source="llm", first_decode=begun.at)
            case Text(text=text):
                for event in parser.feed(text):
                    yield event
            case Done() as done:
                for event in parser.close(truncated=done.reason == "length"):
                    yield event
                yield _finished(parser, request, begun, done)
                return


def _finished(parser: ReplyParser | VerbatimParser, request: ChatRequest, begun: Begun, done: Done) -> Finished:
    if parser.malformed:
        _log.warning("malformed actions were dropped", request_id=request.request_id, count=parser.malformed)
    return Finished(
        reason=done.reason,
        text=parser.text,
        usage=TokenUsage(begun.prompt_tokens, begun.cached_tokens, done.completion_tokens),
        prefill_ms=done.prefill_ms,
        decode_ms=done.decode_ms,
        dropped_turns=begun.dropped_turns,
        confidence=done.confidence,
    )


def _generate(request_id: int, request: ChatRequest) -> Generate:
    return Generate(
        id=request_id,
        conversation_id=request.conversation_id,
        messages=request.messages,
        sampling=request.sampling,
        max_tokens=request.max_tokens,
        stop=request.stop,
        timeout_s=request.timeout_s,
        grammar=request.grammar,
        date=_today(),
    )


def _today() -> str:
    return dt.datetime.now().astimezone().date().isoformat()


def _plan(devices: tuple[DeviceInfo, ...], header: ModelHeader, wishes: Wishes) -> Plan:
    return plan(hardware.detect([_device(device) for device in devices]), header, wishes)


def _device(info: DeviceInfo) -> Device:
    return Device(info.name, info.description, info.kind, info.memory_total, info.memory_free)


def load_command(path: Path, plan: Plan, spill_directory: Path | None = None) -> Load:
    """Return what tells an engine to load a model as planned; without a directory nothing is kept on disk."""
    return Load(
        path=str(path),
        context_size=plan.context_size,
        cells=plan.cells,
        batch_size=plan.batch_size,
        ubatch_size=plan.ubatch_size,
        threads=plan.threads,
        threads_batch=plan.threads_batch,
        gpu_layers=plan.gpu_layers,
        kv_type=plan.kv_type,
        load_mode=plan.load_mode,
        flash_attention=plan.flash_attention,
        parallel=plan.parallel,
        step_budget_ms=plan.step_budget_ms,
        spill_bytes=plan.spill_bytes,
        spill_disk_bytes=plan.spill_disk_bytes if spill_directory else 0,
        spill_directory=str(spill_directory or ""),
    )
