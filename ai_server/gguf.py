"""The header of a GGUF model file: what the model is, and how many bytes each part of it takes.

The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
"""

from __future__ import annotations

import math
import re
import stat
import struct
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, cast

KvType: TypeAlias = Literal["f16", "q8_0", "q4_0"]
"""How the keys and values of attention are stored, as llama.cpp names it."""

Scalar: TypeAlias = str | int | float | bool

_PULL_AGAIN: Final = "get it again with `naila models pull`"
_VERIFY: Final = "check it with `naila models verify`, or get it again with `naila models pull`"

_CHUNK_BYTES: Final = 1 << 20
# The largest vocabularies in use (262,144 tokens with their merges) make headers of about 20 MB.
_MAX_HEADER_BYTES: Final = 64 << 20
_MAX_ENTRIES: Final = 1 << 16
_MAX_ARRAY_STRINGS: Final = 1 << 22
_MAX_NAME_BYTES: Final = 1 << 16
_MAX_TEXT_BYTES: Final = 1 << 20
_MAX_DIMENSION: Final = 1 << 24
_MAX_LAYERS: Final = 4096
_MAX_DIMENSIONS: Final = 4  # GGML_MAX_DIMS
_MAX_PER_LAYER_ENTRIES: Final = 4096

_U32: Final = struct.Struct("<I")
_U64: Final = struct.Struct("<Q")
_STRING: Final = 8
_ARRAY: Final = 9
# gguf_type of ggml/include/gguf.h
_SCALARS: Final[Mapping[int, struct.Struct]] = {
    0: struct.Struct("<B"),
    1: struct.Struct("<b"),
    2: struct.Struct("<H"),
    3: struct.Struct("<h"),
    4: _U32,
    5: struct.Struct("<i"),
    6: struct.Struct("<f"),
    7: struct.Struct("<?"),
    10: _U64,
    11: struct.Struct("<q"),
    12: struct.Struct("<d"),
}
_INTEGERS: Final = frozenset({0, 1, 2, 3, 4, 5, 10, 11})
_BLOCK: Final = re.compile(r"blk\.(\d{1,4})\.", re.ASCII)
_PER_LAYER: Final = (".attention.head_count", ".attention.head_count_kv", ".feed_forward_length")

# ggml_type of ggml/include/ggml.h: name, weights per block, bytes per block (ggml/src/ggml-common.h).
_TENSOR_TYPES: Final[Mapping[int, tuple[str, int, int]]] = {
    0: ("F32", 1, 4),
    1: ("F16", 1, 2),
    2: ("Q4_0", 32, 18),
    3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24),
    8: ("Q8_0", 32, 34),
    9: ("Q8_1", 32, 36),
    10: ("Q2_K", 256, 84),
    11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210),
    15: ("Q8_K", 256, 292),
    16: ("IQ2_XXS", 256, 66),
    17: ("IQ2_XS", 256, 74),
    18: ("IQ3_XXS", 256, 98),
    19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18),
    21: ("IQ3_S", 256, 110),
    22: ("IQ2_S", 256, 82),
    23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1),
    25: ("I16", 1, 2),
    26: ("I32", 1, 4),
    27: ("I64", 1, 8),
    28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56),
    30: ("BF16", 1, 2),
    34: ("TQ1_0", 256, 54),
    35: ("TQ2_0", 256, 66),
    39: ("MXFP4", 32, 17),
    40: ("NVFP4", 64, 36),
    41: ("Q1_0", 128, 18),
    42: ("Q2_0", 64, 18),
}

# llama_ftype of llama.cpp's include/llama.h
_FILE_TYPES: Final[Mapping[int, str]] = {
    0: "F32",
    1: "F16",
    2: "Q4_0",
    3: "Q4_1",
    7: "Q8_0",
    8: "Q5_0",
    9: "Q5_1",
    10: "Q2_K",
    11: "Q3_K_S",
    12: "Q3_K_M",
    13: "Q3_K_L",
    14: "Q4_K_S",
    15: "Q4_K_M",
    16: "Q5_K_S",
    17: "Q5_K_M",
    18: "Q6_K",
    19: "IQ2_XXS",
    20: "IQ2_XS",
    21: "Q2_K_S",
    22: "IQ3_XS",
    23: "IQ3_XXS",
    24: "IQ1_S",
    25: "IQ4_NL",
    26: "IQ3_S",
    27: "IQ3_M",
    28: "IQ2_S",
    29: "IQ2_M",
    30: "IQ4_XS",
    31: "IQ1_M",
    32: "BF16",
    36: "TQ1_0",
    37: "TQ2_0",
    38: "MXFP4_MOE",
    39: "NVFP4",
    40: "Q1_0",
    41: "Q2_0",
}

