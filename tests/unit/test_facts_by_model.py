"""Facts that a language model finds: what it is asked, and how far it is believed."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_server import resources
from ai_server.brain.facts.by_model import ModelFacts
from ai_server.brain.facts.rules import FactRules
from ai_server.memory.summaries import Said
from tests.grammars import random_text

MAY = datetime(2026, 5, 3, 12, tzinfo=UTC)
RULES = FactRules.load(resources.config_dir() / "facts")
MODEL = ModelFacts(lambda: RULES)
TURNS = (
    Said(7, MAY, "Lunch was great, I do fancy a bowl of miso soup most days.", "Yum!", "en"),
    Said(9, MAY, "Do I like olives? My brother Tom lives for pickled herring.", "Does he?", "en"),
)


def entry(line: int = 1, who: str = "user", kind: str = "likes", value: str = "miso soup") -> dict[str, object]:
    return {"line": line, "who": who, "kind": kind, "value": value}


def told(*entries: object) -> list[tuple[int, str]]:
    return [(finding.turn.id, finding.fact.text) for finding in MODEL.parse(json.dumps(entries), TURNS)]


def test_the_model_is_shown_what_the_person_said_and_not_what_the_robot_did() -> None:
    prompt = MODEL.prompt(TURNS)
    assert "1. Lunch was great" in prompt
    assert "2. Do I like olives?" in prompt
    assert "Yum!" not in prompt


def test_what_the_model_finds_is_a_fact_of_its_turn() -> None:
    (finding,) = MODEL.parse(json.dumps([entry()]), TURNS)
    assert (finding.turn.id, finding.fact.source) == (7, "model")
    assert finding.fact.confidence < RULES.extract("I like miso soup", "en", MAY)[0].confidence
    assert told(entry(), entry(2, "My brother Tom", value="pickled herring")) == [
        (7, "You like miso soup."),
        (9, "Your brother Tom likes pickled herring."),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        entry(value="sushi"),
        entry(value="iso soup"),
        entry(line=2),
        entry(line=3),
        entry(line=0),
        entry(2, value="olives"),
        entry(2, "my sister", value="pickled herring"),
        entry(2, "pickled herring", value="herring"),
        entry(kind="password"),
        entry(value="a"),
        entry(value=""),
    ],
    ids=lambda wrong: f"{wrong['line']} {wrong['who']} {wrong['kind']} {wrong['value']}",
)
def test_what_was_not_said_so_is_not_believed(wrong: dict[str, object]) -> None:
    assert told(wrong) == []


@pytest.mark.parametrize("text", ["", "I found nothing.", "[", "{}", "[1]", '[{"line": 1}]', "[]", "null"])
def test_an_answer_that_is_no_list_of_facts_has_none(text: str) -> None:
    assert MODEL.parse(text, TURNS) == ()


@given(st.integers(0, 2**32).map(random.Random))
def test_whatever_the_grammar_admits_can_be_read(rng: random.Random) -> None:
    answer = random_text(MODEL.grammar(), rng)
    assert isinstance(json.loads(answer), list)
    MODEL.parse(answer, TURNS)
