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
        "Forget everything": "fact_forget_all",
        "forget everything you know about me": "fact_forget_all",
        "delete all my data": "fact_forget_all",
        "forget it": "cancel",
        "forget about it": "cancel",
        "I can't remember where I put it": "conversation",
        "don't forget me": "conversation",
        "remember when we met?": "conversation",
        "I forgot where my keys are": "conversation",
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


def test_the_classifier_learns_nothing_from_phrases_that_are_matched_only() -> None:
    book = PhraseFiles(resources.config_dir() / "intents").phrasebook("en")
    assert any(group.matched_only for group in book.groups)
    assert not any(group.matched_only for group in book.taught.groups)
    assert dataclasses.replace(book.taught, groups=()) == dataclasses.replace(book, groups=())
