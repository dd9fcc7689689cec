"""Writes a trained network as a GGUF file with its vocabulary, chat template and sampling defaults."""

from __future__ import annotations

import json
from pathlib import Path

import gguf
import numpy as np
import torch
from network import Network
from tokenizer import BOS, END_OF_TEXT, EOT, SPECIAL_TOKENS
from tokenizers import Tokenizer

CHAT_TEMPLATE = (
    "{{- bos_token }}"
    "{%- for message in messages %}"
    "{{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + message['content'] | trim + '<|eot_id|>' }}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{%- endif %}"
)
CONTEXT_LENGTH = 2048
TEMPERATURE, TOP_P, MAX_TOKENS = 0.2, 0.9, 96


def export(network: Network, tokenizer: Tokenizer, path: Path) -> None:
    """Write `network` to `path`: matrices as Q8_0, norms as float32. The network is left as it is."""
    shape = network.shape
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("naila-tiny")
    writer.add_license("mit")
    count = sum(parameter.numel() for parameter in network.parameters())
    writer.add_size_label(f"{count / 1e6:.1f}M")
    writer.add_description("A small robot's conversation model, trained from scratch on generated dialogues.")
    writer.add_languages(["en"])
    writer.add_context_length(CONTEXT_LENGTH)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_rope_dimension_count(shape.head_width)
    writer.add_rope_freq_base(shape.rope_theta)
    writer.add_layer_norm_rms_eps(shape.norm_epsilon)
    writer.add_vocab_size(shape.vocabulary)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_string("naila.prompt", "compact")
    writer.add_float32("naila.temperature", TEMPERATURE)
    writer.add_float32("naila.top_p", TOP_P)
    writer.add_bool("naila.literal_numbers", True)
    writer.add_uint32("naila.max_tokens", MAX_TOKENS)
    _add_vocabulary(writer, tokenizer)
    for name, parameter in network.named_parameters():
        _add_tensor(writer, name, parameter.detach().float())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_vocabulary(writer: gguf.GGUFWriter, tokenizer: Tokenizer) -> None:
    vocabulary = tokenizer.get_vocab()
    pieces = sorted(vocabulary, key=vocabulary.__getitem__)
    tokens = pieces + SPECIAL_TOKENS
    kinds = [gguf.TokenType.NORMAL] * len(pieces) + [gguf.TokenType.CONTROL] * len(SPECIAL_TOKENS)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("llama-bpe")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(_merges(tokenizer))
    writer.add_bos_token_id(tokens.index(BOS))
    writer.add_eos_token_id(tokens.index(EOT))
    writer.add_eot_token_id(tokens.index(EOT))
    writer.add_pad_token_id(tokens.index(END_OF_TEXT))
    writer.add_add_bos_token(False)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(CHAT_TEMPLATE)


def _merges(tokenizer: Tokenizer) -> list[str]:
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    return [merge if isinstance(merge, str) else " ".join(merge) for merge in merges]


def _add_tensor(writer: gguf.GGUFWriter, name: str, tensor: torch.Tensor) -> None:
    data = tensor.numpy().astype(np.float32)
    if data.ndim == 1:
        writer.add_tensor(name, data)
        return
    kind = gguf.GGMLQuantizationType.Q8_0
    writer.add_tensor(name, gguf.quants.quantize(data, kind), raw_dtype=kind)
