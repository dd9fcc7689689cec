"""Writes the model that lies between two checkpoints, each weight their mean: it keeps much of what either does better.

After Wortsman et al., "Model soups", 2022, and "Robust fine-tuning of zero-shot models" (WiSE-FT), 2022.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from export import export
from network import Network, Shape
from tokenizer import load_tokenizer
from torch import Tensor


def main() -> None:
    """Export the mean of two checkpoints; see `--help`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("before", type=Path, help="the checkpoint that training went on from")
    parser.add_argument("after", type=Path, help="the checkpoint that came of it, with the vocabulary beside it")
    parser.add_argument("output", type=Path, help="the GGUF file to write; the weights go beside it as .pt")
    parser.add_argument("--share", type=float, default=0.65, help="of the second in the mean, 0 to 1")
    options = parser.parse_args()
    weights = mean(torch.load(options.before), torch.load(options.after), options.share)
    torch.save(weights, options.output.with_suffix(".pt"))
    network = Network(Shape())
    network.load_state_dict(weights)
    export(network, load_tokenizer(options.after.with_name("vocabulary.json")), options.output)


def mean(before: dict[str, Tensor], after: dict[str, Tensor], share: float) -> dict[str, Tensor]:
    """The weights by name, those `after` counting for `share`."""
    return {name: (1 - share) * weight.float() + share * after[name].float() for name, weight in before.items()}


if __name__ == "__main__":
    main()
