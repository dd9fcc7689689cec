"""Search: what is found of what was said and is known, by whom, and how it is ranked."""

# ruff: noqa: RUF001

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, insert, select, update

from ai_server.memory.facts import NewFact, store
from ai_server.memory.schema import facts, search_entries, turns
from ai_server.memory.search import index as search_index
from ai_server.memory.search.kinds import kinds_asked, kinds_told
from ai_server.memory.search.search import Found, Search
from ai_server.memory.search.terms import is_question, sound, telling_words
from ai_server.memory.search.topic_words import TOPICS
from ai_server.memory.search.topics import topics_told
from ai_server.memory.storage import sqlite
from ai_server.memory.storage.database import Database
from ai_server.memory.turns import Turn, Turns
from ai_server.protocol.reply import Reply
from tests.recall_history import DEVICE, PERSON, Question, plant, questions, turn_row

AT = datetime(2026, 5, 3, 12, tzinfo=UTC)


@pytest.fixture
def search(database: Database) -> Search:
    return Search(database)


class Talk:
    """What is said to robots, one turn after the other."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.count = 0

    async def say(
        self,
        words: str,
        reply: str = "Good to know.",
        *,
        device_id: str = "rover",
        user_id: str | None = "ada",
        at: datetime | None = None,
        language: str = "en",
    ) -> int:
        self.count += 1
        said = Reply(request_id=f"q{self.count}", device_id=device_id, text=reply, source="llm", language=language)
        moment = at or AT + timedelta(seconds=self.count)
        await Turns(self.database).add(Turn(at=moment, words=words, user_id=user_id, reply=said))
        return await self.database.run(_newest_turn)

    async def learn(
        self, sentence: str, *, user_id: str | None = "ada", turn_id: int | None = None, **fact: Any
    ) -> None:
        known: dict[str, Any] = {
            "subject": "user",
            "kind": "likes",
            "value": "tea",
            "confidence": 0.9,
            "source": "rule",
        } | fact
        new = NewFact(text=sentence, **known)
        at = AT + timedelta(seconds=self.count)

        def work(connection: Connection) -> None:
            store(connection, [new], device_id="rover", user_id=user_id, turn_id=turn_id, at=at)
            search_index.refresh(connection)

        await self.database.run(work)


def _newest_turn(connection: Connection) -> int:
    search_index.refresh(connection)
    return int(connection.execute(select(turns.c.id).order_by(turns.c.id.desc()).limit(1)).scalar_one())


@pytest.fixture
def talk(database: Database) -> Talk:
    return Talk(database)


def texts(found: Sequence[Found]) -> list[str]:
    return [each.text for each in found]


async def test_what_was_said_is_found_with_its_reply_and_its_date(search: Search, talk: Talk) -> None:
    number = await talk.say("I put the keys in the blue box", "The blue box it is.", at=AT)
    [found] = await search.recall("rover", "ada", "Where did I put my keys?")
    assert (found.kind, found.id, found.at, found.device_id, found.user_id) == ("turn", number, AT, "rover", "ada")
    assert (found.text, found.reply) == ("I put the keys in the blue box", "The blue box it is.")


async def test_a_fact_is_found_by_its_sentence_its_subject_and_its_value(search: Search, talk: Talk) -> None:
    await talk.learn("You are allergic to nuts.", kind="allergy", value="nuts")
    await talk.learn("They are in the blue box.", subject="keys", kind="location", value="in the blue box")
    assert texts(await search.recall("rover", "ada", "what am I allergic to")) == ["You are allergic to nuts."]
    assert texts(await search.recall("rover", "ada", "where are my keys")) == ["They are in the blue box."]


@pytest.mark.parametrize(
    ("device_id", "user_id"), [("rover", "bob"), ("rover", None), ("owl", "ada"), ("rove", "rada"), ("", "roverada")]
)
async def test_nobody_else_finds_what_a_person_said(
    search: Search, talk: Talk, device_id: str, user_id: str | None
) -> None:
    await talk.say("I put the keys in the blue box")
    await talk.learn("The keys are in the blue box.", subject="keys")
    assert await search.recall(device_id, user_id, "where are the keys in the blue box") == []


async def test_people_whose_digests_are_the_same_do_not_find_each_others_words(
    search: Search, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_index, "owner", lambda device_id, user_id: "samesame")
    await talk.say("I put the keys in the blue box")
    await talk.say("I put the keys in the red box", user_id="bob")
    assert texts(await search.recall("rover", "bob", "where are the keys")) == ["I put the keys in the red box"]


async def test_a_fact_of_the_household_is_found_by_all(search: Search, talk: Talk) -> None:
    await talk.learn("The wifi password is seventeen.", subject="wifi", household=True)
    for device_id, user_id in (("owl", "bob"), ("rover", None)):
        found = await search.recall(device_id, user_id, "what is the wifi password")
        assert texts(found) == ["The wifi password is seventeen."]


async def test_a_fact_that_holds_no_more_is_found_by_people_and_not_for_a_prompt(search: Search, talk: Talk) -> None:
    await talk.learn("You live in Leeds.", kind="home", value="Leeds")
    talk.count += 1
    await talk.learn("You live in Lisbon.", kind="home", value="Lisbon")
    assert texts(await search.recall("rover", "ada", "where do I live")) == ["You live in Lisbon."]
    assert set(texts(await search.find("live"))) == {"You live in Lisbon.", "You live in Leeds."}


async def test_what_the_prompt_holds_anyway_is_left_out(search: Search, talk: Talk) -> None:
    await talk.say("the keys are in the old box")
    number = await talk.say("the keys are in the blue box")
    await talk.learn("The keys are in the blue box.", subject="keys", turn_id=number)
    found = await search.recall("rover", "ada", "where are the keys", before_turn=number)
    assert texts(found) == ["the keys are in the old box"]


async def test_of_a_fact_and_the_turn_it_was_said_in_one_is_found(search: Search, talk: Talk) -> None:
    number = await talk.say("I put the keys in the blue box")
    await talk.learn("The keys are in the blue box.", subject="keys", turn_id=number)
    assert texts(await search.recall("rover", "ada", "where are the keys")) == ["The keys are in the blue box."]


async def test_small_talk_recalls_nothing(search: Search, talk: Talk) -> None:
    await talk.say("I put the keys in the blue box")
    await talk.say("how are you today", "I am fine, and how are you?")
    for words in ("hello", "how are you?", "", "...", "what was that", "thank you very much"):
        assert await search.recall("rover", "ada", words, language="en") == []


async def test_a_reminder_that_was_spoken_comes_to_nobodys_mind(search: Search, talk: Talk) -> None:
    await talk.say("", "This is your reminder: bring Zsuzsanna's violin to the workshop.", user_id=None)
    assert await search.recall("rover", None, "where is the violin of Zsuzsanna", language="en") == []
    assert await search.find("violin")


async def test_rare_words_weigh_more_than_frequent_ones(search: Search, talk: Talk) -> None:
    for number in range(20):
        await talk.say(f"the box number {number} is green")
    await talk.say("the corkscrew hangs by the door")
    found = await search.recall("rover", "ada", "is the corkscrew in the box")
    assert found[0].text == "the corkscrew hangs by the door"


async def test_of_two_that_fit_alike_the_newer_one_comes_first(search: Search, talk: Talk) -> None:
    await talk.say("the keys are in the blue box", at=AT - timedelta(days=300))
    await talk.say("the keys are in the red box", at=AT)
    found = await search.recall("rover", "ada", "where are the keys", language="en")
    assert texts(found) == ["the keys are in the red box", "the keys are in the blue box"]


async def test_who_asked_before_did_not_say_it(search: Search, talk: Talk) -> None:
    await talk.say("where are my blue keys?", "I do not know.")
    await talk.say("the keys are in the drawer")
    await talk.say("where are my blue keys", "I do not know.")
    found = await search.recall("rover", "ada", "where are my blue keys?", language="en")
    assert found[0].text == "the keys are in the drawer"


async def test_what_the_robot_answered_is_found(search: Search, talk: Talk) -> None:
    await talk.say("what's the capital of Mongolia", "The capital of Mongolia is Ulaanbaatar.")
    found = await search.recall("rover", "ada", "which town did you say about Mongolia")
    assert [each.reply for each in found] == ["The capital of Mongolia is Ulaanbaatar."]


@pytest.mark.parametrize(
    ("language", "said", "asked"),
    [
        ("en", "our children were running to the libraries", "which library did my child run to?"),
        ("en", "grandma's name is Philomena", "what's my grandmother called?"),
        ("en", "I bought tickets for the café", "who buys a ticket for a cafe?"),
        ("de", "meine Schlüssel liegen auf den Stühlen", "liegt der Schlüssel auf dem Stuhl?"),
        ("es", "las habitaciones están arriba", "¿dónde está la habitación?"),
        ("fr", "j'ai rangé les clés à l'école", "où est la clé de l'école ?"),
        ("it", "le chiavi sono nei cassetti", "in quale cassetto è la chiave?"),
        ("pt", "as chaves estão nas gavetas", "a chave está em qual gaveta?"),
        ("ru", "мои ключи лежат в синей коробке", "где мой ключ от коробки?"),
        ("zh", "我把雨伞放在门后面了", "我的雨伞在哪里？"),
        ("ja", "鍵を玄関の箱に入れた", "鍵はどこ？"),
        ("ko", "열쇠는 파란 상자에 있어", "열쇠 어디 있지?"),
        ("th", "กุญแจอยู่ในกล่องสีฟ้า", "กุญแจอยู่ที่ไหน"),
    ],
)
async def test_other_forms_of_a_word_are_found_in_many_languages(
    search: Search, talk: Talk, language: str, said: str, asked: str
) -> None:
    await talk.say("something else altogether", language=language)
    await talk.say(said, language=language)
    assert texts(await search.recall("rover", "ada", asked, language=language)) == [said]
    assert texts(await search.find(asked, device_id="rover", user_id="ada"))[0] == said


@pytest.mark.parametrize("misheard", ["where is my alergie medisin", "did Catharine ring"])
async def test_misspelt_and_misheard_words_are_found_by_their_sound(search: Search, talk: Talk, misheard: str) -> None:
    await talk.say("the allergy medicine is in the bathroom")
    await talk.say("Katherine will ring on Friday")
    assert len(await search.recall("rover", "ada", misheard, language="en")) == 1


async def test_people_look_through_all_robots_or_one_robot_or_one_person(search: Search, talk: Talk) -> None:
    await talk.say("rover heard Ada about keys")
    await talk.say("rover heard Bob about keys", user_id="bob")
    await talk.say("rover heard somebody about keys", user_id=None)
    await talk.say("owl heard Ada about keys", device_id="owl")
    assert len(await search.find("keys")) == 4
    assert len(await search.find("keys", limit=2)) == 2
    assert len(await search.find("keys", device_id="rover")) == 3
    assert texts(await search.find("keys", device_id="rover", user_id="bob")) == ["rover heard Bob about keys"]
    assert texts(await search.find("keys", device_id="rover", user_id="")) == ["rover heard somebody about keys"]
    assert set(texts(await search.find("keys", user_id="ada"))) == {
        "rover heard Ada about keys",
        "owl heard Ada about keys",
    }


async def test_people_get_as_many_as_they_ask_for_however_much_others_said(
    database: Database, search: Search, talk: Talk
) -> None:
    await talk.say("Ada's keys are in the box", device_id="owl")
    await talk.say("Ada begins")

    def say_much(connection: Connection) -> None:
        [conversation] = connection.execute(select(turns.c.conversation_id).order_by(turns.c.id.desc()).limit(1)).one()
        rows = [turn_row(n, conversation, "rover", "bob", f"keys {n}", "", AT) for n in range(100, 350)]
        connection.execute(insert(turns), rows)

    await database.run(say_much)
    await search.catch_up()
    assert texts(await search.find("keys", user_id="ada")) == ["Ada's keys are in the box"]
    assert len(await search.find("keys", device_id="rover", limit=200)) == 200
    assert len(await search.find("keys", limit=1000)) == 251


async def test_what_was_written_without_being_indexed_is_found(database: Database, search: Search, talk: Talk) -> None:
    for colour in ("blue", "green"):
        await talk.say(f"the keys are in the {colour} box")
    changed = update(turns).values(words="the keys are in the red box").where(turns.c.words.contains("green"))
    await database.run(lambda connection: connection.execute(changed) and None)
    assert texts(await search.find("red")) == ["the keys are in the red box"]
    assert await search.find("green") == []


async def test_what_an_older_version_wrote_is_caught_up_with(database: Database, search: Search, talk: Talk) -> None:
    await talk.say("the keys are in the blue box")

    def forget_terms(connection: Connection) -> None:
        connection.execute(delete(search_entries))
        connection.execute(insert(search_entries).from_select(["turn_id"], select(turns.c.id)))

    await database.run(forget_terms)
    assert await search.catch_up() == 1
    assert await search.catch_up() == 0
    assert texts(await search.find("blue")) == ["the keys are in the blue box"]


async def test_an_index_in_one_part_finds_what_one_in_many_does(database: Database, search: Search, talk: Talk) -> None:
    for colour in ("blue", "green", "red", "white", "black"):
        await talk.say(f"the {colour} box has the keys")
        await search.catch_up()
    found = texts(await search.find("keys box"))
    assert len(found) == 5
    await search.merge()
    assert texts(await search.find("keys box")) == found
    assert await database.read(index_parts) == 1


async def test_the_index_is_merged_once_much_was_written(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ai_server.memory.search.search._MERGED_AFTER", 3)
    search = Search(database)
    for number in range(3):
        said = Reply(request_id=f"q{number}", device_id="rover", text="I see.", source="llm", language="en")
        await Turns(database).add(Turn(at=AT, words=f"box {number} has the keys", user_id="ada", reply=said))
        await search.catch_up()
    running = asyncio.create_task(search.run())
    for _ in range(3000):
        if await database.read(index_parts) == 1:
            break
        await asyncio.sleep(0.01)
    running.cancel()
    assert await database.read(index_parts) == 1
    assert len(await search.find("keys")) == 3


def index_parts(connection: Connection) -> int:
    """Return in how many parts the index is looked through; PostgreSQL's is always one."""
    if connection.dialect.name != "sqlite":
        return 1
    return int(connection.exec_driver_sql("SELECT count(DISTINCT segid) FROM search_index_idx").scalar_one())


