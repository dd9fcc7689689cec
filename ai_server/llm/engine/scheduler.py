"""What goes into the next decode call. It knows nothing of llama.cpp, and changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from ai_server.llm.engine.pace import StepPace


class Pending(Protocol):
    """Something with tokens that are not in the cache yet."""

    @property
    def position(self) -> int:
        """How many of its tokens are there."""
        ...

    @property
    def pending(self) -> int:
        """How many are not."""
        ...


WorkT = TypeVar("WorkT", bound=Pending)


@dataclass(frozen=True, slots=True)
class Share(Generic[WorkT]):
    """So many of its pending tokens does a piece of work get into the step."""

    work: WorkT
    tokens: int


class Scheduler:
    """Shares each step out.

    Every reply that generates has its token in every step. Prompts get the room that the time budget leaves: half of it
    goes to the one that waits longest, so that it is never starved, and the rest to the shortest, so that most robots
    wait least. What is read ahead gets a step only where there is nothing else to do.

    Args:
        pace: knows how long steps take.
        batch_size: tokens in one step at most.
    """

    def __init__(self, pace: StepPace, batch_size: int) -> None:
        self._pace = pace
        self._batch_size = batch_size

    def plan(self, generating: Sequence[WorkT], reading: Sequence[WorkT], ahead: Sequence[WorkT]) -> list[Share[WorkT]]:
        """Return who gets how many tokens into the next step.

        Args:
            generating: with one pending token each; at most `batch_size`.
            reading: prompts that somebody waits for, the oldest first.
            ahead: what is read ahead, the most urgent first.
        """
        shares = [Share(work, 1) for work in generating]
        room = self._batch_size - len(shares)
        if reading and room:
            shares += _divide(reading, min(room, self._pace.chunk(len(shares), reading[0].position)))
        elif ahead and not shares:
            shares.append(Share(ahead[0], min(ahead[0].pending, room, self._pace.chunk(0, in_budget=True))))
        return shares


def _divide(reading: Sequence[WorkT], chunk: int) -> list[Share[WorkT]]:
    oldest = reading[0]
    granted = {id(oldest): min(oldest.pending, -(-chunk // 2))}
    left = chunk - granted[id(oldest)]
    for work in sorted(reading, key=lambda work: work.pending):
        before = granted.get(id(work), 0)
        more = min(work.pending - before, left)
        granted[id(work)] = before + more
        left -= more
    return [Share(work, granted[id(work)]) for work in reading if granted[id(work)]]
