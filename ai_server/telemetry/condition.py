"""The state of the brain as operators see it: one word, and why."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from ai_server import __version__
from ai_server.protocol.status import State, Status
from ai_server.telemetry.systemd import Notifier

log = structlog.get_logger(__name__)


class Condition:
    """Puts together the phase of the daemon's life and what ails its parts, and announces every change.

    While the daemon serves, it is `degraded` as long as anything ails it, else `loading` until the model was loaded
    once, else `ready`.
    """

    def __init__(self, notifier: Notifier, model: str | None) -> None:
        self._notifier = notifier
        self._model = model
        self.phase = State.STARTING
        """Of the daemon's life; what ails a part does not change it."""
        self._progress = ""
        self._ailments: dict[str, str] = {}
        self._announced: tuple[State, str] | None = None
        self.publish: Callable[[Status], None] | None = None
        """Takes the status; one that is not connected may drop it, for `announce_again` follows each connect."""

    @property
    def status(self) -> Status:
        """What is published on `naila/ai/status`."""
        state, reason = self._summary()
        return Status(state=state, reason=reason, version=__version__, model=self._model)

    def enter(self, phase: State, progress: str = "") -> None:
        """Begin a phase of the daemon's life, or say how far it is."""
        self.phase = phase
        self._progress = progress
        self._announce()

    def ail(self, part: str, reason: str) -> None:
        """Note that a part does not do its work; an empty reason says that it does again."""
        if reason:
            self._ailments[part] = reason
        else:
            self._ailments.pop(part, None)
        self._announce()

    def announce_again(self) -> None:
        """Publish the status once more: the broker may have published the last will meanwhile."""
        if self.publish is not None:
            self.publish(self.status)

    def _summary(self) -> tuple[State, str]:
        if self._ailments and self.phase in {State.LOADING, State.READY}:
            return State.DEGRADED, "; ".join(self._ailments.values())
        return self.phase, self._progress

    def _announce(self) -> None:
        summary = self._summary()
        if summary == self._announced:
            return
        self._announced = summary
        state, reason = summary
        log.info("state", state=str(state), reason=reason) if reason else log.info("state", state=str(state))
        self._notifier.status(f"{state}: {reason}" if reason else str(state))
        self.announce_again()
