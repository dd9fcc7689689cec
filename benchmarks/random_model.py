"""Models of random weights in the shapes of Llama's: they say nothing, at the speed of the real ones."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

VOCABULARY = 128_256
# ggml_type of ggml/include/ggml.h
F32, Q4_0, Q8_0, Q4_K, Q6_K = 0, 2, 8, 12, 14

_ALIGNMENT = 32
_RANDOM_BLOCKS = 4096


@dataclass(frozen=True)
class _Blocks:
    """Weights that are quantised together.

    Attributes:
        weights: in each.
        bytes: of each.
        scales: what it begins with, or with Q6_K ends with, so that the weights are around zero.
    """

    weights: int
    bytes: int
    scales: tuple[float, ...]
    at_the_end: bool = False

    def random(self, rng: np.random.Generator) -> np.ndarray:
        """Return some with random contents."""
        blocks = rng.integers(0, 256, (_RANDOM_BLOCKS, self.bytes), np.uint8)
        scales = np.array(self.scales, np.float16).view(np.uint8)
        blocks[:, self.bytes - len(scales) if self.at_the_end else 0 :][:, : len(scales)] = scales
        return blocks


# block_q4_0 and the others of ggml/src/ggml-common.h
_BLOCKS = {
    Q4_0: _Blocks(32, 18, (0.0003,)),
    Q8_0: _Blocks(32, 34, (0.00003,)),
    Q4_K: _Blocks(256, 144, (0.0001, 0.00075)),
    Q6_K: _Blocks(256, 210, (0.00002,), at_the_end=True),
}


@dataclass(frozen=True)
class Weights:
    """How a file is quantised, as its name says.

    Attributes:
        file_type: LLAMA_FTYPE_MOSTLY_ of include/llama.h.
        most: of the blocks' weights.
        fine: of those that `llama-quantize` gives more bits.
        head: of the output.
        embedding: of the tokens, where that is not the output, too.
    """

    file_type: int
    most: int
    fine: int
    head: int
    embedding: int


WEIGHTS: Mapping[str, Weights] = MappingProxyType(
    {
        "q4_k_m": Weights(15, most=Q4_K, fine=Q6_K, head=Q6_K, embedding=Q4_K),
        "q4_0": Weights(2, most=Q4_0, fine=Q4_0, head=Q6_K, embedding=Q4_0),
        "q8_0": Weights(7, most=Q8_0, fine=Q8_0, head=Q8_0, embedding=Q8_0),
    }
)


@dataclass(frozen=True)
class Shape:
    """What decides how much there is to compute.

    Attributes:
        tied: the head is the token embedding.
    """

    blocks: int
    width: int
    feed_forward: int
    heads: int
    kv_heads: int
    head_width: int
    tied: bool

    @property
    def keys(self) -> dict[str, int]:
        """Return it as a GGUF file's header has it."""
        return {
            "llama.block_count": self.blocks,
            "llama.embedding_length": self.width,
            "llama.feed_forward_length": self.feed_forward,
            "llama.attention.head_count": self.heads,
            "llama.attention.head_count_kv": self.kv_heads,
            "llama.rope.dimension_count": self.head_width,
        }

    def file_bytes(self, weights: Weights) -> int:
        """Return the size of its weights on disk."""
        return sum(tensor.size() for tensor in _tensors(self, weights))


SHAPES: Mapping[str, Shape] = MappingProxyType(
    {
        "1b": Shape(16, 2048, 8192, heads=32, kv_heads=8, head_width=64, tied=True),  # Llama 3.2 1B
        "8b": Shape(32, 4096, 14336, heads=32, kv_heads=8, head_width=128, tied=False),  # Llama 3.1 8B
    }
)


@dataclass(frozen=True)
class _Tensor:
    name: str
    shape: tuple[int, ...]
    type: int

    def data(self, rng: np.random.Generator) -> bytes:
        count = math.prod(self.shape)
        if self.type == F32:
            return np.ones(count, np.float32).tobytes()
        blocks = _BLOCKS[self.type]
        return np.resize(blocks.random(rng), (count // blocks.weights, blocks.bytes)).tobytes()

    def size(self) -> int:
        count = math.prod(self.shape)
        if self.type == F32:
            return count * 4
        return count // _BLOCKS[self.type].weights * _BLOCKS[self.type].bytes


def write_random_model(path: Path, vocabulary: Path, shape: Shape, weights: Weights) -> None:
    """Write a model: in Q4_K_M 0.81 GB in the shape of 1B, 4.9 GB in that of 8B.

    Args:
        path: where to.
        vocabulary: llama.cpp's `models/ggml-vocab-llama-bpe.gguf`: a GGUF file of Llama 3's vocabulary with no tensors,
            whose header becomes the model's but for its shape.
        shape: of the model.
        weights: how they are quantised.
    """
    header = bytearray(vocabulary.read_bytes())
    for key, value in (*shape.keys.items(), ("general.file_type", weights.file_type)):
        _set_number(header, key, value)
    tensors = list(_tensors(shape, weights))
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


def _tensors(shape: Shape, weights: Weights) -> Iterator[_Tensor]:
    width, kv_width = shape.width, shape.kv_heads * shape.head_width
    yield _Tensor("token_embd.weight", (width, VOCABULARY), weights.head if shape.tied else weights.embedding)
    if not shape.tied:
        yield _Tensor("output.weight", (width, VOCABULARY), weights.head)
    yield _Tensor("output_norm.weight", (width,), F32)
    for block in range(shape.blocks):
        most, fine = weights.most, weights.fine if _has_more_bits(block, shape.blocks) else weights.most
        for part, inputs, outputs, kind in (
            ("attn_q", width, shape.heads * shape.head_width, most),
            ("attn_k", width, kv_width, most),
            ("attn_v", width, kv_width, fine),
            ("attn_output", shape.heads * shape.head_width, width, most),
            ("ffn_gate", width, shape.feed_forward, most),
            ("ffn_up", width, shape.feed_forward, most),
            ("ffn_down", shape.feed_forward, width, fine),
        ):
            yield _Tensor(f"blk.{block}.{part}.weight", (inputs, outputs), kind)
        yield _Tensor(f"blk.{block}.attn_norm.weight", (width,), F32)
        yield _Tensor(f"blk.{block}.ffn_norm.weight", (width,), F32)


def _has_more_bits(block: int, blocks: int) -> bool:
    """Tell which blocks Q4_K_M gives finer values and down projections: `use_more_bits` of src/llama-quant.cpp."""
    eighth = blocks // 8
    return block < eighth or block >= 7 * blocks // 8 or (block - eighth) % 3 == 2


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
