"""`python -m benchmarks.bare_llama LOAD`: llama.cpp's C API in the shortest loop that generates.

LOAD is a `wire.Load` in JSON. Says how the load went in one line of JSON. Then takes a line for each run, `CACHED
PROMPT NEW SEQUENCES`, the first three in tokens of each sequence, and answers with the seconds that reading what is not
cached took, the first tokens included, and the seconds from the first new tokens to the last. Of several sequences,
each step decodes one token.
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

_BUFFER = re.compile(r"(\w+) +(model|KV|compute|output) buffer size = +([\d.]+) MiB")
_GGML_TYPES = {"f16": 1, "q8_0": 8, "q4_0": 2}  # ggml_type of ggml/include/ggml.h
_FLASH_ATTENTION_ON = 1  # llama_flash_attn_type of include/llama.h


class BareLlama:
    """A model with its context."""

    def __init__(self, load: Load) -> None:
        parameters = llama_cpp.llama_model_default_params()
        parameters.load_mode = llama_cpp.llama_load_mode_from_str(load.load_mode.encode())
        parameters.n_gpu_layers = load.gpu_layers
        self._model = llama_cpp.llama_model_load_from_file(load.path.encode(), parameters)
        parameters = llama_cpp.llama_context_default_params()
        parameters.n_ctx, parameters.n_batch, parameters.n_ubatch = load.cells, load.batch_size, load.ubatch_size
        parameters.n_threads, parameters.n_threads_batch = load.threads, load.threads_batch
        parameters.type_k = parameters.type_v = _GGML_TYPES[load.kv_type]
        parameters.flash_attn_type = _FLASH_ATTENTION_ON
        parameters.n_seq_max = parameters.n_outputs_max = load.parallel
        parameters.kv_unified = True
        self._context = llama_cpp.llama_init_from_model(self._model, parameters)
        self._sampler = _sampler()
        self._token = max(0, llama_cpp.llama_vocab_bos(llama_cpp.llama_model_get_vocab(self._model)))
        self._batch = llama_cpp.llama_batch_init(load.batch_size, 0, 1)
        self._held = 0

    def generate(self, cached: int, prompt: int, new: int, sequences: int) -> tuple[float, float]:
        """Read prompts, generate, and return the seconds that each took: the first tokens are of the prompts' time.

        The cached part is read outside the time, where it is not there already, since speed does not depend on what
        the tokens are.
        """
        memory = llama_cpp.llama_get_memory(self._context)
        for sequence in range(1, sequences):
            llama_cpp.llama_memory_seq_rm(memory, sequence, 0, -1)
        kept = min(self._held, cached)
        llama_cpp.llama_memory_seq_rm(memory, 0, kept, -1)
        self._read(0, kept, cached)
        began = time.perf_counter()
        self._read(0, cached, prompt)
        for sequence in range(1, sequences):
            self._read(sequence, 0, prompt)
        self._sample(-1)
        first = time.perf_counter()
        for position in range(prompt, prompt + new - 1):
            self._decode([(sequence, position, True) for sequence in range(sequences)])
            for row in range(sequences):
                self._sample(row)
        last = time.perf_counter()
        self._held = prompt + new - 1
        return first - began, last - first

    def _read(self, sequence: int, begin: int, end: int) -> None:
        at_once = llama_cpp.llama_n_batch(self._context)
        for start in range(begin, end, at_once):
            part = range(start, min(end, start + at_once))
            self._decode([(sequence, position, position == part[-1]) for position in part])

    def _decode(self, rows: list[tuple[int, int, bool]]) -> None:
        """Decode a token at each (sequence, position), with logits or without."""
        batch = self._batch
        batch.n_tokens = len(rows)
        for row, (sequence, position, output) in enumerate(rows):
            batch.token[row], batch.pos[row], batch.logits[row] = self._token, position, output
            batch.n_seq_id[row], batch.seq_id[row][0] = 1, sequence
        code = llama_cpp.llama_decode(self._context, batch)
        if code != 0:
            raise RuntimeError(f"llama_decode returned {code}")

    def _sample(self, row: int) -> None:
        self._token = llama_cpp.llama_sampler_sample(self._sampler, self._context, row)


def _sampler() -> llama_cpp.llama_sampler_p:
    """Return the chain of the default `Sampling`."""
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
        cached, prompt, new, sequences = map(int, line.split())
        print(*llama.generate(cached, prompt, new, sequences), flush=True)


if __name__ == "__main__":
    main()
