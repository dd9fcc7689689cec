"""What is erased is gone, with what came of it, and nothing else is."""

from __future__ import annotations

import random
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ai_server.memory import schema
from ai_server.memory.facts import Facts
from ai_server.memory.privacy.erasure import Erased, Erasure, is_remembered, preview
from ai_server.memory.privacy.selection import Selection
from ai_server.memory.storage.database import Database
from tests.filled_memory import BEGAN, FilledMemory, fact


class Hooks:
    """Notes what an erasure has others forget."""

    def __init__(self) -> None:
        self.forgotten: list[tuple[str, str | None]] = []
        self.all_forgotten = 0
        self.refreshed = 0

    def forget(self, device_id: str, user_id: str | None) -> None:
        self.forgotten.append((device_id, user_id))

    def forget_all(self) -> None:
        self.all_forgotten += 1

    async def refresh(self) -> None:
        self.refreshed += 1


@pytest.fixture
def hooks() -> Hooks:
    return Hooks()


@pytest.fixture
def erasure(database: Database, hooks: Hooks, tmp_path: Path) -> Erasure:
    return Erasure(database, data_dir=tmp_path, forget=hooks.forget, forget_all=hooks.forget_all, refresh=hooks.refresh)


@pytest.fixture
def memory(database: Database) -> FilledMemory:
    return FilledMemory(database)


def gone(erased: Erased) -> dict[str, int]:
    """What is not nothing of it."""
    counts = {name: count for name, count in asdict(erased).items() if count}
    assert counts.pop("scrubbed", False)
    return counts


@pytest.fixture
async def household(memory: FilledMemory) -> FilledMemory:
    """Two people and somebody unknown with one robot, and one of them with another."""
    await memory.say("Tom is my brother", learned=[fact("Your brother is Tom.", kind="brother")])
    await memory.say("I like red cars", learned=[fact("You like red cars.", kind="likes")])
    await memory.summarise("She spoke of her brother.")
    await memory.say("Tom broke my bike", user_id="bob")
    await memory.say("Hello", user_id=None)
    await memory.say("Where is Tom?", "At Tom's house.", device_id="owl")
    return memory


async def test_an_erasure_of_nothing_in_particular_must_be_meant(household: FilledMemory, erasure: Erasure):
    before = await household.counts()
    with pytest.raises(ValueError, match="for everything, say so"):
        await erasure.erase(Selection(), by="test")
    assert await household.counts() == before
    await erasure.erase(Selection(), by="test", everything=True)
    assert set(await household.counts()) == {"audit", "erasures"}


async def test_words_are_erased_with_all_that_came_of_their_turns(household: FilledMemory, erasure: Erasure):
    erased = await erasure.erase(Selection(device_id="rover", user_id="ada", about="Tom"), by="test")
    assert gone(erased) == {"turns": 1, "facts": 1, "summaries": 1, "publications": 1}
    assert await household.column("turns.words") == ["I like red cars", "Tom broke my bike", "Hello", "Where is Tom?"]
    assert await household.column("facts.text") == ["You like red cars."]
    assert sorted(filter(None, await household.column("search_entries.fact_id"))) == [2]


@pytest.mark.parametrize(
    ("selection", "left"),
    [
        (Selection(user_id="ada"), ["Tom broke my bike", "Hello"]),
        (Selection(user_id=""), ["Tom is my brother", "I like red cars", "Tom broke my bike", "Where is Tom?"]),
        (Selection(device_id="owl"), ["Tom is my brother", "I like red cars", "Tom broke my bike", "Hello"]),
        (Selection(device_id="rover", user_id="ada"), ["Tom broke my bike", "Hello", "Where is Tom?"]),
        (Selection(about="tom"), ["I like red cars", "Hello"]),
        (Selection(about="Tom's house"), ["Tom is my brother", "I like red cars", "Tom broke my bike", "Hello"]),
        (Selection(since=BEGAN + timedelta(minutes=3)), ["Tom is my brother", "I like red cars"]),
        (Selection(until=BEGAN + timedelta(minutes=4)), ["Hello", "Where is Tom?"]),
        (
            Selection(about="tom", since=BEGAN + timedelta(minutes=2), until=BEGAN + timedelta(minutes=4)),
            ["Tom is my brother", "I like red cars", "Hello", "Where is Tom?"],
        ),
        (
            Selection(user_id="nobody"),
            ["Tom is my brother", "I like red cars", "Tom broke my bike", "Hello", "Where is Tom?"],
        ),
    ],
)
async def test_what_is_selected_goes_and_the_rest_stays(
    household: FilledMemory, erasure: Erasure, selection: Selection, left: list[str]
):
    expected = await preview(erasure._database, selection)
    erased = await erasure.erase(selection, by="test")
    assert await household.column("turns.words") == left
    assert {**asdict(erased), "scrubbed": False} == asdict(expected)
    assert len(await household.column("outbox.id")) == len(left)
    assert len(await household.column("search_entries.id")) == len(left) + len(await household.column("facts.id"))


