"""What is exported holds all there is, and makes the same memory of another database."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ai_server.memory import schema
from ai_server.memory.privacy.erasure import Erasure
from ai_server.memory.privacy.selection import Selection
from ai_server.memory.privacy.transfer import Imported, ImportLineError, Transfer
from ai_server.memory.storage.database import Database
from ai_server.protocol.reply import ActionMessage
from tests.filled_memory import BEGAN, FilledMemory, fact

WORDS = ("Hello", "Grüße", "日本語", "a 'quote' and \"another\"", "two\nlines", "\u2028", "👋🏽", "{}", " ")


@pytest.fixture
def memory(database: Database) -> FilledMemory:
    return FilledMemory(database)


@pytest.fixture
def transfer(database: Database) -> Transfer:
    return Transfer(database)


async def exported(transfer: Transfer, **selected: Any) -> list[dict[str, Any]]:
    """The objects of an export without its header."""
    lines = [json.loads(line) async for line in transfer.export(Selection(**selected))]
    assert (lines[0]["type"], lines[0]["format"], lines[0]["version"]) == ("header", "naila-memory", 1)
    return lines[1:]


async def erase_all(database: Database, directory: Path) -> None:
    async def refresh() -> None:
        pass

    erasure = Erasure(database, data_dir=directory, forget=lambda *_: None, forget_all=lambda: None, refresh=refresh)
    await erasure.erase(Selection(), by="test", everything=True)


class Filler:
    """Fills a memory with everything that there can be, at random."""

    def __init__(self, memory: FilledMemory, seed: int) -> None:
        self.memory = memory
        self.rng = random.Random(seed)
        self.now = BEGAN

    async def fill(self) -> None:
        for device_id in ("rover", "owl"):
            await self._fill_robot(device_id)
        for _ in range(30):
            self.now += timedelta(seconds=self.rng.choice([1, 90, 4000]), microseconds=self.rng.randrange(10**6))
            await self._say()

    async def _say(self) -> None:
        rng, device_id, user_id = self.rng, self.rng.choice(["rover", "owl"]), self.rng.choice([None, "ada", "bob"])
        learned = [fact(rng.choice(WORDS), kind=rng.choice(["name", "likes", "not_likes", "note"]))]
        action = ActionMessage(command_id="c", request_id="q", action="wave", arguments={"arm": "left", "times": 2})
        await self.memory.say(
            rng.choice(WORDS),
            rng.choice(WORDS),
            device_id=device_id,
            user_id=user_id,
            at=self.now,
            learned=learned if rng.random() < 0.4 else (),
            person_emotion=rng.choice([None, "sad"]),
            facts=rng.choice(["", "time 9:00"]),
            trace=rng.choice([{}, {"route": "model", "slots": {"a": [1, 2.5, None]}}]),
            actions=[action] * rng.randrange(2),
        )
        if rng.random() < 0.2:
            await self.memory.summarise(rng.choice(WORDS), device_id=device_id, user_id=user_id or "")
        if rng.random() < 0.1:
            await self.memory.turns.reset(device_id, user_id or "")

    async def _fill_robot(self, device_id: str) -> None:
        put, at = self.memory.put, self.now
        await put(
            schema.names, device_id=device_id, bearer="robot", user_id="", name=self.rng.choice(WORDS), said_at=at
        )
        await put(schema.names, device_id=device_id, bearer="person", user_id="ada", name="Ada", said_at=at)
        await put(schema.voice_settings, device_id=device_id, set_at=at, volume=self.rng.choice([None, 0, 70]))
        await put(schema.chosen_personas, device_id=device_id, chosen_at=at, persona="nabu")
        traits = dict.fromkeys(("warmth", "energy", "formality", "humour", "directness", "moved"), self.rng.random())
        await put(schema.personalities, device_id=device_id, user_id="ada", updated_at=at, **traits)
        for text in (None, self.rng.choice(WORDS)):
            await put(
                schema.reminders,
                device_id=device_id,
                user_id=self.rng.choice(("", "ada")),
                kind="reminder" if text else "timer",
                text=text,
                language="en",
                set_at=at,
                due_at=at + timedelta(days=400),
                elapsed=text is None,
            )


@pytest.mark.parametrize("seed", range(6))
async def test_an_export_makes_the_same_memory_of_an_empty_database(
    memory: FilledMemory, transfer: Transfer, tmp_path: Path, seed: int
):
    await Filler(memory, seed).fill()
    whole = await exported(transfer)
    rows = await memory.counts()
    assert len(whole) == sum(
        rows[name]
        for name in rows
        if name not in {"outbox", "search_entries", "embeddings", "fact_turns", "alembic_version", "audit", "erasures"}
    )
    await erase_all(memory.database, tmp_path)
    assert await exported(transfer) == []
    lines = [json.dumps(each) for each in whole]
    assert await transfer.import_lines(lines) == Imported(added=len(whole))
    assert in_order(await exported(transfer)) == in_order(whole)
    assert await memory.column("fact_turns.turn_id") == list(filter(None, await memory.column("facts.turn_id")))
    assert await transfer.import_lines(lines) == Imported(known=len(whole))
    random.Random(seed).shuffle(lines)
    assert (await transfer.import_lines(lines)).added == 0
    assert in_order(await exported(transfer)) == in_order(whole)


def in_order(records: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(each, sort_keys=True) for each in records)


async def test_the_history_of_an_imported_conversation_is_what_it_was(
    memory: FilledMemory, transfer: Transfer, tmp_path: Path
):
    now = datetime.now(BEGAN.tzinfo)
    for number in range(5):
        await memory.say(f"turn {number}", at=now - timedelta(minutes=9 - number))
    before = await memory.turns.recent("rover", "ada", 2000)
    lines = [line async for line in transfer.export(Selection())]
    await erase_all(memory.database, tmp_path)
    await transfer.import_lines(lines)
    after = await memory.turns.recent("rover", "ada", 2000)
    assert [turn.words for turn in after.turns] == [turn.words for turn in before.turns] != []


async def test_an_export_of_a_person_holds_nothing_of_others(memory: FilledMemory, transfer: Transfer):
    await Filler(memory, 7).fill()
    records = await exported(transfer, device_id="rover", user_id="ada")
    assert {(each["device_id"], each["user_id"]) for each in records} == {("rover", "ada")}
    everything = await exported(transfer)
    assert records == [each for each in everything if (each["device_id"], each.get("user_id")) == ("rover", "ada")]


async def test_an_export_by_words_holds_the_turns_and_facts_that_speak_of_them(
    memory: FilledMemory, transfer: Transfer
):
    await memory.say("Tom is my brother", learned=[fact("Your brother is Tom.")])
    await memory.say("Hello")
    assert [each["type"] for each in await exported(transfer, about="Tom")] == ["conversation", "turn", "fact"]


async def test_what_is_newer_takes_the_place_of_what_is_older_and_not_the_other_way_round(
    memory: FilledMemory, transfer: Transfer
):
    def line(name: str, day: int) -> str:
        said = {"type": "name", "device_id": "rover", "user_id": "ada", "bearer": "person", "name": name}
        return json.dumps({**said, "said_at": f"2026-03-0{day}T00:00:00Z"})

    for name, day, known in (("Ada", 2, "Ada"), ("Adele", 1, "Ada"), ("Adi", 3, "Adi")):
        await transfer.import_lines([line(name, day)])
        assert await memory.column("names.name") == [known]


async def test_a_person_can_be_taken_along_to_another_robot(memory: FilledMemory, transfer: Transfer, tmp_path: Path):
    await memory.say("Hello", learned=[fact("You like tea.")])
    await memory.summarise("A greeting.")
    path = tmp_path / "ada.jsonl"
    path.write_text("\n".join([line async for line in transfer.export(Selection(user_id="ada"))]) + "\n\n")
    assert await transfer.import_file(path, device_id="owl", user_id="ada.l") == Imported(added=4)
    assert await transfer.import_file(path, device_id="owl", user_id="ada.l") == Imported(known=4)
    for table in ("turns", "facts", "summaries", "conversations"):
        assert await memory.column(f"{table}.device_id") == ["rover", "owl"]
        assert await memory.column(f"{table}.user_id") == ["ada", "ada.l"]


async def test_what_is_of_two_robots_cannot_become_one(memory: FilledMemory, transfer: Transfer, tmp_path: Path):
    await memory.say("Hello")
    await memory.say("Hello", device_id="owl")
    path = tmp_path / "all.jsonl"
    path.write_text("\n".join([line async for line in transfer.export(Selection())]))
    with pytest.raises(ImportLineError, match="line 3: device_id: is 'owl' here, and 'rover' in the lines before"):
        await transfer.import_file(path, device_id="hawk")
    assert await memory.turns.count() == 2


TURN = {
    "type": "turn",
    "device_id": "rover",
    "conversation": "2026-03-01T09:00:00Z",
    "request_id": "q1",
    "at": "2026-03-01T09:00:00Z",
    "words": "Hello",
    "replied_at": "2026-03-01T09:00:01Z",
    "text": "Hi",
    "emotion": "happy",
    "intent": "greeting",
    "language": "en",
    "confidence": 1,
    "source": "llm",
    "finish_reason": "stop",
}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "line 2: Invalid JSON"),
        ("[]", "line 2: "),
        ("{}", "line 2: Unable to extract tag"),
        ({"type": "song"}, "line 2: Input tag 'song'"),
        ({**TURN, "emotion": "bored"}, "line 2: emotion: "),
        ({**TURN, "at": "2026-03-01T09:00:00"}, "line 2: at: Input should have timezone info"),
        ({**TURN, "device_id": "a/b"}, "line 2: device_id: "),
        ({**TURN, "mood": 1}, "line 2: mood: Extra inputs are not permitted"),
        ({**TURN, "words": "\0"}, "line 2: words: Value error, must hold no NUL character"),
        ({**TURN, "confidence": 2}, "line 2: confidence: "),
        ({**TURN, "prompt_tokens": 2**31}, "line 2: prompt_tokens: "),
        ({name: value for name, value in TURN.items() if name != "text"}, "line 2: text: Field required"),
        (
            {"type": "header", "format": "naila-memory", "version": 2, "exported_at": TURN["at"], "scope": ""},
            "line 2: version: Input should be less than or equal to 1",
        ),
    ],
)
async def test_a_wrong_line_is_told_and_nothing_is_imported(
    memory: FilledMemory, transfer: Transfer, tmp_path: Path, line: object, reason: str
):
    wrong = line if isinstance(line, str) else json.dumps(line)
    path = tmp_path / "wrong.jsonl"
    path.write_text(f"{json.dumps(TURN)}\n{wrong}\n")
    with pytest.raises(ImportLineError, match=reason):
        await transfer.import_lines([json.dumps(TURN), wrong])
    with pytest.raises(ImportLineError, match=reason):
        await transfer.import_file(path)
    assert await memory.turns.count() == 0
    assert await transfer.import_lines([json.dumps(TURN)]) == Imported(added=1)


async def test_a_summary_of_turns_that_are_not_there_is_left_out(transfer: Transfer):
    summary = {
        "type": "summary",
        "device_id": "rover",
        "conversation": TURN["conversation"],
        "to_request": "q9",
        "text": "A greeting.",
        "tokens": 3,
        "made_by": "model",
        "made_at": TURN["at"],
    }
    assert await transfer.import_lines([json.dumps(TURN), json.dumps(summary)]) == Imported(added=1, left_out=1)
