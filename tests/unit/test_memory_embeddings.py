"""Embeddings: vectors are made by a real model, kept with what they are of, and help to find it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import Connection, delete, select

from ai_server import resources
from ai_server.llm.embedding import Embedder
from ai_server.memory.facts import NewFact, store
from ai_server.memory.schema import embeddings as embeddings_table
from ai_server.memory.schema import turns as turns_table
from ai_server.memory.search import index as search_index
from ai_server.memory.search.embeddings import Embeddings
from ai_server.memory.search.search import Search
from ai_server.memory.storage.database import Database
from ai_server.memory.turns import Turn, Turns
from ai_server.protocol.reply import Reply
from tests.tiny_bert import write_tiny_bert

AT = datetime(2026, 5, 3, 12, tzinfo=UTC)


class Meanings:
    """An embedder that knows what words are about: each of its lists is a direction.

    What a model would make of them is beyond a test: this shows what is done with it.
    """

    def __init__(self, *topics: str) -> None:
        self.topics = [set(each.split()) for each in topics]
        self.texts: list[str] = []
        self.name = "meanings"
        self.slow = False

    async def fingerprint(self) -> str | None:
        return self.name

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float16] | None:
        if self.slow:
            await asyncio.Event().wait()
        self.texts += texts
        rows = [[0.1, *(float(bool(topic & set(text.split()))) for topic in self.topics)] for text in texts]
        return np.array([np.array(row) / np.linalg.norm(row) for row in rows], dtype="<f2")


async def say(database: Database, *said: str, user_id: str | None = "ada", device_id: str = "rover") -> None:
    for words in said:
        number = await database.read(lambda connection: len(connection.execute(select(turns_table.c.id)).all()))
        reply = Reply(request_id=f"q{number}", device_id=device_id, text="I see.", source="llm", language="en")
        await Turns(database).add(Turn(at=AT + timedelta(seconds=number), words=words, user_id=user_id, reply=reply))
    await database.run(search_index.refresh)


async def fill(embeddings: Embeddings) -> None:
    while await embeddings.fill():
        pass


async def rows(database: Database) -> list[tuple[str, str, str]]:
    query = select(embeddings_table.c.model, embeddings_table.c.device_id, embeddings_table.c.user_id)
    found = await database.read(lambda connection: connection.execute(query).all())
    return [(row.model, row.device_id, row.user_id) for row in found]


CHAT = ("I saw a film", "good morning", "it rains", "the bus was late", "I like jazz", "we played chess")
FOOD = "eat shellfish swell prawns"


async def test_what_means_the_same_is_recalled_without_a_word_in_common(database: Database) -> None:
    embeddings = Embeddings(database, Meanings(FOOD, "film jazz chess"))
    await say(database, *CHAT, "prawns are nothing for me", *CHAT)
    await fill(embeddings)
    asked = "which dishes must I not eat"
    assert [each.text for each in await Search(database, embeddings).recall("rover", "ada", asked, language="en")] == [
        "prawns are nothing for me"
    ]
    assert await Search(database).recall("rover", "ada", asked, language="en") == []


async def test_what_is_found_by_words_and_by_meaning_comes_before_what_is_found_by_one(database: Database) -> None:
    embeddings = Embeddings(database, Meanings(FOOD))
    await say(database, *CHAT, *CHAT, "prawns make my face swell", "a table for four", "the table where we eat prawns")
    await fill(embeddings)
    found = await Search(database, embeddings).recall("rover", "ada", "a table to eat at", language="en")
    assert found[0].text == "the table where we eat prawns"
    assert {each.text for each in found[1:]} == {"prawns make my face swell", "a table for four"}
    assert found[0].score > found[1].score


async def test_nobody_elses_meaning_is_recalled_and_the_households_facts_are(database: Database) -> None:
    embeddings = Embeddings(database, Meanings(FOOD))
    await say(database, "prawns make my face swell", user_id="bob")
    await say(database, "prawns make my eyes swell", device_id="owl")
    await say(database, *CHAT, *CHAT)
    fact = NewFact("guests", "allergy", "prawns", "The guests swell from prawns .", 0.9, "told", household=True)

    def learn(connection: Connection) -> None:
        store(connection, [fact], device_id="owl", user_id="bob", turn_id=None, at=AT)
        search_index.refresh(connection)

    await database.run(learn)
    await fill(embeddings)
    found = await Search(database, embeddings).recall("rover", "ada", "what is there to eat", language="en")
    assert [each.text for each in found] == ["The guests swell from prawns ."]
    assert ("meanings", "", "") in await rows(database)


async def test_a_vector_goes_with_its_turn_and_is_made_anew_when_that_changes(database: Database) -> None:
    embedder = Meanings(FOOD)
    embeddings = Embeddings(database, embedder)
    await say(database, "prawns are fine", "it rains")
    await fill(embeddings)
    await database.run(lambda c: c.execute(delete(turns_table).where(turns_table.c.words == "it rains")) and None)
    assert len(await rows(database)) == 1
    changed = turns_table.update().values(words="shellfish is fine")
    await database.run(lambda connection: connection.execute(changed) and None)
    assert await rows(database) == []
    await fill(embeddings)
    assert embedder.texts[-1] == "shellfish is fine"
    assert len(await rows(database)) == 1


async def test_what_was_interrupted_is_taken_up_again_and_nothing_is_made_twice(database: Database) -> None:
    embedder = Meanings(FOOD)
    said = [f"sentence {number}" for number in range(30)]
    await say(database, *said)
    await Embeddings(database, embedder).fill()
    assert 0 < len(await rows(database)) < 30
    resumed = Embeddings(database, embedder)
    await fill(resumed)
    await say(database, "one more")
    await fill(resumed)
    assert sorted(embedder.texts) == sorted([*said, "one more"])


async def test_another_model_makes_all_vectors_anew(database: Database) -> None:
    await say(database, "it rains")
    await fill(Embeddings(database, Meanings(FOOD)))
    other = Meanings("rains", "snows")
    other.name = "other"
    embeddings = Embeddings(database, other)
    assert await embeddings.nearest("rover", "ada", "it rains", 3) == []
    await fill(embeddings)
    assert await rows(database) == [("other", "rover", "ada")]
    assert len(await embeddings.nearest("rover", "ada", "it rains", 3)) == 1


async def test_a_slow_model_does_not_keep_a_reply_waiting(database: Database) -> None:
    embedder = Meanings(FOOD)
    embedder.slow = True
    await say(database, "the keys are in the box")
    found = await Search(database, Embeddings(database, embedder)).recall("rover", "ada", "where are the keys")
    assert [each.text for each in found] == ["the keys are in the box"]


@pytest.fixture
async def embedder() -> AsyncIterator[Embedder]:
    embedder = Embedder(resources.embedded_model())
    yield embedder
    await embedder.close()


async def test_a_real_model_makes_vectors_by_which_a_turn_finds_itself(database: Database, embedder: Embedder) -> None:
    embeddings = Embeddings(database, embedder)
    await say(database, *CHAT, *CHAT[:5], "the keys are in the blue box")
    await fill(embeddings)
    assert len({model for model, *_ in await rows(database)}) == 1
    [newest] = await embeddings.nearest("rover", "ada", "the keys are in the blue box", 1)
    assert newest == await database.read(lambda c: max(c.execute(select(embeddings_table.c.entry_id)).scalars()))


async def test_a_real_models_vectors_have_length_one_and_nothing_is_zeros(embedder: Embedder) -> None:
    vectors = await embedder.embed(["the keys are in the box", "", "words " * 2000, "the keys are in the box"])
    assert vectors is not None
    lengths = np.linalg.norm(vectors.astype(np.float32), axis=1)
    assert np.allclose(lengths, [1, 0, 1, 1], atol=0.01)
    assert np.array_equal(vectors[0], vectors[3])
    assert not np.array_equal(vectors[0], vectors[2])


async def test_a_model_that_only_encodes_makes_vectors_pooled_as_its_file_says(tmp_path: Path) -> None:
    path = tmp_path / "bert.gguf"
    write_tiny_bert(path)
    embedder = Embedder(path)
    vectors = await embedder.embed(["the keys", "the box", "the keys " * 500])
    await embedder.close()
    assert vectors is not None
    assert np.allclose(np.linalg.norm(vectors.astype(np.float32), axis=1), 1, atol=0.01)
    assert not np.array_equal(vectors[0], vectors[1])


async def test_a_process_that_was_killed_costs_vectors_and_nothing_else(embedder: Embedder) -> None:
    assert await embedder.embed(["hello"]) is not None
    process = embedder._process
    assert process is not None
    os.kill(process._child.pid, signal.SIGKILL)
    await process._child.wait()
    assert await embedder.embed(["hello"]) is None
    embedder._failed = float("-inf")
    assert await embedder.embed(["hello"]) is not None


async def test_a_caller_that_gives_up_does_not_spoil_the_next_answer(embedder: Embedder) -> None:
    given_up = asyncio.create_task(embedder.embed(["the bus was late"]))
    await asyncio.sleep(0.05)  # the model is being loaded
    given_up.cancel()
    one = await embedder.embed(["the keys are in the box"])
    process = embedder._process
    other = await embedder.embed(["the bus was late", "the keys are in the box"])
    assert one is not None
    assert other is not None
    assert np.array_equal(one[0], other[1])
    assert embedder._process is process


async def test_a_file_that_is_no_model_makes_no_vectors(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"hello")
    embedder = Embedder(path)
    assert await embedder.embed(["hello"]) is None
    assert await Embedder(tmp_path / "missing.gguf").fingerprint() is None
    await embedder.close()
