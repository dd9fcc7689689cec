"""What is said to have something remembered, told or forgotten, and what only sounds like it."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from ai_server import resources
from ai_server.brain.intent.classifier import IntentClassifier
from ai_server.brain.intent.phrasefile import PhraseFiles

NOW = datetime(2026, 5, 4, 10, tzinfo=ZoneInfo("Europe/Berlin"))

INTENTS = {
    "en": {
        "Remember that the keys are in the blue box": "fact_remember",
        "please remember that my car is on level two": "fact_remember",
        "remember for all of us that the bin goes out on Tuesday": "fact_remember",
        "remember my keys are in the drawer": "fact_remember",
        "What do you know about me?": "fact_query",
        "forget that I like tea": "fact_forget",
        "forget what I said about Tom": "fact_forget",
        "forget where the keys are": "fact_forget",
        "forget what I said today": "fact_forget",
        "forget everything I said in the last ten minutes": "fact_forget",
        "forget my birthday": "fact_forget",
        "please forget what I just told you": "fact_forget",
        "forget the last thing I said": "fact_forget",
        "Forget everything": "fact_forget",
        "forget everything you know about me": "fact_forget",
        "delete all my data": "fact_forget",
        "forget it": "cancel",
        "forget about it": "cancel",
        "I can't remember where I put it": "conversation",
        "don't forget me": "conversation",
        "remember when we met?": "conversation",
        "I forgot where my keys are": "conversation",
    },
    "es": {
        "Recuerda que mis llaves están en la caja azul": "fact_remember",
        "recuerda para todos que la basura sale el martes": "fact_remember",
        "¿Qué sabes de mí?": "fact_query",
        "olvida que me gusta el té": "fact_forget",
        "olvida todo lo que te he dicho sobre Tom": "fact_forget",
        "olvida lo que te he dicho hoy": "fact_forget",
        "olvida dónde están mis llaves": "fact_forget",
        "olvida todo lo que sabes de mí": "fact_forget",
        "olvídalo": "cancel",
        "no me acuerdo de dónde lo puse": "conversation",
        "no me olvides": "conversation",
    },
    "de": {
        "Merk dir, dass meine Schlüssel in der blauen Kiste sind": "fact_remember",
        "Was weißt du über mich?": "fact_query",
        "vergiss, dass ich Tee mag": "fact_forget",
        "vergiss alles, was ich dir über Tom erzählt habe": "fact_forget",
        "vergiss, was ich heute gesagt habe": "fact_forget",
        "vergiss, wo meine Schlüssel sind": "fact_forget",
        "vergiss alles über mich": "fact_forget",
        "vergiss es": "cancel",
        "ich kann mich nicht erinnern": "conversation",
        "vergiss mich nicht": "conversation",
    },
}


@pytest.fixture(scope="module")
def classifier() -> IntentClassifier:
    return IntentClassifier.load(resources.config_dir() / "intents")


@pytest.mark.parametrize(
    ("language", "words", "intent"),
    [(language, words, intent) for language, said in INTENTS.items() for words, intent in said.items()],
)
def test_words_are_taken_for_what_they_ask(
    classifier: IntentClassifier, language: str, words: str, intent: str
) -> None:
    assert classifier.classify(words, language=language, now=NOW).name == intent


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Forget everything"),
        ("en", "please forget everything you know about me"),
        ("en", "delete all my data"),
        ("es", "olvida todo lo que sabes de mí"),
        ("de", "vergiss alles über mich"),
    ],
)
def test_everything_is_told_from_one_thing(classifier: IntentClassifier, language: str, words: str) -> None:
    assert classifier.classify(words, language=language, now=NOW).slots == {"all": True}


def test_the_classifier_learns_nothing_from_phrases_that_are_matched_only() -> None:
    book = PhraseFiles(resources.config_dir() / "intents").phrasebook("en")
    assert any(group.matched_only for group in book.groups)
    assert not any(group.matched_only for group in book.taught.groups)
    assert dataclasses.replace(book.taught, groups=()) == dataclasses.replace(book, groups=())
