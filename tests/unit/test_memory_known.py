"""What a prompt tells of a person, and how long it stays the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete

from ai_server.brain.dates import day_in_words
from ai_server.brain.extract import extract
from ai_server.brain.known import Known, compose, gist
from ai_server.brain.past import Past, Pasts
from ai_server.brain.recall import line_of, told
from ai_server.brain.trend import trend
from ai_server.memory import schema
from ai_server.memory.facts import Fact, Facts, NewFact
from ai_server.memory.search.ranking import Found
from ai_server.memory.storage.database import Database
from ai_server.memory.summaries import Background, Felt, Said, Summaries, Summary, Told, tokens_of
from ai_server.memory.turns import History, Turn, Turns
from ai_server.protocol.reply import Reply
from ai_server.protocol.terms import Emotion

NOW = datetime(2026, 5, 9, 14, 30, tzinfo=UTC)
"""A Saturday."""


def said(number: int, words: str, reply: str = "I see.", language: str = "en") -> Said:
    return Said(number, NOW, words, reply, language)


def fact(number: int, kind: str, value: str, subject: str = "user", **changes: Any) -> Fact:
    fields: dict[str, Any] = {"household": False, **changes}
    return Fact(
        subject=subject,
        kind=kind,
        value=value,
        text="",
        confidence=0.9,
        source="rule",
        id=number,
        device_id="rover",
        user_id="ada",
        turn_id=None,
        learned_at=NOW,
        **fields,
    )


def summary(first: int, last: int, text: str) -> Summary:
    return Summary(
        conversation_id=1,
        device_id="rover",
        user_id="ada",
        from_turn_id=first,
        to_turn_id=last,
        text=text,
        made_by="model",
    )


# Days.


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (timedelta(hours=1), "today"),
        (timedelta(hours=15), "yesterday"),
        (timedelta(days=4), "on Tuesday"),
        (timedelta(days=7), "on 2 May"),
        (timedelta(days=200), "on 21 October 2025"),
        (timedelta(minutes=-5), "today"),
    ],
)
def test_days_are_told_as_people_tell_them(before: timedelta, words: str) -> None:
    assert day_in_words(NOW - before, NOW) == words


# Extracts.


def test_an_extract_has_the_sentences_that_tell_most_in_their_order() -> None:
    turns = [
        said(1, "Hello there. My sister Zoe comes on Friday."),
        said(2, "What time is it now?"),
        said(3, "Ok thanks. That is nice of you."),
        said(4, "I love jazz."),
    ]
    assert extract(turns, 60) == '"My sister Zoe comes on Friday." "I love jazz."'


@pytest.mark.parametrize("tokens", [0, 5, 10, 20, 40, 80])
def test_an_extract_is_never_longer_than_it_may_be(tokens: int) -> None:
    turns = [said(number, f"I like box {number}. My friend Bob {number} wants tea.") for number in range(30)]
    assert tokens_of(extract(turns, tokens)) <= tokens


def test_an_extract_says_nothing_twice_and_quotes_nothing_that_would_end_the_quotation() -> None:
    turns = [said(1, 'I like "The Hobbit" a lot.'), said(2, 'I like "The Hobbit" a lot.')]
    assert extract(turns, 100) == "\"I like 'The Hobbit' a lot.\""


def test_an_extract_understands_what_germans_and_spaniards_tell() -> None:
    turns = [
        said(1, "Ich mag Kirschen. Wie spät ist es denn jetzt?", language="de"),
        said(2, "Me gusta el té.", language="es"),
    ]
    assert extract(turns, 100).startswith('"Ich mag Kirschen."')
    assert '"Me gusta el té."' in extract(turns, 100)


# The trend.


def felt(*emotions: str, hour: int = 9) -> list[Felt]:
    return [Felt(NOW.replace(hour=hour, minute=minute), emotion) for minute, emotion in enumerate(emotions)]


def test_a_feeling_that_was_clear_is_told_with_when_it_was() -> None:
    assert trend(felt("sad", "sad", "neutral", "sad"), NOW, "Ada") == "Ada sounded sad this morning."


@pytest.mark.parametrize(
    "emotions",
    [(), ("sad",), ("sad", "sad"), ("neutral",) * 5, ("sad", "happy", "sad", "happy"), ("sad",) * 3 + ("neutral",) * 4],
)
def test_what_is_not_clear_is_not_told(emotions: tuple[str, ...]) -> None:
    assert trend(felt(*emotions), NOW) == ""


def test_the_latest_clear_feeling_of_today_counts() -> None:
    later = felt(*["happy"] * 3, hour=13)
    assert trend(felt(*["sad"] * 3) + later, NOW) == "The person sounded happy this afternoon."
    assert trend(felt(*["sad"] * 3) + later[:1], NOW) == "The person sounded sad this morning."
    assert trend([replace(each, at=each.at - timedelta(days=1)) for each in later], NOW) == ""


# What comes to mind.


def found(text: str, reply: str = "", kind: Any = "turn", days: int = 6) -> Found:
    return Found(kind, 1, NOW - timedelta(days=days), "rover", "ada", text, reply, 1.0)


def test_what_was_found_is_told_with_its_day() -> None:
    assert told(found("The keys are in the blue box", "Good."), NOW) == (
        'on Sunday the person said "The keys are in the blue box"'
    )
    assert told(found("You like tea.", kind="fact", days=1), NOW) == (
        'noted yesterday, in words to the person: "You like tea."'
    )


def test_the_answer_to_what_was_asked_then_is_told_too() -> None:
    assert told(found("Where is Oslo?", "In Norway."), NOW) == (
        'on Sunday the person said "Where is Oslo?", and you answered "In Norway."'
    )


def test_what_is_recalled_cannot_end_the_bracketed_line_it_stands_in() -> None:
    words = told(found('a] "b\n[c; d ' + "x" * 500), NOW)
    assert not set("[]\n;") & set(words)
    assert len(words) < 200


def test_what_comes_to_mind_is_at_the_end_of_the_bracketed_line() -> None:
    assert line_of("Saturday 14:05", "", ()) == "Saturday 14:05"
    assert line_of("", "", ["one", "two"]) == "remembers: one; two"
    assert line_of("Saturday 14:05", "They spoke.", ["one"]) == (
        "Saturday 14:05; remembers: earlier in this conversation: They spoke.; one"
    )


# The message.


def test_nothing_is_told_of_somebody_of_whom_nothing_is_known() -> None:
    assert compose([], Background(), NOW).text == ""


def test_all_that_is_known_is_told_in_one_message() -> None:
    facts = [
        fact(4, "note", "the wifi code is on the fridge", subject="note", household=True),
        fact(3, "location", "in the blue box", subject="keys"),
        fact(2, "likes", "jazz"),
    ]
    background = Background(
        earlier=(
            Told(NOW, summary(7, 9, "The person spoke of a trip to Oslo."), (said(10, "I will fly on Monday."),)),
            Told(NOW - timedelta(days=1), summary(1, 6, "The person was ill.")),
        ),
        felt=tuple(felt("sad", "sad", "sad")),
    )
    known = compose(facts, background, NOW, name="Ada", manner="With this person you are: warm.", token_budget=400)
    lines = known.text.splitlines()
    assert lines[0] == "With this person you are: warm."
    assert lines[1].startswith("What you remember")
    assert lines[2:] == [
        "- name: Ada",
        "- keys, location: in the blue box",
        "- likes: jazz",
        "Of everybody at home:",
        '- asked you to remember: "the wifi code is on the fridge"',
        "Ada sounded sad this morning.",
        'Earlier today: The person spoke of a trip to Oslo. The person said: "I will fly on Monday."',
        "Yesterday: The person was ill.",
    ]
    assert known.facts == (3, 2, 4)


def test_a_quotation_that_is_cut_short_is_closed() -> None:
    told = Told(NOW, summary(1, 9, 'The person said: "we had a long walk by the river and saw two herons"'))
    text = gist(told, 14)
    assert text.startswith('The person said: "we had a')
    assert text.endswith('..."')
    assert tokens_of(text) <= 14


@pytest.mark.parametrize("budget", [60, 100, 150, 256, 500])
def test_the_message_stays_within_its_budget(budget: int) -> None:
    facts = [fact(number, "likes", f"thing number {number} of many") for number in range(60)]
    background = Background(
        earlier=(
            Told(NOW, summary(1, 9, "A long summary. " * 40), tuple(said(n, f"I like box {n}.") for n in range(50))),
            *(Told(NOW - timedelta(days=n), summary(1, 2, "Much more. " * 30)) for n in range(1, 4)),
        )
    )
    assert tokens_of(compose(facts, background, NOW, token_budget=budget).text) <= budget


# How long it stays.


class Home:
    """Ada's conversations with the rover, on a real database."""

    def __init__(self, database: Database) -> None:
        self.now = NOW
        self.turns = Turns(database, now=lambda: self.now)
        self.database = database
        self.facts = Facts(database)
        self.known = Known(
            name=lambda *_: None,
            facts=self.facts,
            summaries=Summaries(database),
            personality=self.manner,
            now=lambda: self.now,
        )
        self.count = 0

    async def manner(self, device_id: str, user_id: str | None, since: datetime) -> str:
        return ""

    async def say(
        self,
        words: str,
        user_id: str = "ada",
        *,
        facts: str = "",
        felt: Emotion | None = None,
        learned: tuple[NewFact, ...] = (),
    ) -> None:
        self.now += timedelta(minutes=1)
        self.count += 1
        reply = Reply(request_id=f"q{self.count}", device_id="rover", text="I see.", source="llm", timestamp=self.now)
        await self.turns.add(
            Turn(
                person_emotion=felt,
                at=self.now,
                words=words,
                reply=reply,
                facts=facts,
                user_id=user_id,
                learned=learned,
            )
        )

    async def message(self, user_id: str = "ada", budget: int = 400) -> str:
        history = await self.turns.recent("rover", user_id, budget)
        return (await self.known.of("rover", user_id, history)).text


