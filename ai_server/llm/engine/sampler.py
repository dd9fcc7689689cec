"""Choosing the next token."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator

import llama_cpp
import numpy as np
import numpy.typing as npt

from ai_server.llm.chat import Sampling
from ai_server.llm.engine.grammar import ROOT, GrammarError, check_grammar
from ai_server.llm.engine.vocabulary import Vocabulary

__all__ = ["GrammarError", "Sampler"]

_PENALISED_TOKENS = 64
_LIKELIEST = 1024
_SEEDS: int = llama_cpp.LLAMA_DEFAULT_SEED  # which itself stands for any seed
_SEED_STEP = 0x9E3779B1
_TOKEN_DATA = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])  # llama_token_data

_Logits = npt.NDArray[np.float32]
_Tokens = npt.NDArray[np.integer]


class Sampler:
    """One request's samplers; `close` frees them.

    A token takes one number of the seed's sequence, also where the grammar rejects the first choice.

    Args:
        sampling: how tokens are chosen.
        vocabulary: of the model.
        grammar: GBNF that the reply must follow, from its rule `root`; None for none.

    Raises:
        GrammarError: the grammar is not valid, or llama.cpp cannot follow it.
    """

    def __init__(self, sampling: Sampling, vocabulary: Vocabulary, grammar: str | None = None) -> None:
        self._constraint = None if grammar is None else _Constraint(grammar, vocabulary)
        self._vocabulary_size = vocabulary.size
        self._sampling = sampling
        self._seed = secrets.randbelow(_SEEDS) if sampling.seed is None else sampling.seed % _SEEDS
        self._count = 0
        self._filters = _chain(_filters(sampling, vocabulary.size))
        self._chain = _chain([self._filters, _choice(sampling, self._seed)])

    def sample(self, context: llama_cpp.llama_context_p, row: int) -> int:
        """Return the next token from the logits of a row of the last batch; that row must have asked for logits.

        Raises:
            GrammarError: no token of the model goes on as the grammar wants.
        """
        if self._constraint is None:
            token: int = llama_cpp.llama_sampler_sample(self._chain, context, row)
            return token
        logits = np.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(context, row), (self._vocabulary_size,))
        return self._sample_within(self._constraint, logits)

    def close(self) -> None:
        """Free everything."""
        llama_cpp.llama_sampler_free(self._chain)
        self._chain = self._filters = None
        if self._constraint:
            self._constraint.close()
            self._constraint = None

    def _sample_within(self, constraint: _Constraint, logits: _Logits) -> int:
        """Choose freely, and again among what the grammar allows only where it rejects that token.

        common/sampling.cpp of llama.cpp does the same: a grammar is slow over a whole vocabulary.
        """
        self._count += 1
        token = constraint.everything(logits).choose(self._chain)
        if not constraint.allows(token):
            token = self._choose_again(constraint.allowed(logits))
        constraint.accept(token)
        llama_cpp.llama_sampler_accept(self._chain, token)
        return token

    def _choose_again(self, candidates: _Candidates) -> int:
        """Choose with a seed of this one token, so that the numbers of those after it stay the same."""
        choice = _choice(self._sampling, (self._seed + self._count * _SEED_STEP) % _SEEDS)
        token = candidates.choose(self._filters, choice)
        llama_cpp.llama_sampler_free(choice)
        return token


class _Constraint:
    """A grammar, and how far the reply has come in it."""

    def __init__(self, grammar: str, vocabulary: Vocabulary) -> None:
        check_grammar(grammar)
        self._native = llama_cpp.llama_sampler_init_grammar(vocabulary.native, grammar.encode(), ROOT.encode())
        if not self._native:
            raise GrammarError("llama.cpp refuses the grammar")
        self._vocabulary = vocabulary
        self._tokens = np.arange(vocabulary.size, dtype=np.int32)
        self._candidates = _Candidates(vocabulary.size)
        self._one = _Candidates(1)

    def everything(self, logits: _Logits) -> _Candidates:
        """Return all tokens, whatever the grammar says."""
        return self._candidates.fill(self._tokens, logits)

    def allows(self, token: int) -> bool:
        """Return whether a token may come next."""
        one = self._tokens[token : token + 1]
        return len(self._filter(self._one.fill(one, np.zeros(1, np.float32)))) == 1

    def allowed(self, logits: _Logits) -> _Candidates:
        """Return those of the likeliest tokens that may come next, or where none may, those of all.

        Raises:
            GrammarError: no token may.
        """
        likeliest = np.argpartition(logits, -_LIKELIEST)[-_LIKELIEST:] if logits.size > _LIKELIEST else self._tokens
        likeliest.sort()  # in an order that does not hang on how the logits were rounded
        for tokens in (likeliest, self._tokens):
            candidates = self._filter(self._candidates.fill(tokens, logits[tokens]))
            if len(candidates):
                return candidates
        raise GrammarError("no token of the model goes on as the grammar wants")

    def accept(self, token: int) -> None:
        """Go on after a token that may come next; any other ends the process."""
        llama_cpp.llama_sampler_accept(self._native, token)

    def close(self) -> None:
        """Free the grammar."""
        llama_cpp.llama_sampler_free(self._native)
        self._native = None

    def _filter(self, candidates: _Candidates) -> _Candidates:
        candidates.apply(self._native)
        tokens, logits = candidates.possible()
        # llama.cpp takes the name of a control token for its text, but it says nothing.
        speaks = [self._vocabulary.piece(token) != b"" for token in tokens.tolist()]
        return candidates.fill(tokens[speaks], logits[speaks])


class _Candidates:
    """Tokens and their logits as llama.cpp's samplers want them; at most `room`."""

    def __init__(self, room: int) -> None:
        self._data = np.empty(room, _TOKEN_DATA)
        self._native = llama_cpp.llama_token_data_array()

    def __len__(self) -> int:
        size: int = self._native.size
        return size

    def fill(self, tokens: _Tokens, logits: _Logits) -> _Candidates:
        """Begin with these."""
        self._data["id"][: tokens.size] = tokens
        self._data["logit"][: tokens.size] = logits
        self._native.data = self._data.ctypes.data_as(llama_cpp.llama_token_data_p)
        self._native.size = tokens.size
        self._native.selected = -1
        self._native.sorted = False
        return self

    def apply(self, *samplers: llama_cpp.llama_sampler_p) -> None:
        """Let samplers reject or reorder them."""
        for sampler in samplers:
            llama_cpp.llama_sampler_apply(sampler, self._native)

    def choose(self, *samplers: llama_cpp.llama_sampler_p) -> int:
        """Return the token that these samplers, of which the last one chooses, come to."""
        self.apply(*samplers)
        token: int = self._native.data[self._native.selected].id
        return token

    def possible(self) -> tuple[_Tokens, _Logits]:
        """Return those that were not rejected."""
        data = self._data[: len(self)]
        data = data[data["logit"] > -np.inf]
        return data["id"], data["logit"]


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
