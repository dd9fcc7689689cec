"""Variants of the embedded model: most differ from it in a few bytes of the header, of the same length."""

from __future__ import annotations

import re
import struct
from pathlib import Path

from ai_server import resources

_ALIGNMENT = 32


def endless(folder: Path) -> Path:
    """A model that never ends its turn: the token that would end it is an ordinary one."""
    data = bytearray(_read().replace(b"<|eot_id|>", b"<|eox_id|>"))
    padding = _value_of(data, b"tokenizer.ggml.padding_token_id")
    for key in (b"tokenizer.ggml.eos_token_id", b"tokenizer.ggml.eot_token_id"):
        data[_value_of(data, key)] = data[padding]
    return _write(folder / "endless.gguf", data)


def without_template(folder: Path) -> Path:
    """A model that brings no chat template."""
    return _write(folder / "plain.gguf", _read().replace(b"tokenizer.chat_template", b"tokenizer.char_template"))


def of_another_family(folder: Path) -> Path:
    """A model that brings no chat template and has no header tokens of Llama 3."""
    data = _read().replace(b"tokenizer.chat_template", b"tokenizer.char_template")
    return _write(folder / "other.gguf", data.replace(b"<|start_header_id|>", b"<|begin_header_id|>"))


def truncated(folder: Path) -> Path:
    """A file whose download stopped in the weights."""
    data = _read()
    return _write(folder / "truncated.gguf", data[: len(data) // 2])


def shallow(folder: Path) -> Path:
    """A model of the first layer alone: it says other things, in the same cells, in a fifth of the time."""
    data = bytearray(_read())
    data[_value_of(data, b"llama.block_count")] = struct.pack("<I", 1)
    infos, weights, at = _tensors(bytes(data))
    kept = {name: info for name, info in infos.items() if not re.match(r"blk\.[1-9]", name)}
    struct.pack_into("<Q", data, 8, len(kept))
    header, body = data[:at], bytearray()
    for name, (dimensions, kind, start, end) in kept.items():
        header += struct.pack("<Q", len(name)) + name.encode() + dimensions + struct.pack("<IQ", kind, len(body))
        body += weights[start:end]
        body += bytes(-len(body) % _ALIGNMENT)
    header += bytes(-len(header) % _ALIGNMENT)
    return _write(folder / "shallow.gguf", header + body)


def _tensors(data: bytes) -> tuple[dict[str, tuple[bytes, int, int, int]], bytes, int]:
    """Return of each tensor its dimensions, type, start and end; then all weights, and where the descriptions begin.

    The layout is that of ggml/include/gguf.h.
    """
    first = at = data.index(b"token_embd.weight") - 8
    (count,) = struct.unpack_from("<Q", data, 8)
    found = []
    for _ in range(count):
        (length,) = struct.unpack_from("<Q", data, at)
        name = data[at + 8 : at + 8 + length].decode()
        at += 8 + length
        (dimensions,) = struct.unpack_from("<I", data, at)
        shape = data[at : at + 4 + 8 * dimensions]
        kind, start = struct.unpack_from("<IQ", data, at + len(shape))
        at += len(shape) + 12
        found.append((name, bytes(shape), kind, start))
    weights = data[at + -at % _ALIGNMENT :]
    ends = [start for *_, start in found[1:]] + [len(weights)]
    infos = {name: (shape, kind, start, end) for (name, shape, kind, start), end in zip(found, ends, strict=True)}
    return infos, weights, first


def _read() -> bytes:
    return resources.embedded_model().read_bytes()


def _value_of(data: bytearray, key: bytes) -> slice:
    """Where the 32 bits of a key's value stand: after the key and 32 bits that say their type."""
    start = data.index(key) + len(key) + 4
    return slice(start, start + 4)


def _write(path: Path, data: bytes | bytearray) -> Path:
    path.write_bytes(data)
    return path
