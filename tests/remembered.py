"""A small household's memory, for the tests of what owners do with it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ai_server.memory.facts import NewFact
from ai_server.memory.personalities import Drift, Personalities, Traits
from ai_server.memory.storage.database import Database
from ai_server.memory.storage.store import Place
from ai_server.memory.turns import Turn, Turns
from ai_server.protocol.reply import Reply

BEGAN = datetime(2026, 5, 3, 10, 0, tzinfo=UTC)
SAID = (
    ("rover", "ada", "I am allergic to nuts", "I will remember that."),
    ("rover", "ada", "Tom comes to dinner on Friday", "How nice."),
    ("rover", None, "what time is it", "It is ten."),
    ("kitchen", "bob", "where is Tom", "I do not know."),
)
LEARNED: Mapping[str, NewFact] = {
    "I am allergic to nuts": NewFact("user", "allergy", "nuts", "You are allergic to nuts.", 0.95, "rule"),
}


DRIFT = Drift(Traits(warmth=0.12, humour=0.05, directness=-0.08), moved=0.02, at=BEGAN)
"""How the rover has come to speak with Ada."""


async def fill(place: Place | Path) -> None:
    """Make a database in which everybody said what is in `SAID`."""
    database = await Database.open(place)
    await say_all(database)
    personalities = Personalities(database, max_kept=10)
    await database.run(lambda connection: personalities.change(connection, "rover", "ada", lambda _: DRIFT))
    await database.close()


async def say_all(database: Database) -> None:
    """Have everybody say what is in `SAID`, an hour apart."""
    turns = Turns(database)
    for number, (device_id, user_id, words, text) in enumerate(SAID):
        at = BEGAN + timedelta(hours=number)
        reply = Reply(request_id=f"q{number}", device_id=device_id, text=text, source="llm", timestamp=at)
        learned = (LEARNED[words],) if words in LEARNED else ()
        await turns.add(Turn(at=at, words=words, reply=reply, user_id=user_id, learned=learned))
