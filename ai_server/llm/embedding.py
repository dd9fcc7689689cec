"""Vectors of texts by a GGUF model, in a process of its own: what goes wrong in llama.cpp ends that process alone."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import structlog
from numpy.typing import NDArray

from ai_server.llm.child import error_lines, spawn
from ai_server.llm.embedding_wire import Answer, Failed, Vectors, decode_answer, packed
from ai_server.llm.wire import HEADER_BYTES, body_length

log = structlog.get_logger(__name__)

_RETRY_S = 30.0
_LOOKED_AT = 1 << 20


class Embedder:
    """Makes vectors of texts, one request after the other; its process begins with the first one.

    A process that died, or cannot load the model, begins anew with a request half a minute later.

    Attributes:
        path: the model's file.
    """

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        self.path = path
        self._threads = threads
        self._turn = asyncio.Lock()
        self._process: _Process | None = None
        self._asking: asyncio.Task[NDArray[np.float16] | None] | None = None
        self._failed = -_RETRY_S

    async def fingerprint(self) -> str | None:
        """Return what tells this model from others, whose vectors are not to be compared with its own.

        None where the file cannot be read; the log says why.
        """
        try:
            return await asyncio.to_thread(_fingerprint, self.path)
        except OSError as error:
            log.warning("the embedding model cannot be read", path=str(self.path), reason=error.strerror)
            return None

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float16] | None:
        """Return a row of length 1 for each text: the nearer the meaning of two, the greater the product of theirs.

        Rows of texts in which the model sees nothing are zeros. None where there are no vectors now; the log says why.
        A caller that gives up does not stop the process, which may have to load the model first.
        """
        await self._turn.acquire()
        self._asking = asyncio.create_task(self._answered(list(texts)), name="embed")
        return await asyncio.shield(self._asking)

    async def close(self) -> None:
        """End the process, if there is one."""
        async with self._turn:
            await self._end()

    async def _answered(self, texts: list[str]) -> NDArray[np.float16] | None:
        try:
            if self._process is None and time.monotonic() < self._failed + _RETRY_S:
                return None
            answer = await self._ask(texts)
        finally:
            self._turn.release()
        if isinstance(answer, Vectors):
            return np.frombuffer(answer.halves, dtype="<f2").reshape(len(texts), -1)
        log.warning("nothing can be embedded", path=str(self.path), reason=answer.reason)
        return None

    async def _ask(self, texts: list[str]) -> Vectors | Failed:
        try:
            if self._process is None:
                self._process = await _Process.spawn(self.path, self._threads)
                if isinstance(ready := await self._process.receive(), Failed):
                    return await self._give_up(ready.reason)
            answer = await self._process.ask(texts)
        except (OSError, EOFError, msgspec.MsgspecError) as error:
            return await self._give_up(f"its process died ({type(error).__name__})")
        except BaseException:
            await self._end()  # an answer that nobody waits for would be taken for the next one
            raise
        return answer if isinstance(answer, (Vectors, Failed)) else Failed("its process misunderstood")

    async def _give_up(self, reason: str) -> Failed:
        self._failed = time.monotonic()
        await self._end()
        return Failed(reason)

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            await process.end()


class _Process:
    def __init__(
        self, child: asyncio.subprocess.Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._child = child
        self._reader = reader
        self._writer = writer
        self._stderr = asyncio.create_task(_log_stderr(child), name="embedding-stderr")

    @classmethod
    async def spawn(cls, path: Path, threads: int) -> _Process:
        child = await spawn("ai_server.llm.embedding_process", str(path), str(threads))
        return cls(child.process, child.reader, child.writer)

    async def ask(self, texts: list[str]) -> Answer:
        self._writer.write(packed(texts))
        return await self.receive()

    async def receive(self) -> Answer:
        header = await self._reader.readexactly(HEADER_BYTES)
        return decode_answer(await self._reader.readexactly(body_length(header)))

    async def end(self) -> None:
        """Kill it, as there is nothing to write down; it has no other children."""
        self._writer.close()
        if self._child.returncode is None:
            self._child.kill()
        await self._child.wait()
        await self._stderr


async def _log_stderr(child: asyncio.subprocess.Process) -> None:
    async for line in error_lines(child):
        say = log.debug if line.startswith("warning: ") else log.warning
        say("llama.cpp, for embeddings", message=line)


def _fingerprint(path: Path) -> str:
    digest = hashlib.blake2b(digest_size=12)
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        digest.update(size.to_bytes(8, "little"))
        for start in (0, max(0, size - _LOOKED_AT)):
            file.seek(start)
            digest.update(file.read(_LOOKED_AT))
    return digest.hexdigest()
