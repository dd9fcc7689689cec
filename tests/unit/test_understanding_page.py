"""What docs/understanding.md shows an owner to write is read, and understood as the page says."""

from __future__ import annotations

import asyncio
import re
import shutil
from pathlib import Path

import pytest

from ai_server import resources
from ai_server.brain.intent.intent import Intent
from ai_server.brain.intent.matcher import PhraseMatcher
from ai_server.brain.intent.phrasefile import Phrasebook, PhraseFiles, PhraseGroup
from ai_server.brain.intent.slotreader import KINDS, Reader
from ai_server.brain.rules import Rule, Rules
from ai_server.brain.skills.sayings import Sayings
from tests.asking import NOW, standing_asker

PAGE = (Path(__file__).parents[2] / "docs" / "understanding.md").read_text()
CAFE, DUTCH, RULES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
(SAYINGS,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Phrasebook]:
    folder = tmp_path_factory.mktemp("intents")
    shutil.copy(resources.config_dir() / "intents" / "en.yaml", folder)
    (folder / "en.cafe.yaml").write_text(CAFE)
    (folder / "nl.yaml").write_text(DUTCH)
    return PhraseFiles(folder, needed=("en",)).phrasebooks()


@pytest.fixture(scope="module")
def matchers(books: dict[str, Phrasebook]) -> dict[str, PhraseMatcher]:
    return {language: PhraseMatcher(language, book, ["Naila"], Reader()) for language, book in books.items()}


def understood(matcher: PhraseMatcher, words: str) -> Intent:
    matched = matcher.match(matcher.words.spoken(words), NOW)
    assert matched, f"no phrase matches {words!r}"
    return matched


def test_the_cafes_guest_hears_the_owners_answer(matchers, tmp_path):
    hours = understood(matchers["en"], "Hey Naila, when do you open?")
    table = understood(matchers["en"], "a table for four people, please")
    assert (hours.name, table.name, table.slots) == ("opening_hours", "table_request", {"number": 4})
    assert understood(matchers["en"], "when do we open the presents").name == "conversation"
    assert understood(matchers["en"], "what time is it").name == "time_query"
    with standing_asker(tmp_path) as asker:
        answers = [
            asyncio.run(asker.ask(each.name, response=each.response, slots=dict(each.slots))) for each in (hours, table)
        ]
    assert [answer.text for answer in answers] == [
        "We are open from nine to six. It is 09:07 now.",
        "A table for 4! I will call somebody.",
    ]


def test_the_dutch_file_is_understood_and_answered_in_dutch_as_far_as_its_sayings_go(books, matchers, tmp_path):
    battery = understood(matchers["nl"], "hallo, hoe vol is je accu?")
    assert (battery.name, battery.slots) == ("sensor_query", {"sensor": "battery"})
    assert understood(matchers["nl"], "stop nu").name == "cancel"
    (tmp_path / "nl.toml").write_text(SAYINGS)
    sayings = Sayings.load(tmp_path)
    assert sayings.say("nl", "clock.time", time="9:07") == "Het is 9:07."
    assert sayings.say("nl", "clock.date", date="1 May") == "Today is 1 May."


def test_the_rule_of_the_page_is_the_shipped_one(tmp_path):
    (tmp_path / "rules.yaml").write_text(RULES)
    (shown,) = Rules.load(tmp_path / "rules.yaml").rules
    shipped = Rules.load(resources.config_dir() / "rules.yaml").rules[0]
    assert shown == shipped.model_copy(update={"say": {language: shipped.say[language] for language in shown.say}})


def test_every_kind_of_slot_key_and_intent_is_explained(books):
    assert set(KINDS) <= set(re.findall(r"`\{(\w+)\}`", PAGE))
    keys = {"language", "spellings", "courtesies", "lists", "intents", "followups", "typical", "choices", "commands"}
    rows = {word for row in re.findall(r"^\| (`[^|]*) \|", PAGE, re.MULTILINE) for word in re.findall(r"`(\w+)`", row)}
    assert keys | PhraseGroup.model_fields.keys() | Rule.model_fields.keys() <= rows
    own = {"opening_hours", "table_request"}
    assert {group.intent for group in books["en"].groups} - own <= rows
