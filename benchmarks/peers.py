"""What the daemon is measured against: processes that do the least that must be done."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

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
class LlamaPeer:
    """`benchmarks.bare_llama`, loaded.

    Attributes:
        load_s: what llama.cpp took for the model and the context.
        anonymous_weights_mib: weights that llama.cpp holds in memory of its own, beside or instead of the mapped file.
        kv_mib: the KV cache.
    """

    process: subprocess.Popen[str]
    load_s: float
    anonymous_weights_mib: float
    kv_mib: float

    def generate(self, prompt: int, new: int) -> float:
        """Return the seconds from the first of `new` tokens to the last, after a prompt of so many."""
        assert self.process.stdin
        self.process.stdin.write(f"{prompt} {new}\n")
        self.process.stdin.flush()
        return float(_answer(self.process))


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
        )


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


def _answer(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args!r} has ended")
    return line
