"""A history of thousands of turns in which the answers to written questions are planted."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from sqlalchemy import Connection, insert

from ai_server.memory.facts import NewFact, store
from ai_server.memory.schema import conversations, turns
from ai_server.memory.search import index as search_index
from ai_server.memory.search.terms import telling_words

DEVICE, PERSON = "rover", "ada"
OTHERS = (("rover", "bob"), ("rover", ""), ("owl", "ada"))

_DATA = Path(__file__).parent / "data"
_DAYS = 200


class PlantedFact(msgspec.Struct, frozen=True):
    """What was learnt from a planted statement."""

    subject: str
    kind: str
    value: str
    text: str


class Question(msgspec.Struct, frozen=True):
    """One line of the file.

    Attributes:
        question: asked of the whole history.
        said: the planted words that answer it.
        reply: what the robot said to them; it is the answer where `said` is itself a question.
        other_words: whether the question has other words than the answer in what matters.
        language: of both.
        fact: what is known for good since.
    """

    question: str
    said: str
    reply: str
    other_words: bool
    language: str
    fact: PlantedFact | None = None


@dataclass(frozen=True, slots=True)
class _Said:
    device_id: str
    user_id: str
    words: str
    reply: str
    language: str = "en"
    fact: PlantedFact | None = None


def questions(name: str) -> list[Question]:
    """Return every question of a file in `tests/data`."""
    lines = (_DATA / f"{name}.jsonl").read_bytes().splitlines()
    return [msgspec.json.decode(line, type=Question) for line in lines]


def plant(connection: Connection, asked: Sequence[Question], count: int, seed: int = 7) -> None:
    """Write a history of `count` turns of the last 200 days, in the caller's transaction, and index it.

    Each answer is said once by Ada to the rover. The same words are said by other people and to another robot; Ada says
    the words of the question in other matters, and asks half of the questions before; the rest is everyday talk.
    """
    now = datetime.now(UTC)
    said = list(_history(asked, count, random.Random(seed)))
    begun = {"device_id": DEVICE, "user_id": PERSON, "started_at": now}
    conversation = connection.execute(insert(conversations).values(begun).returning(conversations.c.id)).scalar_one()
    moments = [now - timedelta(days=_DAYS * (len(said) - number) / len(said)) for number in range(len(said))]
    rows = [
        turn_row(number, conversation, each.device_id, each.user_id, each.words, each.reply, at, each.language)
        for number, (each, at) in enumerate(zip(said, moments, strict=True), 1)
    ]
    connection.execute(insert(turns), rows)
    for number, (each, at) in enumerate(zip(said, moments, strict=True), 1):
        if each.fact is not None:
            fact = NewFact(**msgspec.structs.asdict(each.fact), confidence=0.9, source="rule")
            store(connection, [fact], device_id=each.device_id, user_id=each.user_id, turn_id=number, at=at)
    while search_index.refresh(connection):
        pass


def _history(asked: Sequence[Question], count: int, chance: random.Random) -> Iterator[_Said]:
    planted = [
        _Said(device_id, user_id, each.said, each.reply, each.language, each.fact)
        for device_id, user_id in ((DEVICE, PERSON), *OTHERS)
        for each in asked
    ]
    misleading = [_misleading(each, chance) for each in asked for _ in range(3)]
    again = [_Said(DEVICE, PERSON, each.question, "I don't know that yet.", each.language) for each in asked[::2]]
    people = ((DEVICE, PERSON),) * 7 + OTHERS
    rest = count - len(planted) - len(misleading) - len(again)
    talk = [_Said(*chance.choice(people), _talk(chance), chance.choice(_REPLIES)) for _ in range(rest)]
    history = planted + misleading + again + talk
    chance.shuffle(history)
    yield from history


def _misleading(question: Question, chance: random.Random) -> _Said:
    word = chance.choice(telling_words(question.question, question.language))
    words = chance.choice(_ASIDES).format(word, noun=chance.choice(_NOUNS), day=chance.choice(_DAYS_OF_THE_WEEK))
    return _Said(DEVICE, PERSON, words, chance.choice(_REPLIES))


def _talk(chance: random.Random) -> str:
    return chance.choice(_TALK).format(
        noun=chance.choice(_NOUNS),
        other=chance.choice(_NOUNS),
        person=chance.choice(_PEOPLE),
        place=chance.choice(_PLACES),
        day=chance.choice(_DAYS_OF_THE_WEEK),
        how=chance.choice(_HOW),
        number=chance.randint(2, 60),
    )


def turn_row(
    number: int,
    conversation: int,
    device_id: str,
    user_id: str,
    words: str,
    reply: str,
    at: datetime,
    language: str = "en",
) -> dict[str, object]:
    """Return a row of the turns."""
    return {
        "id": number,
        "conversation_id": conversation,
        "device_id": device_id,
        "user_id": user_id,
        "request_id": f"q{number}",
        "at": at,
        "words": words,
        "facts": "",
        "replied_at": at,
        "text": reply,
        "emotion": "neutral",
        "intent": "chat",
        "language": language,
        "confidence": 1.0,
        "source": "llm",
        "finish_reason": "stop",
        "actions": [],
        "prompt_tokens": 0,
        "cached_tokens": 0,
        "completion_tokens": 0,
        "queue_ms": 0.0,
        "total_ms": 0.0,
        "history_tokens": 0,
        "history_end": 0,
    }


_ASIDES = (
    "somebody on the radio went on about {0} for an hour",
    "I saw something about {0} in the paper, next to a piece on the {noun}",
    "is {0} a long word in your dictionary?",
    "there was a whole film about {0} and a {noun}",
    "my colleague keeps saying {0} all day long",
    "{0}, {0}, {0}, the children sang that on {day}",
    "what do you think about {0} in general?",
    "I read a poem with {0} in it to the class",
    "at the market they sold a {noun} shaped like {0}",
    "the neighbours' kid drew a picture with {0} and a {noun}",
)

_DAYS_OF_THE_WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_PEOPLE = ("Tom", "Ingrid", "Oscar", "Lily", "Marcus", "Priya", "mum", "grandpa", "my boss", "the neighbour", "Farid")
_PLACES = (
    "the station",
    "the office",
    "the museum",
    "the kitchen",
    "the garden",
    "the library",
    "the gym",
    "Lisbon",
    "Leeds",
    "the garage",
    "school",
    "the hospital",
)
_HOW = ("tired", "happy", "cold", "annoyed", "excited", "hungry", "bored", "fine", "nervous", "proud")
_NOUNS = (
    "umbrella",
    "box",
    "lamp",
    "car",
    "bike",
    "ladder",
    "sofa",
    "guitar",
    "cake",
    "coffee",
    "tea",
    "cat",
    "dog",
    "book",
    "scarf",
    "drawer",
    "key",
    "phone",
    "picture",
    "shoe",
    "film",
    "train",
    "flower",
    "soup",
    "window",
    "garden",
    "bottle",
    "fridge",
    "chair",
    "clock",
    "telescope",
    "bread",
    "apple",
    "jacket",
    "mirror",
    "bus",
)
_REPLIES = (
    "Oh, I see.",
    "That sounds nice!",
    "Tell me more about it.",
    "I am sorry to hear that.",
    "How did that make you feel?",
    "Good to know.",
    "Ha, that is funny.",
    "Well done!",
    "I will keep my sensors open.",
    "Of course.",
)
_TALK = (
    "I feel {how} today",
    "good morning, I slept {number} minutes too long",
    "the {noun} looks funny today",
    "I cleaned the {noun} on {day}",
    "{person} called me from {place}",
    "{person} was {how} when we met at {place}",
    "I walked to {place} and back",
    "there were {number} people at {place}",
    "do you like the {noun}?",
    "can you see the {noun}?",
    "I bought a new {noun} for {person}",
    "we had {noun} for dinner",
    "the {noun} fell off the {other}",
    "{person} wants to sell the {noun}",
    "work was {how} on {day}",
    "I have to go to {place} on {day}",
    "the weather at {place} was awful",
    "tell me something about a {noun}",
    "sing me a song about the {noun}",
    "I'm {how} because of the {noun}",
    "{person} and I played cards, I lost {number} to {other}",
    "move forward {number} centimetres",
    "turn to the {noun}",
    "what time is it",
    "set a timer for {number} minutes",
    "how are you",
    "the {noun} is behind the {other} again",
    "I couldn't find the {noun} at {place}",
    "{person} put the {noun} on the table",
    "{person} likes the {noun} very much",
    "{person} is {number} years older than the {noun}",
    "it rained on {day} so we stayed in {place}",
    "I watched a film with {person} on {day}",
    "my {noun} is broken, I think",
    "I paid {number} for a {noun} at {place}",
    "{person} told me a story about the {noun} and the {other}",
    "the meeting at {place} took {number} minutes",
    "{person} has an appointment on {day}",
    "where is {place} anyway?",
    "who invented the {noun}?",
    "I dreamt nothing last night",
    "I will cook something with {person} on {day}",
    "the colour of the {noun} is strange",
    "{person} took a picture of the {noun} for the birthday card",
    "{person} forgot the {noun} at {place}",
    "the name of the {noun} is hard to say",
    "I need to ring {person} about the {noun}",
    "the {noun} costs {number} at {place}",
    "let's talk about the {noun}",
    "nobody was at {place} on {day}",
)
