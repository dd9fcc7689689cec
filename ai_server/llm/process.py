"""The engine's process as the daemon sees it: commands go in, signals come out, and it can be ended."""

from __future__ import annotations

import asyncio
import signal
import time
from types import MappingProxyType
from typing import Final

import msgspec
import structlog

from ai_server.llm.child import error_lines, spawn
from ai_server.llm.wire import HEADER_BYTES, AnyCommand, AnySignal, body_length, decode_signal, frame

_STOP_GRACE_S = 10.0
"""To write conversations down: a gigabyte, on a slow card."""

_SPINS = "20000"
"""How often a thread of llama.cpp looks whether the others are ready before it sleeps; see libgomp's manual.

Where other programs have work too, two threads may sit on one core; with libgomp's 300,000 the one that waits keeps the
other from it, so that steps take ten times as long.
"""

_LARGE_BYTES = str(1 << 20)
"""From this size on memory goes back to the system as soon as it is free; see mallopt(3), M_MMAP_THRESHOLD.

By default glibc raises the size with what is freed, and keeps the megabytes that saving a conversation took.
"""

_HUGE_PAGES = "glibc.malloc.hugetlb=1"
"""Large memory comes in pages of 2 MiB where the kernel has them; see glibc's manual, Memory Allocation Tunables.

A token passes through all weights, and those that llama.cpp packs anew are such memory: with pages of 4 KiB the
processor spends a fifth of a step on finding them (1B shape, 2 cores of a virtual Xeon with AMX: 67 ms, not 53).
"""

ENVIRONMENT: Final = MappingProxyType(
    {"GOMP_SPINCOUNT": _SPINS, "MALLOC_MMAP_THRESHOLD_": _LARGE_BYTES, "GLIBC_TUNABLES": _HUGE_PAGES}
)
"""Of the child, where the daemon's own does not say otherwise."""

_log = structlog.get_logger(__name__)


class EngineGoneError(Exception):
    """The engine's process has closed its end: it is dead or dying."""


class EngineProcess:
    """One child process; made by `spawn`.

    Attributes:
        pid: of the child.
        last_sign_of_life: `time.monotonic()` when its newest signal came.
    """

    def __init__(
        self, child: asyncio.subprocess.Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.pid = child.pid
        self.last_sign_of_life = time.monotonic()
        self._child = child
        self._reader = reader
        self._writer = writer
        self._killed_because: str | None = None
        self._stderr = asyncio.create_task(self._log_stderr(), name="engine-stderr")

    @classmethod
    async def spawn(cls) -> EngineProcess:
        """Start a child.

        Raises:
            OSError: the system refuses.
        """
        child = await spawn("ai_server.llm.engine", defaults=ENVIRONMENT)
        return cls(child.process, child.reader, child.writer)

    def send(self, command: AnyCommand) -> None:
        """Send one command; a dead child never answers it."""
        self._writer.write(frame(command))

    async def receive(self) -> AnySignal:
        """Return the next signal.

        Raises:
            EngineGoneError: there will be no more.
        """
        try:
            header = await self._reader.readexactly(HEADER_BYTES)
            signal_ = decode_signal(await self._reader.readexactly(body_length(header)))
        except (asyncio.IncompleteReadError, ConnectionError, msgspec.MsgspecError) as error:
            raise EngineGoneError from error
        self.last_sign_of_life = time.monotonic()
        return signal_

    def kill(self, reason: str) -> None:
        """Kill it, and give this reason as its cause of death."""
        self._killed_because = reason
        if self._child.returncode is None:
            self._child.kill()

    async def end(self) -> str:
        """Close the connection, upon which the engine exits by itself, or is killed after `_STOP_GRACE_S`.

        Returns:
            How it died, in words.
        """
        self._writer.close()
        try:
            async with asyncio.timeout(_STOP_GRACE_S):
                await self._child.wait()
        except TimeoutError:
            self.kill("the engine did not exit and was killed")
        code = await self._child.wait()
        await self._stderr
        return self._killed_because or _describe_exit(code)

    async def _log_stderr(self) -> None:
        async for line in error_lines(self._child):
            _log_line(line)


def _log_line(line: str) -> None:
    if line.startswith("error: "):
        _log.error("llama.cpp", message=line.removeprefix("error: "))
    elif line.startswith("warning: "):
        _log.warning("llama.cpp", message=line.removeprefix("warning: "))
    else:
        _log.warning("engine", message=line)


def _describe_exit(code: int) -> str:
    if code >= 0:
        return f"the engine exited with code {code}"
    name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    hint = ": perhaps by the out-of-memory killer" if name == "SIGKILL" else ""
    return f"the engine was killed by {name}{hint}"