_KV_BLOCKS: Final[Mapping[KvType, tuple[int, int]]] = {"f16": (1, 2), "q8_0": (32, 34), "q4_0": (32, 18)}
"""Values per block and bytes per block, as for the tensor types of the same name."""


class ModelFileError(Exception):
    """A model file cannot be used; the message is one sentence that says why and how to mend it."""


@dataclass(frozen=True, slots=True)
class ModelHeader:
    """What the header of a GGUF file says of its model. Sizes are in bytes, lengths in tokens."""

    path: Path
    file_bytes: int
    architecture: str
    """llama.cpp's name for the network, such as `llama`."""
    name: str
    """The model's own name, or the file's where it gives none."""
    quantisation: str
    """The file type, such as `Q4_K_M`; where the file names none, the type of most of its bytes."""
    layers: int
    """Transformer blocks; llama.cpp counts the output as one more when it counts GPU layers."""
    embedding_length: int
    feed_forward_length: int
    """Where the file gives one a layer, the largest; 4 times the embedding where it gives none."""
    heads: int
    kv_heads: int
    """Heads of keys and values; where the file gives one a layer, the largest."""
    key_length: int
    """Values of one head's key."""
    value_length: int
    context_length: int
    """Tokens the model was trained to attend to."""
    vocab_size: int
    weight_bytes: int
    """All weights, each counted once."""
    layer_bytes: tuple[int, ...]
    """The weights of each block, first to last."""
    output_bytes: int
    """The output head and its norm; a tied head counts the token embedding once more."""
    embedding_bytes: int
    """The token embedding and everything else that belongs to no block."""
    token_parameters: int
    """How many weights a token is multiplied with: those of the blocks and of the output head."""
    tied_head: bool
    """Whether the token embedding serves as the output head too."""
    chat_template: str | None
    """The Jinja template that the file carries."""
    metadata: Mapping[str, Scalar]
    """Every key with a single value, apart from the chat template and texts over 1 MiB."""

    @property
    def token_bytes(self) -> int:
        """What of the weights is read for each token that is generated: blocks and output head."""
        return sum(self.layer_bytes) + self.output_bytes

    def kv_bytes_per_token(self, kv_type: KvType, layers: int | None = None) -> int:
        """Return the bytes that one token takes in the KV cache.

        Args:
            kv_type: how keys and values are stored.
            layers: in so many blocks; all of them by default.
        """
        block, size = _KV_BLOCKS[kv_type]
        values = self.kv_heads * (self.key_length + self.value_length)
        return (self.layers if layers is None else layers) * math.ceil(values / block) * size

    def supports_kv_type(self, kv_type: KvType) -> bool:
        """Return whether llama.cpp accepts this KV type: a head must be whole blocks of it."""
        block = _KV_BLOCKS[kv_type][0]
        return self.key_length % block == 0 and self.value_length % block == 0


