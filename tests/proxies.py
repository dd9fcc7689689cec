"""A network between a client and its broker that can be cut without a word to either side."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

Result = TypeVar("Result")

_FULL_AFTER_S = 0.2
"""A connect on loopback that takes longer found the queue of the listener full."""


class Proxy:
    """Forwards TCP connections on `port` of 127.0.0.1 to `target_port`, while its context is open, from a thread.

    Cut, it forwards nothing and closes nothing: what is sent waits, a closed connection is not seen to be closed on
    the other side, until it is mended. All methods may be called from any thread.
    """

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._flowing = asyncio.Event()
        self._links: set[asyncio.Task[None]] = set()
        self._fillers: dict[Any, socket.socket] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        self.mend()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._listener.close()

    def cut(self, *, accepting: bool = True) -> None:
        """Stop forwarding, both ways.

        New connections are taken and lead nowhere; with `accepting` false their SYNs are not even answered (Linux), as
        on a network that loses every packet.
        """
        self._call(self._cut(accepting))

    def mend(self) -> None:
        """Forward again, what waited first."""
        self._call(self._mend())

    def _call(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _cut(self, accepting: bool) -> None:
        self._flowing.clear()
        if accepting:
            return
        self._loop.remove_reader(self._listener)
        self._listener.listen(0)
        while await self._fill():
            pass

    async def _mend(self) -> None:
        self._flowing.set()
        self._listener.listen(128)
        self._loop.add_reader(self._listener, self._accept)

    async def _close(self) -> None:
        self._loop.remove_reader(self._listener)
        for link in self._links:
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)
        for filler in self._fillers.values():
            filler.close()

    async def _fill(self) -> bool:
        """Take one place in the queue of the listener: once it is full, the kernel drops SYNs."""
        filler = socket.socket()
        filler.setblocking(False)
        try:
            await asyncio.wait_for(self._loop.sock_connect(filler, ("127.0.0.1", self.port)), _FULL_AFTER_S)
        except TimeoutError:
            filler.close()
            return False
        self._fillers[filler.getsockname()] = filler
        return True

    def _accept(self) -> None:
        client, address = self._listener.accept()
        filler = self._fillers.pop(address, None)
        if filler is not None:
            filler.close()
            client.close()
            return
        link = self._loop.create_task(self._link(client))
        self._links.add(link)
        link.add_done_callback(self._links.discard)

    async def _link(self, client: socket.socket) -> None:
        near_reader, near_writer = await asyncio.open_connection(sock=client)
        with contextlib.closing(near_writer), contextlib.suppress(OSError):
            await self._flowing.wait()
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
            with contextlib.closing(far_writer):
                pumps = {
                    asyncio.create_task(self._pump(near_reader, far_writer)),
                    asyncio.create_task(self._pump(far_reader, near_writer)),
                }
                try:
                    await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for pump in pumps:
                        pump.cancel()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                await self._flowing.wait()
                writer.write(data)
                await writer.drain()
        await self._flowing.wait()