async def test_a_whole_person_leaves_nothing_behind(memory: FilledMemory, erasure: Erasure, hooks: Hooks):
    await memory.put(schema.names, device_id="rover", bearer="robot", user_id="", name="Rusty", said_at=BEGAN)
    await memory.put(schema.names, device_id="rover", bearer="person", user_id="ada", name="Ada", said_at=BEGAN)
    await memory.put(
        schema.inbox,
        device_id="rover",
        request_id="w",
        arrived_at=BEGAN,
        text="Hey",
        user_id="ada",
        ttl_ms=1,
        interrupt=False,
    )
    await memory.say("Hello", user_id="bob")
    kept = await memory.counts()
    await memory.say("Hello", learned=[fact("You like tea.")])
    await memory.summarise("A greeting.")
    await memory.turns.reset("rover", "ada")
    assert gone(await erasure.erase(Selection(user_id="ada"), by="cli:root")) == {
        "turns": 1,
        "facts": 1,
        "summaries": 1,
        "names": 1,
        "waiting": 1,
        "publications": 1,
    }
    del kept["inbox"]
    assert await memory.counts() == {**kept, "names": 1, "audit": 1, "erasures": 1}
    assert await memory.column("conversations.user_id") == ["bob"]
    assert (hooks.forgotten, hooks.all_forgotten, hooks.refreshed) == ([("rover", "ada")], 0, 1)


async def test_a_whole_robot_takes_its_voice_and_persona_with_it(memory: FilledMemory, erasure: Erasure, hooks: Hooks):
    for device_id in ("rover", "owl"):
        await memory.say("Hello", device_id=device_id)
        await memory.put(schema.names, device_id=device_id, bearer="robot", user_id="", name="Rusty", said_at=BEGAN)
        await memory.put(schema.voice_settings, device_id=device_id, set_at=BEGAN, volume=3)
        await memory.put(schema.chosen_personas, device_id=device_id, chosen_at=BEGAN, persona="nabu")
    assert gone(await erasure.erase(Selection(device_id="rover"), by="test")) == {
        "turns": 1,
        "names": 1,
        "settings": 2,
        "publications": 1,
    }
    for column in ("names", "voice_settings", "chosen_personas", "conversations", "turns"):
        assert await memory.column(f"{column}.device_id") == ["owl"]
    assert hooks.all_forgotten == 1, "the robot's name is in what every conversation with it begins with"


async def test_a_reminder_goes_with_who_set_it(memory: FilledMemory, erasure: Erasure):
    common = {"device_id": "rover", "kind": "reminder", "language": "en", "elapsed": False}
    await memory.say("Remind me to swim", at=BEGAN)
    await memory.put(schema.reminders, **common, text="swim", set_at=BEGAN + timedelta(seconds=1))
    await memory.say("Remind me to run", at=BEGAN + timedelta(seconds=1), user_id="bob")
    await memory.put(schema.reminders, **common, text="run", set_at=BEGAN + timedelta(seconds=2.5))
    assert gone(await erasure.erase(Selection(user_id="ada"), by="test")) == {
        "turns": 1,
        "reminders": 1,
        "publications": 1,
    }
    assert await memory.column("reminders.text") == ["run"]
    assert gone(await erasure.erase(Selection(about="run"), by="test")) == {
        "turns": 1,
        "reminders": 1,
        "publications": 1,
    }


async def test_what_somebody_set_goes_with_them_also_once_it_was_told(memory: FilledMemory, erasure: Erasure):
    common = {"device_id": "rover", "kind": "reminder", "language": "en", "elapsed": False, "set_at": BEGAN}
    await memory.put(schema.reminders, **common, user_id="ada", text="swim")
    await memory.put(schema.reminders, **common, user_id="bob", text="run")
    await memory.say("", "This is your reminder: swim.")
    assert gone(await erasure.erase(Selection(user_id="ada"), by="test")) == {
        "turns": 1,
        "reminders": 1,
        "publications": 1,
    }
    assert await memory.column("reminders.text") == ["run"]


