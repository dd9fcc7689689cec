"""Getting a step through llama.cpp: what fails, fails alone."""

from __future__ import annotations

from dataclasses import dataclass, field

from ai_server.llm.engine.cache import Cache
from ai_server.llm.engine.runner import ContextLostError, DecodeError, NoRoomError, Part, Runner
from ai_server.llm.engine.work import Work


@dataclass(slots=True)
class Turn:
    """What a piece of work does in one step.

    Attributes:
        work: whose tokens are decoded.
        part: those tokens.
        draft: of them, the guessed ones at the end.
    """

    work: Work
    part: Part
    draft: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a piece of work cannot go on."""

    work: Work
    reason: str
    no_room: bool = False


class Decoding:
    """Decodes steps, and finds out who is to blame where that fails.

    Args:
        runner: that decodes.
        cache: is made to spill where the runner has no room.
    """

    def __init__(self, runner: Runner, cache: Cache) -> None:
        self._runner = runner
        self._cache = cache

    def decode(self, turns: list[Turn]) -> tuple[list[Turn], list[Failure]]:
        """Decode all that can be; return what was, and what failed.

        Where there is no room, idle conversations go first, then chunks of prompts are halved.

        Raises:
            ContextLostError: nothing can be decoded any more.
        """
        held = [turn.part.sequence for turn in turns]
        self._cache.make_room(sum(len(turn.part.tokens) for turn in turns), held)
        while True:
            try:
                self._runner.decode([turn.part for turn in turns])
            except NoRoomError as error:
                if self._cache.evict(held):
                    continue
                if not _give_way(turns):
                    return [], [Failure(turns[0].work, str(error), no_room=True)]
            except DecodeError as error:
                return self._one_by_one(turns, error)
            else:
                return turns, []

    def _one_by_one(self, turns: list[Turn], error: DecodeError) -> tuple[list[Turn], list[Failure]]:
        """Find out which part it was: those that decode alone had no part in it, and go on in the next step.

        Where it is none of them but all together, the last one goes on now.
        """
        can_take_back = self._runner.can_share
        if not error.invalid and (len(turns) == 1 or not can_take_back):
            raise ContextLostError(str(error)) from error
        if len(turns) == 1:
            return [], [Failure(turns[0].work, str(error))]
        if not can_take_back:
            return self.decode(turns[-1:])
        failures = []
        for turn in turns:
            before = len(turn.part.sequence.tokens)
            try:
                self._runner.decode([turn.part])
            except DecodeError as failure:
                failures.append(Failure(turn.work, str(failure)))
                continue
            if turn is turns[-1] and not failures:
                return [turn], []
            self._runner.cut(turn.part.sequence, before)
        if len(failures) == len(turns) and not error.invalid:
            raise ContextLostError(str(error)) from error
        return [], failures


def _give_way(turns: list[Turn]) -> bool:
    """Make the step smaller; False where it is as small as can be."""
    last = turns[-1]
    if len(last.part.tokens) > 1:
        last.part.tokens = last.part.tokens[: len(last.part.tokens) // 2]
        last.part.outputs = 0
        if last.draft:
            last.part.tokens, last.part.outputs, last.draft = last.part.tokens[:1], 1, []
        return True
    if len(turns) > 1:
        turns.pop()
        return True
    return False
