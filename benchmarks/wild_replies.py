"""`python -m benchmarks.wild_replies`: what leaves the brain when a model says anything at all, thousands of times.

The logits are noise, with more line ends, braces and ends in it than chance would give, at temperature 1.2: what a
model of random weights says, and more of what could go wrong. Each random body has its own grammar. An action counts
as invalid where the JSON Schema that the body declared refuses it.
"""

from __future__ import annotations

import argparse
import random

from rich.console import Console
from rich.progress import track
from rich.table import Table

from ai_server import resources
from ai_server.brain.body import Body
from tests.integration.test_engine_sampler import Model
from tests.integration.test_wild_replies import is_declared, random_body, say, understand

ACTIONS = 3


def main() -> None:
    """Print the table; see `--help`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bodies", type=int, default=50)
    parser.add_argument("--replies", type=int, default=100, help="of each body")
    options = parser.parse_args()
    model = Model(resources.embedded_model())
    model.read(model.prompt)
    ended = done = invalid = 0
    for seed in track(range(options.bodies), "bodies"):
        actions = random_body(random.Random(seed))
        body = Body(actions)
        for number in range(options.replies):
            text, is_whole = say(model, body.grammar(ACTIONS), seed * 1_000_003 + number)
            calls, malformed = understand(text, ended=is_whole)
            ended += is_whole
            done += len(calls)
            invalid += sum(not is_declared(call, actions) for call in calls)
            invalid += is_whole and malformed > 0
    model.close()
    table = Table("bodies", "replies", "that came to an end", "actions", "invalid", title="Noise under grammars")
    table.add_row(*map(str, (options.bodies, options.bodies * options.replies, ended, done, invalid)))
    Console().print(table)
    raise SystemExit(invalid > 0)


if __name__ == "__main__":
    main()
