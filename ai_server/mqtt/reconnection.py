"""When to connect again and in which version of MQTT, from how the last connections ended."""

from __future__ import annotations

import random
from collections import deque
from typing import Literal

from ai_server.mqtt.endings import Ending, Outcome
from ai_server.mqtt.options import Protocol

FIRST_DELAY_S = 2.0
"""Also the longest while the broker or the network is away, so that their return is noticed within seconds."""
LONGEST_DELAY_S = 30.0
"""For a broker that is there and turns us away, to which delays double."""
STEADY_S = 30.0
"""A connection that held this long starts the delays anew."""
BRIEF_S = 3.0
"""A connection lost sooner may have been taken over: not every broker says so."""
CONTEST_WINDOW_S = 60.0
CONTEST_LOSSES = 3

_AWAY = (Outcome.UNREACHABLE, Outcome.SILENT)
_TURNED_AWAY = (Outcome.REFUSED, Outcome.UNSUPPORTED, Outcome.TAKEN_OVER)
_SILENT = (Outcome.SILENT, Outcome.UNSUPPORTED)


class Reconnection:
    """Decides what follows the end of a connection.

    Attributes:
        protocol: the version of MQTT for the next attempt.
        contested: whether several connections were taken over or lost at once, as two clients of one id do to another.
    """

    def __init__(self, protocol: Literal["auto", "5", "3.1.1"], randomness: random.Random) -> None:
        self.protocol: Protocol = "5" if protocol == "auto" else protocol
        self.contested = False
        self._automatic = protocol == "auto"
        self._answered = False
        self._randomness = randomness
        self._failures = 0
        self._contests: deque[float] = deque(maxlen=CONTEST_LOSSES)

    def answered(self) -> None:
        """Remember that the broker answered in this version: silence will not be taken for another one."""
        self._answered = True

    def delay_after(self, ending: Ending, *, held_s: float, now: float) -> float:
        """Return the seconds to wait; `held_s` is how long the connection was ready, `now` a monotonic time.

        They are random between a quarter and the whole of the longest delay: many brains that lose one broker at the
        same moment come back one after another.
        """
        self._watch_contest(ending, held_s, now)
        turned_away = self.contested or ending.outcome in _TURNED_AWAY
        if not turned_away or held_s >= STEADY_S:
            self._failures = 0
        if self._change_protocol(ending) and self.protocol == "3.1.1":
            return 0.0
        longest = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** min(self._failures, 10))
        self._failures += turned_away
        return longest * self._randomness.uniform(0.25, 1)

    def _change_protocol(self, ending: Ending) -> bool:
        """Try the other version of a broker that never answered: it may be one that hangs on MQTT 5, or be starting."""
        if ending.outcome is Outcome.REFUSED:
            self._answered = True
        unsupported = ending.outcome is Outcome.UNSUPPORTED
        if not self._automatic or ending.outcome not in _SILENT or (self._answered and not unsupported):
            return False
        self.protocol = "3.1.1" if self.protocol == "5" else "5"
        return True

    def _watch_contest(self, ending: Ending, held_s: float, now: float) -> None:
        if held_s >= CONTEST_WINDOW_S or ending.outcome in _AWAY:
            self._contests.clear()
        brief = ending.outcome is Outcome.LOST and 0 < held_s < BRIEF_S
        if ending.outcome is Outcome.TAKEN_OVER or brief:
            self._contests.append(now)
        full = len(self._contests) == CONTEST_LOSSES
        self.contested = full and now - self._contests[0] <= CONTEST_WINDOW_S
