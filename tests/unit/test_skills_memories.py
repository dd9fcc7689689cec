"""What people want remembered, ask back, and want forgotten."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ai_server.brain.intent.intent import Intent
from ai_server.brain.skills.skill import Question
from ai_server.memory.facts import NewFact
from ai_server.memory.privacy.selection import Selection
from ai_server.memory.storage.database import Database
from tests.asking import NOW, Asker
from tests.erasing import an_erasure
from tests.filled_memory import FilledMemory

ADA = {"user_id": "ada"}


@pytest.fixture
def asker(database: Database) -> Asker:
    return Asker(database)


async def learn(
    asker: Asker, words: str, user_id: str | None = "ada", device_id: str = "r1", now: datetime = NOW
) -> None:
    found = asker.parts.fact_rules().extract(words, "en", now)
    assert found, f"no fact in {words!r}"
    await asker.facts.add(device_id, user_id, found, at=now)


async def is_known(asker: Asker, words: str, user_id: str | None = "ada") -> bool:
    """Say whether what seems to be conversation is taken for a question that a fact answers."""
    question: Question = asker._question("conversation", words, {"user_id": user_id})
    return (await asker.skills.confirm(Intent("conversation", 0.9), question)).name == "fact_query"


async def test_what_is_to_be_remembered_is_kept_at_once_and_told_back(asker: Asker) -> None:
    asked = await asker.ask("fact_remember", "Please remember that my keys are in the blue box", **ADA)
    assert asked.text == "I'll remember that your keys are in the blue box."
    assert (await asker.ask("fact_query", "Where are my keys?", **ADA)).text == "Your keys are in the blue box."


@pytest.mark.parametrize(
    ("said", "asked", "told"),
    [
        ("I'm allergic to nuts", "What am I allergic to?", "You are allergic to nuts."),
        ("My birthday is on the third of May", "when is my birthday", "Your birthday is on 3 May."),
        ("My favourite colour is green", "what's my favourite colour?", "Your favourite colour is green."),
        ("My favorite color is green", "what is my favourite colour", "Your favourite colour is green."),
        ("I live in Berlin", "Where do I live?", "You live in Berlin."),
        ("My wife's name is Anna", "What's my wife's name?", "Your wife is called Anna."),
        ("My son is five", "how old is my son", "Your son is 5 years old."),
        ("My brother Tom lives in Glasgow", "where does my brother live", "Your brother Tom lives in Glasgow."),
        ("I have a dog called Rex", "what is my dog called", "Your dog is called Rex."),
        ("I like tea", "do I like tea?", "You like tea."),
        (
            "Remember that the wifi password is swordfish",
            "what is the wifi password",
            "The wifi password is swordfish.",
        ),
        (
            "I have a dentist appointment on Friday at 3 pm",
            "when is my dentist appointment",
            "Your dentist appointment is on 6 November 2026 at 15:00.",
        ),
    ],
)
async def test_a_fact_answers_the_question_for_it(asker: Asker, said: str, asked: str, told: str) -> None:
    await learn(asker, said)
    assert await is_known(asker, asked)
    assert (await asker.ask("fact_query", asked, **ADA)).text == told


@pytest.mark.parametrize(
    ("said", "then", "left"),
    [
        ("I have a cat", "My cat died yesterday", ["You don't have your cat any more."]),
        ("I have a black cat", "Sadly our cat passed away", ["You don't have your cat any more."]),
        ("I have a cat", "My old cat ran away", ["You don't have your old cat any more."]),
        ("I have two cats", "My cat died", ["You don't have your cat any more.", "You have two cats."]),
        ("I have a dog", "My cat died", ["You don't have your cat any more.", "You have a dog."]),
        ("I drive a Tesla", "I sold my car", ["You don't have your old car any more."]),
        ("I drive a red Tesla", "I've just sold my Tesla", ["You don't have your Tesla any more."]),
        ("I drive a Tesla", "I sold my Volvo", ["You don't have your Volvo any more.", "You drive a Tesla."]),
        ("I work as a nurse at Bupa", "I quit my job", ["You have left your old job."]),
        ("I'm a nurse", "I have retired", ["You are retired.", "You are retired."]),
        ("I'm a nurse", "I'm no longer a nurse", ["You don't work as nurse any more."]),
        ("I work for Nokia", "I stopped working for Nokia", ["You don't work for Nokia any more."]),
        ("I live in Leeds", "We moved out of Leeds", ["You don't live in Leeds any more."]),
        ("I play the violin", "I gave up the violin", ["You don't play violin any more."]),
        ("I'm engaged", "I'm not engaged any more", ["You are not engaged any more."]),
    ],
)
async def test_what_is_so_no_longer_is_told_no_longer(asker: Asker, said: str, then: str, left: list[str]) -> None:
    await learn(asker, said)
    await learn(asker, then, now=NOW + timedelta(days=1))
    assert [fact.text for fact in await asker.facts.known("r1", "ada")] == left


async def test_who_is_left_is_no_longer_told_of_and_a_new_one_is(asker: Asker) -> None:
    await learn(asker, "I have a girlfriend called Anna")
    await learn(asker, "My girlfriend broke up with me", now=NOW + timedelta(days=1))
    told = await asker.ask("fact_query", "what do you know about me?", **ADA)
    assert told.text == "You and your girlfriend are no longer together."
    await learn(asker, "I have a girlfriend called Eve", now=NOW + timedelta(days=2))
    told = await asker.ask("fact_query", "what do you know about me?", **ADA)
    assert "no longer" not in told.text
    assert "Your girlfriend is called Eve." in told.text


@pytest.mark.parametrize(
    ("ended", "anew"), [("I quit my job", "I work for Nokia"), ("I sold my car", "I drive a Volvo")]
)
async def test_what_is_so_again_is_told_again(asker: Asker, ended: str, anew: str) -> None:
    await learn(asker, ended)
    await learn(asker, anew, now=NOW + timedelta(days=1))
    (fact,) = await asker.facts.known("r1", "ada")
    assert fact.kind in {"employer", "car"}


@pytest.mark.parametrize(
    "words",
    [
        "Where are my glasses?",
        "Where is Berlin?",
        "What am I doing here?",
        "Do I like olives?",
        "What is my favourite song?",
        "When is my wedding?",
        "Where is the love?",
        "What is the meaning of life?",
        "My keys are heavy",
        "where are you",
    ],
)
async def test_what_no_fact_answers_is_left_to_the_model(asker: Asker, words: str) -> None:
    await learn(asker, "Remember that the keys are in the blue box")
    await learn(asker, "I like tea and I live in Berlin")
    assert not await is_known(asker, words)


async def test_nothing_that_one_person_said_answers_another_or_the_same_person_elsewhere(asker: Asker) -> None:
    await learn(asker, "I'm allergic to nuts")
    assert not await is_known(asker, "What am I allergic to?", "bob")
    assert not await is_known(asker, "What am I allergic to?", None)
    assert "nuts" not in (await asker.ask("fact_query", "what do you know about me?", device_id="r2", **ADA)).text


async def test_what_is_said_for_everybody_answers_everybody(asker: Asker) -> None:
    asked = await asker.ask("fact_remember", "remember for all of us that the bin goes out on Tuesday", **ADA)
    assert asked.text == "I'll remember, for everybody, that the bin goes out on Tuesday."
    told = await asker.ask("fact_query", "what do you know about me?", device_id="r2", user_id="bob")
    assert told.text == "The bin goes out on Tuesday."


@pytest.mark.parametrize(
    ("asked", "is_answered"),
    [
        ("When do the bins go out?", True),
        ("what is Tuesday?", False),
        ("when do the shops go out of business?", False),
    ],
)
async def test_a_note_answers_a_question_of_whose_words_it_has_all(
    asker: Asker, asked: str, *, is_answered: bool
) -> None:
    await asker.ask("fact_remember", "Remember for all of us that the bins go out on Tuesday", user_id="bob")
    assert await is_known(asker, asked) == is_answered
    if is_answered:
        assert (await asker.ask("fact_query", asked, **ADA)).text == "The bins go out on Tuesday."


async def test_all_that_is_known_is_told_with_the_name(asker: Asker) -> None:
    await asker.ask("user_name_set", name="Ada", **ADA)
    await learn(asker, "I'm allergic to nuts")
    told = await asker.ask("fact_query", "what do you know about me?", **ADA)
    assert told.text == "You are Ada. You are allergic to nuts."


async def test_of_a_great_deal_that_is_known_only_the_newest_is_told(asker: Asker) -> None:
    many = [NewFact("user", "likes", f"thing {n}", f"You like thing {n}.", 0.9, "rule") for n in range(20)]
    await asker.facts.add("r1", "ada", many, at=NOW)
    told = (await asker.ask("fact_query", "what do you know about me?", **ADA)).text
    assert "You like thing 19." in told
    assert "You like thing 0." not in told
    assert told.endswith("And I know 8 more things.")


async def test_of_somebody_of_whom_nothing_is_known_that_is_said(asker: Asker) -> None:
    asked = await asker.ask("fact_query", "what do you know about me?", user_id="nobody")
    assert asked.text == "I do not know anything about you yet."


@pytest.mark.parametrize("words", ["remember when we met?", "I can't remember where I put it", "remember this"])
async def test_what_says_nothing_to_remember_is_conversation(asker: Asker, words: str) -> None:
    question = asker._question("fact_remember", words, {})
    assert (await asker.skills.confirm(Intent("fact_remember", 1.0), question)).name == "conversation"


@pytest.mark.parametrize(
    ("said", "asked", "about"),
    [
        ("I like tea", "Forget that I like tea", "tea"),
        (
            "remember that the keys are in the blue box",
            "please forget where the keys are",
            "keys",
        ),
        ("My birthday is on the third of May", "forget my birthday", "birthday"),
    ],
)
async def test_a_thing_to_forget_is_named_by_its_fact_and_by_what_it_is_about(
    asker: Asker, said: str, asked: str, about: str
) -> None:
    await learn(asker, "I'm allergic to nuts")
    await learn(asker, said)
    (fact,) = [fact for fact in await asker.facts.known("r1", "ada") if fact.value != "nuts"]
    answer = await asker.ask("fact_forget", asked, **ADA)
    assert answer.forgets == (Selection("r1", "ada", about=about, facts=frozenset({fact.id})),)
    assert about not in answer.text


async def test_of_several_things_to_forget_each_is_named_by_its_own_words(asker: Asker) -> None:
    await learn(asker, "I live in Rome")
    await learn(asker, "my dog is called Rex")
    answer = await asker.ask("fact_forget", "forget that I live in Rome and that my dog is called Rex", **ADA)
    dog, home = await asker.facts.known("r1", "ada")
    assert {(each.about, each.facts) for each in answer.forgets} == {
        ("Rome", frozenset({home.id})),
        ("Rex", frozenset({dog.id})),
    }


async def test_what_was_said_for_everybody_can_be_forgotten_by_anybody(asker: Asker) -> None:
    await asker.ask("fact_remember", "remember for all of us that the keys are in the blue box", **ADA)
    (fact,) = await asker.facts.known("r1", "bob")
    answer = await asker.ask("fact_forget", "forget where the keys are", user_id="bob")
    assert answer.forgets == (Selection("r1", "bob", about="keys", facts=frozenset({fact.id})),)


async def test_what_was_said_about_somebody_is_to_be_forgotten(asker: Asker) -> None:
    answer = await asker.ask("fact_forget", about="Tom")
    assert answer.forgets == (Selection("r1", "", about="Tom"),)


async def test_where_there_is_nothing_to_forget_that_is_said(asker: Asker) -> None:
    nothing = "I know nothing of that, so there is nothing to forget."
    asked = await asker.ask("fact_forget", about="Tom", **ADA)
    assert (asked.text, asked.forgets) == (nothing, (Selection("r1", "ada", about="Tom"),)), "the words asked with go"
    assert (await asker.ask("fact_forget", duration=3600, **ADA)).text == nothing
    await learn(asker, "my brother is called Tom")
    assert (await asker.ask("fact_forget", about="Tom", user_id="bob")).text == nothing
    assert (await asker.ask("fact_forget", about="Tom", **ADA)).text != nothing
    assert (await asker.ask("fact_forget", duration=3600, now=NOW + timedelta(minutes=1), **ADA)).text != nothing


async def test_a_name_is_to_be_forgotten(asker: Asker) -> None:
    await asker.ask("user_name_set", name="Ada", **ADA)
    assert (await asker.ask("fact_forget", "forget my name", what="name", **ADA)).forgets == (
        Selection("r1", "ada", about="Ada"),
    )


async def test_a_span_of_time_is_to_be_forgotten(asker: Asker) -> None:
    hour = await asker.ask("fact_forget", duration=3600, **ADA)
    assert hour.forgets == (Selection("r1", "ada", since=NOW - timedelta(hours=1), until=NOW),)
    today = await asker.ask("fact_forget", date=NOW.date().isoformat(), **ADA)
    midnight = NOW.replace(hour=0, minute=0)
    assert today.forgets == (Selection("r1", "ada", since=midnight, until=NOW),)


async def test_everything_is_forgotten_after_a_yes_within_a_minute(asker: Asker) -> None:
    asked = await asker.ask("fact_forget", all=True, **ADA)
    assert asked.forgets == ()
    assert asked.choices == ("yes", "no")
    answer = await asker.ask("fact_forget", choice="yes", now=NOW + timedelta(seconds=59), **ADA)
    assert answer.forgets == (Selection("r1", "ada"),)


@pytest.mark.parametrize(
    "yes",
    [
        {"choice": "yes", "now": NOW + timedelta(seconds=61), "user_id": "ada"},
        {"choice": "yes", "now": NOW, "user_id": "bob"},
        {"choice": "no", "now": NOW, "user_id": "ada"},
        {"all": True, "now": NOW, "user_id": "ada"},
    ],
    ids=["too late", "of somebody else", "a no", "no answer"],
)
async def test_nothing_else_forgets_everything(asker: Asker, yes: dict[str, Any]) -> None:
    await asker.ask("fact_forget", all=True, **ADA)
    assert (await asker.ask("fact_forget", **yes)).forgets == ()


async def test_what_is_said_about_oneself_is_everything(asker: Asker) -> None:
    asked = await asker.ask("fact_forget", "forget everything I said about me please", about="me please", **ADA)
    assert (asked.forgets, asked.choices) == ((), ("yes", "no"))
    assert (await asker.ask("fact_forget", choice="yes", **ADA)).forgets == (Selection("r1", "ada"),)


async def test_a_yes_counts_once(asker: Asker) -> None:
    await asker.ask("fact_forget", all=True, **ADA)
    await asker.ask("fact_forget", choice="no", **ADA)
    assert (await asker.ask("fact_forget", choice="yes", **ADA)).forgets == ()


async def test_what_cannot_be_stored_is_said(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "closed.db")
    asker = Asker(database)
    await database.close()
    asked = await asker.ask("fact_remember", "remember that the keys are in the blue box")
    assert asked.text == "I could not write that down. Please tell me again later."
    assert not await is_known(asker, "where are the keys?")


@pytest.mark.parametrize(
    ("language", "said", "kept", "asked", "told"),
    [
        (
            "es",
            "Recuerda que mis llaves están en la caja azul",
            "Recordaré que tus llaves están en la caja azul.",
            "¿Dónde están mis llaves?",
            "Tus llaves están en la caja azul.",
        ),
        (
            "de",
            "Merk dir, dass meine Schlüssel in der blauen Kiste sind",
            "Ich merke mir: deine Schlüssel sind in der blauen Kiste.",
            "Wo sind meine Schlüssel?",
            "Deine Schlüssel sind in der blauen Kiste.",
        ),
    ],
)
async def test_other_languages_do_the_same(
    asker: Asker, language: str, said: str, kept: str, asked: str, told: str
) -> None:
    assert (await asker.ask("fact_remember", said, language=language)).text == kept
    assert (await asker.ask("fact_query", asked, language=language)).text == told


async def test_a_question_that_a_fact_answers_reads_what_is_known_once(asker: Asker, database: Database) -> None:
    await learn(asker, "I live in Berlin")
    assert await is_known(asker, "Where do I live?")
    await database.close()
    assert (await asker.ask("fact_query", "Where do I live?", **ADA)).text == "You live in Berlin."
    assert "Berlin" not in (await asker.ask("fact_query", "Where do I live?", **ADA)).text


async def test_what_was_known_at_another_moment_is_not_told(asker: Asker) -> None:
    await learn(asker, "I live in Berlin")
    assert await is_known(asker, "Where do I live?")
    await learn(asker, "I live in Rome", now=NOW + timedelta(seconds=1))
    asked = await asker.ask("fact_query", "Where do I live?", now=NOW + timedelta(seconds=2), **ADA)
    assert asked.text == "You live in Rome."


@pytest.mark.parametrize("asked", ["forget when my birthday is", "forget my birthday"])
async def test_the_words_that_said_a_fact_go_with_it_whatever_the_fact_is_found_by(
    asker: Asker, database: Database, asked: str
) -> None:
    words, memory = "I was born on the third of May", FilledMemory(database)
    learned = asker.parts.fact_rules().extract(words, "en", NOW)
    await memory.say(words, device_id="r1", learned=learned)
    await memory.say("How are you?", device_id="r1")
    for selection in (await asker.ask("fact_forget", asked, **ADA)).forgets:
        await an_erasure(database).erase(selection, by="test")
    assert await memory.column("turns.words") == ["How are you?"]
    assert await memory.column("facts.id") == []
