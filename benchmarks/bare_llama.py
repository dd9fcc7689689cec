"""`python -m benchmarks.bare_llama LOAD`: llama.cpp's C API in the shortest loop that generates.

LOAD is a `wire.Load` in JSON. Says how the load went in one line of JSON. Then takes a line for each run,
`PROMPT_TOKENS NEW_TOKENS`, and answers with the seconds from the first new token to the last.
"""

from __future__ import annotations

import json
import re
import sys
import time
from ctypes import c_void_p

import llama_cpp
import msgspec

from ai_server.llm.wire import Load

_BUFFER = re.compile(r"(\w+) (model|KV) buffer size = +([\d.]+) MiB")


class BareLlama:
    """A model with its context."""

    def __init__(self, load: Load) -> None:
        parameters = llama_cpp.llama_model_default_params()
        parameters.load_mode = llama_cpp.llama_load_mode_from_str(load.load_mode.encode())
        parameters.n_gpu_layers = load.gpu_layers
        self._model = llama_cpp.llama_model_load_from_file(load.path.encode(), parameters)
        parameters = llama_cpp.llama_context_default_params()
        parameters.n_ctx, parameters.n_batch, parameters.n_ubatch = load.context_size, load.batch_size, load.ubatch_size
        parameters.n_threads, parameters.n_threads_batch = load.threads, load.threads_batch
        parameters.n_outputs_max = 1
        self._context = llama_cpp.llama_init_from_model(self._model, parameters)
        self._sampler = _sampler()
        self._cached = 0

    def generate(self, prompt: int, new: int) -> float:
        """Read a prompt of so many tokens, generate so many, and return the seconds from the first to the last.

        What the cache holds is kept, since speed does not depend on what the tokens are.
        """
        kept = min(self._cached, prompt - 1)
        llama_cpp.llama_memory_seq_rm(llama_cpp.llama_get_memory(self._context), 0, kept, -1)
        token = max(0, llama_cpp.llama_vocab_bos(llama_cpp.llama_model_get_vocab(self._model)))
        at_once = llama_cpp.llama_n_batch(self._context)
        for start in range(kept, prompt, at_once):
            self._decode([token] * min(at_once, prompt - start))
        token = llama_cpp.llama_sampler_sample(self._sampler, self._context, -1)
        started = time.perf_counter()
        for _ in range(new - 1):
            self._decode([token])
            token = llama_cpp.llama_sampler_sample(self._sampler, self._context, -1)
        elapsed = time.perf_counter() - started
        self._cached = prompt + new - 1
        return elapsed

    def _decode(self, tokens: list[int]) -> None:
        row = (llama_cpp.llama_token * len(tokens))(*tokens)
        code = llama_cpp.llama_decode(self._context, llama_cpp.llama_batch_get_one(row, len(tokens)))
        if code != 0:
            raise RuntimeError(f"llama_decode returned {code}")


def _sampler() -> llama_cpp.llama_sampler_p:
    chain = llama_cpp.llama_sampler_chain_init(llama_cpp.llama_sampler_chain_default_params())
    for link in (
        llama_cpp.llama_sampler_init_top_k(40),
        llama_cpp.llama_sampler_init_top_p(0.9, 1),
        llama_cpp.llama_sampler_init_temp(0.7),
        llama_cpp.llama_sampler_init_dist(1),
    ):
        llama_cpp.llama_sampler_chain_add(chain, link)
    return chain


def main() -> None:
    """Serve the lines of stdin until its end."""
    load = msgspec.json.decode(sys.argv[1], type=Load)
    log: list[str] = []
    callback = llama_cpp.llama_log_callback(lambda _level, text, _data: log.append(text.decode(errors="replace")))
    llama_cpp.llama_log_set(callback, c_void_p(0))
    llama_cpp.llama_backend_init()
    started = time.perf_counter()
    llama = BareLlama(load)
    load_s = time.perf_counter() - started
    print(json.dumps({"load_s": load_s, "buffers_mib": _BUFFER.findall("".join(log))}), flush=True)
    for line in sys.stdin:
        prompt, new = map(int, line.split())
        print(llama.generate(prompt, new), flush=True)


if __name__ == "__main__":
    main()
