"""Reads a network back, to go on from: a GGUF file of `export.py`, or a checkpoint with `vocabulary.json` beside it."""

from __future__ import annotations

from pathlib import Path

import gguf
import torch
from network import Shape
from tokenizer import SPECIAL_TOKENS, load_tokenizer, tokenizer_of
from tokenizers import Tokenizer
from torch import Tensor

Weights = dict[str, Tensor]


def read_network(path: Path) -> tuple[Weights, Tokenizer]:
    """The float32 weights by name, and the vocabulary; out of a GGUF file the weights are as exact as Q8_0 is."""
    if path.suffix != ".gguf":
        return torch.load(path), load_tokenizer(path.with_name("vocabulary.json"))
    reader = gguf.GGUFReader(path)
    weights = {
        tensor.name: torch.from_numpy(gguf.quants.dequantize(tensor.data, tensor.tensor_type).copy())
        for tensor in reader.tensors
    }
    pieces = reader.fields["tokenizer.ggml.tokens"].contents()[: -len(SPECIAL_TOKENS)]
    merges = reader.fields["tokenizer.ggml.merges"].contents()
    return weights, tokenizer_of(pieces, [tuple(merge.split(" ")) for merge in merges])


def shape_of(weights: Weights) -> Shape:
    """The sizes of a network: those of `Shape`, but for the number of its layers."""
    return Shape(layers=1 + max(int(name.split(".")[1]) for name in weights if name.startswith("blk.")))


def deepened(weights: Weights, layers: int) -> Weights:
    """The same function in more layers, which then have room for more.

    The new ones are copies of those before them, spread evenly, and at first add nothing: what would be their output is
    zero (Wu et al., "LLaMA Pro: Progressive LLaMA with Block Expansion", 2024).

    Raises:
        ValueError: there are more layers already.
    """
    before = shape_of(weights).layers
    if layers < before:
        raise ValueError(f"the network has {before} layers, which is more than {layers}")
    deeper = {name: weight for name, weight in weights.items() if not name.startswith("blk.")}
    previous = -1
    for layer in range(layers):
        source = layer * before // layers
        for name, weight in weights.items():
            if name.startswith(f"blk.{source}."):
                adds = name.endswith(("attn_output.weight", "ffn_down.weight"))
                again = source == previous and adds
                deeper[f"blk.{layer}.{name.split('.', 2)[2]}"] = torch.zeros_like(weight) if again else weight.clone()
        previous = source
    return deeper
