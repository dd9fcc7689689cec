"""MQTT packets as fast as a socket takes them: faster than any client that reads them."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from ai_server.mqtt.options import BrokerOptions


class Flood:
    """An MQTT 3.1.1 connection that only sends; https://docs.oasis-open.org/mqtt/mqtt/v3.1.1/mqtt-v3.1.1.html."""

    def __init__(self, broker: BrokerOptions) -> None:
        self._socket = socket.create_connection((broker.host, broker.port))
        flags = 0b1100_0010  # user name, password, clean session
        strings = _string("flood") + _string(broker.username or "") + _string(broker.password or "")
        self._socket.sendall(_packet(0x10, _string("MQTT") + bytes((4, flags, 0, 60)) + strings))
        connack = self._socket.recv(4, socket.MSG_WAITALL)
        if connack[3] != 0:
            raise ConnectionError(f"the broker refused the flood: {connack.hex()}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._socket.close()

    def pour(self, topic: str, payloads: Iterable[bytes], last_topic: str, last_payload: bytes) -> None:
        """Publish the payloads with QoS 0, and after them the last one with QoS 1."""
        readings = b"".join(_packet(0x30, _string(topic) + payload) for payload in payloads)
        last = _packet(0x32, _string(last_topic) + (1).to_bytes(2) + last_payload)
        self._socket.sendall(readings + last)
        self._socket.recv(4, socket.MSG_WAITALL)  # its PUBACK


def _packet(kind: int, body: bytes) -> bytes:
    length, size = bytearray(), len(body)
    while size >= 0x80:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    length.append(size)
    return bytes((kind,)) + bytes(length) + body


def _string(text: str) -> bytes:
    data = text.encode()
    return len(data).to_bytes(2) + data
