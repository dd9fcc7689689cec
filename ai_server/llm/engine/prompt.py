"""Making a conversation fit the context: the oldest turns go, the persona and the newest words stay."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ai_server.llm.chat import Message


class PromptTooLongError(Exception):
    """The persona and the newest words alone are too long; the message gives both lengths in tokens."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the model reads."""

    tokens: list[int]
    dropped_turns: int
    """So many of the oldest turns were left out."""


def fit_prompt(
    messages: Sequence[Message],
    *,
    context_size: int,
    max_tokens: int,
    tokenise: Callable[[Sequence[Message]], list[int]],
) -> Prompt:
    """Return the longest prompt that leaves room for a reply, dropping whole turns from the oldest on.

    Args:
        messages: the system messages, then turns that each begin with a user message; the last one is the newest.
        context_size: in tokens, of prompt and reply together.
        max_tokens: the longest reply; so much room is kept, but at most a quarter of the context.
        tokenise: lays messages out as the model reads them.

    Raises:
        PromptTooLongError: the system messages and the last turn alone do not fit.
    """
    room = context_size - min(max_tokens, context_size // 4)
    system, turns = _turns(messages)

    def without(dropped: int) -> list[int]:
        return tokenise([*system, *(message for turn in turns[dropped:] for message in turn)])

    tokens = without(0)
    if len(tokens) <= room:
        return Prompt(tokens, 0)
    droppable = range(1, len(turns))
    dropped = 1 + bisect_left(droppable, True, key=lambda count: len(without(count)) <= room)  # noqa: FBT003
    tokens = without(min(dropped, len(turns) - 1))
    if len(tokens) > room:
        raise PromptTooLongError(
            f"The persona and the newest words are {len(tokens)} tokens long, and at most {room} fit: "
            f"the context holds {context_size}, of which {context_size - room} are kept for the reply."
        )
    return Prompt(tokens, dropped)


def _turns(messages: Sequence[Message]) -> tuple[list[Message], list[list[Message]]]:
    system: list[Message] = []
    turns: list[list[Message]] = []
    for message in messages:
        if message.role == "system" and not turns:
            system.append(message)
        elif message.role == "user" or not turns:
            turns.append([message])
        else:
            turns[-1].append(message)
    return system, turns
