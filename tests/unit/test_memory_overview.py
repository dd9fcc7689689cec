from __future__ import annotations

from datetime import timedelta

from ai_server.memory.privacy import overview
from ai_server.memory.privacy.corrections import correct
from ai_server.memory.privacy.selection import Selection
from ai_server.memory.storage.database import Database
from tests.remembered import BEGAN, SAID, say_all

EVERYTHING = Selection()


async def conversations(database: Database, selection: Selection = EVERYTHING, limit: int = 50) -> list[str]:
    await say_all(database)
    found = await database.read(lambda connection: overview.conversations_of(connection, selection, limit))
    return [line.last_words for line in found]


async def test_the_conversation_that_was_spoken_in_last_comes_first(database: Database):
    assert await conversations(database) == [words for _, _, words, _ in reversed(SAID)]


async def test_conversations_are_listed_by_robot_and_person(database: Database):
    assert await conversations(database, Selection(device_id="rover", user_id="")) == ["what time is it"]
    assert await conversations(database, Selection(user_id="bob")) == ["where is Tom"]


async def test_conversations_are_listed_by_time(database: Database):
    since, until = BEGAN + timedelta(minutes=30), BEGAN + timedelta(minutes=90)
    assert await conversations(database, Selection(since=since, until=until)) == ["Tom comes to dinner on Friday"]


async def test_at_most_so_many_conversations_are_listed(database: Database):
    assert await conversations(database, limit=1) == ["where is Tom"]


async def test_a_turn_is_shown_with_what_was_learnt_from_it(database: Database):
    await say_all(database)
    turn = await database.read(lambda connection: overview.turn_with(connection, 1))
    assert turn is not None
    assert (turn.turn.words, turn.turn.user_id) == ("I am allergic to nuts", "ada")
    assert [fact.text for fact in turn.facts] == ["You are allergic to nuts."]
    assert await database.read(lambda connection: overview.turn_with(connection, 99)) is None


async def test_a_conversation_is_shown_with_its_turns(database: Database):
    await say_all(database)
    turn = await database.read(lambda connection: overview.turn_with(connection, 1))
    assert turn is not None
    whole = await database.read(lambda connection: overview.conversation_with(connection, turn.conversation_id))
    assert whole is not None
    assert [each.id for each in whole.turns] == [1]
    assert whole.turns[0].facts == turn.facts
    assert await database.read(lambda connection: overview.conversation_with(connection, 99)) is None


async def test_a_fact_is_shown_with_its_history_and_the_turn_it_was_said_in(database: Database):
    await say_all(database)
    first = (await database.read(lambda connection: overview.turn_with(connection, 1)) or fail()).facts[0]
    second = await database.run(lambda c: correct(c, first.id, "peas", None, at=BEGAN + timedelta(days=1)))
    third = await database.run(lambda c: correct(c, second, "beans", None, at=BEGAN + timedelta(days=2)))
    for number in (first.id, second, third):
        whole = await database.read(lambda connection, number=number: overview.fact_with(connection, number)) or fail()
        assert [fact.id for fact in whole.history] == [first.id, second, third]
        assert whole.fact.id == number
        assert (whole.turn is not None) == (number == first.id)
    assert await database.read(lambda connection: overview.fact_with(connection, 99)) is None


async def test_facts_that_hold_no_more_are_listed_only_where_wanted(database: Database):
    await say_all(database)
    await database.run(lambda connection: correct(connection, 1, "peas", None, at=BEGAN + timedelta(days=1)))

    async def texts(*, superseded: bool) -> list[str]:
        found = await database.read(
            lambda connection: overview.facts_of(connection, EVERYTHING, superseded=superseded, limit=10)
        )
        return [fact.text for fact in found]

    assert await texts(superseded=False) == ["You are allergic to peas."]
    assert await texts(superseded=True) == ["You are allergic to peas.", "You are allergic to nuts."]


async def test_what_there_is_of_each_robot_is_counted(database: Database):
    await say_all(database)
    rover, kitchen = await database.read(overview.robots)
    assert (rover.device_id, rover.people, rover.conversations, rover.turns, rover.facts) == ("rover", 1, 3, 3, 1)
    assert (rover.oldest, rover.newest) == (BEGAN, BEGAN + timedelta(hours=2))
    assert (kitchen.device_id, kitchen.turns, kitchen.facts) == ("kitchen", 1, 0)
    counts = await database.read(overview.count_rows)
    assert counts == {"conversations": 4, "turns": 4, "facts": 1, "superseded_facts": 0, "summaries": 0}
    index = await database.read(overview.index_of)
    assert (index.entries, index.embeddings) == (5, 0)


async def test_a_few_of_the_newest_turns_that_speak_of_something_are_shown(database: Database):
    await say_all(database)

    async def words(selection: Selection, limit: int) -> list[str]:
        found = await database.read(lambda connection: overview.sample(connection, selection, limit))
        return [each.turn.words for each in found]

    assert await words(Selection(about="tom"), 5) == ["where is Tom", "Tom comes to dinner on Friday"]
    assert await words(Selection(about="Tom", device_id="rover"), 5) == ["Tom comes to dinner on Friday"]
    assert await words(EVERYTHING, 1) == ["where is Tom"]


def fail() -> None:
    raise AssertionError("there is none")
