"""The reader of GGUF headers, on real files that a small writer makes."""

from __future__ import annotations

import dataclasses
import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ai_server.gguf import KvType, ModelFileError, ModelHeader, read_header
from ai_server.hardware import detect
from ai_server.llm.service import load_command
from ai_server.plan import Wishes, plan

F32, F16, Q8_0, Q4_K, Q6_K = 0, 1, 8, 12, 14
BLOCKS = {F32: (1, 4), F16: (1, 2), Q8_0: (32, 34), Q4_K: (256, 144), Q6_K: (256, 210)}
U8, U32, I32, FLOAT, BOOL, STRING, ARRAY, U64 = 0, 4, 5, 6, 7, 8, 9, 10

Tensor = tuple[str, tuple[int, ...], int]


def text(value: str) -> bytes:
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


def entry(key: str, value: object) -> bytes:
    match value:
        case bytes():
            return text(key) + value
        case bool():
            return text(key) + struct.pack("<I?", BOOL, value)
        case int():
            return text(key) + struct.pack("<II", U32, value)
        case float():
            return text(key) + struct.pack("<If", FLOAT, value)
        case str():
            return text(key) + struct.pack("<I", STRING) + text(value)
        case [str(), *_]:
            return text(key) + struct.pack("<IIQ", ARRAY, STRING, len(value)) + b"".join(map(text, value))
        case list():
            return text(key) + struct.pack(f"<IIQ{len(value)}i", ARRAY, I32, len(value), *value)
    raise TypeError(type(value))


def size_of(shape: tuple[int, ...], kind: int) -> int:
    block, size = BLOCKS[kind]
    count = 1
    for length in shape:
        count *= length
    return count // block * size


def header_bytes(metadata: dict[str, object], tensors: list[Tensor], *, version: int = 3) -> tuple[bytes, int]:
    """Return the header, padded, and the size of the data that follows."""
    offset, infos = 0, b""
    for name, shape, kind in tensors:
        infos += text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)
        offset += -(-size_of(shape, kind) // 32) * 32
    entries = b"".join(entry(key, value) for key, value in metadata.items())
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(metadata)) + entries + infos
    return head + b"\0" * (-len(head) % 32), offset


def write(path: Path, metadata: dict[str, object], tensors: list[Tensor], *, version: int = 3) -> Path:
    """Write a model whose weights are a hole in the file, so that even 5 GB take no room on the disk."""
    head, data = header_bytes(metadata, tensors, version=version)
    path.write_bytes(head)
    os.truncate(path, len(head) + data)
    return path


SMALL: dict[str, object] = {
    "general.architecture": "llama",
    "general.name": "Small",
    "general.file_type": 7,
    "llama.block_count": 2,
    "llama.context_length": 512,
    "llama.embedding_length": 64,
    "llama.feed_forward_length": 128,
    "llama.attention.head_count": 2,
    "llama.attention.head_count_kv": 1,
    "llama.rope.freq_base": 10000.0,
    "tokenizer.ggml.add_bos_token": True,
    "tokenizer.ggml.tokens": ["a", "b", "", "dé"],
    "tokenizer.ggml.token_type": [1, 1, 3, 1],
    "tokenizer.chat_template": "{{ messages }}",
}


def block(number: int, *, embedding: int = 64, feed_forward: int = 128, kind: int = Q8_0) -> list[Tensor]:
    return [
        (f"blk.{number}.attn_norm.weight", (embedding,), F32),
        (f"blk.{number}.attn_q.weight", (embedding, embedding), kind),
        (f"blk.{number}.ffn_up.weight", (embedding, feed_forward), kind),
    ]


SMALL_TENSORS: list[Tensor] = [
    ("token_embd.weight", (64, 96), Q8_0),
    *block(0),
    *block(1, feed_forward=256),
    ("output_norm.weight", (64,), F32),
]


def without(key: str) -> dict[str, object]:
    return {name: value for name, value in SMALL.items() if name != key}


