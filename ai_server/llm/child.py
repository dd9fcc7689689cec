"""A child process in which llama.cpp computes: how it is started, and how its errors are read."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import NamedTuple

_PACKAGE_ROOT = Path(__file__).parents[2]
_STDERR_BYTES = 1 << 16


class Child(NamedTuple):
    """A child, and the daemon's end of the connection to it."""

    process: asyncio.subprocess.Process
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


async def spawn(module: str, *arguments: str, defaults: Mapping[str, str] | None = None) -> Child:
    """Start a child.

    Args:
        module: what it runs; its first argument is the file descriptor of its end of the connection.
        arguments: its further ones.
        defaults: of its environment, where the daemon's does not say otherwise.

    Raises:
        OSError: the system refuses.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        reader, writer = await asyncio.open_unix_connection(sock=ours)
        try:
            process = await asyncio.create_subprocess_exec(
                # -P: what lies in the current directory is not to be imported.
                *(sys.executable, "-P", "-m", module, str(theirs.fileno()), *arguments),
                pass_fds=[theirs.fileno()],
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                env=_environment(defaults or {}),
                process_group=0,  # Ctrl-C in a terminal is for the daemon
            )
        except (OSError, asyncio.CancelledError):
            writer.close()
            raise
    return Child(process, reader, writer)


async def error_lines(process: asyncio.subprocess.Process) -> AsyncIterator[str]:
    """Iterate over what a child writes to its standard error until it ends, line by line, but for empty ones."""
    stderr, line = process.stderr, b""
    while stderr and (chunk := await stderr.read(_STDERR_BYTES)):
        *lines, line = (line + chunk).split(b"\n")
        for whole in lines:
            if text := _text(whole):
                yield text
    if text := _text(line):
        yield text


def _environment(defaults: Mapping[str, str]) -> dict[str, str]:
    path = os.pathsep.join(filter(None, [str(_PACKAGE_ROOT), os.environ.get("PYTHONPATH")]))
    # A failed assertion of ggml would start a debugger to print where; Python's fault handler does without one.
    return {**defaults, **os.environ, "PYTHONPATH": path, "GGML_NO_BACKTRACE": "1"}


def _text(line: bytes) -> str:
    return line.decode("utf-8", errors="replace").strip()
