"""Guessing the next tokens from what was said before, and learning whether that pays."""

from __future__ import annotations

from array import array
from collections.abc import Callable

from ai_server.llm.engine.sequence import common_prefix

# Prompt lookup decoding (Saxena 2023, github.com/apoorvumang/prompt-lookup-decoding) tries the longest n-gram first;
# 4 is the longest of llama.cpp's lookup too (LLAMA_NGRAM_MAX of common/ngram-cache.h). One token says too little.
_LONGEST = 4
_SHORTEST = 2

_FIRST_CHANCE = 0.5
_NEW_SHARE = 1 / 8  # of the estimate is the newest guess: it remembers about eight
_WORTHWHILE = 1.05  # times as many tokens a second: less is within the error of the measured step times
_PROBE_EVERY = 32  # steps; a probe costs what two rows cost, which is at the very worst two steps
_PROBE_TOKENS = 2


class Lookup:
    """Prompt lookup on one sequence: an index of its pairs of tokens that grows and shrinks with it.

    It takes some 150 bytes a token, as much for a long conversation as all else that Python keeps of it.
    """

    def __init__(self) -> None:
        self._tokens: list[int] = []
        self._newest: dict[int, int] = {}  # position after the newest occurrence of a pair
        self._earlier = array("i")  # and after the one before that, for each position; 0 for none

    def draft(self, tokens: list[int], most: int) -> list[int]:
        """Return what followed the newest earlier occurrence of the longest n-gram (4 to 2 tokens) that ends `tokens`.

        Only what differs from the last call is indexed anew.

        Args:
            tokens: all of the sequence, the newest token included; may have grown, been cut or been replaced.
            most: the longest draft, in tokens.

        Returns:
            At least one and at most `most` tokens; none where no such n-gram occurred before.
        """
        self._follow(tokens)
        follower = self._follower(tokens)
        return tokens[follower : follower + most] if follower else []

    def _follower(self, tokens: list[int]) -> int:
        """Return the position after that n-gram; 0 where there is none."""
        position = self._newest.get(_pair(tokens, len(tokens)), 0) if len(tokens) > _SHORTEST else 0
        best, longest = 0, 0
        while position and longest < _LONGEST:
            alike = _alike(tokens, position)
            if alike > longest:
                best, longest = position, alike
            position = self._earlier[position]
        return best

    def _follow(self, tokens: list[int]) -> None:
        kept = common_prefix(self._tokens, tokens)
        for position in range(len(self._tokens) - 1, max(kept, _SHORTEST) - 1, -1):
            if earlier := self._earlier[position]:
                self._newest[_pair(self._tokens, position)] = earlier
            else:
                del self._newest[_pair(self._tokens, position)]
        del self._earlier[kept:]
        self._tokens[kept:] = tokens[kept:]
        for position in range(kept, len(tokens)):
            if position < _SHORTEST:
                self._earlier.append(0)
            else:
                pair = _pair(tokens, position)
                self._earlier.append(self._newest.get(pair, 0))
                self._newest[pair] = position


def _pair(tokens: list[int], end: int) -> int:
    """Return one number for the two tokens before a position."""
    return tokens[end - 2] << 32 | tokens[end - 1]


def _alike(tokens: list[int], position: int) -> int:
    """Return how many tokens before a position are those at the end, up to the longest that counts."""
    alike = _SHORTEST
    while alike < _LONGEST and alike < position and tokens[position - 1 - alike] == tokens[-1 - alike]:
        alike += 1
    return alike


class Acceptance:
    """How likely a drafted token is right, learnt, and how long a draft pays with that.

    Attributes:
        chance: of a drafted token to be right where those before it are, 0 to 1; a moving average.
    """

    def __init__(self) -> None:
        self.chance = _FIRST_CHANCE
        self._steps_since_draft = _PROBE_EVERY  # the first draft tells most

    def learn(self, drafted: int, accepted: int) -> None:
        """Take in how many tokens of a draft were right; those after the first wrong one say nothing."""
        if drafted == 0:
            return
        self._steps_since_draft = 0
        self.chance = 1 - (1 - self.chance) * (1 - _NEW_SHARE) ** accepted
        if accepted < drafted:
            self.chance *= 1 - _NEW_SHARE

    def length(self, most: int, cost: Callable[[int], float]) -> int:
        """Return how many tokens to draft in this step, so that most tokens a second are expected; call once a step.

        A draft of k tokens is expected to give 1 + a + ... + a^k tokens, a being `chance` (Leviathan, Kalman and Matias
        2023, "Fast Inference from Transformers via Speculative Decoding", equation 1), in the time of 1 + k rows. Where
        that is not at least 5 % faster than no draft, none is made, but for a short one after every 32 steps without.

        Args:
            most: the longest draft, in tokens; 0 for none.
            cost: the time of a step in which this sequence has so many rows; above 0, in any unit.
        """
        self._steps_since_draft += 1
        best = max(range(most + 1), key=lambda drafted: self._expected_tokens(drafted) / cost(1 + drafted))
        if self._expected_tokens(best) * cost(1) >= _WORTHWHILE * cost(1 + best):
            return best
        return min(most, _PROBE_TOKENS) if self._steps_since_draft > _PROBE_EVERY else 0

    def _expected_tokens(self, drafted: int) -> float:
        return sum(self.chance**count for count in range(drafted + 1))