def refusal(path: Path) -> str:
    with pytest.raises(ModelFileError) as caught:
        read_header(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return write(tmp_path / "small.gguf", SMALL, SMALL_TENSORS)


@pytest.mark.parametrize("version", [2, 3])
def test_versions_2_and_3_are_read(tmp_path: Path, version: int) -> None:
    header = read_header(write(tmp_path / "small.gguf", SMALL, SMALL_TENSORS, version=version))
    assert (header.architecture, header.name, header.quantisation) == ("llama", "Small", "Q8_0")
    assert (header.layers, header.embedding_length, header.feed_forward_length) == (2, 64, 128)
    assert (header.heads, header.kv_heads, header.key_length, header.value_length) == (2, 1, 32, 32)
    assert (header.context_length, header.vocab_size) == (512, 96)
    assert header.chat_template == "{{ messages }}"
    assert header.file_bytes == header.path.stat().st_size


def test_each_part_of_the_model_is_weighed(small: Path) -> None:
    header = read_header(small)
    per_block = [
        sum(size_of(shape, kind) for _, shape, kind in tensors) for tensors in (SMALL_TENSORS[1:4], SMALL_TENSORS[4:7])
    ]
    assert list(header.layer_bytes) == per_block
    assert header.layer_bytes[1] > header.layer_bytes[0]
    assert header.embedding_bytes == 64 * 96 // 32 * 34
    assert header.weight_bytes == sum(size_of(shape, kind) for _, shape, kind in SMALL_TENSORS)


def test_a_tied_head_counts_the_token_embedding_again(small: Path, tmp_path: Path) -> None:
    tied = read_header(small)
    own = read_header(write(tmp_path / "own.gguf", SMALL, [*SMALL_TENSORS, ("output.weight", (64, 96), F16)]))
    assert tied.tied_head
    assert tied.output_bytes == 64 * 4 + tied.embedding_bytes
    assert tied.token_bytes == tied.weight_bytes
    assert not own.tied_head
    assert own.output_bytes == 64 * 4 + 64 * 96 * 2


def test_metadata_holds_the_single_values_and_skips_the_lists(small: Path) -> None:
    metadata = read_header(small).metadata
    assert metadata["llama.rope.freq_base"] == 10000.0
    assert metadata["tokenizer.ggml.add_bos_token"] is True
    assert "tokenizer.ggml.tokens" not in metadata
    assert "tokenizer.ggml.token_type" not in metadata
    assert "tokenizer.chat_template" not in metadata


def test_head_lengths_of_their_own_win_over_the_quotient(tmp_path: Path) -> None:
    metadata = SMALL | {"llama.attention.key_length": 96, "llama.attention.value_length": 128}
    header = read_header(write(tmp_path / "wide.gguf", metadata, SMALL_TENSORS))
    assert (header.key_length, header.value_length) == (96, 128)


def test_without_kv_heads_of_their_own_all_heads_have_keys(tmp_path: Path) -> None:
    header = read_header(write(tmp_path / "mha.gguf", without("llama.attention.head_count_kv"), SMALL_TENSORS))
    assert header.kv_heads == header.heads == 2


def test_of_kv_heads_given_for_each_layer_the_most_count(tmp_path: Path) -> None:
    metadata = SMALL | {"llama.attention.head_count_kv": [1, 2]}
    assert read_header(write(tmp_path / "varied.gguf", metadata, SMALL_TENSORS)).kv_heads == 2


def test_an_unnamed_file_type_is_that_of_most_bytes(tmp_path: Path) -> None:
    header = read_header(write(tmp_path / "untyped.gguf", without("general.file_type"), SMALL_TENSORS))
    assert header.quantisation == "Q8_0"


@pytest.mark.parametrize("metadata", [without("general.name"), SMALL | {"general.name": ""}])
def test_an_unnamed_model_is_called_as_its_file(tmp_path: Path, metadata: dict[str, object]) -> None:
    assert read_header(write(tmp_path / "my-model.gguf", metadata, SMALL_TENSORS)).name == "my-model"


def test_a_text_too_long_to_keep_is_stepped_over(tmp_path: Path) -> None:
    metadata = SMALL | {"tokenizer.chat_template": "x" * (1 << 20) + "x"}
    header = read_header(write(tmp_path / "long.gguf", metadata, SMALL_TENSORS))
    assert header.chat_template is None
    assert header.vocab_size == 96


@pytest.mark.parametrize(("kv_type", "kib"), [("f16", 128), ("q8_0", 68), ("q4_0", 36)])
def test_llama_3_1_8b_is_weighed_as_it_is(tmp_path: Path, kv_type: str, kib: int) -> None:
    """The shapes and types of Llama 3.1 8B Instruct Q4_K_M, a file of 4.92 GB with 8.03 billion weights."""
    header = read_header(write_llama_8b(tmp_path / "8b.gguf"))
    assert header.quantisation == "Q4_K_M"
    assert header.vocab_size == 128_256
    assert header.weight_bytes == 4_912_898_304
    assert header.output_bytes == pytest.approx(431e6, rel=0.01)
    assert header.token_bytes == header.weight_bytes - header.embedding_bytes
    # 32 blocks of 218 million, and the output of 525 million; the token embedding has as many.
    assert header.token_parameters == pytest.approx(7.505e9, rel=0.001)
    assert sum(header.layer_bytes) / header.layers == pytest.approx(131e6, rel=0.01)
    assert header.kv_bytes_per_token(kv_type) == kib * 1024
    assert header.kv_bytes_per_token(kv_type, layers=8) == kib * 1024 // 4


def write_llama_8b(path: Path) -> Path:
    width, feed_forward, vocabulary, layers = 4096, 14336, 128_256, 32
    tensors: list[Tensor] = [("token_embd.weight", (width, vocabulary), Q4_K), ("rope_freqs.weight", (64,), F32)]
    for number in range(layers):
        # Q4_K_M keeps half of the value and down projections in Q6_K (use_more_bits in llama-quant.cpp).
        more = Q6_K if number < 4 or number >= 28 or (number - 4) % 3 == 2 else Q4_K
        shapes = {
            "attn_norm": ((width,), F32),
            "attn_q": ((width, width), Q4_K),
            "attn_k": ((width, 1024), Q4_K),
            "attn_v": ((width, 1024), more),
            "attn_output": ((width, width), Q4_K),
            "ffn_norm": ((width,), F32),
            "ffn_gate": ((width, feed_forward), Q4_K),
            "ffn_up": ((width, feed_forward), Q4_K),
            "ffn_down": ((feed_forward, width), more),
        }
        tensors += [(f"blk.{number}.{name}.weight", shape, kind) for name, (shape, kind) in shapes.items()]
    tensors += [("output_norm.weight", (width,), F32), ("output.weight", (width, vocabulary), Q6_K)]
    metadata: dict[str, object] = {
        "general.architecture": "llama",
        "general.name": "Meta Llama 3.1 8B Instruct",
        "general.file_type": 15,
        "llama.block_count": layers,
        "llama.context_length": 131_072,
        "llama.embedding_length": width,
        "llama.feed_forward_length": feed_forward,
        "llama.attention.head_count": 32,
        "llama.attention.head_count_kv": 8,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.freq_base": 500_000.0,
        "llama.vocab_size": vocabulary,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "llama-bpe",
        "tokenizer.ggml.tokens": [f"<{number}>" for number in range(vocabulary)],
        "tokenizer.ggml.token_type": [1] * vocabulary,
        "tokenizer.ggml.merges": ["< 0", "0 >"],
    }
    return write(path, metadata, tensors)


def test_a_head_that_is_no_whole_blocks_rules_out_a_quantised_cache(small: Path, tmp_path: Path) -> None:
    narrow = read_header(write(tmp_path / "narrow.gguf", SMALL | {"llama.attention.head_count": 4}, SMALL_TENSORS))
    assert read_header(small).supports_kv_type("q8_0")
    assert narrow.supports_kv_type("f16")
    assert not narrow.supports_kv_type("q8_0")


def test_a_missing_file_is_named_with_the_command_that_gets_it(tmp_path: Path) -> None:
    assert "naila models pull" in refusal(tmp_path / "none.gguf")


def test_a_directory_is_refused(tmp_path: Path) -> None:
    assert "is a directory" in refusal(tmp_path)


def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.gguf")
    assert "not a regular file" in refusal(tmp_path / "pipe.gguf")


def test_a_path_that_leads_through_a_file_cannot_be_read(small: Path) -> None:
    assert "cannot be read (Not a directory)" in refusal(small / "model.gguf")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"GG", "it begins with b'GG'"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "web page"),
        (b"\n  <html>Sign in</html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "Git LFS pointer"),
        (b"tjgg" + bytes(60), "older GGML format"),
        (b"PK\x03\x04" + bytes(60), "it begins with b'PK"),
        (bytes(4096), "begins with zeros"),
    ],
)
def test_what_is_no_gguf_is_refused_by_what_it_is(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    assert said in refusal(path)


@pytest.mark.parametrize(("version", "said"), [(1, "version 1"), (4, "version 4"), (0x03000000, "big-endian")])
def test_other_versions_are_refused(tmp_path: Path, version: int, said: str) -> None:
    assert said in refusal(write(tmp_path / "other.gguf", SMALL, SMALL_TENSORS, version=version))


def test_a_truncated_file_is_refused_with_the_missing_bytes(small: Path) -> None:
    whole = small.stat().st_size
    os.truncate(small, whole - 1000)
    assert "1,000 of" in refusal(small)
    os.truncate(small, whole)
    read_header(small)


def test_a_file_cut_inside_its_header_is_refused(small: Path) -> None:
    os.truncate(small, 200)
    assert "cut short inside its header" in refusal(small)


@pytest.mark.parametrize(
    "key",
    [
        "general.architecture",
        "llama.block_count",
        "llama.context_length",
        "llama.embedding_length",
        "llama.attention.head_count",
    ],
)
def test_a_lacking_key_is_named(tmp_path: Path, key: str) -> None:
    assert f"lacks the key '{key}'" in refusal(write(tmp_path / "lacking.gguf", without(key), SMALL_TENSORS))


@pytest.mark.parametrize("value", [0, 4_294_967_295, "two", True, 2.0])
def test_a_senseless_value_is_named(tmp_path: Path, value: object) -> None:
    message = refusal(write(tmp_path / "odd.gguf", SMALL | {"llama.block_count": value}, SMALL_TENSORS))
    assert "llama.block_count" in message


def test_a_vocabulary_without_weights_is_refused(tmp_path: Path) -> None:
    assert "holds no weights" in refusal(write(tmp_path / "vocabulary.gguf", SMALL, []))


def test_a_part_of_a_split_model_is_refused(tmp_path: Path) -> None:
    assert "one of 3 parts" in refusal(write(tmp_path / "part.gguf", SMALL | {"split.count": 3}, SMALL_TENSORS))


def test_a_split_model_that_was_joined_again_is_read(tmp_path: Path) -> None:
    assert read_header(write(tmp_path / "joined.gguf", SMALL | {"split.count": 0}, SMALL_TENSORS)).layers == 2


def test_a_tensor_of_an_unknown_type_is_refused(tmp_path: Path) -> None:
    head, data = header_bytes(SMALL, SMALL_TENSORS)
    at = head.index(b"token_embd.weight") + len("token_embd.weight") + 4 + 16
    path = tmp_path / "future.gguf"
    path.write_bytes(head[:at] + struct.pack("<I", 99) + head[at + 4 :] + bytes(data))
    assert "unknown to this version of llama.cpp (99)" in refusal(path)


def test_tensors_that_overlap_are_refused(tmp_path: Path) -> None:
    head, data = header_bytes(SMALL, SMALL_TENSORS)
    at = head.index(b"output_norm.weight") + len("output_norm.weight") + 4 + 8 + 4
    path = tmp_path / "overlap.gguf"
    path.write_bytes(head[:at] + struct.pack("<Q", 0) + head[at + 8 :] + bytes(data))
    assert "'output_norm.weight' is not where it should be" in refusal(path)


HUGE = (1 << 62) + 1


@pytest.mark.parametrize(
    ("counts", "said"),
    [((HUGE, 1), "tensors"), ((1, HUGE), "keys"), ((1 << 16, 1 << 16), "cut short inside its header")],
)
def test_counts_from_a_hostile_header_are_not_believed(tmp_path: Path, counts: tuple[int, int], said: str) -> None:
    path = tmp_path / "hostile.gguf"
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, *counts))
    assert said in refusal(path)


