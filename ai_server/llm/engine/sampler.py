"""Choosing the next token."""

from __future__ import annotations

import math
import secrets
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from llama_cpp import llama_cpp

from ai_server.llm.chat import Sampling
from ai_server.llm.engine.gbnf import GrammarError
from ai_server.llm.engine.grammar import compiled
from ai_server.llm.engine.vocabulary import Vocabulary

__all__ = ["GrammarError", "Sampler", "SamplingRoom"]

_PENALISED_TOKENS = 64
_LIKELIEST = (1_024, 16_384)  # tokens that are tested by the grammar, before all are
_SEEDS: int = llama_cpp.LLAMA_DEFAULT_SEED  # which itself stands for any seed
_SEED_STEP = 0x9E3779B1
_TOKEN_DATA = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])  # llama_token_data

_Logits = npt.NDArray[np.float32]
_Tokens = npt.NDArray[np.integer[Any]]


class SamplingRoom:
    """Room for all tokens of a vocabulary: several MB with Llama 3's, which all samplers use, one after the other.

    Attributes:
        vocabulary: of the model.
        weights: a number for each token.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.weights = np.empty(vocabulary.size, np.float32)
        self._borrower = _chain([])

    @cached_property
    def tokens(self) -> _Tokens:
        """All tokens."""
        return np.arange(self.vocabulary.size, dtype=np.int32)

    @cached_property
    def candidates(self) -> _Candidates:
        """The array that llama.cpp's samplers work on."""
        return _Candidates(self.vocabulary.size)

    def sample(self, samplers: llama_cpp.llama_sampler_p, context: llama_cpp.llama_context_p, row: int) -> int:
        """Return the next token: a chain that is asked directly keeps an array of candidates of its own."""
        llama_cpp.llama_sampler_chain_add(self._borrower, samplers)
        token: int = llama_cpp.llama_sampler_sample(self._borrower, context, row)
        llama_cpp.llama_sampler_chain_remove(self._borrower, 0)
        return token

    def close(self) -> None:
        """Free what llama.cpp holds; the samplers are closed by themselves."""
        llama_cpp.llama_sampler_free(self._borrower)
        self._borrower = None


class Sampler:
    """One request's samplers; `close` frees them.

    A token takes one number of the seed's sequence, also where the grammar rejects the first choice.

    Args:
        sampling: how tokens are chosen.
        room: of the model.
        grammar: GBNF that the reply must follow, from its rule `root`; None for none.

    Raises:
        GrammarError: the grammar cannot be followed.
    """

    def __init__(self, sampling: Sampling, room: SamplingRoom, grammar: str | None = None) -> None:
        self._room = room
        self._constraint = None if grammar is None else _Constraint(grammar, room)
        self._sampling = sampling
        self._seed = secrets.randbelow(_SEEDS) if sampling.seed is None else sampling.seed % _SEEDS
        self._count = 0
        self._certainty = _Certainty(room.weights)
        self._filters = _chain(_filters(sampling, room.vocabulary.size))
        self._chain = _chain([self._filters, _choice(sampling, self._seed)])

    def sample(self, context: llama_cpp.llama_context_p, row: int) -> int:
        """Return the next token from the logits of a row of the last batch; that row must have asked for logits.

        Raises:
            GrammarError: the grammar cannot be followed further.
        """
        logits = self._certainty.view(llama_cpp.llama_get_logits_ith(context, row))
        if self._constraint is None:
            token = self._room.sample(self._chain, context, row)
        else:
            token = self._sample_within(self._constraint, logits)
        self._certainty.take(logits, token)
        return token

    @property
    def confidence(self) -> float | None:
        """The geometric mean of the probabilities that the model itself gave to the tokens, before any filter.

        The inverse of the reply's perplexity; None before the first token.
        """
        return self._certainty.mean

    def close(self) -> None:
        """Free everything."""
        llama_cpp.llama_sampler_free(self._chain)
        self._chain = self._filters = None

    def _sample_within(self, constraint: _Constraint, logits: _Logits) -> int:
        """Choose freely, and again among what the grammar allows only where it rejects that token.

        A grammar is slow over a whole vocabulary; common/sampling.cpp of llama.cpp does the same.
        """
        self._count += 1
        token = self._room.candidates.choose(self._room.tokens, logits, self._chain)
        if not constraint.allows(token):
            token = self._choose_again(constraint, logits)
        constraint.accept(token)
        llama_cpp.llama_sampler_accept(self._chain, token)
        return token

    def _choose_again(self, constraint: _Constraint, logits: _Logits) -> int:
        """Choose with a seed of this one token, so that the numbers of those after it stay the same."""
        allowed = constraint.allowed(logits)
        choice = _choice(self._sampling, (self._seed + self._count * _SEED_STEP) % _SEEDS)
        token = self._room.candidates.choose(allowed, logits[allowed], self._filters, choice)
        llama_cpp.llama_sampler_free(choice)
        return token


