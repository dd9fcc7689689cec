"""What the daemon is measured against: processes that do the least that must be done."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from ai_server.llm.chat import Message
from ai_server.llm.wire import Load
from ai_server.mqtt.options import BrokerOptions


@contextlib.contextmanager
def running_echo(broker: BrokerOptions) -> Iterator[None]:
    """Run `benchmarks.echo` until the block ends."""
    where = (broker.host, str(broker.port), broker.username or "", broker.password or "")
    with _running("benchmarks.echo", *where) as process:
        _answer(process)
        yield


@dataclass(frozen=True)
class Generated:
    """Seconds.

    Attributes:
        prefill_s: for what was not cached, up to the first new token.
        decode_s: from the first new token to the last.
    """

    prefill_s: float
    decode_s: float


@dataclass(frozen=True)
class LlamaPeer:
    """`benchmarks.bare_llama`, loaded.

    Attributes:
        load_s: what llama.cpp took for the model and the context.
        anonymous_weights_mib: weights that llama.cpp holds in memory of its own, beside or instead of the mapped file.
        kv_mib: the KV cache.
        scratch_mib: what llama.cpp computes in, and the logits.
    """

    process: subprocess.Popen[str]
    load_s: float
    anonymous_weights_mib: float
    kv_mib: float
    scratch_mib: float

    def generate(self, prompt: int, new: int, *, cached: int | None = None, sequences: int = 1) -> Generated:
        """Read a prompt of so many tokens, all but `cached` of them within the time, and generate `new` ones.

        Of several sequences, each does so, all in the same steps; only the first one's tokens can be cached.
        """
        _say(self.process, f"{prompt - 1 if cached is None else cached} {prompt} {new} {sequences}")
        return Generated(*map(float, _answer(self.process).split()))


@contextlib.contextmanager
def running_llama(load: Load) -> Iterator[LlamaPeer]:
    """Run `benchmarks.bare_llama` until the block ends."""
    with _running("benchmarks.bare_llama", msgspec.json.encode(load).decode()) as process:
        loaded = json.loads(_answer(process))
        sizes = [(name, kind, float(size)) for name, kind, size in loaded["buffers_mib"]]
        yield LlamaPeer(
            process,
            loaded["load_s"],
            sum(size for name, kind, size in sizes if kind == "model" and not name.endswith("_Mapped")),
            sum(size for _, kind, size in sizes if kind == "KV"),
            sum(size for _, kind, size in sizes if kind in {"compute", "output"}),
        )


@dataclass(frozen=True)
class Answered:
    """One reply of `llama_cpp.Llama`.

    Attributes:
        first_token_s: from the request to the first words.
        decoded: tokens after the first.
        decode_s: for those.
    """

    first_token_s: float
    decoded: int
    decode_s: float


@dataclass(frozen=True)
class LlamaClassPeer:
    """`benchmarks.llama_class`, loaded."""

    process: subprocess.Popen[str]

    def answer(self, messages: Sequence[Message], max_tokens: int) -> Answered:
        """Answer one chat."""
        said = [{"role": message.role, "content": message.content} for message in messages]
        _say(self.process, json.dumps({"messages": said, "max_tokens": max_tokens}))
        return Answered(**json.loads(_answer(self.process)))


@contextlib.contextmanager
def running_llama_class(load: Load) -> Iterator[LlamaClassPeer]:
    """Run `benchmarks.llama_class` until the block ends."""
    with _running("benchmarks.llama_class", msgspec.json.encode(load).decode()) as process:
        _answer(process)
        yield LlamaClassPeer(process)


@contextlib.contextmanager
def _running(module: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _say(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


def _answer(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args!r} has ended")
    return line