@pytest.mark.parametrize(
    "value",
    [
        struct.pack("<IQ", STRING, HUGE),
        struct.pack("<IIQ", ARRAY, STRING, HUGE),
        struct.pack("<IIQ", ARRAY, STRING, 1 << 22),
        struct.pack("<IIQQ", ARRAY, STRING, 1, HUGE),
        struct.pack("<IIQ", ARRAY, U64, HUGE),
        struct.pack("<IIQ", ARRAY, U8, 1 << 30),
        struct.pack("<IIQ", ARRAY, ARRAY, 1),
        struct.pack("<I", 77),
    ],
)
def test_sizes_from_a_hostile_header_are_not_believed(tmp_path: Path, value: bytes) -> None:
    path = write(tmp_path / "hostile.gguf", SMALL | {"evil": value}, SMALL_TENSORS)
    os.truncate(path, 1 << 40)
    refusal(path)


def test_a_key_given_twice_is_refused(tmp_path: Path) -> None:
    twice = SMALL | {"first": entry("x", 1)[len(text("x")) :] + entry("general.name", "again")}
    head, _ = header_bytes(twice, SMALL_TENSORS)
    counted = head[:16] + struct.pack("<Q", len(twice) + 1) + head[24:]
    path = tmp_path / "twice.gguf"
    path.write_bytes(counted)
    assert "'general.name' twice" in refusal(path)


