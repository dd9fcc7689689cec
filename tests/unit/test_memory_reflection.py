"""What is made of conversations while nobody speaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select

from ai_server import resources
from ai_server.brain.facts.by_model import ModelFacts
from ai_server.brain.facts.rules import FactRules
from ai_server.brain.reflection import CONVERSATION, Reflection, summary_prompt
from ai_server.llm.chat import ChatEvent, ChatRequest, Finished, ModelError, Started
from ai_server.memory.facts import Facts
from ai_server.memory.schema import conversations, summaries, turns
from ai_server.memory.storage.database import Database
from ai_server.memory.summaries import SUMMARY_TOKENS, Said, Summaries, Told, tokens_of
from ai_server.memory.turns import Turn, Turns
from ai_server.protocol.reply import Reply

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
BUDGET = 300
RULES = FactRules.load(resources.config_dir() / "facts")


class Model:
    """Says what it is told to, and keeps what it was asked; while it is not `free` it says nothing."""

    def __init__(self) -> None:
        self.asked: list[ChatRequest] = []
        self.says = "The person likes jazz. The robot was glad."
        self.free = asyncio.Event()
        self.free.set()
        self.broken = False
        self.closed = 0
        self.began = asyncio.Event()

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        self.asked.append(request)
        if self.broken:
            raise ModelError("away")
        try:
            yield Started("llm")
            self.began.set()
            await self.free.wait()
            yield Finished("stop", self.says)
        finally:
            self.closed += 1


class Host:
    """A brain at rest, on a real database."""

    def __init__(self, database: Database, *, model: Model | None, finder: ModelFacts | None = None) -> None:
        self.database = database
        self.now = AT
        self.busy = False
        self.forgotten: list[str] = []
        self.turns = Turns(database, now=lambda: self.now)
        self.summaries = Summaries(database)
        self.reflection = Reflection(
            turns=self.turns,
            summaries=self.summaries,
            model=model,
            finder=finder,
            busy=lambda: self.busy,
            forget=self.forgotten.append,
            history_tokens=BUDGET,
            now=lambda: self.now,
            quiet_s=0.0,
            look_s=0.01,
        )
        self.count = 0

    async def say(self, words: str = "", user_id: str | None = "ada") -> None:
        self.now += timedelta(minutes=1)
        self.count += 1
        reply = Reply(request_id=f"q{self.count}", device_id="rover", text="I see.", source="llm", timestamp=self.now)
        words = words or f"I like song {self.count} very much."
        await self.turns.add(Turn(at=self.now, words=words, reply=reply, user_id=user_id))

    async def reflect(self) -> int:
        """Reflect until there is nothing more to do; return on how many pieces."""
        pieces = 0
        while await self.reflection.step():
            pieces += 1
            assert pieces < 50, "it never comes to an end"
        return pieces

    async def rows(self) -> list[Any]:
        query = select(summaries).order_by(summaries.c.id)
        return await self.database.read(lambda connection: list(connection.execute(query).all()))

    async def unfinished(self) -> int:
        return len(await self.summaries.unreflected())


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def host(database: Database, model: Model) -> Host:
    return Host(database, model=model)


@pytest.fixture
def small(database: Database) -> Host:
    """Without a model that takes the long prompt."""
    return Host(database, model=None)


async def test_a_conversation_whose_pause_is_over_is_ended_and_summed_up(host: Host, model: Model) -> None:
    for _ in range(3):
        await host.say()
    host.now += timedelta(minutes=31)
    await host.reflect()
    (row,) = await host.rows()
    assert (row.from_turn_id, row.to_turn_id, row.text, row.made_by) == (1, 3, model.says, "model")
    assert (row.device_id, row.user_id, row.tokens) == ("rover", "ada", tokens_of(model.says))
    ended = select(conversations.c.ended_at, conversations.c.reflected_at)
    found = await host.database.read(lambda connection: connection.execute(ended).one())
    assert found == (AT + timedelta(minutes=3), host.now)


async def test_what_goes_on_is_left_alone_until_turns_are_about_to_leave_the_prompt(host: Host) -> None:
    await host.say()
    assert await host.reflect() == 0
    assert await host.rows() == []


async def test_what_leaves_the_prompt_next_is_summed_up_before_it_does(host: Host, model: Model) -> None:
    borders = []
    for _ in range(40):
        before = (await host.turns.recent("rover", "ada", BUDGET)).left_until
        await host.say()
        left = (await host.turns.recent("rover", "ada", BUDGET)).left_until
        if left != before:
            borders.append(left)
            assert left in [row.to_turn_id for row in await host.rows()]
        await host.reflect()
    assert len(borders) >= 3
    assert all(row.from_turn_id == 1 for row in await host.rows())
    assert model.says in model.asked[-1].messages[0].content, "it goes on from the summary before"


async def test_without_a_model_the_sentences_that_tell_most_are_kept(small: Host) -> None:
    await small.say("What time is it now?")
    await small.say("My sister Zoe comes on Friday.")
    small.now += timedelta(hours=1)
    await small.reflect()
    (row,) = await small.rows()
    assert (row.text, row.made_by) == ('The person said: "My sister Zoe comes on Friday."', "extract")
    assert await small.unfinished() == 0


async def test_an_extract_of_a_long_conversation_tells_of_its_end_too_and_is_bounded(small: Host) -> None:
    rows = [f"I like song number {number} very much." for number in range(230)]
    for words in rows:
        await small.say(words)
    small.now += timedelta(hours=1)
    await small.reflect()
    row = (await small.rows())[-1]
    assert row.to_turn_id == 230
    assert "song number 229" in row.text
    assert row.tokens <= SUMMARY_TOKENS + 10


async def test_while_the_model_is_away_the_sentences_stand_and_it_makes_its_summary_later(
    host: Host, model: Model
) -> None:
    await host.say()
    host.now += timedelta(hours=1)
    model.broken = True
    await host.reflect()
    assert [row.made_by for row in await host.rows()] == ["extract"]
    assert await host.unfinished() == 1
    model.broken = False
    await host.reflect()
    assert [row.made_by for row in await host.rows()] == ["extract", "model"]
    assert await host.unfinished() == 0


async def test_somebody_who_speaks_stops_the_model_at_once_and_it_begins_again_later(host: Host, model: Model) -> None:
    await host.say()
    host.now += timedelta(hours=1)
    model.free.clear()
    step = asyncio.create_task(host.reflection.step())
    await model.began.wait()
    host.busy = True
    host.reflection.interrupt()
    await step
    assert model.closed == 1
    assert [row.made_by for row in await host.rows()] in ([], ["extract"])
    model.free.set()
    host.busy = False
    await host.reflect()
    assert [row.made_by for row in await host.rows()][-1] == "model"


async def test_after_somebody_spoke_nothing_else_is_begun_for_a_while(database: Database, model: Model) -> None:
    host = Host(database, model=model, finder=ModelFacts(lambda: RULES))
    host.reflection._quiet_s = 1000.0
    await host.say()
    host.now += timedelta(hours=1)
    host.reflection.interrupt()
    await host.reflect()
    assert model.asked == []


async def test_the_model_is_asked_nothing_while_a_robot_is_answered(host: Host, model: Model) -> None:
    await host.say()
    host.now += timedelta(hours=1)
    host.busy = True
    await host.reflect()
    assert model.asked == []


async def test_it_reflects_by_itself_when_it_is_quiet(host: Host, model: Model) -> None:
    await host.say()
    host.now += timedelta(hours=1)
    running = asyncio.create_task(host.reflection.run())
    await asyncio.wait([asyncio.create_task(_finished(host))], timeout=30)
    running.cancel()
    assert [row.made_by for row in await host.rows()] == ["model"]


async def _finished(host: Host) -> None:
    while True:
        if not await host.unfinished():
            return
        await asyncio.sleep(0.01)


async def test_what_the_model_reads_is_in_a_conversation_of_its_own_and_forgotten(host: Host, model: Model) -> None:
    await host.say()
    host.now += timedelta(hours=1)
    await host.reflect()
    (asked,) = model.asked
    assert asked.conversation_id == CONVERSATION
    assert [message.role for message in asked.messages] == ["user"]
    assert asked.verbatim
    assert asked.max_tokens == SUMMARY_TOKENS
    assert host.forgotten == [CONVERSATION]


async def test_a_summary_that_is_cut_short_ends_with_a_full_sentence(host: Host, model: Model) -> None:
    model.says = "The person likes jazz. The robot was very"
    await host.say()
    host.now += timedelta(hours=1)
    await host.reflect()
    assert [row.text for row in await host.rows()] == ["The person likes jazz."]


async def test_a_model_that_says_nothing_is_asked_once(host: Host, model: Model) -> None:
    model.says = ""
    await host.say()
    host.now += timedelta(hours=1)
    await host.reflect()
    assert len(model.asked) == 1
    assert [row.made_by for row in await host.rows()] == ["extract"]
    assert await host.unfinished() == 0


async def test_what_was_erased_while_the_model_thought_is_not_kept(host: Host, model: Model) -> None:
    await host.say()
    await host.say()
    host.now += timedelta(hours=1)
    model.free.clear()
    step = asyncio.create_task(host.reflection.step())
    await model.began.wait()
    await host.database.run(lambda connection: connection.execute(delete(turns).where(turns.c.id == 1)).close())
    model.free.set()
    await step
    assert not [row for row in await host.rows() if row.made_by == "model"]
    await host.reflect()
    assert [row.from_turn_id for row in await host.rows() if row.made_by == "model"] == [2]


async def test_a_long_conversation_is_read_in_parts(host: Host, model: Model) -> None:
    for number in range(60):
        await host.say(f"I like song {number} very much. " * 6)
    host.now += timedelta(hours=1)
    await host.reflect()
    assert len(model.asked) > 2
    assert max(tokens_of(asked.messages[0].content) for asked in model.asked) < 1300
    assert (await host.rows())[-1].to_turn_id == 60


async def test_the_model_finds_facts_once_in_each_turn(database: Database, model: Model) -> None:
    host = Host(database, model=model, finder=ModelFacts(lambda: RULES))
    for number in range(5):
        await host.say("My sister Eva cannot stand olives." if number == 2 else "")
    model.says = '[{"line": 3, "who": "my sister Eva", "kind": "dislikes", "value": "olives"}]'
    await host.reflect()
    (asked,) = model.asked
    assert asked.grammar is not None
    assert asked.messages[0].content.count("song") == 4
    facts = await Facts(database).known("rover", "ada")
    assert [(fact.value, fact.source, fact.turn_id) for fact in facts] == [("olives", "model", 3)]
    assert facts[0].learned_at == AT + timedelta(minutes=3)
    await host.reflect()
    assert len(model.asked) == 1
    model.says = "[]"
    await host.say()
    host.now += timedelta(hours=1)
    await host.reflect()
    assert [asked.grammar is not None for asked in model.asked] == [True, False, True]
    assert await host.unfinished() == 0


async def test_an_answer_that_makes_no_sense_is_not_asked_for_again(database: Database, model: Model) -> None:
    host = Host(database, model=model, finder=ModelFacts(lambda: RULES))
    for _ in range(4):
        await host.say()
    model.says = "I do not know"
    await host.reflect()
    await host.reflect()
    assert len(model.asked) == 1
    assert await Facts(database).known("rover", "ada") == []


async def test_no_facts_are_looked_for_in_a_word_or_two_of_a_conversation_that_goes_on(
    database: Database, model: Model
) -> None:
    host = Host(database, model=model, finder=ModelFacts(lambda: RULES))
    await host.say()
    assert await host.reflect() == 0


async def test_people_are_summed_up_each_by_themselves(host: Host, model: Model) -> None:
    for user_id in ("ada", "bob", None, "ada"):
        await host.say(f"I am {user_id}.", user_id)
    host.now += timedelta(hours=1)
    await host.reflect()
    for asked in model.asked:
        assert sum(f"I am {user_id}." in asked.messages[0].content for user_id in ("ada", "bob", None)) == 1
    assert {row.user_id for row in await host.rows()} == {"ada", "bob", ""}


def test_a_model_is_shown_what_was_said_and_what_was_written_down_before() -> None:
    told = Told(AT, None, (Said(1, AT, "I like\njazz", "So do I.", "en"),))
    assert summary_prompt(told).endswith("The conversation:\nPerson: I like jazz\nRobot: So do I.")
