"""Facts in what people say: on written sentences, and case by case."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ai_server import resources
from ai_server.brain.facts.rules import FactRules
from ai_server.commands.facts import SAID_AT, Sentence, measure, read_sentences
from ai_server.configfile import ConfigError
from ai_server.memory.facts import NewFact

FOLDER = Path(__file__).parent / "facts"
RULES = FactRules.load(resources.config_dir() / "facts")


def found(words: str, language: str = "en") -> list[tuple[str, str, str]]:
    return [(fact.subject, fact.kind, fact.value) for fact in RULES.extract(words, language, SAID_AT)]


def only(words: str, language: str = "en") -> NewFact:
    (fact,) = RULES.extract(words, language, SAID_AT)
    return fact


def require(file: str, language: str, *, precision: float, recall: float) -> None:
    figures = measure(RULES, read_sentences(FOLDER / file), language, SAID_AT)
    assert figures.precision is not None
    assert figures.precision >= precision
    assert figures.recall is not None
    assert figures.recall >= recall


@pytest.mark.parametrize("language", ["en", "es", "de"])
def test_written_sentences_give_the_facts_in_them_and_few_others(language: str) -> None:
    require(f"{language}.jsonl", language, precision=0.97, recall=0.95)


def test_sentences_that_were_written_after_the_rules_give_nearly_as_much() -> None:
    require("en_later.jsonl", "en", precision=0.93, recall=0.95)


@pytest.mark.parametrize("language", ["en", "es", "de"])
def test_sentences_that_tell_what_is_so_no_longer_give_that(language: str) -> None:
    require(f"{language}_ended.jsonl", language, precision=0.97, recall=0.95)


@pytest.mark.parametrize(("language", "sentences", "empty"), [("en", 200, 80), ("es", 60, 20), ("de", 60, 20)])
def test_there_are_enough_sentences_to_judge_by(language: str, sentences: int, empty: int) -> None:
    read = read_sentences(FOLDER / f"{language}.jsonl")
    assert len(read) >= sentences
    assert sum(not sentence.facts for sentence in read) >= empty
    assert len({sentence.text for sentence in read}) == len(read)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("I'm allergic to nuts", "You are allergic to nuts."),
        ("i'm allergic to my neighbour's cat", "You are allergic to your neighbour's cat."),
        ("I play the guitar", "You play guitar."),
        ("my wife's birthday is on March 3rd 1980", "Your wife's birthday is on 3 March 1980."),
        ("My brother Tom is a pilot", "Your brother Tom works as a pilot."),
        ("Remember that I parked on level two", "You parked on level two."),
        ("Remember that my keys are in my coat", "Your keys are in your coat."),
        ("Remember that you promised me a story", "You told me: you promised me a story."),
    ],
)
def test_a_fact_is_told_back_to_the_person_who_said_it(words: str, told: str) -> None:
    assert only(words).text == told


def test_what_is_asked_to_be_remembered_is_certain_and_any_sentence() -> None:
    fact = only("Please remember that the plumber's number is on the fridge")
    assert (fact.source, fact.confidence, fact.household) == ("told", 1.0, False)
    assert only("Remember that Grandma hates surprises").kind == "note"
    assert only("remember for everyone that the bin goes out on Tuesday").household


def test_nothing_of_what_is_to_be_remembered_is_lost() -> None:
    assert found("Remember that Grandma hates surprises and I like tea") == [
        ("note", "note", "Grandma hates surprises and I like tea"),
        ("user", "likes", "tea"),
    ]
    assert found("Remember that I like tea and I live in Leeds") == [
        ("user", "likes", "tea"),
        ("user", "home", "Leeds"),
    ]


@pytest.mark.parametrize(
    "words",
    [
        "",
        "?",
        "Remember that?",
        "Remember to buy milk",
        "remember that time we went to Paris",
        "Remember when we met",
        "forget that I like tea",
        "I like tea. Just kidding!",
        "Imagine this. I live on Mars. I imagine that often, only kidding",
        'She wrote "I live in Rome"',
        "I live in Rome, right?",
        "If only. I live in Rome if I win",
    ],
)
def test_nothing_is_learnt_from_what_says_nothing_for_good(words: str) -> None:
    assert found(words) == []


def test_several_facts_may_be_said_at_once() -> None:
    assert found("I'm from Canada, but I live in Japan now, and my wife is a nurse.") == [
        ("user", "origin", "Canada"),
        ("user", "home", "Japan"),
        ("wife", "job", "nurse"),
    ]


def test_a_name_is_no_fact_since_names_are_kept_elsewhere() -> None:
    assert found("My name is Ada") == []


def test_a_language_without_rules_has_no_facts() -> None:
    assert found("Je suis allergique aux noix", "fr") == []


@pytest.mark.parametrize("words", ["I live in " * 400, "I like a, b and c " * 60, "my my my " * 300, "\0\ud800" * 20])
def test_strange_utterances_are_taken(words: str) -> None:
    found(words)


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ("facts: [{kind: likes, phrases: ['i like (tea'], tell: x}]", "a bracket is not closed"),
        ("facts: [{kind: likes, phrases: ['i like {vlaue}'], tell: x}]", "there is no kind of slot {vlaue}"),
        ("facts: [{kind: likes, phrases: ['i like it'], tell: You like $value.}]", "$value stands in the rule"),
        ("facts: [{kind: likes, phrases: ['i like {value}']}]", "how it is told back"),
        ("facts: [{kind: likes}]", "write what people say"),
        ("fcats: []", "did you mean facts?"),
    ],
)
def test_a_mistake_in_a_file_is_named_with_its_line(tmp_path: Path, rules: str, message: str) -> None:
    months = json.dumps([str(month) for month in range(12)])
    (tmp_path / "en.yaml").write_text(f"months: {months}\n{rules}\n")
    with pytest.raises(ConfigError, match=r"en\.yaml: line 2: ") as raised:
        FactRules.load(tmp_path)
    assert message in str(raised.value)


def test_precision_and_recall_are_of_each_kind() -> None:
    sentences = [
        Sentence("I like tea", []),
        *read_sentences(FOLDER / "en.jsonl")[:1],
        Sentence("I live in Rome", [{"subject": "user", "kind": "home", "value": "Paris"}]),
    ]
    figures = measure(RULES, sentences, "en", SAID_AT)
    assert [(row.kind, row.of, row.found, row.right) for row in figures.rows] == [
        ("allergy", 1, 1, 1),
        ("home", 1, 1, 0),
        ("likes", 0, 1, 0),
    ]
    assert figures.precision == pytest.approx(1 / 3)
    assert figures.recall == pytest.approx(1 / 2)
