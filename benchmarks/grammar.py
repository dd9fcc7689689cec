"""`python -m benchmarks.grammar MODEL`: what the grammar of a reply costs while tokens are decoded.

The same questions are asked with the same seeds with and without the grammar of a body of 25 actions, in turns. A model
of random weights (`benchmarks.random_model`) shows the cost at the speed of a real one; what it says is noise, so that
every token of the tag has to be looked for in the whole vocabulary, where a trained model has it first. So the rate is
taken from behind the tag.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

from rich.console import Console

from ai_server import hardware
from ai_server.brain.body import Body
from ai_server.gguf import read_header
from ai_server.llm.chat import Message, Sampling
from ai_server.llm.service import load_command
from ai_server.llm.wire import Load
from ai_server.plan import Wishes, plan
from ai_server.protocol.device import Capabilities
from benchmarks.engine_client import Engine, Reply
from benchmarks.figures import Figure, Measure, table

TAG_TOKENS = 8
"""The most tokens that a tag and the space behind it take."""
MAX_ACTIONS = 3
QUESTIONS = ("Tell me a long story about the sea.", "Turn the fan to 40 percent, please.", "Play a tune and wave.")

_PARAMETERS = {
    "percent": {"type": "integer", "minimum": 0, "maximum": 100},
    "metres": {"type": "number", "minimum": -2.5, "maximum": 12.25},
    "way": {"type": "string", "enum": ["left", "right", "forward", "backward"]},
    "words": {"type": "string", "maxLength": 80},
    "gently": {"type": "boolean"},
}


def body(count: int) -> Body:
    """Return a body of so many actions, each with two parameters; all types and their pairs take turns."""
    names = ("move", "turn", "fan", "lamp", "say", "play", "wave", "grip", "lift")
    pairs = itertools.cycle(itertools.combinations(_PARAMETERS.items(), 2))
    actions = [
        {"name": f"{names[number % len(names)]}_{number}", "parameters": {"properties": dict(next(pairs))}}
        for number in range(count)
    ]
    return Body(Capabilities.model_validate({"actions": actions}).actions)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, help="a GGUF file")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=128, help="of each reply")
    parser.add_argument("--actions", type=int, default=25)
    arguments = parser.parse_args()
    offered = body(arguments.actions)
    grammar = offered.grammar(MAX_ACTIONS)
    within: list[list[float]] = []
    free: list[list[float]] = []
    with Engine(_load(arguments.model)) as engine:
        for number in range(arguments.rounds):
            for rates, rule in ((within, grammar), (free, None)) if number % 2 else ((free, None), (within, grammar)):
                replies = [_ask(engine, offered, words, number, arguments.tokens, rule) for words in QUESTIONS]
                rates.append([rate for reply in replies if (rate := _rate(reply))])
    measure = Measure("decode, tokens/s", Figure.of(within), aim=0.97, peer=Figure.of(free), by="ratio", at_most=False)
    console = Console()
    console.print(table(f"{arguments.model.name}, {arguments.actions} actions", [measure]))
    console.print(
        f"The grammar of {len(grammar):,} characters costs {100 * (1 - measure.compared):.1f} % of the tokens/s."
    )


def _load(model: Path) -> Load:
    return load_command(model, plan(hardware.detect(), read_header(model), Wishes(gpu_layers=0)))


def _ask(engine: Engine, offered: Body, words: str, seed: int, tokens: int, grammar: str | None) -> Reply:
    system = Message("system", f"You are Naila, a small friendly robot.\n{offered.lines(descriptions=False)}")
    kind = "free" if grammar is None else "within"
    reply = engine.begin(
        f"{kind}-{seed}-{words}", (system, Message("user", words)), tokens, Sampling(seed=seed), grammar
    )
    engine.finish(reply)
    return reply


def _rate(reply: Reply) -> float | None:
    """Return the tokens/s from behind the tag; None for a reply of hardly more than that."""
    tokens = 0
    for number, one in enumerate(reply.heard):
        tokens += one.tokens
        if tokens >= TAG_TOKENS:
            rest = reply.heard[number + 1 :]
            span = rest[-1].at - one.at if rest else 0
            return sum(each.tokens for each in rest) / span * 1e9 if span else None
    return None


if __name__ == "__main__":
    main()
