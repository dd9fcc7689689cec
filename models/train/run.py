"""Makes the embedded model from nothing: dialogues, vocabulary, training, export."""

from __future__ import annotations

import argparse
import multiprocessing
import random
import time
from pathlib import Path

import torch
from corpus import echo, encode
from dialogues.conversation import Dialogue, converse
from dialogues.lint import lint
from export import export
from network import Network, Shape
from restore import Weights, deepened, read_network, shape_of
from tokenizer import ChatEncoder, train_tokenizer
from train import Plan, train

HERE = Path(__file__).resolve().parent
_PART = 500
"""Dialogues that are generated from one seed."""


def main() -> None:
    """Run the recipe; see `--help`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dialogues", type=int, default=60_000, help="dialogues to generate")
    parser.add_argument("--echoes", type=float, default=0.25, help="samples that teach to copy, for each dialogue")
    parser.add_argument("--steps", type=int, default=3_330, help="training ends after this many steps")
    parser.add_argument("--minutes", type=float, default=600.0, help="or after this many minutes, if that is sooner")
    parser.add_argument("--workers", type=int, default=2, help="training processes, one core each")
    parser.add_argument("--work", type=Path, default=HERE / "out", help="where the vocabulary and checkpoints go")
    parser.add_argument("--output", type=Path, default=HERE.parent / "naila-tiny.gguf")
    parser.add_argument("--start", type=Path, help="go on from this GGUF file or checkpoint, and with its vocabulary")
    parser.add_argument("--layers", type=int, help="of the network; more than those of --start are added to it")
    parser.add_argument("--seed", type=int, default=1, help="of the dialogues; another one for a run that goes on")
    parser.add_argument("--rate", type=float, default=2e-3, help="the highest learning rate")
    options = parser.parse_args()
    torch.manual_seed(1)
    options.work.mkdir(parents=True, exist_ok=True)

    started = time.monotonic()
    dialogues = generate(options.dialogues, options.seed, options.workers)
    print(f"{len(dialogues)} dialogues in {time.monotonic() - started:.0f} s", flush=True)
    if options.start is None:
        weights, tokenizer = None, train_tokenizer(text for each in dialogues[:12_000] for text in each.texts())
    else:
        weights, tokenizer = read_network(options.start)
    tokenizer.save(str(options.work / "vocabulary.json"))
    encoder = ChatEncoder(tokenizer, dropout=0.1)
    rng = random.Random(3)
    samples = [encode(dialogue, encoder, rng, broken_share=0.15) for dialogue in dialogues]
    samples += [echo(encoder, rng) for _ in range(int(options.echoes * len(samples)))]
    del dialogues  # gigabytes
    rng.shuffle(samples)
    total = sum(len(sample.ids) for sample in samples)
    print(
        f"{total / 1e6:.1f} M tokens, longest {max(len(s.ids) for s in samples)}, {time.monotonic() - started:.0f} s",
        flush=True,
    )

    network = begin(weights, options.layers)
    plan = Plan(options.steps, options.minutes, options.rate, workers=options.workers)
    network = train(network, samples[400:], samples[:400], plan, options.work / "checkpoint.pt")
    export(network, tokenizer, options.output)
    print(f"{options.output}: {options.output.stat().st_size / 1e6:.2f} MB", flush=True)


def begin(weights: Weights | None, layers: int | None) -> Network:
    """A new network, or the one with these weights, with so many layers or as many as is usual."""
    if weights is None:
        return Network(Shape() if layers is None else Shape(layers=layers))
    network = Network(Shape(layers=layers or shape_of(weights).layers))
    network.load_state_dict(deepened(weights, network.shape.layers))
    return network


def generate(count: int, seed: int, workers: int) -> list[Dialogue]:
    """`count` dialogues that lint finds no fault with; which they are does not depend on the number of processes.

    Raises:
        ValueError: it finds one with more than one in a hundred.
    """
    parts = [(min(_PART, count - start), f"{seed} {start}") for start in range(0, count, _PART)]
    with multiprocessing.Pool(workers) as pool:
        return [dialogue for part in pool.imap(_part, parts) for dialogue in part]


def _part(wanted: tuple[int, str]) -> list[Dialogue]:
    count, seed = wanted
    rng = random.Random(seed)
    dialogues: list[Dialogue] = []
    faults = 0
    while len(dialogues) < count:
        dialogue = converse(rng)
        try:
            lint(dialogue)
        except ValueError as fault:
            faults += 1
            print(f"left out: {fault}", flush=True)
            if faults > 1 + count // 100:
                raise
        else:
            dialogues.append(dialogue)
    return dialogues


if __name__ == "__main__":
    main()
