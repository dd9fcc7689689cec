"""The engine's process as the daemon sees it: commands go in, signals come out, and it can be ended."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from pathlib import Path

import msgspec
import structlog

from ai_server.llm.wire import HEADER_BYTES, AnyCommand, AnySignal, body_length, decode_signal, frame

_PACKAGE_ROOT = Path(__file__).parents[2]
_STOP_GRACE_S = 10.0
"""To write conversations down: a gigabyte, on a slow card."""

_STDERR_BYTES = 1 << 16

_SPINS = "20000"
"""How often a thread of llama.cpp looks whether the others are ready before it sleeps; see libgomp's manual.

Where other programs have work too, two threads may sit on one core; with libgomp's 300,000 the one that waits keeps the
other from it, so that steps take ten times as long.
"""

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
        ours, theirs = socket.socketpair()
        with theirs:
            reader, writer = await asyncio.open_unix_connection(sock=ours)
            try:
                child = await asyncio.create_subprocess_exec(
                    # -P: what lies in the current directory is not to be imported.
                    *(sys.executable, "-P", "-m", "ai_server.llm.engine", str(theirs.fileno())),
                    pass_fds=[theirs.fileno()],
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.DEVNULL,
                    stderr=asyncio.subprocess.PIPE,
                    env=_environment(),
                    process_group=0,  # Ctrl-C in a terminal is for the daemon
                )
            except (OSError, asyncio.CancelledError):
                writer.close()
                raise
        return cls(child, reader, writer)

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
        """Close the connection, upon which the engine exits by itself, or is killed after 2 s.

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
        stderr, line = self._child.stderr, b""
        while stderr and (chunk := await stderr.read(_STDERR_BYTES)):
            *lines, line = (line + chunk).split(b"\n")
            for whole in lines:
                _log_line(whole)
        _log_line(line)


def _environment() -> dict[str, str]:
    path = os.pathsep.join(filter(None, [str(_PACKAGE_ROOT), os.environ.get("PYTHONPATH")]))
    # A failed assertion of ggml would start a debugger to print where; Python's fault handler does without one.
    return {"GOMP_SPINCOUNT": _SPINS, **os.environ, "PYTHONPATH": path, "GGML_NO_BACKTRACE": "1"}


def _log_line(line: bytes) -> None:
    text = line.decode("utf-8", errors="replace").strip()
    if not text:
        return
    if text.startswith("error: "):
        _log.error("llama.cpp", message=text.removeprefix("error: "))
    elif text.startswith("warning: "):
        _log.warning("llama.cpp", message=text.removeprefix("warning: "))
    else:
        _log.warning("engine", message=text)


def _describe_exit(code: int) -> str:
    if code >= 0:
        return f"the engine exited with code {code}"
    name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    hint = ": perhaps by the out-of-memory killer" if name == "SIGKILL" else ""
    return f"the engine was killed by {name}{hint}"