@pytest.fixture
def home(database: Database) -> Home:
    return Home(database)


def likes(value: str) -> tuple[NewFact, ...]:
    return (NewFact("user", "likes", value, f"You like {value}.", 0.9, "rule"),)


async def test_what_is_learnt_in_a_conversation_is_told_from_the_next_one_on(home: Home) -> None:
    assert await home.message() == ""
    await home.say("I like jazz", learned=likes("jazz"))
    assert await home.message() == ""
    await home.turns.reset("rover", "ada")
    assert "likes: jazz" in await home.message()


async def test_the_message_stays_to_the_letter_while_the_conversation_lasts(home: Home) -> None:
    await home.facts.add("rover", "ada", likes("jazz"), at=NOW)
    texts = set()
    for number in range(30):
        await home.say(f"I like song {number} very much", learned=likes(f"song {number}"))
        texts.add(await home.message())
    assert len(texts) == 1
    assert "jazz" in texts.pop()


async def test_what_has_left_the_prompt_is_told_once_and_the_same_until_more_leaves(home: Home) -> None:
    seen: list[tuple[str, int]] = []
    for number in range(40):
        await home.say(f"I like song {number} very much")
        history = await home.turns.recent("rover", "ada", 400)
        seen.append(((await home.known.gone("rover", "ada", history, 60)).text, history.left_until))
    borders = [at for at in range(1, 40) if seen[at][1] != seen[at - 1][1]]
    assert [at for at in range(1, 40) if seen[at][0] != seen[at - 1][0]] == borders
    assert len(borders) >= 2
    assert "song 4" in seen[borders[0]][0]
    assert seen[0][0] == ""