async def test_what_is_said_is_indexed_soon_after(database: Database, search: Search) -> None:
    said = Reply(request_id="q1", device_id="rover", text="I see.", source="llm", language="en")
    await Turns(database).add(Turn(at=AT, words="the keys are in the blue box", user_id="ada", reply=said))
    running = asyncio.create_task(search.run())
    for _ in range(3000):
        if not await database.read(search_index.is_behind):
            break
        await asyncio.sleep(0.01)
    running.cancel()
    indexed = select(search_entries.c.terms).where(search_entries.c.terms.is_not(None))
    assert len(await database.read(lambda connection: connection.execute(indexed).all())) == 1


async def test_what_is_deleted_is_found_no_more(database: Database, search: Search, talk: Talk) -> None:
    await talk.say("the keys are in the blue box")
    await talk.learn("The keys are in the blue box.", subject="keys")
    await talk.say("my bike is green")

    def erase(connection: Connection) -> int:
        connection.execute(delete(facts))
        connection.execute(delete(turns).where(turns.c.words.contains("keys")))
        return len(connection.execute(select(search_entries.c.id)).all())

    assert await database.run(erase) == 1
    assert await search.find("keys") == []
    assert texts(await search.find("bike")) == ["my bike is green"]


async def test_the_index_holds_no_words_and_lets_go_of_those_deleted(tmp_path: Path) -> None:
    path = tmp_path / "naila.db"
    database = await Database.open(path)
    talk = Talk(database)
    for number in range(90):
        await talk.say(f"word{number:03} of the rest, kumquat" if number % 3 else f"word{number:03} rutabaga")
    [kept] = await database.read(lambda connection: _terms_with(connection, "kumquat"))
    [gone] = await database.read(lambda connection: _terms_with(connection, "rutabaga"))
    await database.run(
        lambda connection: connection.execute(delete(turns).where(turns.c.words.contains("rutabaga"))) and None
    )
    await database.close()
    connection = sqlite.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.execute("INSERT INTO search_index (search_index) VALUES ('integrity-check')")
    tables = ("search_index_data", "search_index_idx", "search_entries")
    rows = [row for table in tables for row in connection.execute(f"SELECT * FROM {table}").fetchall()]
    connection.close()
    cells = [value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row]
    assert any(kept.encode() in cell for cell in cells)
    assert not any(gone.encode() in cell or b"kumquat" in cell for cell in cells)
    assert b"rutabaga" not in path.read_bytes()


