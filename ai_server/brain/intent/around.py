"""Finds what people say around what they want: courtesies, and the robot's name."""

from __future__ import annotations

from collections.abc import Sequence

from ai_server.brain.intent.phrases import Automaton
from ai_server.brain.intent.words import Spoken


class Around:
    """Where what is wanted may begin and end in an utterance.

    Args:
        before: courtesies that may stand before it.
        after: those that may stand after it.
        names: what robots are called, which may stand on both sides.
    """

    def __init__(self, before: Automaton, after: Automaton, names: Automaton) -> None:
        self._before = before
        self._after = after
        self._names = names

    def starts(self, spoken: Spoken) -> list[int]:
        """Return where it may begin: at the first word, and after each run of courtesies."""
        starts = {0}
        for start in range(len(spoken.words)):
            if start in starts:
                starts.update(self._ends_of(self._before, spoken, start))
        return sorted(starts)

    def ends(self, spoken: Spoken) -> set[int]:
        """Return where it may end: after the last word, and before each run of courtesies."""
        ends = {len(spoken.words)}
        for end in reversed(range(len(spoken.words))):
            if not ends.isdisjoint(self._ends_of(self._after, spoken, end)):
                ends.add(end)
        return ends

    def bare(self, spoken: Spoken) -> Sequence[str]:
        """Return the words without the courtesies at both ends; none where there is nothing else."""
        return spoken.words[max(self.starts(spoken)) : min(self.ends(spoken))]

    def _ends_of(self, courtesies: Automaton, spoken: Spoken, start: int) -> list[int]:
        """Return where the courtesies end that begin at a word; a robot's name is one."""
        words, called = spoken.words, spoken.called
        ends = [match.end for match in courtesies.matches(words, start) + self._names.matches(words, start)]
        if called and list(words[start : start + len(called)]) == list(called):
            ends.append(start + len(called))
        return ends
