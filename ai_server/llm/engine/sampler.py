"""Choosing the next token."""

from __future__ import annotations

import llama_cpp

from ai_server.llm.chat import Sampling

_TOP_K = 40
"""llama.cpp's own default; it also spares top-p from sorting the whole vocabulary."""


class Sampler:
    """One request's chain of llama.cpp samplers; `close` frees it."""

    def __init__(self, sampling: Sampling) -> None:
        self._chain = llama_cpp.llama_sampler_chain_init(llama_cpp.llama_sampler_chain_default_params())
        for link in _links(sampling):
            llama_cpp.llama_sampler_chain_add(self._chain, link)  # the chain owns its links

    def sample(self, context: llama_cpp.llama_context_p, row: int) -> int:
        """Return the next token from the logits of a row of the last batch; that row must have asked for logits."""
        token: int = llama_cpp.llama_sampler_sample(self._chain, context, row)
        return token

    def close(self) -> None:
        """Free the chain, once."""
        llama_cpp.llama_sampler_free(self._chain)
        self._chain = None


def _links(sampling: Sampling) -> list[llama_cpp.llama_sampler_p]:
    if sampling.temperature <= 0:
        return [llama_cpp.llama_sampler_init_greedy()]
    seed = llama_cpp.LLAMA_DEFAULT_SEED if sampling.seed is None else sampling.seed  # the default draws one
    return [
        llama_cpp.llama_sampler_init_top_k(_TOP_K),
        llama_cpp.llama_sampler_init_top_p(sampling.top_p, 1),
        llama_cpp.llama_sampler_init_temp(sampling.temperature),
        llama_cpp.llama_sampler_init_dist(seed),
    ]
