from __future__ import annotations

from datetime import timedelta

import pytest

from ai_server.memory.facts import Facts, NewFact
from ai_server.memory.privacy.corrections import CorrectionError, correct
from ai_server.memory.storage.database import Database
from tests.remembered import BEGAN, say_all

LATER = BEGAN + timedelta(days=1)


async def test_a_correction_takes_the_place_of_a_fact_and_keeps_it_as_history(database: Database):
    await say_all(database)
    (old,) = await Facts(database).known("rover", "ada")
    number = await database.run(lambda connection: correct(connection, old.id, "hazelnuts", None, at=LATER))
    (new,) = await Facts(database).known("rover", "ada")
    assert (new.id, new.text, new.source, new.confidence) == (number, "You are allergic to hazelnuts.", "owner", 1)
    assert (new.device_id, new.user_id, new.turn_id) == ("rover", "ada", None)
    replaced = next(fact for fact in await Facts(database).all() if fact.id == old.id)
    assert (replaced.superseded_at, replaced.superseded_by) == (LATER, number)


async def test_a_fact_that_holds_one_value_at_a_time_is_corrected_too(database: Database):
    await Facts(database).add(
        "rover", "ada", [NewFact("user", "name", "Ida", "Your name is Ida.", 0.9, "rule")], at=BEGAN
    )
    (old,) = await Facts(database).known("rover", "ada")
    await database.run(lambda connection: correct(connection, old.id, "Ada", None, at=LATER))
    assert [fact.text for fact in await Facts(database).known("rover", "ada")] == ["Your name is Ada."]


async def test_a_household_fact_of_one_robot_is_corrected_for_all(database: Database):
    fact = NewFact("bins", "when", "Monday", "The bins go out on Monday.", 1, "told", household=True)
    await Facts(database).add("rover", "ada", [fact], at=BEGAN)
    (old,) = await Facts(database).known("kitchen", "bob")
    await database.run(lambda connection: correct(connection, old.id, "Tuesday", None, at=LATER))
    assert [fact.text for fact in await Facts(database).known("kitchen", "bob")] == ["The bins go out on Tuesday."]


async def test_the_same_value_in_other_letters_makes_the_fact_sure_and_changes_its_id_not(database: Database):
    await say_all(database)
    (old,) = await Facts(database).known("rover", "ada")
    assert await database.run(lambda connection: correct(connection, old.id, "nuts", None, at=LATER)) == old.id
    (same,) = await Facts(database).known("rover", "ada")
    assert (same.id, same.confidence, same.source, same.superseded_at) == (old.id, 1, "owner", None)


async def test_a_sentence_that_lacks_the_old_value_is_to_be_said_anew(database: Database):
    fact = NewFact("user", "birthday", "--05-03", "Your birthday is on 3 May.", 0.9, "rule")
    await Facts(database).add("rover", "ada", [fact], at=BEGAN)
    (old,) = await Facts(database).known("rover", "ada")
    with pytest.raises(CorrectionError, match=r"^text: "):
        await database.run(lambda connection: correct(connection, old.id, "--05-04", None, at=LATER))
    await database.run(lambda connection: correct(connection, old.id, "--05-04", "It is on 4 May.", at=LATER))
    assert [fact.text for fact in await Facts(database).known("rover", "ada")] == ["It is on 4 May."]


async def test_what_holds_no_more_or_is_not_there_cannot_be_corrected(database: Database):
    await say_all(database)
    (old,) = await Facts(database).known("rover", "ada")
    new_id = await database.run(lambda connection: correct(connection, old.id, "peas", None, at=LATER))
    with pytest.raises(CorrectionError, match=f"holds no more; {new_id} holds in its place"):
        await database.run(lambda connection: correct(connection, old.id, "beans", None, at=LATER))
    with pytest.raises(CorrectionError, match="there is none with the id 999"):
        await database.run(lambda connection: correct(connection, 999, "beans", None, at=LATER))