def _terms_with(connection: Connection, word: str) -> set[str]:
    """Return the digest of a word as it stands in the entries."""
    digest = search_index.term_digests(word, "en")[0]
    return {
        term
        for terms in connection.execute(select(search_entries.c.terms)).scalars()
        for term in terms.split()
        if term.startswith(digest)
    }


_SYNTAX = st.one_of(
    st.text(max_size=200),
    st.lists(
        st.sampled_from(
            [
                '"',
                "'",
                "*",
                "keys*",
                "^box",
                "NEAR(",
                "NEAR/2",
                "AND",
                "OR",
                "NOT",
                "terms:",
                "{a b}:",
                "(",
                ")",
                "-",
                "+",
                ":*",
                "|",
                "&",
                "!",
                "<->",
                "\\",
                "%s",
                "%",
                ";--",
                "\x00",
                "keys",
                "box",
                "\ud800",
            ]
        ),
        max_size=12,
    ).map(" ".join),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=_SYNTAX, language=st.sampled_from(["", "en", "de", "zh", "xx"]))
async def test_no_query_is_taken_for_the_syntax_of_a_database(
    search: Search, talk: Talk, query: str, language: str
) -> None:
    if talk.count == 0:
        await talk.say("I put the keys in the blue box")
        await talk.say("a secret about keys", user_id="bob")
    assert {each.user_id for each in await search.recall("rover", "ada", query, language=language)} <= {"ada"}
    assert {each.device_id for each in await search.find(query, device_id="rover")} <= {"rover"}
    assert await search.find(query, device_id="owl") == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.text(min_size=1, max_size=80))
