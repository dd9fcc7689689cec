"""From the bytes of tokens to text that may be shown: whole characters, and nothing of a stop string."""

from __future__ import annotations

import codecs


class TextStream:
    """The text of one reply as it grows.

    Attributes:
        stopped: a stop string has appeared; nothing from it on is ever given out.
    """

    def __init__(self, stop: tuple[str, ...]) -> None:
        self.stopped = False
        self._stop = tuple(text for text in stop if text)
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._held = ""

    def feed(self, piece: bytes) -> str:
        """Take the next bytes and return what can be shown now, which may be nothing."""
        text = self._held + self._decoder.decode(piece)
        if not self._stop:
            return text
        found = [at for at in (text.find(stop) for stop in self._stop) if at >= 0]
        if found:
            self.stopped, self._held = True, ""
            return text[: min(found)]
        shown = len(text) - self._held_back(text)
        self._held = text[shown:]
        return text[:shown]

    def close(self) -> str:
        """Return what was held back; half a character becomes U+FFFD."""
        text, self._held = self._held + self._decoder.decode(b"", final=True), ""
        return "" if self.stopped else text

    def _held_back(self, text: str) -> int:
        """Return the length of the longest end of the text that may be the start of a stop string."""
        return max((self._overlap(text, stop) for stop in self._stop), default=0)

    @staticmethod
    def _overlap(text: str, stop: str) -> int:
        tail = text[max(0, len(text) - len(stop) + 1) :]
        start = tail.find(stop[0])
        while start >= 0 and not stop.startswith(tail[start:]):
            start = tail.find(stop[0], start + 1)
        return len(tail) - start if start >= 0 else 0