class _Certainty:
    """The probabilities of the tokens that were chosen."""

    def __init__(self, weights: _Logits) -> None:
        self._weights = weights
        self._sum = 0.0
        self._count = 0

    @property
    def mean(self) -> float | None:
        return math.exp(self._sum / self._count) if self._count else None

    def view(self, pointer: Any) -> _Logits:
        return np.ctypeslib.as_array(pointer, self._weights.shape)

    def take(self, logits: _Logits, token: int) -> None:
        """Add log softmax of one token, in float32: over the whole vocabulary at each token, time counts."""
        highest = logits.max()
        np.exp(np.subtract(logits, highest, out=self._weights), out=self._weights)
        self._sum += float(logits[token] - highest) - math.log(float(self._weights.sum()))
        self._count += 1


class _Constraint:
    """A grammar, and how far the reply has come in it."""

    def __init__(self, grammar: str, room: SamplingRoom) -> None:
        self._state = compiled(grammar).start
        self._room = room

    def allows(self, token: int) -> bool:
        """Return whether a token may come next; one that says nothing, as a control token, may not."""
        piece = self._room.vocabulary.piece(token)
        if piece is None:
            return self._state.may_end
        return piece != b"" and self._state.after(piece) is not None

    def allowed(self, logits: _Logits) -> _Tokens:
        """Return the tokens that may come next among the likeliest ones, or among more where none of those may.

        Raises:
            GrammarError: none of the vocabulary may.
        """
        for tokens in self._likeliest(logits):
            may_come = np.fromiter(map(self.allows, tokens.tolist()), bool, tokens.size)
            allowed = tokens[may_come & (logits[tokens] > -np.inf)]
            if allowed.size:
                return allowed
        raise GrammarError("no token of the model goes on as the grammar wants")

    def accept(self, token: int) -> None:
        """Go on after a token that may come next."""
        following = self._state.after(self._room.vocabulary.piece(token) or b"")
        if following is not None:
            self._state = following

    def _likeliest(self, logits: _Logits) -> Iterator[_Tokens]:
        """Yield more and more tokens, by their number: their order must not hang on how the logits were rounded."""
        for count in _LIKELIEST:
            if count < logits.size:
                yield np.sort(np.argpartition(logits, -count)[-count:])
        yield self._room.tokens


class _Candidates:
    """Room for the array that llama.cpp's samplers work on."""

    def __init__(self, room: int) -> None:
        self._data = np.empty(room, _TOKEN_DATA)
        self._array = llama_cpp.llama_token_data_array()

    def choose(self, tokens: _Tokens, logits: _Logits, *samplers: llama_cpp.llama_sampler_p) -> int:
        """Return which of these tokens the samplers, the last of which chooses one, come to."""
        self._data["id"][: tokens.size] = tokens
        self._data["logit"][: tokens.size] = logits
        self._array.data = self._data.ctypes.data_as(llama_cpp.llama_token_data_p)
        self._array.size, self._array.selected, self._array.sorted = tokens.size, -1, False
        for sampler in samplers:
            llama_cpp.llama_sampler_apply(sampler, self._array)
        token: int = self._array.data[self._array.selected].id
        return token


def _chain(links: Iterable[llama_cpp.llama_sampler_p]) -> llama_cpp.llama_sampler_p:
    chain = llama_cpp.llama_sampler_chain_init(llama_cpp.llama_sampler_chain_default_params())
    for link in links:
        llama_cpp.llama_sampler_chain_add(chain, link)  # the chain owns its links
    return chain


def _filters(sampling: Sampling, vocabulary_size: int) -> Iterator[llama_cpp.llama_sampler_p]:
    """Yield what comes before the choice, in the order of llama.cpp's common/sampling.cpp."""
    if sampling.repetition_penalty != 1:
        penalty = sampling.repetition_penalty
        yield llama_cpp.llama_sampler_init_penalties(vocabulary_size, _PENALISED_TOKENS, penalty, 0, 0)
    if sampling.temperature <= 0:
        return
    yield llama_cpp.llama_sampler_init_top_k(sampling.top_k)
    yield llama_cpp.llama_sampler_init_top_p(sampling.top_p, 1)
    yield llama_cpp.llama_sampler_init_min_p(sampling.min_p, 1)
    yield llama_cpp.llama_sampler_init_temp(sampling.temperature)


def _choice(sampling: Sampling, seed: int) -> llama_cpp.llama_sampler_p:
    if sampling.temperature <= 0:
        return llama_cpp.llama_sampler_init_greedy()
    return llama_cpp.llama_sampler_init_dist(seed)
