"""A tiny model of BERT's architecture with random weights, as a GGUF file: it says nothing, and loads as a real one.

The layout is that of docs/gguf.md of ggml; the names of keys and tensors are those of llama.cpp's `src/llama-arch.cpp`.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_UINT32, _INT32, _FLOAT32, _BOOL, _STRING, _ARRAY = 4, 5, 6, 7, 8, 9
_F32 = 0
_ALIGNMENT = 32
_CLS_POOLING = 2
_NORMAL, _CONTROL = 1, 3

_WIDTH, _HEADS, _FEED_FORWARD, _CONTEXT = 32, 2, 64, 64
_WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "\u2581the", "\u2581keys", "\u2581box", "\u2581blue")

Value = int | float | bool | str | list[str] | list[int]


def write_tiny_bert(path: Path) -> None:
    """Write a model of one block and nine words."""
    chance = np.random.default_rng(1)
    tensors = {name: chance.normal(0, 0.1, shape[::-1]).astype("<f4") for name, shape in _shapes().items()}
    _write(path, _metadata(), {name: each + 1 if "norm.weight" in name else each for name, each in tensors.items()})


def _metadata() -> dict[str, Value]:
    return {
        "general.architecture": "bert",
        "bert.block_count": 1,
        "bert.context_length": _CONTEXT,
        "bert.embedding_length": _WIDTH,
        "bert.feed_forward_length": _FEED_FORWARD,
        "bert.attention.head_count": _HEADS,
        "bert.attention.layer_norm_epsilon": 1e-12,
        "bert.attention.causal": False,
        "bert.pooling_type": _CLS_POOLING,
        "tokenizer.ggml.model": "bert",
        "tokenizer.ggml.token_type_count": 2,
        "tokenizer.ggml.tokens": list(_WORDS),
        "tokenizer.ggml.token_type": [_CONTROL if word.startswith("[") else _NORMAL for word in _WORDS],
        "tokenizer.ggml.padding_token_id": 0,
        "tokenizer.ggml.unknown_token_id": 1,
        "tokenizer.ggml.bos_token_id": 2,
        "tokenizer.ggml.seperator_token_id": 3,
        "tokenizer.ggml.mask_token_id": 4,
    }


def _shapes() -> dict[str, tuple[int, ...]]:
    """Return the tensors' shapes, the innermost dimension first."""
    block = {
        **{f"attn_{each}": (_WIDTH, _WIDTH) for each in ("q", "k", "v", "output")},
        "ffn_up": (_WIDTH, _FEED_FORWARD),
        "ffn_down": (_FEED_FORWARD, _WIDTH),
        "attn_output_norm": (_WIDTH,),
        "layer_output_norm": (_WIDTH,),
    }
    shapes: dict[str, tuple[int, ...]] = {
        "token_embd.weight": (_WIDTH, len(_WORDS)),
        "token_types.weight": (_WIDTH, 2),
        "position_embd.weight": (_WIDTH, _CONTEXT),
        "token_embd_norm.weight": (_WIDTH,),
        "token_embd_norm.bias": (_WIDTH,),
    }
    for name, shape in block.items():
        shapes |= {f"blk.0.{name}.weight": shape, f"blk.0.{name}.bias": shape[-1:]}
    return shapes


def _write(path: Path, metadata: Mapping[str, Value], tensors: Mapping[str, NDArray[np.float32]]) -> None:
    head = [b"GGUF", struct.pack("<IQQ", 3, len(tensors), len(metadata))]
    head += [_text(key) + _value(value) for key, value in metadata.items()]
    offset = 0
    for name, tensor in tensors.items():
        sizes = tensor.shape[::-1]
        head.append(_text(name) + struct.pack(f"<I{len(sizes)}QIQ", len(sizes), *sizes, _F32, offset))
        offset += len(_padded(tensor.tobytes()))
    path.write_bytes(_padded(b"".join(head)) + b"".join(_padded(each.tobytes()) for each in tensors.values()))


def _value(value: Value) -> bytes:
    if isinstance(value, list):
        kind = _STRING if isinstance(value[0], str) else _INT32
        items = b"".join(_text(each) if isinstance(each, str) else struct.pack("<i", each) for each in value)
        return struct.pack("<IIQ", _ARRAY, kind, len(value)) + items
    if isinstance(value, str):
        return struct.pack("<I", _STRING) + _text(value)
    if isinstance(value, bool):
        return struct.pack("<I?", _BOOL, value)
    return struct.pack("<If", _FLOAT32, value) if isinstance(value, float) else struct.pack("<II", _UINT32, value)


def _text(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def _padded(data: bytes) -> bytes:
    return data.ljust(-(-len(data) // _ALIGNMENT) * _ALIGNMENT, b"\0")
