"""Lines of an input as they come, without blocking the event loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from typing import TextIO

_CHUNK = 65_536


async def read_lines(stream: TextIO) -> AsyncIterator[str]:
    """Iterate over the lines of a terminal, pipe or file until its end, as UTF-8 and without their line ends.

    It reads the descriptor itself, past the buffer of `stream`. What is not UTF-8 becomes U+FFFD.
    """
    descriptor = stream.fileno()
    rest = b""
    while chunk := await _read(descriptor):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield _text(line)
    if rest:
        yield _text(rest)


async def _read(descriptor: int) -> bytes:
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    try:
        loop.add_reader(descriptor, readable.set)
    except PermissionError:  # epoll refuses what never keeps a reader waiting: files and /dev/null
        return os.read(descriptor, _CHUNK)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(descriptor)
    return os.read(descriptor, _CHUNK)


def _text(line: bytes) -> str:
    return line.decode(errors="replace").rstrip("\r")
