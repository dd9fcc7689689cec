"""What is known of people: kept, refreshed, contradicted, bounded and deleted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, delete, insert, select

from ai_server.memory.facts import Facts, NewFact, store
from ai_server.memory.schema import facts as facts_table
from ai_server.memory.schema import turns as turns_table
from ai_server.memory.storage.database import Database
from ai_server.memory.turns import Turn, Turns
from ai_server.protocol.reply import Reply

MAY = datetime(2026, 5, 3, 12, tzinfo=UTC)
LATER = MAY + timedelta(days=1)

NUTS = NewFact("user", "allergy", "nuts", "You are allergic to nuts.", 0.9, "rule")
TEA = NewFact("user", "likes", "tea", "You like tea.", 0.9, "rule")
NO_TEA = NewFact("user", "dislikes", "Tea", "You don't like tea.", 0.9, "rule")
BERLIN = NewFact("user", "home", "Berlin", "You live in Berlin.", 0.9, "rule")
ROME = replace(BERLIN, value="Rome", text="You live in Rome.")
BIN = NewFact("bin", "is", "out on Tuesday", "The bin goes out on Tuesday.", 1.0, "told", household=True)


@pytest.fixture
def facts(database: Database) -> Facts:
    return Facts(database)


async def learn(
    facts: Facts, *new: NewFact, at: datetime = MAY, device_id: str = "kitchen", user_id: str | None = "ada"
) -> None:
    await facts.add(device_id, user_id, new, at=at)


async def known(facts: Facts, device_id: str = "kitchen", user_id: str | None = "ada") -> list[str]:
    return [fact.text for fact in await facts.known(device_id, user_id)]


async def test_what_is_known_comes_back_the_newest_first(facts: Facts) -> None:
    await learn(facts, NUTS)
    await learn(facts, TEA, at=LATER)
    assert await known(facts) == [TEA.text, NUTS.text]
    (newest,) = await facts.known("kitchen", "ada", limit=1)
    assert (newest.learned_at, newest.source, newest.confidence) == (LATER, "rule", 0.9)


async def test_the_same_again_is_refreshed_and_kept_once(facts: Facts) -> None:
    await learn(facts, NUTS)
    await learn(facts, replace(NUTS, value=" NUTS", confidence=1.0), at=LATER)
    (fact,) = await facts.all()
    assert (fact.learned_at, fact.confidence) == (LATER, 1.0)


async def test_a_less_certain_source_does_not_take_the_place_of_a_better_one(facts: Facts) -> None:
    await learn(facts, NUTS)
    await learn(facts, replace(NUTS, confidence=0.5, source="model", text="Nuts."), at=LATER)
    (fact,) = await facts.all()
    assert (fact.text, fact.source, fact.confidence) == (NUTS.text, "rule", 0.9)


async def test_a_contradiction_takes_the_place_of_what_was_known_which_is_kept_as_history(facts: Facts) -> None:
    await learn(facts, BERLIN)
    await learn(facts, ROME, at=LATER)
    assert await known(facts) == [ROME.text]
    new, old = await facts.all()
    assert (old.value, old.superseded_at, old.superseded_by) == ("Berlin", LATER, new.id)


async def test_many_likes_stand_beside_each_other_and_a_dislike_ends_one(facts: Facts) -> None:
    await learn(facts, TEA, replace(TEA, value="jazz", text="You like jazz."))
    await learn(facts, NO_TEA, at=LATER)
    assert set(await known(facts)) == {"You like jazz.", NO_TEA.text}


async def test_what_is_not_so_ends_what_was_and_is_ended_by_it(facts: Facts) -> None:
    not_nuts = replace(NUTS, kind="not_allergy", text="You are not allergic to nuts.")
    await learn(facts, NUTS)
    await learn(facts, not_nuts, at=LATER)
    assert await known(facts) == [not_nuts.text]
    await learn(facts, NUTS, at=LATER + timedelta(days=1))
    assert await known(facts) == [NUTS.text]


async def test_one_favourite_of_each_thing_holds(facts: Facts) -> None:
    green = NewFact("user", "favourite colour", "green", "Your favourite colour is green.", 0.9, "rule")
    soup = NewFact("user", "favourite food", "soup", "Your favourite food is soup.", 0.9, "rule")
    await learn(facts, green, soup)
    await learn(facts, replace(green, value="red", text="Red."), at=LATER)
    assert set(await known(facts)) == {"Red.", soup.text}


async def test_what_was_said_before_and_is_found_only_now_goes_into_history(facts: Facts) -> None:
    await learn(facts, ROME, at=LATER)
    await learn(facts, replace(BERLIN, source="model", confidence=0.6), at=MAY)
    assert await known(facts) == [ROME.text]
    assert {fact.value: fact.superseded_at for fact in await facts.all()} == {"Rome": None, "Berlin": LATER}


async def test_of_two_readings_of_the_same_words_the_surer_one_holds(facts: Facts) -> None:
    await learn(facts, ROME)
    await learn(facts, replace(BERLIN, source="model", confidence=0.6))
    assert await known(facts) == [ROME.text]


async def test_nothing_reaches_another_person_or_another_robot(facts: Facts) -> None:
    await learn(facts, NUTS)
    await learn(facts, BERLIN, user_id=None)
    await learn(facts, ROME, user_id="bob")
    await learn(facts, TEA, device_id="attic")
    assert await known(facts) == [NUTS.text]
    assert await known(facts, user_id=None) == [BERLIN.text]
    assert await known(facts, user_id="bob") == [ROME.text]
    assert await known(facts, "attic") == [TEA.text]


async def test_what_is_said_for_the_household_reaches_everybody_and_the_newest_of_it_holds(facts: Facts) -> None:
    await learn(facts, BIN)
    await learn(facts, replace(BIN, value="out on Friday", text="Friday."), at=LATER, user_id="bob", device_id="attic")
    for person in (None, "ada", "carl"):
        assert await known(facts, "hall", person) == ["Friday."]


async def test_what_one_person_says_for_themselves_ends_nothing_that_was_said_for_everybody(facts: Facts) -> None:
    await learn(facts, BIN)
    await learn(facts, replace(BIN, value="never out", text="Never.", household=False), at=LATER, user_id="bob")
    assert await known(facts, user_id="bob") == ["Never.", BIN.text]
    assert await known(facts) == [BIN.text]


async def test_beyond_the_bound_the_oldest_of_the_least_certain_go_and_nobody_elses(database: Database) -> None:
    facts = Facts(database, max_facts=3)
    likes = [replace(TEA, value=str(n), text=str(n)) for n in range(3)]
    await learn(facts, NUTS, user_id="bob")
    await learn(facts, likes[0])
    await learn(facts, replace(likes[1], confidence=0.5), at=LATER)
    await learn(facts, replace(likes[2], confidence=0.5), BERLIN, at=LATER + timedelta(days=1))
    assert set(await known(facts)) == {"0", "2", BERLIN.text}
    assert await known(facts, user_id="bob") == [NUTS.text]


async def test_history_goes_before_what_holds(database: Database) -> None:
    facts = Facts(database, max_facts=2)
    await learn(facts, BERLIN)
    await learn(facts, ROME, at=LATER)
    await learn(facts, replace(TEA, confidence=0.1), at=LATER)
    assert {fact.value for fact in await facts.all()} == {"Rome", "tea"}


async def test_facts_are_listed_by_robot_and_by_person(facts: Facts) -> None:
    await learn(facts, NUTS)
    await learn(facts, TEA, user_id=None)
    await learn(facts, ROME, device_id="attic")
    assert [fact.value for fact in await facts.all("kitchen", "")] == ["tea"]
    assert {fact.value for fact in await facts.all(user_id="ada")} == {"nuts", "Rome"}


async def test_a_fact_outlives_the_turn_that_it_was_said_in(database: Database, facts: Facts) -> None:
    reply = Reply(request_id="q1", device_id="kitchen", text="Hi", source="llm")
    await Turns(database).add(Turn(at=MAY, words="I live in Rome", reply=reply, user_id="ada", learned=(ROME,)))
    (fact,) = await facts.known("kitchen", "ada")
    assert fact.turn_id is not None
    await database.run(lambda connection: connection.execute(delete(turns_table)).close())
    (fact,) = await facts.known("kitchen", "ada")
    assert fact.turn_id is None


async def test_rows_can_be_copied_in_the_order_of_their_ids(database: Database, facts: Facts) -> None:
    await learn(facts, BERLIN)
    await learn(facts, ROME, at=LATER)

    def copy(connection: Connection) -> None:
        rows = connection.execute(select(facts_table).order_by(facts_table.c.id)).mappings().all()
        connection.execute(delete(facts_table))
        for row in rows:
            connection.execute(insert(facts_table), dict(row))

    await database.run(copy)
    new, old = await facts.all()
    assert (old.value, old.superseded_by) == ("Berlin", new.id)


async def test_what_is_stored_within_a_transaction_goes_with_it(database: Database) -> None:
    def work(connection: Connection) -> None:
        store(connection, [NUTS], device_id="kitchen", user_id=None, turn_id=None, at=MAY)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.run(work)
    assert not await database.read(lambda connection: connection.execute(select(facts_table.c.id)).scalars().all())
