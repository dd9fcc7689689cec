"""How a person has sounded lately, where that is clear."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from ai_server.memory.summaries import Felt
from ai_server.protocol.terms import Emotion

_LEAST_TURNS = 3
_LEAST_SHARE = 0.5
_PARTS: tuple[tuple[int, str], ...] = (
    (5, "during the night"),
    (12, "this morning"),
    (18, "this afternoon"),
    (24, "this evening"),
)
"""The parts of a day, by the hours before which they end."""


def trend(felt: Sequence[Felt], now: datetime, name: str = "The person") -> str:
    """Return a sentence on the feeling of the latest part of today that had a clear one; empty where none had.

    Clear is a feeling other than `neutral` that at least three utterances showed, and at least half of those of which
    the feeling is known.

    Args:
        felt: oldest first.
        now: in the time zone of the person.
        name: what the person is called.
    """
    parts: dict[str, list[Emotion]] = {}
    for each in felt:
        at = each.at.astimezone(now.tzinfo)
        if at.date() == now.date():
            parts.setdefault(_part(at), []).append(each.emotion)
    for part, emotions in reversed(parts.items()):
        if clear := _clear(emotions):
            return f"{name} sounded {clear} {part}."
    return ""


def _clear(emotions: Sequence[Emotion]) -> Emotion | None:
    counts = Counter(emotion for emotion in emotions if emotion != "neutral")
    for emotion, count in counts.most_common(1):
        if count >= _LEAST_TURNS and count >= _LEAST_SHARE * len(emotions):
            return emotion
    return None


def _part(at: datetime) -> str:
    return next(words for end, words in _PARTS if at.hour < end)
