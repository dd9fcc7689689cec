"""Making a conversation fit the context: the oldest turns go, the persona and the newest words stay."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from ai_server.llm.chat import Message
from ai_server.llm.engine.template import Layout

_LOW_WATER = 0.75
"""Once turns have to go, so many go that this share of the room is left: most turns then add to what is cached."""


class PromptTooLongError(Exception):
    """The persona and the newest words alone are too long; the message gives both lengths in tokens."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the model reads.

    Attributes:
        tokens: all of it.
        shared: so many at the start are the same for every conversation with this first system message.
        kept: so many at the start stay, whichever turns go: the system messages, of which those after the first are the
            conversation's own.
        turns: where the words of each turn's user message begin, ascending.
        users: those messages.
        dropped_turns: so many of the oldest turns were left out.
    """

    tokens: list[int]
    shared: int
    kept: int
    turns: list[int]
    users: list[Message]
    dropped_turns: int = 0

    def drop(self, count: int) -> Prompt:
        """Return the prompt without its oldest turns."""
        if count == 0:
            return self
        gap = self.turns[count] - self.kept
        return Prompt(
            tokens=self.tokens[: self.kept] + self.tokens[self.turns[count] :],
            shared=self.shared,
            kept=self.kept,
            turns=[at - gap for at in self.turns[count:]],
            users=self.users[count:],
            dropped_turns=self.dropped_turns + count,
        )

    def surplus(self, length: int, target: float) -> int:
        """Return how many of the oldest turns must go so that `length` tokens become at most `target`; not all go."""
        last = len(self.turns) - 1
        return bisect_left(range(last), True, key=lambda k: length - (self.turns[k] - self.kept) <= target)  # noqa: FBT003


def whole_prompt(messages: Sequence[Message], layout: Layout) -> Prompt:
    """Return the prompt with all of its turns: the system messages first, then turns that begin with the user's."""
    system = next((at for at, message in enumerate(messages) if message.role != "system"), len(messages) - 1)
    said = [at for at in range(system, len(messages)) if at == system or messages[at].role == "user"]
    return Prompt(
        tokens=layout.tokens,
        shared=layout.ends[0] if messages[0].role == "system" else 0,
        kept=layout.begins[system],
        turns=[layout.begins[at] for at in said],
        users=[messages[at] for at in said],
    )


def fit_prompt(prompt: Prompt, *, context_size: int, max_tokens: int, first: Message | None = None) -> Prompt:
    """Return the longest prompt that leaves room for a reply, dropping whole turns from the oldest on.

    Args:
        prompt: with all turns.
        context_size: in tokens, of prompt and reply together.
        max_tokens: the longest reply; so much room is kept, but at most a quarter of the context.
        first: the user message that the conversation began with last time: what came before it stays dropped.

    Raises:
        PromptTooLongError: the system messages and the last turn alone do not fit.
    """
    room = room_for_prompt(context_size, max_tokens)
    if first in prompt.users:
        prompt = prompt.drop(prompt.users.index(first))
    if len(prompt.tokens) > room:
        prompt = prompt.drop(prompt.surplus(len(prompt.tokens), room * _LOW_WATER))
    if len(prompt.tokens) > room:
        raise PromptTooLongError(
            f"The persona and the newest words are {len(prompt.tokens)} tokens long, and at most {room} fit: "
            f"the context holds {context_size}, of which {context_size - room} are kept for the reply."
        )
    return prompt


def trim_ahead(prompt: Prompt, length: int, *, context_size: int, max_tokens: int) -> int:
    """Return how many of the oldest turns should go now, since the next prompt would hardly fit; mostly 0.

    Args:
        prompt: of the turn that ended.
        length: tokens with the reply.
        context_size: as in `fit_prompt`.
        max_tokens: likewise.
    """
    room = room_for_prompt(context_size, max_tokens)
    return prompt.surplus(length, room * _LOW_WATER) if length > room - context_size // 16 else 0


def room_for_prompt(context_size: int, max_tokens: int) -> int:
    """Return how many tokens a prompt may have."""
    return context_size - min(max_tokens, context_size // 4)