async def test_what_turns_that_stay_had_recalled_goes(memory: FilledMemory, erasure: Erasure, hooks: Hooks):
    recalled = "time 9:05, sees Tom; remembers: on 1 March you said you dived"
    await memory.say("I dived with sharks")
    await memory.say("What did I do?", facts=recalled, trace={"slots": {"name": "Tom"}, "route": "model"})
    await memory.say("What did I do?", facts=recalled, user_id="bob")
    await erasure.erase(Selection(about="sharks"), by="test")
    assert await memory.column("turns.facts") == ["time 9:05, sees Tom", recalled]
    assert await memory.column("turns.trace") == [{"slots": {"name": "Tom"}, "route": "model"}, None]
    erased = await erasure.erase(Selection(about="Tom"), by="test")
    assert (erased.turns, erased.cleaned) == (0, 2)
    assert await memory.column("turns.facts") == ["", ""]
    assert await memory.column("turns.trace") == [None, None]
    assert set(hooks.forgotten) == {("rover", "ada"), ("rover", "bob")}


async def test_a_fact_of_the_household_is_forgotten_by_everybody(memory: FilledMemory, erasure: Erasure, hooks: Hooks):
    await memory.say("Remember for all of us: the code is 4711", learned=[fact("The code is 4711.", household=True)])
    await memory.say("The code?", facts="time 9; remembers: The code is 4711.", device_id="owl", user_id="bob")
    await erasure.erase(Selection(about="4711"), by="test")
    assert await memory.column("turns.facts") == ["time 9"]
    assert hooks.all_forgotten == 1


async def test_the_conversation_that_goes_on_is_not_mixed_up_with_older_ones(memory: FilledMemory, erasure: Erasure):
    now = datetime.now(UTC)
    await memory.say("An old one", at=now - timedelta(hours=3))
    await memory.turns.reset("rover", "ada")
    await memory.say("A secret", at=now)
    await erasure.erase(Selection(about="secret"), by="test")
    assert (await memory.turns.recent("rover", "ada", 2000)).turns == ()
    assert await memory.column("turns.words") == ["An old one"]


async def test_the_log_tells_who_erased_and_not_what_it_was_about(household: FilledMemory, erasure: Erasure):
    selection = Selection(device_id="rover", user_id="ada", about="Tom", until=datetime(2027, 1, 1, tzinfo=UTC))
    await erasure.erase(selection, by="voice:rover")
    await erasure.erase(Selection(user_id="ada"), by="cli:root")
    await erasure.erase(Selection(), by="cli:root", everything=True)
    assert await household.column("audit.who") == ["voice:rover", "cli:root", "cli:root"]
    assert await household.column("audit.scope") == [
        "robot rover, person ada, by words, until 2027-01-01T00:00:00+00:00",
        "person ada",
        "everything",
    ]
    assert (await household.column("audit.count"))[0] == 4


async def test_databases_that_were_set_aside_go_with_any_erasure(
    memory: FilledMemory, erasure: Erasure, tmp_path: Path
):
    aside = [tmp_path / f"naila.db.damaged-20260301T090000Z{part}" for part in ("", "-wal", "-2")]
    aside.append(tmp_path / "naila.db.replaced-20260301T090000Z")
    for path in aside:
        path.write_text("Tom")
    await memory.say("Tom")
    await erasure.erase(Selection(about="Tom"), by="test")
    assert not any(path.exists() for path in aside)


def test_times_that_select_nothing_and_words_that_are_none_are_refused():
    with pytest.raises(ValueError, match="after since"):
        Selection(since=BEGAN, until=BEGAN)
    with pytest.raises(ValueError, match="time zone"):
        Selection(since=BEGAN.replace(tzinfo=None))
    with pytest.raises(ValueError, match="no word"):
        Selection(about="...")


async def test_facts_that_are_named_go_with_those_whose_place_they_took_and_the_turns_that_said_them(
    memory: FilledMemory, erasure: Erasure, hooks: Hooks
):
    for name in ("Ada", "Adele"):
        await memory.say(f"Call me {name}", learned=[fact(name, kind="name")])
    await memory.say("I like tea", learned=[fact("You like tea.", kind="likes")])
    assert gone(await erasure.erase(Selection(facts=frozenset({2})), by="test")) == {
        "turns": 2,
        "facts": 2,
        "publications": 2,
    }
    assert await erasure.resume(await erasure.resume()) == set()
    assert await memory.column("facts.text") == ["You like tea."]
    assert await memory.column("turns.words") == ["I like tea"]
    both = Selection(device_id="rover", user_id="ada", about="tea", facts=frozenset({99}))
    assert gone(await erasure.erase(both, by="test")) == {"turns": 1, "facts": 1, "publications": 1}
    assert set(hooks.forgotten) == {("rover", "ada")}