def read_header(path: Path) -> ModelHeader:
    """Read the header of a GGUF file (version 2 or 3, little endian) in milliseconds; no weights are read.

    Every size in the file is checked before it is used: a hostile file costs at most 64 MiB and a second.

    Raises:
        ModelFileError: it is missing, not a file, unreadable, not GGUF, of an unsupported version, damaged, cut short,
            or lacks a key that every language model has.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise ModelFileError(f"{path} is a directory: set LLM_MODEL_PATH to the .gguf file inside it.")
        if not stat.S_ISREG(status.st_mode):
            raise ModelFileError(f"{path} is not a regular file: set LLM_MODEL_PATH to a .gguf file.")
        with FileIO(path) as file:
            return _parse(_Cursor(path, file, status.st_size))
    except FileNotFoundError as error:
        raise ModelFileError(
            f"There is no model file at {path}: get one with `naila models pull`, or set LLM_MODEL_PATH to where it is."
        ) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ModelFileError(
            f"{path} cannot be read ({reason}): check LLM_MODEL_PATH, the file's owner and permissions, and the disk."
        ) from error


@dataclass(frozen=True, slots=True)
class _Tensor:
    name: str
    type_name: str
    offset: int
    bytes: int
    rows: int
    weights: int


class _Cursor:
    """Reads forward through the header, a chunk at a time, and never past its bounds."""

    def __init__(self, path: Path, file: FileIO, file_bytes: int) -> None:
        self.path = path
        self.file_bytes = file_bytes
        self.position = 0
        self._file = file
        self._data = bytearray()

    def damaged(self, what: str) -> ModelFileError:
        return ModelFileError(f"{self.path} is damaged: {what}; {_VERIFY}.")

    def head(self, count: int) -> bytes:
        """Return up to so many bytes from here without moving."""
        self._load(self.position + count)
        return bytes(self._data[self.position : self.position + count])

    def u32(self) -> int:
        return cast("int", self.scalar(_U32))

    def u64(self) -> int:
        return cast("int", self.scalar(_U64))

    def scalar(self, layout: struct.Struct) -> int | float | bool:
        self._need(layout.size)
        value: int | float | bool = layout.unpack_from(self._data, self.position)[0]
        self.position += layout.size
        return value

    def name(self) -> str:
        length = self.u64()
        if length > _MAX_NAME_BYTES:
            raise self.damaged(f"a name in its header claims {length:,} bytes")
        return self._text(length)

    def text(self) -> str | None:
        """Return a text, or None for one too long to be worth keeping."""
        length = self.u64()
        if length <= _MAX_TEXT_BYTES:
            return self._text(length)
        self.skip(length)
        return None

    def _text(self, length: int) -> str:
        start = self.position
        self.skip(length)
        return self._data[start : self.position].decode("utf-8", errors="replace")

    def skip(self, count: int) -> None:
        self._need(count)
        self.position += count

    def skip_strings(self, count: int) -> None:
        """Step over an array of texts: this loop runs 400,000 times in a Llama 3 header."""
        if count > _MAX_ARRAY_STRINGS:
            raise self.damaged(f"a list in its header claims {count:,} texts")
        data, position, length_at = self._data, self.position, _U64.unpack_from
        last = len(data) - 8
        for _ in range(count):
            if position > last:
                self.position = position
                self._need(8)
                last = len(data) - 8
            position += 8 + length_at(data, position)[0]
        self.position = position
        self._need(0)

    def _need(self, count: int) -> None:
        end = self.position + count
        if end <= len(self._data):
            return
        if end > self.file_bytes:
            raise ModelFileError(
                f"{self.path} is cut short inside its header (it has {self.file_bytes:,} bytes): {_PULL_AGAIN}."
            )
        if end > _MAX_HEADER_BYTES:
            raise self.damaged(f"its header claims more than {_MAX_HEADER_BYTES >> 20} MiB")
        self._load(end)
        if end > len(self._data):
            raise ModelFileError(f"{self.path} shrank while it was read: wait until it is complete, and try again.")

    def _load(self, end: int) -> None:
        while len(self._data) < end:
            chunk = self._file.read(max(_CHUNK_BYTES, end - len(self._data)))
            if not chunk:
                return
            self._data += chunk


def _parse(cursor: _Cursor) -> ModelHeader:
    _check_magic(cursor)
    tensor_count, entry_count = cursor.u64(), cursor.u64()
    if tensor_count > _MAX_ENTRIES or entry_count > _MAX_ENTRIES:
        raise cursor.damaged(f"its header claims {tensor_count:,} tensors and {entry_count:,} keys")
    metadata = _read_metadata(cursor, entry_count)
    tensors = [_read_tensor(cursor) for _ in range(tensor_count)]
    keys = _Keys(cursor, metadata)
    keys.refuse_part_of_a_split()
    if not tensors:
        raise ModelFileError(f"{cursor.path} holds no weights, only a vocabulary: {_PULL_AGAIN}.")
    _check_complete(cursor, tensors, alignment=keys.alignment())
    return _describe(cursor, keys, tensors)


def _check_magic(cursor: _Cursor) -> None:
    path, head = cursor.path, cursor.head(64)
    if not head:
        raise ModelFileError(f"{path} is empty: {_PULL_AGAIN}.")
    if not head.startswith(b"GGUF"):
        raise ModelFileError(f"{path} is not a GGUF model: {_look(head)}; {_PULL_AGAIN}.")
    cursor.skip(4)
    version = cursor.u32()
    if version in {2, 3}:
        return
    if version & 0xFFFF == 0:
        raise ModelFileError(f"{path} is a big-endian GGUF file, which this computer cannot use: {_PULL_AGAIN}.")
    raise ModelFileError(f"{path} is GGUF version {version}, and only versions 2 and 3 are read: {_PULL_AGAIN}.")


def _look(head: bytes) -> str:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "it is a web page, so its download went wrong"
    if start.startswith(b"version https://git-lfs"):
        return "it is a Git LFS pointer, not the file that it points to"
    if head.startswith((b"lmgg", b"fmgg", b"tjgg", b"algg")):
        return "it is of the older GGML format"
    if not any(head):
        return "it begins with zeros, so its download is unfinished"
    return f"it begins with {head[:4]!r}"


def _read_metadata(cursor: _Cursor, count: int) -> dict[str, Scalar]:
    metadata: dict[str, Scalar] = {}
    for _ in range(count):
        key = cursor.name()
        if key in metadata:
            raise cursor.damaged(f"it gives the key {key[:80]!r} twice")
        value = _read_value(cursor, key, cursor.u32())
        if value is not None:
            metadata[key] = value
    return metadata


def _read_value(cursor: _Cursor, key: str, kind: int) -> Scalar | None:
    if kind == _STRING:
        return cursor.text()
    if kind in _SCALARS:
        return cursor.scalar(_SCALARS[kind])
    if kind == _ARRAY:
        return _read_array(cursor, key)
    raise cursor.damaged(f"the key {key[:80]!r} is of an unknown type ({kind})")


def _read_array(cursor: _Cursor, key: str) -> int | None:
    """Step over an array; of one that gives a number for each layer, return the largest."""
    kind, count = cursor.u32(), cursor.u64()
    if kind == _STRING:
        cursor.skip_strings(count)
        return None
    if kind not in _SCALARS:
        raise cursor.damaged(f"the list {key[:80]!r} is of an unknown type ({kind})")
    if key.endswith(_PER_LAYER) and kind in _INTEGERS and 0 < count <= _MAX_PER_LAYER_ENTRIES:
        return max(cast("int", cursor.scalar(_SCALARS[kind])) for _ in range(count))
    cursor.skip(count * _SCALARS[kind].size)
    return None


def _read_tensor(cursor: _Cursor) -> _Tensor:
    name = cursor.name()
    dimension_count = cursor.u32()
    if dimension_count > _MAX_DIMENSIONS:
        raise cursor.damaged(f"the tensor {name[:80]!r} has {dimension_count:,} dimensions")
    shape = [cursor.u64() for _ in range(dimension_count)]
    kind, offset = cursor.u32(), cursor.u64()
    if kind not in _TENSOR_TYPES:
        raise ModelFileError(
            f"{cursor.path} stores {name[:80]!r} in a format unknown to this version of llama.cpp ({kind}): "
            "update NAILA, or get another quantisation with `naila models pull`."
        )
    type_name, block, size = _TENSOR_TYPES[kind]
    if not shape or shape[0] % block:
        raise cursor.damaged(f"the rows of {name[:80]!r} are not whole blocks of {type_name}")
    rows = math.prod(shape[1:])
    return _Tensor(name, type_name, offset, shape[0] // block * size * rows, rows, shape[0] * rows)


class _Keys:
    """The metadata by the names that every architecture shares."""

    def __init__(self, cursor: _Cursor, metadata: dict[str, Scalar]) -> None:
        self._cursor = cursor
        self.metadata = metadata
        self.architecture = self.text("general.architecture")

    def refuse_part_of_a_split(self) -> None:
        parts = self.metadata.get("split.count", 0)  # 0 in a file that was joined again
        if isinstance(parts, int) and parts > 1:
            raise ModelFileError(
                f"{self._cursor.path} is one of {parts} parts of a split model: join them with "
                "`llama-gguf-split --merge`, or get a whole one with `naila models pull`."
            )

    def alignment(self) -> int:
        alignment = self.number("general.alignment", default=32)
        if alignment & (alignment - 1):
            raise self._cursor.damaged(f"its alignment, {alignment}, is not a power of two")
        return alignment

    def text(self, key: str, default: str | None = None) -> str:
        value = self.metadata.get(key)
        if isinstance(value, str) and value:
            return value
        if default is None:
            raise self._lacks(key)
        return default

    def of_model(self, key: str, default: int | None = None, limit: int = _MAX_DIMENSION) -> int:
        return self.number(f"{self.architecture}.{key}", default, limit)

    def number(self, key: str, default: int | None = None, limit: int = _MAX_DIMENSION) -> int:
        value = self.metadata.get(key, default)
        if value is None:
            raise self._lacks(key)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= limit:
            raise self._cursor.damaged(f"its {key[:80]!r} is {value!r:.80}, not a whole number from 1 to {limit:,}")
        return value

    def _lacks(self, key: str) -> ModelFileError:
        return ModelFileError(
            f"{self._cursor.path} lacks the key {key[:80]!r} that a language model has: "
            "choose another with `naila models list`, and get it with `naila models pull`."
        )


def _check_complete(cursor: _Cursor, tensors: list[_Tensor], *, alignment: int) -> None:
    end = 0
    for tensor in tensors:
        start = _pad(end, alignment)
        if tensor.offset != start:
            raise cursor.damaged(f"the tensor {tensor.name[:80]!r} is not where it should be")
        end = start + tensor.bytes
    wanted = _pad(cursor.position, alignment) + end
    missing = wanted - cursor.file_bytes
    if missing > 0:
        raise ModelFileError(
            f"{cursor.path} is cut short, {missing:,} of its {wanted:,} bytes are missing: {_PULL_AGAIN}."
        )


def _pad(position: int, alignment: int) -> int:
    return (position + alignment - 1) // alignment * alignment


def _describe(cursor: _Cursor, keys: _Keys, tensors: list[_Tensor]) -> ModelHeader:
    path, by_name = cursor.path, {tensor.name: tensor for tensor in tensors}
    embedding, heads = keys.of_model("embedding_length"), keys.of_model("attention.head_count")
    head_length = max(1, embedding // heads)
    token_embedding = by_name.get("token_embd.weight")
    layer_bytes = _weigh_layers(tensors, keys.of_model("block_count", limit=min(_MAX_LAYERS, len(tensors))))
    own_output = sum(tensor.bytes for tensor in tensors if tensor.name.startswith("output"))
    weights = sum(tensor.bytes for tensor in tensors)
    tied = token_embedding is not None and "output.weight" not in by_name
    return ModelHeader(
        path=path,
        file_bytes=cursor.file_bytes,
        architecture=keys.architecture,
        name=keys.text("general.name", default=path.stem),
        quantisation=_quantisation(keys.metadata, tensors),
        layers=len(layer_bytes),
        embedding_length=embedding,
        feed_forward_length=keys.of_model("feed_forward_length", default=4 * embedding),
        heads=heads,
        kv_heads=keys.of_model("attention.head_count_kv", default=heads),
        key_length=keys.of_model("attention.key_length", default=head_length),
        value_length=keys.of_model("attention.value_length", default=head_length),
        context_length=keys.of_model("context_length", limit=1 << 31),
        vocab_size=keys.of_model("vocab_size", default=token_embedding.rows if token_embedding else None),
        weight_bytes=weights,
        layer_bytes=layer_bytes,
        output_bytes=own_output + (token_embedding.bytes if token_embedding and tied else 0),
        embedding_bytes=weights - sum(layer_bytes) - own_output,
        token_parameters=sum(tensor.weights for tensor in tensors if tied or tensor is not token_embedding),
        tied_head=tied,
        chat_template=_chat_template(keys.metadata),
        metadata=MappingProxyType(keys.metadata),
    )


def _weigh_layers(tensors: list[_Tensor], layers: int) -> tuple[int, ...]:
    weights = [0] * layers
    for tensor in tensors:
        block = _BLOCK.match(tensor.name)
        if block and int(block[1]) < layers:
            weights[int(block[1])] += tensor.bytes
    return tuple(weights)


def _quantisation(metadata: Mapping[str, Scalar], tensors: list[_Tensor]) -> str:
    named = metadata.get("general.file_type")
    if isinstance(named, int) and named in _FILE_TYPES:
        return _FILE_TYPES[named]
    by_type: Counter[str] = Counter()
    for tensor in tensors:
        by_type[tensor.type_name] += tensor.bytes
    return by_type.most_common(1)[0][0]


def _chat_template(metadata: dict[str, Scalar]) -> str | None:
    template = metadata.pop("tokenizer.chat_template", None)
    return template if isinstance(template, str) else None
