"""The engine's end of the socket pair: commands in, signals out."""

from __future__ import annotations

import select
import socket

from ai_server.llm.wire import HEADER_BYTES, AnyCommand, AnySignal, body_length, decode_command, frame

_READ_BYTES = 1 << 16


class ChannelClosedError(Exception):
    """The daemon has closed its end or is gone."""


class Channel:
    """Reads and writes whole messages on a blocking stream socket."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._unread = bytearray()
        self._poll = select.poll()
        self._poll.register(end, select.POLLIN)

    def receive(self, *, wait: bool) -> list[AnyCommand]:
        """Return the commands that have arrived; with `wait`, sleep until there is one.

        Raises:
            ChannelClosedError: the daemon is gone.
        """
        commands: list[AnyCommand] = []
        while self._poll.poll(None if wait and not commands else 0):
            try:
                data = self._socket.recv(_READ_BYTES)
            except ConnectionError as error:
                raise ChannelClosedError from error
            if not data:
                raise ChannelClosedError
            self._unread += data
            commands += self._complete()
        return commands

    def send(self, *signals: AnySignal) -> None:
        """Write signals, in one piece; blocks while the daemon does not read.

        Raises:
            ChannelClosedError: the daemon is gone.
        """
        try:
            self._socket.sendall(b"".join(map(frame, signals)))
        except ConnectionError as error:
            raise ChannelClosedError from error

    def _complete(self) -> list[AnyCommand]:
        commands: list[AnyCommand] = []
        while len(self._unread) >= HEADER_BYTES:
            end = HEADER_BYTES + body_length(self._unread[:HEADER_BYTES])
            if len(self._unread) < end:
                break
            commands.append(decode_command(self._unread[HEADER_BYTES:end]))
            del self._unread[:end]
        return commands