def read_or_refuse(path: Path, content: bytes) -> ModelHeader | None:
    path.write_bytes(content)
    try:
        return read_header(path)
    except ModelFileError:
        return None


VALID = b"".join([header_bytes(SMALL, SMALL_TENSORS)[0], bytes(header_bytes(SMALL, SMALL_TENSORS)[1])])
HEADER_BYTES = len(header_bytes(SMALL, SMALL_TENSORS)[0])
examples = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@examples
@given(at=st.integers(0, HEADER_BYTES - 1), patch=st.binary(min_size=1, max_size=16))
def test_a_header_with_bytes_changed_is_read_or_refused(tmp_path: Path, at: int, patch: bytes) -> None:
    header = read_or_refuse(tmp_path / "mutated.gguf", VALID[:at] + patch + VALID[at + len(patch) :])
    assert header is None or (header.layers >= 1 and header.weight_bytes <= len(VALID) + len(patch))


@examples
@given(
    at=st.integers(0, HEADER_BYTES // 8 - 1), number=st.integers(0, 2**64 - 1) | st.sampled_from([2**63, 2**32, 255])
)
def test_a_header_with_any_number_in_it_is_read_or_refused(tmp_path: Path, at: int, number: int) -> None:
    patch = struct.pack("<Q", number)
    read_or_refuse(tmp_path / "mutated.gguf", VALID[: at * 8] + patch + VALID[at * 8 + 8 :])


@examples
@given(length=st.integers(0, len(VALID) - 1))
def test_a_file_cut_anywhere_is_refused(tmp_path: Path, length: int) -> None:
    assert read_or_refuse(tmp_path / "cut.gguf", VALID[:length]) is None


@examples
@given(start=st.integers(0, HEADER_BYTES), end=st.integers(0, HEADER_BYTES), junk=st.binary(max_size=64))
def test_a_header_with_a_part_replaced_is_read_or_refused(tmp_path: Path, start: int, end: int, junk: bytes) -> None:
    read_or_refuse(tmp_path / "mutated.gguf", VALID[: min(start, end)] + junk + VALID[max(start, end) :])


# llama.cpp itself agrees with what the header says and the plan makes of it.

RESERVE = """
import sys, llama_cpp, msgspec
from ai_server.llm.engine.runner import _create_context
from ai_server.llm.wire import Load

load = msgspec.json.decode(sys.argv[1], type=Load)
show = llama_cpp.llama_log_callback(lambda level, text, user_data: print(text.decode(), end=""))
llama_cpp.llama_log_set(show, None)
params = llama_cpp.llama_model_default_params()
params.no_alloc, params.load_mode = True, llama_cpp.LLAMA_LOAD_MODE_NONE
_create_context(llama_cpp.llama_model_load_from_file(load.path.encode(), params), load, None)
"""


@pytest.mark.parametrize(
    ("cells", "batch_size", "kv_type", "parallel"),
    [
        (4096, 512, "f16", 8),
        (4096, 512, "q8_0", 8),
        (2048, 128, "q4_0", 1),
        (16_384, 512, "f16", 8),
        (16_384, 512, "f16", 64),
        (300, 512, "f16", 1),
    ],
)
def test_llama_cpp_reserves_what_the_plan_estimates(
    tmp_path: Path, cells: int, batch_size: int, kv_type: KvType, parallel: int
) -> None:
    host = dataclasses.replace(detect(), memory_available=64 << 30, memory_limit_free=None)
    model = read_header(write_llama_8b(tmp_path / "8b.gguf"))
    wishes = Wishes(context_size=cells, cells=cells, batch_size=batch_size, kv_type=kv_type, parallel=parallel)
    made = plan(host, model, wishes)
    load = msgspec.json.encode(load_command(model.path, made)).decode()
    run = subprocess.run([sys.executable, "-c", RESERVE, load], capture_output=True, text=True, check=True)
    reserved = {
        name: float(re.search(rf"{name} +size = +([0-9.]+) MiB", run.stdout)[1]) * (1 << 20)  # type: ignore[index]
        for name in ("llama_kv_cache:", "output buffer", "compute buffer")
    }
    assert made.memory.kv == reserved["llama_kv_cache:"]
    compute = reserved["output buffer"] + reserved["compute buffer"]
    assert compute <= made.memory.compute <= 1.5 * compute
