"""llama.cpp's own grammar engine as the judge of what the grammar of facts allows."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from ai_server import resources
from ai_server.brain.facts.by_model import ModelFacts
from ai_server.brain.facts.rules import FactRules
from tests.integration.test_reply_grammar_native import Judge

RULES = FactRules.load(resources.config_dir() / "facts")
FACT = {"line": 12, "who": "my brother Tom", "kind": "likes", "value": "pickled herring, süß"}


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    judge = Judge()
    yield judge
    judge.close()


@pytest.mark.parametrize("facts", [[], [FACT], [FACT] * 8])
def test_a_list_of_facts_may_come(judge: Judge, facts: list[object]) -> None:
    assert judge.accepts(ModelFacts(lambda: RULES).grammar(), json.dumps(facts, ensure_ascii=False))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Here they are: []",
        json.dumps([FACT] * 9),
        json.dumps([{**FACT, "kind": "password"}]),
        json.dumps([{**FACT, "line": 0}]),
        json.dumps([{**FACT, "value": ""}]),
        json.dumps([{**FACT, "value": "x" * 61}]),
        json.dumps([{**FACT, "value": 'a "b'}]),
    ],
)
def test_nothing_else_may(judge: Judge, text: str) -> None:
    assert not judge.accepts(ModelFacts(lambda: RULES).grammar(), text)
