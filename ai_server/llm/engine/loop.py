"""The engine's one loop: obey what has arrived, admit the next request, do one step of it."""

from __future__ import annotations

import time
from collections import deque

import llama_cpp

from ai_server.llm.engine.channel import Channel, ChannelClosedError
from ai_server.llm.engine.devices import list_devices
from ai_server.llm.engine.generator import Generator
from ai_server.llm.engine.log import NativeLog
from ai_server.llm.engine.prompt import PromptTooLongError
from ai_server.llm.engine.runner import DecodeError, LoadError, Runner
from ai_server.llm.engine.sequence import Reply
from ai_server.llm.engine.template import ChatTemplate, TemplateError
from ai_server.llm.wire import (
    AnyCommand,
    Begun,
    Cancel,
    Done,
    Failed,
    Generate,
    Hello,
    Load,
    Loaded,
    LoadFailed,
    Ping,
    Pong,
    Progress,
    Refused,
    Step,
    Text,
)
from ai_server.protocol.reply import FinishReason

_FLUSH_S = 0.020  # each message wakes the daemon, which on a small host takes a core away from llama.cpp
_PROGRESS_S = 0.1


class Loop:
    """Serves one daemon from its first word to its last, in one thread; requests are answered in their order."""

    def __init__(self, channel: Channel, log: NativeLog) -> None:
        self._channel = channel
        self._log = log
        self._generator: Generator | None = None
        self._waiting: deque[Generate] = deque()
        self._reply: Reply | None = None

    def run(self) -> None:
        """Serve until the daemon is gone.

        Raises:
            ChannelClosedError: it is.
        """
        self._channel.send(Hello(llama_cpp.__version__, list_devices()))
        try:
            while True:
                for command in self._channel.receive(wait=self._reply is None and not self._waiting):
                    self._obey(command)
                self._admit()
                self._step()
        finally:
            self._unload()

    def _obey(self, command: AnyCommand) -> None:
        match command:
            case Load():
                self._load(command)
            case Generate() if self._generator is None:
                self._channel.send(Failed(command.id, "no model is loaded"))
            case Generate():
                self._waiting.append(command)
            case Cancel():
                self._cancel(command.id)
            case Ping():
                self._channel.send(Pong(command.id))

    def _load(self, load: Load) -> None:
        if self._reply:
            self._fail(self._reply, "another model was loaded")
        self._unload()
        started = time.perf_counter()
        try:
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
        self._generator = Generator(runner, template, rate)
        warm = time.perf_counter()
        self._channel.send(
            Loaded(runner.context_size, runner.vocabulary.size, (loaded - started) * 1000, (warm - loaded) * 1000)
        )

    def _cancel(self, request_id: int) -> None:
        if self._reply and self._reply.request.id == request_id:
            self._finish(self._reply, "cancelled")
            return
        for request in self._waiting:
            if request.id == request_id:
                self._waiting.remove(request)
                self._channel.send(Done(request_id, "cancelled", completion_tokens=0, prefill_ms=0, decode_ms=0))
                return

    def _admit(self) -> None:
        if self._reply or not self._waiting or self._generator is None:
            return
        request = self._waiting.popleft()
        try:
            self._reply = reply = self._generator.begin(request)
        except PromptTooLongError as error:
            self._channel.send(Refused(request.id, str(error)))
        except TemplateError as error:
            self._channel.send(Failed(request.id, str(error)))
        else:
            prompt = reply.prompt
            self._channel.send(
                Begun(request.id, len(prompt.tokens), reply.cached_tokens, prompt.dropped_turns, time.monotonic_ns())
            )

    def _step(self) -> None:
        reply = self._reply
        if reply is None or self._generator is None:
            return
        try:
            reason = "length" if reply.is_late else self._generator.advance(reply)
        except DecodeError as error:
            self._fail(reply, str(error))
            return
        if reason:
            self._finish(reply, reason)
        elif reply.first_token is None:
            self._channel.send(Step(reply.request.id))
        elif reply.newest_token - reply.sent >= _FLUSH_S:
            self._flush(reply)

    def _flush(self, reply: Reply) -> None:
        if reply.unsent:
            self._channel.send(Text(reply.request.id, reply.unsent, reply.unsent_tokens, time.monotonic_ns()))
            reply.unsent, reply.unsent_tokens, reply.sent = "", 0, reply.newest_token

    def _finish(self, reply: Reply, reason: FinishReason) -> None:
        self._drop(reply)
        reply.unsent += reply.text.close()
        self._flush(reply)
        self._channel.send(
            Done(
                reply.request.id,
                reason,
                reply.completion_tokens,
                prefill_ms=reply.prefill_ms,
                decode_ms=reply.decode_ms,
            )
        )

    def _fail(self, reply: Reply, reason: str) -> None:
        self._drop(reply)
        self._channel.send(Failed(reply.request.id, reason))

    def _drop(self, reply: Reply) -> None:
        reply.sampler.close()
        self._reply = None

    def _unload(self) -> None:
        if self._reply:
            self._drop(self._reply)
        if self._generator:
            self._generator.close()
            self._generator = None


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
