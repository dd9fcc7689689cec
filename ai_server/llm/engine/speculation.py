"""Guessing the next tokens from what was said before, and learning whether that pays."""

from __future__ import annotations

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
    """Prompt lookup on one sequence: an index of its n-grams that grows and shrinks with it."""

    def __init__(self) -> None:
        self._tokens: list[int] = []
        self._indexes = [_NgramIndex(length) for length in range(_LONGEST, _SHORTEST - 1, -1)]

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
        for index in self._indexes:
            follower = index.follower(tokens)
            if follower is not None:
                return tokens[follower : follower + most]
        return []

    def _follow(self, tokens: list[int]) -> None:
        kept = common_prefix(self._tokens, tokens)
        for index in self._indexes:
            index.cut(self._tokens, kept)
        self._tokens[kept:] = tokens[kept:]
        for index in self._indexes:
            index.extend(self._tokens, kept)


class _NgramIndex:
    """Where each n-gram of one length was followed by something last."""

    def __init__(self, length: int) -> None:
        self._length = length
        self._followers: dict[tuple[int, ...], int] = {}  # position after the newest occurrence
        self._earlier: list[int | None] = []  # what stood there before, for each position from `length` on

    def follower(self, tokens: list[int]) -> int | None:
        return self._followers.get(tuple(tokens[-self._length :]))

    def extend(self, tokens: list[int], start: int) -> None:
        """Index the n-grams before each position from `start` on."""
        first = max(start, self._length)
        ngrams = zip(*(tokens[first - self._length + at :] for at in range(self._length)), strict=False)
        for position, ngram in zip(range(first, len(tokens)), ngrams, strict=False):
            self._earlier.append(self._followers.get(ngram))
            self._followers[ngram] = position

    def cut(self, tokens: list[int], length: int) -> None:
        """Undo `extend` for the positions from `length` on; `tokens` still holds them."""
        for position in range(len(tokens) - 1, max(length, self._length) - 1, -1):
            ngram = tuple(tokens[position - self._length : position])
            earlier = self._earlier.pop()
            if earlier is None:
                del self._followers[ngram]
            else:
                self._followers[ngram] = earlier


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
