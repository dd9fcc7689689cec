"""The PUBACKs that are owed to the broker, given in the order of receipt."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from ai_server.mqtt.network import Received


@dataclass(slots=True, eq=False)
class _Owed:
    received: Received
    done: bool = False


class Acknowledgements:
    """Which received messages of QoS 1 wait for their PUBACK.

    MQTT wants PUBACKs in the order of receipt, whatever the order in which the messages are done with: each waits for
    those before it. A packet id means nothing on another connection, so a new epoch begins with nothing owed.
    """

    def __init__(self) -> None:
        self._epoch = 0
        self._order: deque[_Owed] = deque()
        self._by_mid: dict[int, _Owed] = {}

    def __len__(self) -> int:
        return len(self._order)

    def expect(self, received: Received) -> None:
        """Note a message that came, in the order of receipt; one of QoS 0 wants no PUBACK."""
        if received.qos == 0:
            return
        if received.epoch != self._epoch:
            self._epoch = received.epoch
            self._order.clear()
            self._by_mid.clear()
        known = self._by_mid.get(received.mid)
        if known is not None and received.packet.redelivered:
            known.received = received  # one PUBACK ends both, once the newer is done with
            return
        if known is not None:
            self._order.remove(known)  # the broker gave it up, and its id to this one
        owed = _Owed(received)
        self._by_mid[received.mid] = owed
        self._order.append(owed)

    def settle(self, received: Received) -> list[int]:
        """Note that a message is done with; return the packet ids whose PUBACK is due now, in order.

        What came over an earlier connection cannot be acknowledged any more: its broker delivers it again.
        """
        owed = self._by_mid.get(received.mid)
        if owed is None or owed.received is not received:
            return []
        owed.done = True
        due = []
        while self._order and self._order[0].done:
            mid = self._order.popleft().received.mid
            del self._by_mid[mid]
            due.append(mid)
        return due
