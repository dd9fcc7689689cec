"""What comes to mind when somebody speaks."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ai_server.brain.recall import Recall
from ai_server.brain.slots.reading import without_days
from ai_server.memory.search.search import Search
from ai_server.memory.storage.database import Database
from tests.filled_memory import FilledMemory

NOW = datetime(2026, 5, 4, 0, 30, tzinfo=ZoneInfo("Europe/Berlin"))
"""Yesterday still, in UTC."""


@pytest.fixture
def memory(database: Database) -> FilledMemory:
    return FilledMemory(database)


async def recalled(database: Database, words: str, language: str = "en") -> list[str]:
    recall = Recall(Search(database), lambda: NOW, timeout_s=10)
    return [
        told.partition('"')[2].partition('"')[0]
        for told in await recall.of("rover", "ada", words, language=language, before_turn=None, known=())
    ]


async def test_what_was_said_of_another_today_does_not_come_to_mind(memory: FilledMemory) -> None:
    await memory.say("I feel tired today", at=NOW - timedelta(days=9))
    await memory.say("I like to cook lentils", at=NOW - timedelta(days=8))
    await memory.say("I fly to Oslo today", at=NOW - timedelta(minutes=10))
    assert await recalled(memory.database, "What should I cook today?") == [
        "I like to cook lentils",
        "I fly to Oslo today",
    ]
    assert await recalled(memory.database, "What is on today?") == ["I fly to Oslo today"]
    assert await recalled(memory.database, "What should I cook?") == ["I like to cook lentils"]


@pytest.mark.parametrize(
    ("words", "language", "rest"),
    [
        ("What should I cook today?", "en", "What should I cook ?"),
        ("How was it this morning, and the day after tomorrow?", "en", "How was it , and ?"),
        ("Was koche ich übermorgen?", "de", "Was koche ich ?"),
        ("¿Qué cocino hoy?", "es", "¿Qué cocino ?"),
        ("Who sings Yesterdayland?", "en", "Who sings Yesterdayland?"),
        ("On Monday", "en", "On Monday"),
        ("Qu'est-ce que je fais aujourd'hui ?", "fr", "Qu'est-ce que je fais aujourd'hui ?"),
    ],
)
def test_words_for_days_are_those_that_mean_another_each_day(words: str, language: str, rest: str) -> None:
    assert without_days(words, language) == rest