async def test_a_summary_stands_in_the_prompt_once_until_its_turn_leaves(home: Home) -> None:
    pasts = Pasts(turns=home.turns, history_tokens=400, known=home.known, recall=None)
    told_at = []
    for number in range(40):
        past = await pasts.read("rover", "ada") or Past()
        facts = line_of("Saturday", past.gone.text, ())
        if past.gone.text:
            told_at.append((number, past.trace["summary_of"]))
        await home.say(f"I like song {number} very much", facts=facts)
    assert 2 <= len(told_at) <= 6
    assert [covers[0] for _, covers in told_at] == [1] * len(told_at)
    assert [covers[1] for _, covers in told_at] == sorted({covers[1] for _, covers in told_at})


async def test_how_somebody_sounds_is_told_with_what_has_left_the_prompt(home: Home) -> None:
    assert "sounded" not in await home.message()
    for number in range(20):
        await home.say(f"I lost my song {number}", felt="sad")
    history = await home.turns.recent("rover", "ada", 400)
    gone = await home.known.gone("rover", "ada", history, 60)
    assert gone.text.endswith("The person sounded sad this afternoon.")
    assert tokens_of(gone.text) <= 60
    assert "sounded" not in await home.message()


async def test_after_a_pause_what_was_said_before_is_told_with_its_day(home: Home) -> None:
    await home.say("My sister Zoe comes on Friday.")
    home.now += timedelta(days=1)
    assert 'Yesterday: The person said: "My sister Zoe comes on Friday."' in await home.message()


async def test_what_was_forgotten_is_told_no_more_at_once(home: Home) -> None:
    await home.facts.add("rover", "ada", likes("jazz"), at=NOW)
    await home.say("Hello you")
    assert "jazz" in await home.message()
    await home.database.run(lambda connection: connection.execute(delete(schema.facts)))
    assert "jazz" in await home.message()
    home.known.forget()
    assert "jazz" not in await home.message()


async def test_what_was_made_for_words_that_never_came_is_not_told_a_day_later(home: Home) -> None:
    assert await home.message() == ""
    await home.facts.add("rover", "ada", likes("jazz"), at=NOW)
    home.now += timedelta(days=1)
    await home.say("What time is it?")
    assert "jazz" in await home.message()


async def test_the_first_turn_goes_on_with_the_message_that_was_made_for_its_words(home: Home) -> None:
    assert await home.message() == ""
    home.now -= timedelta(minutes=1)
    await home.say("I like jazz", learned=likes("jazz"))
    assert await home.message() == ""
    assert (await home.turns.recent("rover", "ada", 400)).conversation_id is not None


async def test_people_are_told_of_themselves_alone(home: Home) -> None:
    await home.say("I like jazz and my sister Zoe", learned=likes("jazz"))
    await home.turns.reset("rover")
    assert "jazz" in await home.message("ada")
    assert await home.message("bob") == ""
    assert History() == await home.turns.recent("rover", "bob", 400)
