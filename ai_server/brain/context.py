"""What each robot answered a person last, where a skill did: "and tomorrow?" goes on from there."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from ai_server.bounded import Newest
from ai_server.brain.intent.intent import Intent
from ai_server.brain.intent.matcher import Context

LASTS_S = 120.0
"""After more than that, what is said is about something else."""

_MOST = 1024
"""Of more conversations, the one whose answer is the oldest is let go."""


class Contexts:
    """The contexts of all conversations; `clock` is of seconds that only ever grow."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._contexts = Newest[tuple[str, str], tuple[Context, float]](_MOST)

    def of(self, device_id: str, user_id: str | None) -> Context | None:
        """Return what a robot answered a person last; None where that was no skill, or is long ago."""
        context, at = self._contexts.get((device_id, user_id or ""), (None, 0.0))
        return context if self._clock() - at <= LASTS_S else None

    def note(self, device_id: str, user_id: str | None, intent: Intent, choices: Sequence[str] = ()) -> None:
        """Take it that a skill has answered this intent, and asked to choose, where there are `choices`."""
        self._contexts[device_id, user_id or ""] = (Context(intent.name, intent.slots, choices), self._clock())

    def forget(self, device_id: str, user_id: str | None) -> None:
        """Take it that somebody else than a skill has answered, or that the conversation begins anew."""
        self._contexts.pop((device_id, user_id or ""), None)

    def forget_all(self) -> None:
        """Take it that all conversations begin anew."""
        self._contexts.clear()
