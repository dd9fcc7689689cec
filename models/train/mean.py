"""Writes the model that lies between two checkpoints, each weight their mean: it keeps much of what either does better.

After Wortsman et al., "Model soups", 2022, and "Robust fine-tuning of zero-shot models" (WiSE-FT), 2022.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from export import export
from network import Network
from restore import Weights, deepened, read_network, shape_of


def main() -> None:
    """Export the mean of two checkpoints; see `--help`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("before", type=Path, help="the GGUF file or checkpoint that training went on from")
    parser.add_argument(
        "after", type=Path, help="the one that came of it; where it has more layers, the first gets them"
    )
    parser.add_argument("output", type=Path, help="the GGUF file to write")
    parser.add_argument("--share", type=float, default=0.65, help="of the second in the mean, 0 to 1")
    options = parser.parse_args()
    (before, _), (after, tokenizer) = read_network(options.before), read_network(options.after)
    network = Network(shape_of(after))
    network.load_state_dict(mean(deepened(before, network.shape.layers), after, options.share))
    export(network, tokenizer, options.output)


def mean(before: Weights, after: Weights, share: float) -> Weights:
    """The weights by name, those `after` counting for `share`."""
    return {name: (1 - share) * weight.float() + share * after[name].float() for name, weight in before.items()}


if __name__ == "__main__":
    main()