async def test_a_fact_that_is_named_goes_with_every_turn_that_said_it_or_told_it_back(
    memory: FilledMemory, erasure: Erasure
):
    nuts = fact("You are allergic to nuts.", kind="allergy", value="nuts")
    await memory.say("I'm allergic to nuts", learned=[nuts])
    await memory.summarise("She spoke of an allergy.")
    await memory.say("What am I allergic to?", "You are allergic to nuts.")
    await memory.say("I bought nuts for Bob", "You are allergic to nutshells, too?")
    await memory.say("What am I allergic to?", "You are allergic to nuts.", user_id="bob")
    await memory.say("Mind that I am allergic to nuts!", learned=[nuts])
    assert gone(await erasure.erase(Selection(facts=frozenset({1})), by="test")) == {
        "turns": 3,
        "facts": 1,
        "summaries": 1,
        "publications": 3,
    }
    assert await memory.column("turns.words") == ["I bought nuts for Bob", "What am I allergic to?"]


async def test_what_else_was_learnt_from_the_turn_of_a_named_fact_stays_unless_it_holds_the_same_words(
    memory: FilledMemory, erasure: Erasure
):
    learned = [
        fact("You have a dog called Rex.", kind="pet", value="dog"),
        fact("Your dog is called Rex.", kind="names", value="Rex"),
        fact("You live in Rome.", kind="home", value="Rome"),
    ]
    await memory.say("I live in Rome with my dog Rex", learned=learned)
    assert gone(await erasure.erase(Selection(facts=frozenset({2})), by="test")) == {
        "turns": 1,
        "facts": 2,
        "publications": 1,
    }
    assert await memory.column("facts.text") == ["You live in Rome."]
    assert await memory.column("facts.turn_id") == [None]


async def test_a_named_fact_of_the_household_goes_from_the_replies_to_everybody(memory: FilledMemory, erasure: Erasure):
    bins = fact("The bins go out on Tuesday.", kind="note", value="the bins go out on Tuesday", household=True)
    await memory.say("Remember for all of us that the bins go out on Tuesday", learned=[bins])
    await memory.say("When do the bins go out?", "The bins go out on Tuesday.", user_id="bob", device_id="owl")
    await memory.say("Hello", user_id="bob")
    await erasure.erase(Selection("rover", "bob", facts=frozenset({1})), by="test")
    assert await memory.column("turns.words") == []
    await memory.say("Hello")
    await erasure.erase(Selection(facts=frozenset({1})), by="test")
    assert await memory.column("turns.words") == ["Hello"], "there is no such fact any more"


async def test_a_reply_that_told_a_fact_back_while_it_was_erased_goes_a_minute_later(
    memory: FilledMemory, erasure: Erasure
):
    now = datetime.now(UTC)
    await memory.say("I like tea", at=now - timedelta(hours=1), learned=[fact("You like tea.", kind="likes")])
    await erasure.erase(Selection(facts=frozenset({1})), by="test")
    await memory.say("What do I like?", "You like tea.", at=now - timedelta(seconds=1))
    again = fact("You like tea.", kind="likes")
    await memory.say("I do like tea", "You like tea.", at=now + timedelta(seconds=9), learned=[again])
    assert await erasure.resume(await erasure.resume()) == set()
    assert await memory.column("turns.words") == ["I do like tea"]
    assert await memory.column("facts.id") == [2]


async def test_what_was_said_before_and_is_stored_after_goes_a_minute_later(
    memory: FilledMemory, erasure: Erasure, hooks: Hooks
):
    now = datetime.now(UTC)
    await memory.say("Tom dives", at=now - timedelta(hours=1))
    await erasure.erase(Selection(about="Tom"), by="test")
    await memory.say("How is Tom?", at=now - timedelta(seconds=1))
    await memory.say("Who dives?", facts="time 9; remembers: who dives", at=now - timedelta(seconds=1))
    await memory.say("Tom again", at=datetime.now(UTC) + timedelta(seconds=9))
    hooks.forgotten.clear()
    assert await erasure.resume(await erasure.resume()) == set()
    assert await memory.column("turns.words") == ["Who dives?", "Tom again"]
    assert await memory.column("turns.facts") == ["time 9", ""]
    assert ("rover", "ada") in hooks.forgotten
    await memory.say("Tom once more", at=now - timedelta(seconds=1))
    assert await erasure.resume() == set()
    assert len(await memory.column("turns.words")) == 3


