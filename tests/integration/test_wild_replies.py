"""Replies of a model that says anything at all, under grammars of random bodies: the engine's sampler on noise."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from ai_server import resources
from ai_server.brain.body import Body
from ai_server.llm.chat import ActionCall, Sampling
from ai_server.llm.engine.sampler import Sampler
from ai_server.llm.reply import ReplyParser
from ai_server.protocol.device import ActionDeclaration, Capabilities
from tests.declared import is_valid
from tests.integration.test_engine_sampler import Model

REPLIES = 8
TOKENS = 250


def random_body(rng: random.Random) -> Sequence[ActionDeclaration]:
    """A body of one to 25 actions with all types of parameters."""

    def number(kind: str) -> dict[str, object]:
        low, high = sorted(round(rng.choice([1, 10, 1000]) * rng.uniform(-1, 1), rng.randint(0, 3)) for _ in "ab")
        return {"type": kind, "minimum": low, "maximum": high + 1}

    def parameter() -> dict[str, object]:
        return rng.choice(
            [
                number("integer"),
                number("number"),
                {"type": "boolean"},
                {"type": "string", "maxLength": rng.randint(1, 40)},
                {"type": "string", "enum": rng.sample(["red", "grün", 'a "b"', "c\\d", "🐎", "forward"], 3)},
            ]
        )

    actions = [
        {
            "name": f"{rng.choice(['move', 'turn', 'say', 'wave'])}_{number}",
            "parameters": {"properties": {f"p{each}": parameter() for each in range(rng.randint(0, 2))}},
        }
        for number in range(rng.randint(1, 25))
    ]
    return Capabilities.model_validate({"actions": actions}).actions


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    model = Model(resources.embedded_model())
    model.read(model.prompt)
    yield model
    model.close()


def say(model: Model, grammar: str, seed: int) -> tuple[str, bool]:
    """Return what comes of noise with more line ends, braces and ends in it, and whether it came to its end."""
    noise, sampler = np.random.default_rng(seed), Sampler(Sampling(1.2, 1, seed, 0), model.room, grammar)
    tokens: list[int] = []
    try:
        while len(tokens) < TOKENS:
            logits = model.logits()
            logits[:] = noise.normal(0, 2, logits.size)
            for text in ("\n", "{"):
                logits[model.token(text)] += 8
            logits[model.vocabulary.eos or 0] += 5
            tokens.append(sampler.sample(model.context, -1))
            if model.has_ended(tokens):
                return model.text(tokens[:-1]), True
    finally:
        sampler.close()
    return b"".join(model.vocabulary.piece(token) or b"" for token in tokens).decode(errors="ignore"), False


def understand(text: str, *, ended: bool) -> tuple[list[ActionCall], int]:
    """Return the actions that the parser makes of a reply, and how many it dropped."""
    parser = ReplyParser()
    events = [*parser.feed(text), *parser.close(truncated=not ended)]
    return [event for event in events if isinstance(event, ActionCall)], parser.malformed


def is_declared(call: ActionCall, actions: Sequence[ActionDeclaration]) -> bool:
    return is_valid({"action": call.name, **call.arguments}, actions)


@pytest.mark.parametrize("seed", range(12))
def test_nothing_but_valid_actions_comes_of_noise(model, seed):
    rng = random.Random(seed)
    actions = random_body(rng)
    body, done = Body(actions), 0
    for number in range(REPLIES):
        text, ended = say(model, body.grammar(3), seed * 1000 + number)
        calls, malformed = understand(text, ended=ended)
        done += len(calls)
        assert all(body.objection(call) is None for call in calls)
        assert all(is_declared(call, actions) for call in calls)
        lines = re.split(r"\n(?=\{)", text)[1:]
        assert len(lines) <= 3
        for line in lines if ended else lines[:-1]:
            assert is_valid(json.loads(line), actions)
        assert malformed == 0 or not ended
    assert done
