"""What is heard of an utterance before it is complete, so that the model can read it while the person still speaks."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from ai_server.brain.opening import Moment, Opening
from ai_server.brain.past import Past
from ai_server.protocol.utterance import Utterance

_LONGEST_UTTERANCE_S = 30.0
"""What was true when somebody began to speak is told to the model for so long at most."""


@dataclass(slots=True)
class _Heard:
    opening: Opening
    newest: Utterance
    began: float


class Listening:
    """Hands on each robot's partial transcripts of one person at a time, behind one opening.

    The model can use what it has read only if the prompt of the complete words begins with it to the letter. So the
    opening of the first partial transcript serves until `end`, which returns it for the complete words.

    Args:
        open_: returns the opening of what a person, None for somebody unknown, says to a robot now.
        read: has the model read the newest words behind a moment and a past.
        clock: seconds.
    """

    def __init__(
        self,
        open_: Callable[[str, str | None], Opening],
        read: Callable[[Utterance, Moment, Past], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open = open_
        self._read = read
        self._clock = clock
        self._heard: dict[str, _Heard] = {}

    def hear(self, partial: Utterance) -> None:
        """Have the words so far read; of those that come before the past is known, the newest alone."""
        self._drop_unfinished()
        heard = self._heard.get(partial.device_id)
        if heard is None or heard.newest.user_id != partial.user_id:
            heard = _Heard(self._open(partial.device_id, partial.user_id), partial, self._clock())
            self._heard[partial.device_id] = heard
            heard.opening.past.add_done_callback(lambda _: self._hand_on(heard))
            return
        heard.newest = partial
        if heard.opening.past.done():
            self._hand_on(heard)

    def end(self, device_id: str, user_id: str | None) -> Opening | None:
        """Stop listening to a robot, to which this person spoke.

        Returns:
            The opening behind which the model may have read some of the person's words; None where there is none.
        """
        self._drop_unfinished()
        heard = self._heard.pop(device_id, None)
        return heard.opening if heard and heard.newest.user_id == user_id else None

    def stop(self, device_id: str) -> None:
        """Stop listening to a robot, whoever spoke to it."""
        self._heard.pop(device_id, None)

    def stop_all(self) -> None:
        """Stop listening to all robots."""
        self._heard.clear()

    def _hand_on(self, heard: _Heard) -> None:
        partial, opening = heard.newest, heard.opening
        if self._heard.get(partial.device_id) is not heard or opening.past.cancelled():
            return
        past = opening.past.result()
        if past is None:
            del self._heard[partial.device_id]
        else:
            self._read(partial, opening.moment, past)

    def _drop_unfinished(self) -> None:
        """Drop what nobody said to the end."""
        latest = self._clock() - _LONGEST_UTTERANCE_S
        for device_id in [each for each, heard in self._heard.items() if heard.began < latest]:
            del self._heard[device_id]
