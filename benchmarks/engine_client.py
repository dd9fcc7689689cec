"""The engine's process with a stopwatch: it hears what the daemon would say, and blocks where the daemon would not."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from ai_server.llm.chat import Message, Sampling
from ai_server.llm.process import ENVIRONMENT
from ai_server.llm.wire import (
    HEADER_BYTES,
    AnyCommand,
    AnySignal,
    Begun,
    Cancel,
    Done,
    Failed,
    Generate,
    Hello,
    Load,
    Loaded,
    LoadFailed,
    Refused,
    Statistics,
    Text,
    body_length,
    decode_signal,
    frame,
)

TIMEOUT_S = 600.0


@dataclass(frozen=True)
class Heard:
    """The next words of a reply: when they came, of `time.monotonic_ns()`, and how many tokens they are."""

    at: int
    tokens: int


@dataclass
class Reply:
    """One request, and what was heard of it so far."""

    id: int
    sent: int
    begun: Begun | None = None
    text: str = ""
    heard: list[Heard] = field(default_factory=list)
    done: Done | None = None
    ended: int = 0

    @property
    def prompt_tokens(self) -> int:
        assert self.begun
        return self.begun.prompt_tokens

    @property
    def cached_tokens(self) -> int:
        assert self.begun
        return self.begun.cached_tokens

    @property
    def first(self) -> int:
        """When the first words came."""
        return self.heard[0].at if self.heard else self.ended

    @property
    def first_token_ms(self) -> float:
        return (self.first - self.sent) / 1e6

    def gaps_ms(self, start: int = 0, end: int | None = None) -> list[float]:
        """Return the times between tokens that ended in a span of time.

        Tokens that make a character only together come at once; the time is shared among them.
        """
        return [
            (now.at - before.at) / 1e6 / max(1, now.tokens)
            for before, now in itertools.pairwise(self.heard)
            if now.at > start and (end is None or before.at < end)
        ]


def decode_rate(replies: Sequence[Reply]) -> float:
    """Return the tokens/s of several replies together while all of them are being made.

    Raises:
        ValueError: they never were at once: the first was over before the last began.
    """
    start = max(reply.heard[0].at for reply in replies)
    end = min(reply.heard[-1].at for reply in replies)
    if end <= start:
        raise ValueError(f"{len(replies)} replies were never made at once: let them be longer")
    return sum(one.tokens for reply in replies for one in reply.heard if start < one.at <= end) / (end - start) * 1e9


class Engine:
    """A loaded engine process.

    Args:
        load: what it is told first.
        trace: where `benchmarks.traced_engine` is to write; None for the engine as it is.

    Attributes:
        pid: of the process.
        statistics: the newest.
        end_s: how long it took to end.
    """

    def __init__(self, load: Load, trace: Path | None = None) -> None:
        self.statistics = Statistics()
        self.end_s = 0.0
        self._ids = itertools.count(1)
        self._replies: dict[int, Reply] = {}
        module = ["benchmarks.traced_engine", str(trace)] if trace else ["ai_server.llm.engine"]
        self._socket, theirs = socket.socketpair()
        self._socket.settimeout(TIMEOUT_S)
        self._unread = self._socket.makefile("rb")
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *module, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env={**ENVIRONMENT, **os.environ, "GGML_NO_BACKTRACE": "1"},
                stderr=None if os.environ.get("NAILA_BENCH_STDERR") else subprocess.DEVNULL,
            )
        self.pid = self._process.pid
        assert isinstance(self._receive(), Hello)
        self.send(load)
        while not isinstance(answer := self._receive(), Loaded):
            assert not isinstance(answer, LoadFailed), answer.reason

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End it as the daemon does: the closed connection tells it to; it has all the time that it wants."""
        started = time.monotonic()
        self._unread.close()
        self._socket.close()
        try:
            self._process.wait(TIMEOUT_S)
        finally:
            self._process.kill()
            self.end_s = time.monotonic() - started

    def send(self, command: AnyCommand) -> int:
        """Send one command, and return the time just before."""
        sent = time.monotonic_ns()
        self._socket.sendall(frame(command))
        return sent

    def begin(
        self,
        conversation_id: str,
        messages: tuple[Message, ...],
        max_tokens: int,
        sampling: Sampling = Sampling(),  # noqa: B008  immutable
        grammar: str | None = None,
    ) -> Reply:
        """Ask for a reply and go on."""
        number = next(self._ids)
        sent = self.send(Generate(number, conversation_id, messages, sampling, max_tokens, grammar=grammar))
        reply = self._replies[number] = Reply(number, sent)
        return reply

    def finish(self, *replies: Reply) -> None:
        """Listen until all of these are over."""
        self.listen(lambda: all(reply.done for reply in replies))

    def cancel(self, *replies: Reply) -> None:
        """Stop these, and listen until they are over."""
        for reply in replies:
            if not reply.done:
                self.send(Cancel(reply.id))
        self.finish(*replies)

    def listen(self, enough: Callable[[], bool]) -> None:
        """Take in signals until it is enough."""
        while not enough():
            self._take(self._receive())

    def rest(self, seconds: float) -> None:
        """Let it do what it does while nothing is asked of it."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                self._socket.recv(1, socket.MSG_PEEK)
            except TimeoutError:
                break
            finally:
                self._socket.settimeout(TIMEOUT_S)
            self._take(self._receive())

    def _take(self, signal: AnySignal) -> None:
        at = time.monotonic_ns()
        match signal:
            case Begun():
                self._replies[signal.id].begun = signal
            case Text():
                reply = self._replies[signal.id]
                reply.text += signal.text
                reply.heard.append(Heard(at, signal.tokens))
            case Done():
                reply = self._replies.pop(signal.id)
                reply.done, reply.ended = signal, at
            case Statistics():
                self.statistics = signal
            case Refused() | Failed():
                raise RuntimeError(f"request {signal.id}: {signal.reason}")
            case _:
                pass

    def _receive(self) -> AnySignal:
        header = self._unread.read(HEADER_BYTES)
        if len(header) < HEADER_BYTES:
            raise RuntimeError(f"the engine has ended with {self._process.wait(TIMEOUT_S)}")
        return decode_signal(self._unread.read(body_length(header)))
