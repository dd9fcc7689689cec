"""Actions that need the person's yes: asked for in words, kept until the next utterance, then done or let go."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
import structlog

from ai_server.bounded import Newest
from ai_server.brain.body import Body
from ai_server.brain.robots import Robots
from ai_server.brain.wording import Wording
from ai_server.llm.chat import ActionCall, ChatEvent, Delta, Finished, Sentence, Started

log = structlog.get_logger(__name__)

ANSWER_S = 60.0
"""So long a yes counts: a person may think it over, and a yes after more than that is meant for something else."""

_MOST = 1024
"""Of more questions, the one that was asked first is let go."""


@dataclass(frozen=True, slots=True)
class _Asked:
    calls: tuple[ActionCall, ...]
    at: float


class Consent:
    """What each robot asked whether to do. Times are seconds of one clock that is never set, such as `time.monotonic`.

    An answer is what the robot heard next of the person whom it asked, None for somebody whom it does not know; what
    arrived before the question was asked, and waited, answers nothing. What was asked is in memory alone: after a
    restart nothing is done that was asked for before.

    Args:
        robots: what each declared that its body can do.
        wording: returns the words of the question, which people may edit.
    """

    def __init__(self, robots: Robots, wording: Callable[[], Wording]) -> None:
        self._robots = robots
        self._wording = wording
        self._asked = Newest[tuple[str, str], _Asked](_MOST)

    def is_needed(self, device_id: str, call: ActionCall) -> bool:
        """Say whether a robot declared that the person is to be asked before it does this."""
        action = self._body(device_id).declaration(call.name)
        return action is not None and action.confirm

    def ask(self, device_id: str, user_id: str | None, calls: Sequence[ActionCall], now: float) -> str:
        """Keep actions until the person answers, in place of what was kept before; return the question, one for all."""
        self._asked[device_id, user_id or ""] = _Asked(tuple(calls), now)
        return self._wording().question(calls, self._body(device_id).actions)

    def is_answer(self, device_id: str, user_id: str | None, arrived: float) -> bool:
        """Say whether an utterance that arrived then answers what a robot asked this person."""
        asked = self._asked.get((device_id, user_id or ""))
        return asked is not None and 0 <= arrived - asked.at <= ANSWER_S

    def answer(self, device_id: str, user_id: str | None, intent_name: str, arrived: float) -> list[ActionCall]:
        """Take the next utterance of a person, by its intent and its arrival; return the actions that it said yes to.

        Whatever it was, nothing is kept after it, but where the person wants to hear the question again. What the body
        does not declare any more is not returned.
        """
        if intent_name == "repeat":
            return []
        is_yes = intent_name == "affirm" and self.is_answer(device_id, user_id, arrived)
        asked = self._asked.pop((device_id, user_id or ""), None)
        if asked is None or not is_yes:
            return []
        return [call for call in asked.calls if self._is_still_declared(device_id, call)]

    def let_go(self, device_id: str) -> None:
        """Keep nothing of a robot any more: it was cancelled, or a conversation begins anew."""
        for asked in [asked for asked in self._asked if asked[0] == device_id]:
            del self._asked[asked]

    def let_go_all(self) -> None:
        """Keep nothing of any robot."""
        self._asked.clear()

    def _is_still_declared(self, device_id: str, call: ActionCall) -> bool:
        reason = self._body(device_id).objection(call)
        if reason is not None:
            log.warning("an action was dropped after the yes to it", device_id=device_id, reason=reason)
        return reason is None

    def _body(self, device_id: str) -> Body:
        return self._robots.robot(device_id).body


class Asking:
    """One reply on its way to the person: the actions that need a yes are taken out, and the question is said for them.

    Args:
        consent: keeps them.
        device_id: the robot that speaks.
        user_id: to whom.
        clock: that of `Consent`.
    """

    def __init__(
        self, consent: Consent, device_id: str, user_id: str | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._consent = consent
        self._device_id = device_id
        self._user_id = user_id
        self._clock = clock
        self._calls: list[ActionCall] = []

    def pass_on(self, event: ChatEvent) -> list[ChatEvent]:
        """Return what goes on in the place of an event of the model; an action must be one that may leave the brain."""
        match event:
            case Started():
                self._calls.clear()
            case ActionCall() if self._consent.is_needed(self._device_id, event):
                self._calls.append(event)
                return []
            case Finished() if self._calls:
                return self._ask(event)
        return [event]

    def _ask(self, finished: Finished) -> list[ChatEvent]:
        question = self._consent.ask(self._device_id, self._user_id, self._calls, self._clock())
        words = finished.text.rstrip()
        text = f"{words} {question}" if words else question
        return [Delta(text[len(words) :]), Sentence(question), msgspec.structs.replace(finished, text=text)]
