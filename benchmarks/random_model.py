"""A model of random weights in the shape of Llama 3.2 1B: it says nothing, at the speed of the real one."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

BLOCKS, WIDTH, FEED_FORWARD, HEADS, KV_HEADS, HEAD_WIDTH, VOCABULARY = 16, 2048, 8192, 32, 8, 64, 128_256
# ggml_type of ggml/include/ggml.h
F32, Q4_K, Q6_K = 0, 12, 14

_ALIGNMENT = 32
_RANDOM_BLOCKS = 4096
_SHAPE = {
    "llama.block_count": BLOCKS,
    "llama.embedding_length": WIDTH,
    "llama.feed_forward_length": FEED_FORWARD,
    "llama.attention.head_count": HEADS,
    "llama.attention.head_count_kv": KV_HEADS,
    "llama.rope.dimension_count": HEAD_WIDTH,
    "general.file_type": 15,  # LLAMA_FTYPE_MOSTLY_Q4_K_M of include/llama.h
}


@dataclass(frozen=True)
class _Tensor:
    name: str
    shape: tuple[int, ...]
    type: int

    def data(self, rng: np.random.Generator) -> bytes:
        count = math.prod(self.shape)
        if self.type == F32:
            return np.ones(count, np.float32).tobytes()
        few = _q4_k(rng) if self.type == Q4_K else _q6_k(rng)
        return np.resize(few, (count // 256, few.shape[1])).tobytes()

    def size(self) -> int:
        count = math.prod(self.shape)
        return {F32: count * 4, Q4_K: count // 256 * 144, Q6_K: count // 256 * 210}[self.type]


def write_random_model(path: Path, vocabulary: Path) -> None:
    """Write the model, 0.74 GB.

    Args:
        path: where to.
        vocabulary: llama.cpp's `models/ggml-vocab-llama-bpe.gguf`: a GGUF file of Llama 3's vocabulary with no tensors,
            whose header becomes the model's but for its shape.
    """
    header = bytearray(vocabulary.read_bytes())
    for key, value in _SHAPE.items():
        _set_number(header, key, value)
    tensors = list(_tensors())
    struct.pack_into("<Q", header, 8, len(tensors))
    offset = 0
    for tensor in tensors:
        header += _description(tensor, offset)
        offset += _padded(tensor.size())
    rng = np.random.default_rng(1)
    with path.open("wb") as file:
        file.write(header.ljust(_padded(len(header)), b"\0"))
        for tensor in tensors:
            file.write(tensor.data(rng).ljust(_padded(tensor.size()), b"\0"))


def _tensors() -> Iterator[_Tensor]:
    yield _Tensor("token_embd.weight", (WIDTH, VOCABULARY), Q6_K)  # the head too: the model ties them
    yield _Tensor("output_norm.weight", (WIDTH,), F32)
    for block in range(BLOCKS):
        for part, inputs, outputs in (
            ("attn_q", WIDTH, HEADS * HEAD_WIDTH),
            ("attn_k", WIDTH, KV_HEADS * HEAD_WIDTH),
            ("attn_v", WIDTH, KV_HEADS * HEAD_WIDTH),
            ("attn_output", HEADS * HEAD_WIDTH, WIDTH),
            ("ffn_gate", WIDTH, FEED_FORWARD),
            ("ffn_up", WIDTH, FEED_FORWARD),
            ("ffn_down", FEED_FORWARD, WIDTH),
        ):
            yield _Tensor(f"blk.{block}.{part}.weight", (inputs, outputs), Q4_K)
        yield _Tensor(f"blk.{block}.attn_norm.weight", (WIDTH,), F32)
        yield _Tensor(f"blk.{block}.ffn_norm.weight", (WIDTH,), F32)


def _q4_k(rng: np.random.Generator) -> np.ndarray:
    """Random blocks of `block_q4_K` (ggml/src/ggml-common.h) whose weights are around zero."""
    blocks = rng.integers(0, 256, (_RANDOM_BLOCKS, 144), np.uint8)
    blocks[:, :4] = np.array([0.0001, 0.00075], np.float16).view(np.uint8)
    return blocks


def _q6_k(rng: np.random.Generator) -> np.ndarray:
    """Random blocks of `block_q6_K`, likewise."""
    blocks = rng.integers(0, 256, (_RANDOM_BLOCKS, 210), np.uint8)
    blocks[:, 208:] = np.array([0.00002], np.float16).view(np.uint8)
    return blocks


def _set_number(header: bytearray, key: str, value: int) -> None:
    at = header.index(struct.pack("<Q", len(key)) + key.encode()) + 8 + len(key) + 4
    struct.pack_into("<I", header, at, value)


def _description(tensor: _Tensor, offset: int) -> bytes:
    name = tensor.name.encode()
    return b"".join(
        (
            struct.pack("<Q", len(name)) + name,
            struct.pack(f"<I{len(tensor.shape)}Q", len(tensor.shape), *tensor.shape),
            struct.pack("<IQ", tensor.type, offset),
        )
    )


def _padded(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT
