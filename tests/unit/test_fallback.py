from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path

import pytest

from ai_server import resources
from ai_server.configfile import ConfigError
from ai_server.llm.chat import ChatEvent, ChatRequest, Delta, EmotionTag, Finished, Message, Sentence, Started
from ai_server.llm.fallback import Answers, AnswersByEmotion, Fallback, load_answers
from ai_server.protocol.terms import EMOTIONS, Emotion

SHIPPED = resources.config_dir() / "phrases" / "fallback.toml"
INTENTS = (
    "greeting",
    "goodbye",
    "gratitude",
    "affirm",
    "deny",
    "cancel",
    "repeat",
    "time_query",
    "date_query",
    "sensor_query",
    "capabilities_query",
    "conversation",
)


def request(intent: str = "conversation", emotion: Emotion = "neutral", conversation_id: str = "r1") -> ChatRequest:
    return ChatRequest("q1", conversation_id, (Message("user", "words"),), intent=intent, emotion=emotion)


async def events_of(fallback: Fallback, asked: ChatRequest) -> list[ChatEvent]:
    return [event async for event in fallback.stream(asked)]


async def text_of(fallback: Fallback, asked: ChatRequest) -> str:
    finished = (await events_of(fallback, asked))[-1]
    assert isinstance(finished, Finished)
    return finished.text


def shipped(seed: int = 0) -> Fallback:
    return Fallback(load_answers(SHIPPED), name="Naila", rng=random.Random(seed))


async def test_an_answer_comes_as_a_model_would_give_it() -> None:
    answers = Answers(
        {"conversation": AnswersByEmotion(neutral=("[happy] Hello, I am $name. How are you doing today?",))}
    )
    events = await events_of(Fallback(answers, name="Ollie", rng=random.Random(0)), request())
    text = "Hello, I am Ollie. How are you doing today?"
    assert events[:2] == [Started("fallback"), EmotionTag("happy")]
    assert events[-1] == Finished("stop", text)
    deltas = [event.text for event in events if isinstance(event, Delta)]
    assert "".join(deltas) == text
    assert len(deltas) > 2
    assert [event.text for event in events if isinstance(event, Sentence)] == [
        "Hello, I am Ollie.",
        "How are you doing today?",
    ]


@pytest.mark.parametrize("emotion", EMOTIONS)
@pytest.mark.parametrize("intent", [*INTENTS, "an_intent_of_tomorrow"])
async def test_every_intent_is_answered_and_varied(intent: str, emotion: Emotion) -> None:
    fallback = shipped()
    texts = [await text_of(fallback, request(intent, emotion)) for _ in range(30)]
    assert all(one != other for one, other in pairwise(texts))
    assert not any("$" in text for text in texts)


async def test_each_feeling_has_its_own_answers_in_conversation() -> None:
    said = {
        emotion: {await text_of(shipped(seed), request(emotion=emotion)) for seed in range(20)} for emotion in EMOTIONS
    }
    assert len(set.union(*said.values())) == sum(len(texts) for texts in said.values())


async def test_conversations_do_not_share_their_last_answer() -> None:
    answers = Answers({"conversation": AnswersByEmotion(neutral=("[sad] One.", "[sad] Two."))})
    fallback = Fallback(answers, name="Naila", rng=random.Random(1))
    first = await text_of(fallback, request(conversation_id="r1"))
    others = {await text_of(fallback, request(conversation_id=f"other-{n}")) for n in range(20)}
    assert first in others
    assert await text_of(fallback, request(conversation_id="r1")) != first


async def test_the_same_seed_gives_the_same_answers() -> None:
    one, other = shipped(7), shipped(7)
    assert [await text_of(one, request()) for _ in range(9)] == [await text_of(other, request()) for _ in range(9)]


async def test_a_single_answer_is_given_again() -> None:
    fallback = Fallback(
        Answers({"conversation": AnswersByEmotion(neutral=("[sad] One.",))}), name="N", rng=random.Random()
    )
    assert [await text_of(fallback, request()) for _ in range(2)] == ["One.", "One."]


async def test_the_answers_of_a_persona_take_the_place_of_the_common_ones() -> None:
    own = {"greeting": AnswersByEmotion(neutral=("[happy] Eight arms wave at you!",))}
    fallback = Fallback(load_answers(SHIPPED).with_own(own), name="Ollie", rng=random.Random(0))
    assert await text_of(fallback, request("greeting", "sad")) == "Eight arms wave at you!"
    assert await text_of(fallback, request("gratitude")) != "Eight arms wave at you!"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("[greeting]\nneutral = ['[happy] Hi']", "needs a [conversation] table"),
        ("[conversation]\nsad = ['[sad] Oh']", "conversation.neutral is missing"),
        ("[conversation]\nneutral = []", "conversation.neutral: "),
        ("[conversation]\nneutral = ['Hi']", "conversation.neutral.0: must be [emotion] and then words"),
        ("[conversation]\nneutral = ['[glad] Hi']", "one of neutral, happy, sad, angry, surprised"),
        ("[conversation]\nneutral = ['[happy] {}']", "must be [emotion]"),
        ("[conversation]\nneutral = ['[happy] Hi $nane']", "may hold $name"),
        ("[conversation]\nneutral = ['[happy] It is 5 $']", "may hold $name"),
        ("[conversation]\nneutral = ['[sad] Oh']\ncross = ['[sad] Oh']", "conversation.cross is not known"),
        ("[conversation\n", "is not TOML"),
    ],
)
def test_a_wrong_file_is_refused_with_the_key(tmp_path: Path, content: str, complaint: str) -> None:
    path = tmp_path / "fallback.toml"
    path.write_text(content)
    with pytest.raises(ConfigError) as caught:
        load_answers(path)
    assert complaint in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: cannot be read: No such file"):
        load_answers(tmp_path / "none.toml")


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fallback.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="is not UTF-8"):
        load_answers(path)