async def test_whatever_was_said_can_be_stored_and_asked_for(search: Search, talk: Talk, words: str) -> None:
    storable = words.encode("utf-8", "replace").decode().replace("\x00", " ")
    await talk.say(storable, user_id=f"person {talk.count}")
    found = await search.find(storable, user_id=f"person {talk.count - 1}")
    telling = telling_words(storable, "en")
    assert not telling or [each.text for each in found] == [storable]


def test_questions_are_told_from_statements() -> None:
    asked = [
        ("en", "where are my keys"),
        ("en", "Is it raining?"),
        ("de", "wo ist der Schlüssel"),
        ("zh", "你好吗"),
        ("", "?"),
    ]
    assert all(is_question(words, language) for language, words in asked)
    assert not any(is_question(words, "en") for words in ("the keys are in the box", "", "whatever"))


def test_words_that_sound_alike_have_one_sound() -> None:
    for one, other in (
        ("Katherine", "Catharine"),
        ("allergic", "alergik"),
        ("Steven", "Stephen"),
        ("restaurant", "resturant"),
    ):
        assert sound(one) == sound(other) != ""
    assert sound("tea") == sound("鍵盤楽器") == ""


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("which pets does my brother have?", "Leo's hamster and his parrot get along"),
        ("what sport does Ines do?", "Ines goes to judo on Mondays"),
        ("when do I get up?", "my alarm clock rings at seven"),
    ],
)
async def test_what_tells_of_the_topic_is_found_where_no_word_is_the_same(
    search: Search, talk: Talk, asked: str, said: str
) -> None:
    await talk.say("we looked at the clouds for a while")
    await talk.say(said)
    assert texts(await search.recall("rover", "ada", asked, language="en")) == [said]


