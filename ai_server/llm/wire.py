"""What the daemon and the engine process say to each other, over a socket pair: length-prefixed MessagePack."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final, Literal

import msgspec

from ai_server.llm.chat import Message, Sampling
from ai_server.protocol.terms import FinishReason

_LENGTH = struct.Struct("<I")
HEADER_BYTES = _LENGTH.size

MOST_PREFIXES: Final = 4
"""System messages that the engine keeps: a fleet has few kinds of robots."""


class Command(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """From the daemon to the engine."""


class Load(Command, frozen=True):
    """Load this model; answered by `Progress`, then `Loaded` or `LoadFailed`. Sizes in tokens.

    Attributes:
        context_size: the longest conversation, its reply included.
        cells: of the KV cache, which all conversations share; at least `context_size`.
        parallel: so many replies are generated at once; others wait.
        step_budget_ms: a step that generates reads no more of a prompt than fits this time.
        spill_bytes: of host memory for what leaves the KV cache.
        spill_disk_bytes: of `spill_directory` for what leaves that, and for what is to survive the process.
        spill_directory: empty for none.
    """

    path: str
    context_size: int
    cells: int
    batch_size: int
    ubatch_size: int
    threads: int
    threads_batch: int
    gpu_layers: int
    kv_type: str
    load_mode: str
    flash_attention: str = "auto"
    parallel: int = 8
    step_budget_ms: float = 100.0
    spill_bytes: int = 0
    spill_disk_bytes: int = 0
    spill_directory: str = ""


class Generate(Command, frozen=True):
    """Answer this chat. `timeout_s` counts from when it is begun."""

    id: int
    conversation_id: str
    messages: tuple[Message, ...]
    sampling: Sampling
    max_tokens: int
    stop: tuple[str, ...] = ()
    timeout_s: float | None = None
    date: str = ""
    """Today as ISO 8601, for templates that name it."""
    grammar: str | None = None
    """GBNF that the whole reply must follow, from its rule `root`; None for none."""


class Listen(Command, frozen=True):
    """Read ahead, while nothing is to be answered: the last user message is not complete yet, but begins so.

    `max_tokens` is that of the `Generate` to come: so much room is kept.
    """

    conversation_id: str
    messages: tuple[Message, ...]
    date: str = ""
    max_tokens: int = 512


class Prepare(Command, frozen=True):
    """Read these system messages ahead, so that conversations that begin with them find them in the cache."""

    messages: tuple[Message, ...]
    date: str = ""


class Forget(Command, frozen=True):
    """Forget what is kept of a conversation, in the cache, in memory and on disk."""

    conversation_id: str


class ForgetAll(Command, frozen=True):
    """Forget what is kept of all conversations and of what they begin with."""


class Cancel(Command, frozen=True):
    """Stop this request, waiting or running; answered by its `Done`. Unknown ids are ignored."""

    id: int


class Ping(Command, frozen=True):
    """Answered by `Pong` at the next step."""

    id: int


class Signal(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """From the engine to the daemon. Every one is a sign of life."""


class DeviceInfo(msgspec.Struct, frozen=True, array_like=True):
    """One of llama.cpp's devices that is not the CPU; memory in bytes."""

    name: str
    description: str
    kind: Literal["gpu", "igpu", "accel"]
    memory_total: int
    memory_free: int


class Hello(Signal, frozen=True):
    """The engine is up; nothing is loaded. `build` is that of llama.cpp."""

    build: str
    devices: tuple[DeviceInfo, ...]


class Progress(Signal, frozen=True):
    """The load is so far, 0 to 1."""

    fraction: float


class Loaded(Signal, frozen=True):
    """The model is ready and warm. `load_ms` is llama.cpp's part: model and context."""

    context_size: int
    vocab_size: int
    load_ms: float
    warmup_ms: float


class LoadFailed(Signal, frozen=True):
    """The model could not be loaded; the engine can be told to load another."""

    reason: str


class Begun(Signal, frozen=True):
    """The first decode call of this request comes next; `at` is `time.monotonic_ns()`."""

    id: int
    prompt_tokens: int
    cached_tokens: int
    dropped_turns: int
    at: int


class Step(Signal, frozen=True):
    """A part of a prompt was decoded."""

    id: int


class Text(Signal, frozen=True):
    """The next words of this request: whole UTF-8 characters, stop strings held back.

    `tokens` were made since the last; some may stand for words that are still held back. `at` is
    `time.monotonic_ns()` when it was sent.
    """

    id: int
    text: str
    tokens: int
    at: int


class Done(Signal, frozen=True):
    """This request is over. `confidence` is the mean probability of its tokens (`Sampler.confidence`)."""

    id: int
    reason: FinishReason
    completion_tokens: int
    prefill_ms: float
    decode_ms: float
    confidence: float | None = None


class Refused(Signal, frozen=True):
    """This request cannot be answered, whatever is tried: the persona and the newest words do not fit."""

    id: int
    reason: str


class Failed(Signal, frozen=True):
    """This request broke; the engine goes on."""

    id: int
    reason: str


class Pong(Signal, frozen=True):
    """The engine moves."""

    id: int


class Statistics(Signal, frozen=True):
    """How the engine is and what it did since the load; sent each second in which it worked, and once it rests.

    Attributes:
        active: requests being answered, prompts that are being read included.
        waiting: requests that are not begun.
        conversations: in the KV cache.
        cells: of the KV cache.
        cells_used: of those.
        prefilled_tokens: of prompts, decoded.
        reused_tokens: of prompts, found in the KV cache.
        restored_tokens: of those, brought back from memory or disk.
        generated_tokens: of replies.
        tokens_per_second: generated by all replies together since the last of these signals.
        steps: decode calls.
        step_ms: how long each since the last of these signals took, at most 100 of them.
        drafted_tokens: that speculation guessed.
        accepted_tokens: of those, that were right.
        spilled_bytes: in memory.
        spilled_disk_bytes: on disk.
        spills_refused: found damaged or foreign.
        rebuilds: of the context, after llama.cpp failed.
    """

    active: int = 0
    waiting: int = 0
    conversations: int = 0
    cells: int = 0
    cells_used: int = 0
    prefilled_tokens: int = 0
    reused_tokens: int = 0
    restored_tokens: int = 0
    generated_tokens: int = 0
    tokens_per_second: float = 0
    steps: int = 0
    step_ms: tuple[float, ...] = ()
    drafted_tokens: int = 0
    accepted_tokens: int = 0
    spilled_bytes: int = 0
    spilled_disk_bytes: int = 0
    spills_refused: int = 0
    rebuilds: int = 0


AnyCommand = Load | Generate | Listen | Prepare | Forget | ForgetAll | Cancel | Ping
AnySignal = Hello | Progress | Loaded | LoadFailed | Begun | Step | Text | Done | Refused | Failed | Pong | Statistics

_encoder = msgspec.msgpack.Encoder()
decode_command: Callable[[bytes | bytearray], AnyCommand] = msgspec.msgpack.Decoder(AnyCommand).decode
decode_signal: Callable[[bytes | bytearray], AnySignal] = msgspec.msgpack.Decoder(AnySignal).decode


def frame(message: Command | Signal) -> bytes:
    """Return the bytes of one message: its length (32 bits, little endian), then MessagePack."""
    body = _encoder.encode(message)
    return _LENGTH.pack(len(body)) + body


def body_length(header: bytes | bytearray) -> int:
    """Return how many bytes follow a header."""
    length: int = _LENGTH.unpack(header)[0]
    return length
