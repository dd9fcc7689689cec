"""`python -m benchmarks.llama_class LOAD`: `llama_cpp.Llama` as most projects use it, a request at a time.

LOAD is a `wire.Load` in JSON. Says `ready`, then takes a line of JSON for each request, `{"messages": ...,
"max_tokens": ...}`, and answers with one: `first_token_s` after it, `decoded` tokens after that one, and `decode_s`
for those.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import llama_cpp
import msgspec

from ai_server.llm.chat import Sampling
from ai_server.llm.wire import Load


def load_llama(load: Load) -> llama_cpp.Llama:
    """Load a model with the engine's context and threads, and everything else as it comes."""
    llama = llama_cpp.Llama(
        load.path,
        n_ctx=load.context_size,
        n_threads=load.threads,
        n_threads_batch=load.threads_batch,
        verbose=False,
    )
    if "tokenizer.chat_template" not in llama.metadata:
        llama.chat_format = "llama-3"
    return llama


def answer(llama: llama_cpp.Llama, messages: list[dict[str, str]], max_tokens: int) -> dict[str, float]:
    """Stream one reply, and return its times."""
    usual = Sampling()
    asked = time.perf_counter()
    chunks = llama.create_chat_completion(
        messages,
        stream=True,
        max_tokens=max_tokens,
        temperature=usual.temperature,
        top_p=usual.top_p,
        top_k=usual.top_k,
        min_p=usual.min_p,
    )
    first, held = _first_token(llama, chunks)
    for _ in chunks:
        pass
    return {
        "first_token_s": first - asked,
        "decoded": llama.n_tokens - held,
        "decode_s": time.perf_counter() - first,
    }


def _first_token(llama: llama_cpp.Llama, chunks: Any) -> tuple[float, int]:
    """Return when the first words are there, and how many tokens the context held then."""
    for chunk in chunks:
        if chunk["choices"][0]["delta"].get("content"):
            break
    return time.perf_counter(), llama.n_tokens


def main() -> None:
    """Serve the lines of stdin until its end."""
    llama = load_llama(msgspec.json.decode(sys.argv[1], type=Load))
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(llama, **json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