async def test_what_tells_of_a_topic_with_more_words_comes_first(search: Search, talk: Talk) -> None:
    await talk.say("the doctor prescribed pills and drops for Ada")
    for number in range(5):
        await talk.say(f"drops of rain fell on window {number}")
    found = await search.recall("rover", "ada", "which medication was that?", language="en")
    assert found[0].text == "the doctor prescribed pills and drops for Ada"


async def test_what_people_say_of_themselves_comes_before_what_others_said(search: Search, talk: Talk) -> None:
    await talk.say("my shoes are blue")
    await talk.say("Tom and Eva spoke of shoes that were blue")
    found = await search.recall("rover", "ada", "were my shoes blue?", language="en")
    assert found[0].text == "my shoes are blue"


def test_words_that_belong_together_tell_of_a_topic_that_neither_does_alone() -> None:
    assert "en#wake" in topics_told("we get up at six", "en")
    assert "en#wake" not in topics_told("get the ladder, climb up and look", "en")


def test_topics_have_names_of_their_own() -> None:
    for listed in TOPICS.values():
        names = [line.split()[0] for line in listed.strip().splitlines() if "/" in line]
        assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("said", "kinds"),
    [
        ("we leave on Friday", {"time", "place", "self"}),
        ("it costs 40 euros", {"number", "time"}),
        ("the cat was fed by Henrietta", {"name", "place"}),
        ("nothing happened", set()),
    ],
)
def test_a_text_tells_what_kinds_of_questions_it_may_answer(said: str, kinds: set[str]) -> None:
    assert set(kinds_told(said, "en")) == kinds


def test_a_question_asks_for_a_kind_of_answer() -> None:
    assert kinds_asked("when does my train leave?", "en") == ("time", "self")
    assert kinds_asked("who is that?", "en") == ("name",)
    assert kinds_asked("wo ist der Hund?", "de") == ("place",)


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("recall_questions", 93),
        ("recall_questions_validation", 45),
        ("recall_questions_held_out", 38),
        ("recall_questions_test", 37),
    ],
)
async def test_the_answer_to_a_question_is_among_the_best_three_of_five_thousand_turns(
    database: Database, search: Search, name: str, least: int
) -> None:
    asked = questions(name)
    await database.run(lambda connection: plant(connection, asked, 5000))
    assert sum([await _is_answered(search, each) for each in asked]) >= least


async def _is_answered(search: Search, asked: Question) -> bool:
    found = await search.recall(DEVICE, PERSON, asked.question, language=asked.language)
    assert {(each.device_id, each.user_id) for each in found} <= {(DEVICE, PERSON)}
    return any(each.text == asked.said or (asked.fact and each.text == asked.fact.text) for each in found)
