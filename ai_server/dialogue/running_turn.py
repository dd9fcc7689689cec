"""One utterance being answered: its events go out as they happen, and make up its reply."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import singledispatchmethod
from typing import Any

from ai_server.brain.events import BrainEvent, Face, Forgets, Prompted, Understood
from ai_server.dialogue.deeds import Deeds, order
from ai_server.failpoints import MID_GENERATION, failpoint
from ai_server.llm.chat import ActionCall, Delta, EmotionTag, Finished, Sentence, Started, TokenUsage
from ai_server.memory.privacy.selection import Selection
from ai_server.memory.turns import Turn
from ai_server.mqtt.epochs import Epochs
from ai_server.mqtt.inbox import Waiting
from ai_server.mqtt.outbox import Outbox
from ai_server.protocol.reply import ActionMessage, Reply, StreamEvent, StreamType, Timings, Usage
from ai_server.protocol.terms import Emotion, FinishReason, Source

_ASKED_TO_FORGET = "(asked to forget something)"
"""Kept in the place of the words that said what."""


@dataclass(slots=True)
class _Draft:
    """What the reply is so far; thrown away when the model begins anew."""

    source: Source = "fallback"
    emotion: Emotion = "neutral"
    text: str = ""
    actions: list[ActionMessage] = field(default_factory=list)
    first_word_at: float | None = None
    usage: TokenUsage = field(default_factory=TokenUsage)
    tokens_per_second: float | None = None
    confidence: float | None = None


class RunningTurn:
    """The answer to one utterance while it is made.

    Attributes:
        waiting: the utterance, and when it arrived.
        started_at: when its turn came, of `time.monotonic()`.
        heard_at: when it arrived, of the wall clock.
        understood: what the brain took it for, once it has.
        prompted: what the model was given to go by; None where it was not asked.
        forgets: what the person wants forgotten, each part of it.
        first_decode: `time.monotonic_ns()` just before the model's first decode call; None where none was made.
        finish_reason: None while the brain still speaks.
    """

    def __init__(self, waiting: Waiting, outbox: Outbox, epochs: Epochs, deeds: Deeds, action_ttl: timedelta) -> None:
        self.waiting = waiting
        self.started_at = time.monotonic()
        self.heard_at = datetime.now(UTC) - timedelta(seconds=self.started_at - waiting.arrived)
        self.understood: Understood | None = None
        self.prompted: Prompted | None = None
        self.forgets: tuple[Selection, ...] = ()
        self.first_decode: int | None = None
        self.finish_reason: FinishReason | None = None
        self._outbox = outbox
        self._epochs = epochs
        self._deeds = deeds
        self._action_ttl = action_ttl
        self._draft = _Draft()
        self._seq = 1  # `accepted` was 0
        self._announced_end = False

    @property
    def late_at(self) -> float:
        """When the utterance is no longer worth beginning to answer, of `time.monotonic()`."""
        return self.waiting.arrived + self.waiting.utterance.ttl_ms / 1000

    @property
    def is_over(self) -> bool:
        """Whether the robot was silenced since this was said: nothing of the turn goes out any more."""
        return self._announced_end or self._epochs.is_over(self.waiting.utterance.device_id, self.waiting.epoch)

    def handle(self, event: BrainEvent) -> None:
        """Take one event of the brain; one that comes too late is dropped."""
        if not self.is_over:
            self._handle(event)

    def cancel(self) -> None:
        """End the turn: `cancelled` goes out now, and nothing after it; what was said until now stays in the reply."""
        if self._announced_end:
            return
        self.stop("cancelled")
        self._announce_end(StreamType.CANCELLED)

    def finish(self) -> None:
        """Announce the end of a turn whose reply was sent."""
        if not self._announced_end:
            self._announce_end(StreamType.FINISHED)

    def _announce(self, kind: StreamType, **fields: Any) -> None:
        """Publish the next stream event of this request."""
        utterance = self.waiting.utterance
        event = StreamEvent.model_construct(request_id=utterance.request_id, seq=self._seq, type=kind, **fields)
        self._outbox.event(utterance.device_id, event)
        self._seq += 1

    def _announce_end(self, kind: StreamType) -> None:
        self._announced_end = True
        self._announce(kind, finish_reason=self.finish_reason)

    @singledispatchmethod
    def _handle(self, event: object) -> None:
        raise TypeError(f"the brain emitted {event!r}")

    @_handle.register
    def _(self, event: Understood) -> None:
        self.understood = event

    @_handle.register
    def _(self, event: Prompted) -> None:
        self.prompted = event

    @_handle.register
    def _(self, event: Forgets) -> None:
        self.forgets += (event.selection,)

    @_handle.register
    def _(self, event: Started) -> None:
        self._draft = _Draft(source=event.source)
        self._announce(StreamType.STARTED)
        self.first_decode = event.first_decode

    @_handle.register
    def _(self, event: EmotionTag) -> None:
        self._draft.emotion = event.emotion
        self._announce(StreamType.EMOTION, emotion=event.emotion)

    @_handle.register
    def _(self, event: Delta) -> None:
        if self._draft.first_word_at is None:
            self._draft.first_word_at = time.monotonic()
        self._draft.text += event.text
        failpoint(MID_GENERATION)
        self._announce(StreamType.DELTA, text=event.text)

    @_handle.register
    def _(self, event: Sentence) -> None:
        self._announce(StreamType.SENTENCE, text=event.text)

    @_handle.register
    def _(self, event: ActionCall) -> None:
        utterance = self.waiting.utterance
        if not self._deeds.admit(utterance.device_id, event.name):
            return
        action = order(event, utterance.request_id)
        self._draft.actions.append(action)
        self._announce(StreamType.ACTION, action=action)

    @_handle.register
    def _(self, event: Face) -> None:
        device_id = self.waiting.utterance.device_id
        if not self._deeds.admit(device_id, event.call.name):
            return
        self._deeds.act_now(device_id, order(event.call, self.waiting.utterance.request_id, self._expiry()))

    @_handle.register
    def _(self, event: Finished) -> None:
        self._draft.text = event.text
        self._draft.usage = event.usage
        self._draft.confidence = event.confidence
        if event.decode_ms > 0 and event.usage.completion_tokens > 1:
            self._draft.tokens_per_second = (event.usage.completion_tokens - 1) / event.decode_ms * 1000
        self.finish_reason = event.reason

    def _language(self) -> str:
        understood = self.understood
        if understood is None:
            return self.waiting.utterance.language or "en"
        return (self._draft.source == "llm" and understood.model_language) or understood.language

    def stop(self, reason: FinishReason, text: str | None = None) -> None:
        """End the turn before the brain did: what was said stays, what the body was to do does not."""
        self.finish_reason = reason
        self._draft.actions.clear()
        if text is not None:
            self._draft.text = text

    def reply(self) -> Reply:
        """Return the whole reply; the turn must have ended."""
        if self.finish_reason is None:
            raise RuntimeError("the turn has not ended")
        utterance, draft, understood = self.waiting.utterance, self._draft, self.understood
        expires_at = self._expiry()
        return Reply(
            request_id=utterance.request_id,
            device_id=utterance.device_id,
            text=draft.text.strip(),
            emotion=draft.emotion,
            language=self._language(),
            intent=understood.intent.name if understood else "conversation",
            confidence=round(self._confidence(), 3),
            source=draft.source,
            finish_reason=self.finish_reason,
            actions=[action.model_copy(update={"expires_at": expires_at}) for action in draft.actions],
            usage=Usage(
                prompt_tokens=draft.usage.prompt_tokens,
                cached_tokens=draft.usage.cached_tokens,
                completion_tokens=draft.usage.completion_tokens,
            ),
            timings=self._timings(),
        )

    def record(self, reply: Reply) -> Turn:
        """Return what memory keeps of this turn; of one that asks to forget something, not what that is."""
        utterance = self.waiting.utterance
        return Turn(
            at=self.heard_at,
            words=_ASKED_TO_FORGET if self.forgets else utterance.text,
            reply=reply,
            facts=self._facts(),
            user_id=utterance.user_id,
            person_emotion=self.understood.person_emotion if self.understood else None,
            learned=self.understood.learned if self.understood and not self.forgets else (),
            trace=self._trace(),
        )

    def _facts(self) -> str:
        """Return the bracketed line that the words were sent to the model with, or would have been."""
        told = self.prompted or self.understood
        return told.facts if told else ""

    def _trace(self) -> dict[str, Any]:
        """Return why the turn was answered so, under the keys that `naila why` reads."""
        if self.understood is None:
            return {}
        intent, decision = self.understood.intent, self.understood.decision
        trace = {
            "route": decision.route,
            "reason": decision.reason,
            "probability": round(intent.confidence, 3),
            "rule": intent.rule,
            "slots": {} if self.forgets else dict(intent.slots),
            "understood_ms": round(self.understood.took_ms, 3),
        }
        if self.prompted:
            trace |= {
                **self.prompted.past,
                "recalled": self.prompted.recalled,
                "prompt_characters": self.prompted.characters,
                "prompted_ms": round(self.prompted.took_ms, 3),
            }
        return trace

    def _expiry(self) -> datetime:
        """Return when an action that is given out now is not worth carrying out any more."""
        return datetime.now(UTC) + self._action_ttl

    def _confidence(self) -> float:
        """Return how sure the model was of its words; where it said none, how sure the brain is of the intent."""
        if self._draft.confidence is not None:
            return self._draft.confidence
        return self.understood.intent.confidence if self.understood else 0.0

    def _timings(self) -> Timings:
        first, rate = self._draft.first_word_at, self._draft.tokens_per_second
        return Timings(
            queue_ms=_ms(self.waiting.arrived, self.started_at),
            first_token_ms=None if first is None else _ms(self.waiting.arrived, first),
            total_ms=_ms(self.waiting.arrived, time.monotonic()),
            tokens_per_second=None if rate is None else round(rate, 1),
        )


def _ms(since: float, until: float) -> float:
    return round((until - since) * 1000, 2)
