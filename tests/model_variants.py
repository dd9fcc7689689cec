"""Variants of the embedded model that differ from it in a few bytes of the header, of the same length."""

from __future__ import annotations

from pathlib import Path

from ai_server import resources


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


def _read() -> bytes:
    return resources.embedded_model().read_bytes()


def _value_of(data: bytearray, key: bytes) -> slice:
    """Where the 32 bits of a key's value stand: after the key and 32 bits that say their type."""
    start = data.index(key) + len(key) + 4
    return slice(start, start + 4)


def _write(path: Path, data: bytes | bytearray) -> Path:
    path.write_bytes(data)
    return path
