"""What a prompt tells of the time before it: the turns, what is known of the person, and what comes to mind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from ai_server.brain.known import Gone, Knowledge, Known
from ai_server.brain.prompt import Exchange
from ai_server.brain.recall import Recall
from ai_server.brain.skills.skill import Answer
from ai_server.llm.chat import ActionCall
from ai_server.memory.storage.database import DatabaseError
from ai_server.memory.summaries import SUMMARY_TOKENS
from ai_server.memory.turns import PastTurn, Turns
from ai_server.protocol.utterance import Utterance

log = structlog.get_logger(__name__)

_HISTORY_TO_SUMMARY = 12
"""The summary of what has left takes so small a part of the history: it stands in one of its turns."""


@dataclass(frozen=True, slots=True)
class Past:
    """What a prompt tells of the time before it.

    Attributes:
        turns: of the conversation, from the oldest on.
        since: the id of the first of them; None where there are none.
        known: of the person.
        gone: what is told now of the turns that have left; nothing where one of those that are left told it.
    """

    turns: tuple[Exchange, ...] = ()
    since: int | None = None
    known: Knowledge = field(default_factory=Knowledge)
    gone: Gone = field(default_factory=Gone)

    @property
    def trace(self) -> Mapping[str, Any]:
        """What `naila why` tells of it, without a word of it."""
        trace: dict[str, Any] = {"history_turns": len(self.turns), "known_facts": list(self.known.facts)}
        return {**trace, "summary_of": list(self.gone.covers)} if self.gone.covers else trace


class Pasts:
    """Reads what is behind an utterance. Nothing of it raises: what cannot be read is logged and not told.

    Args:
        turns: what was said before.
        history_tokens: how much of the conversation is read.
        known: what is told of people; None for a model that is told of turns alone.
        recall: what comes to mind; likewise.
    """

    def __init__(self, *, turns: Turns, history_tokens: int, known: Known | None, recall: Recall | None) -> None:
        self._turns = turns
        self._history_tokens = history_tokens
        self._known = known
        self._recall = recall

    async def read(self, device_id: str, user_id: str | None) -> Past | None:
        """Return what is behind what a person says to a robot now; None where it cannot be read."""
        try:
            history = await self._turns.recent(device_id, user_id, self._history_tokens)
            known, gone = Knowledge(), Gone()
            if self._known:
                known = await self._known.of(device_id, user_id, history)
                gone = await self._known.gone(
                    device_id, user_id, history, min(SUMMARY_TOKENS, self._history_tokens // _HISTORY_TO_SUMMARY)
                )
        except DatabaseError as error:
            log.error("the turns so far cannot be read", reason=str(error))  # noqa: TRY400  the reason says it all
            return None
        if any(gone.text in turn.facts for turn in history.turns):
            gone = Gone()
        since = history.turns[0].id if history.turns else None
        return Past(tuple(map(_exchange, history.turns)), since, known, gone)

    async def recall(self, utterance: Utterance, language: str, past: Past) -> tuple[str, ...]:
        """Return what comes to mind of what somebody says, beside what the prompt tells already."""
        if self._recall is None:
            return ()
        return await self._recall.of(
            utterance.device_id,
            utterance.user_id,
            utterance.text,
            language=language,
            before_turn=past.since,
            known=past.known.facts,
        )

    async def last(self, utterance: Utterance) -> Answer | None:
        """Return what the robot said last to who speaks; None where it said nothing, or that cannot be read."""
        try:
            last = await self._turns.last(utterance.device_id, utterance.user_id)
        except DatabaseError as error:
            log.error("the last reply cannot be read", reason=str(error))  # noqa: TRY400
            return None
        return Answer(last.reply.text, last.reply.emotion) if last else None

    def forget(self) -> None:
        """Keep nothing of what is told of people: something of it is known no more."""
        if self._known:
            self._known.forget()


def _exchange(turn: PastTurn) -> Exchange:
    actions = tuple(ActionCall(action.action, action.arguments) for action in turn.actions)
    return Exchange(turn.facts, turn.words, turn.emotion, turn.text, actions)