NAMES = ("Tom", "Anna", "Leeds", "the blue box")


async def test_whatever_is_selected_exactly_that_goes(memory: FilledMemory, erasure: Erasure):
    rng = random.Random(5)
    said: dict[str, tuple[str, str, datetime, str]] = {}
    for number in range(60):
        device_id, user_id, name = rng.choice(("rover", "owl")), rng.choice(("", "ada", "bob")), rng.choice(NAMES)
        at = BEGAN + timedelta(hours=number)
        words = f"{number}: {rng.choice(('I know', 'Where is', 'Tell me of'))} {name}"
        await memory.say(words, device_id=device_id, user_id=user_id, at=at, learned=[fact(words, kind=f"k{number}")])
        said[words] = device_id, user_id, at, name
    for _ in range(12):
        selection = random_selection(rng)
        gone_words = {words for words, row in said.items() if is_selected(selection, *row)}
        erased = await erasure.erase(selection, by="test", everything=True)
        said = {words: row for words, row in said.items() if words not in gone_words}
        assert await memory.column("turns.words") == list(said)
        assert await memory.column("facts.text") == list(said)
        assert (erased.turns, erased.facts, erased.publications) == (len(gone_words),) * 3
        assert len(await memory.column("search_entries.id")) == 2 * len(said)
    assert said


def random_selection(rng: random.Random) -> Selection:
    since = rng.choice([None, BEGAN + timedelta(hours=rng.randrange(60))])
    return Selection(
        device_id=rng.choice([None, "rover", "owl"]),
        user_id=rng.choice(["", "ada", "bob"]),
        about=rng.choice([None, *NAMES]),
        since=since,
        until=None if since is None else since + timedelta(hours=rng.randrange(1, 20)),
    )


def is_selected(selection: Selection, device_id: str, user_id: str, at: datetime, name: str) -> bool:
    return (
        selection.device_id in {None, device_id}
        and selection.user_id == user_id
        and selection.about in {None, name}
        and (selection.since is None or selection.since <= at)
        and (selection.until is None or at < selection.until)
    )


async def test_what_cannot_be_taken_out_of_the_files_yet_is_erased_all_the_same(
    memory: FilledMemory, hooks: Hooks, tmp_path: Path
):
    def refuse(_device_id: str, _user_id: str | None) -> None:
        raise PermissionError("the disk is read-only")

    erasure = Erasure(
        memory.database, data_dir=tmp_path, forget=refuse, forget_all=hooks.forget_all, refresh=hooks.refresh
    )
    await memory.say("Tom")
    erased = await erasure.erase(Selection(about="Tom"), by="test")
    assert (erased.turns, erased.scrubbed) == (1, False)
    assert len(await memory.column("erasures.id")) == 1
    erasure._forget = hooks.forget
    assert await erasure.resume(await erasure.resume()) == set()


async def test_what_was_asked_to_be_remembered_goes_with_the_turn_that_asked(memory: FilledMemory, erasure: Erasure):
    at = BEGAN + timedelta(hours=1)
    told = replace(fact("The keys are in the blue box."), source="told")
    await memory.say("Remember what I said", at=at - timedelta(minutes=5))
    await Facts(memory.database).add("rover", "ada", [told], at=at)
    await Facts(memory.database).add("rover", "bob", [told], at=at)
    await memory.say("Remember that the keys are in the blue box", at=at - timedelta(seconds=1))
    await memory.say("Thank you", at=at + timedelta(seconds=5))
    assert await memory.column("facts.turn_id") == [2, None]
    await erasure.erase(Selection(facts=frozenset({1})), by="test")
    assert await memory.column("turns.words") == ["Remember what I said", "Thank you"]


async def test_words_are_remembered_where_they_were_said_and_not_where_they_wait_to_be_answered(memory: FilledMemory):
    tom = Selection("rover", "ada", about="Tom")
    row = {"device_id": "rover", "request_id": "w", "user_id": "ada", "ttl_ms": 1, "interrupt": False}
    await memory.put(schema.inbox, arrived_at=BEGAN, text="Forget what I said about Tom", **row)
    await memory.say("Tom is here", user_id="bob")
    assert not await is_remembered(memory.database, tom)
    await memory.say("What did I say?", facts="time 9:00; remembers: Tom dives")
    assert await is_remembered(memory.database, tom)
