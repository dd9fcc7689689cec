"""How much of a prompt to decode at once, so that a cancel never waits long."""

from __future__ import annotations

_MIN_CHUNK = 16
_NEW_SHARE = 0.5


class PrefillPace:
    """Learns how fast prompts are read and sizes their parts by it.

    Args:
        tokens_per_second: a first measurement.
        chunk_s: how long decoding a part should take.
        largest: tokens in one decode call at most.
    """

    def __init__(self, tokens_per_second: float, *, chunk_s: float, largest: int) -> None:
        self._rate = tokens_per_second
        self._chunk_s = chunk_s
        self._largest = largest

    @property
    def chunk(self) -> int:
        """Tokens to decode next."""
        return min(self._largest, max(_MIN_CHUNK, int(self._rate * self._chunk_s)))

    def learn(self, tokens: int, seconds: float) -> None:
        """Take in how long a part took. Parts too small to say anything are ignored."""
        if tokens >= _MIN_CHUNK:
            self._rate += _NEW_SHARE * (tokens / seconds - self._rate)
