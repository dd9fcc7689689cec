"""What is kept of a turn where nobody is to read people's secrets later."""

from __future__ import annotations

from dataclasses import replace

from ai_server.masking import Masking
from ai_server.memory.turns import Turn


def masked(turn: Turn, masking: Masking) -> Turn:
    """Return a turn as it is stored: words, reply, actions, facts and trace masked; what was sent stays as it is."""
    actions = [
        action.model_copy(update={"arguments": masking.mask_all(action.arguments)}) for action in turn.reply.actions
    ]
    learned = tuple(
        replace(fact, value=masking.mask(fact.value), text=masking.mask(fact.text)) for fact in turn.learned
    )
    return replace(
        turn,
        words=masking.mask(turn.words),
        reply=turn.reply.model_copy(update={"text": masking.mask(turn.reply.text), "actions": actions}),
        facts=masking.mask(turn.facts),
        learned=learned,
        trace=masking.mask_all(turn.trace),
    )
