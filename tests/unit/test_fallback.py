from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path

import pytest

from ai_server import resources
from ai_server.brain.language import NAMES
from ai_server.configfile import ConfigError
from ai_server.llm.chat import ChatEvent, ChatRequest, Delta, EmotionTag, Finished, Message, Sentence, Started
from ai_server.llm.fallback import Answers, AnswersByEmotion, Fallback, Voice, WrittenAnswers, load_answers
from ai_server.protocol.terms import EMOTIONS, Emotion

SHIPPED = resources.config_dir() / "phrases" / "fallback"
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


def request(
    intent: str = "conversation", emotion: Emotion = "neutral", conversation_id: str = "r1", language: str = "en"
) -> ChatRequest:
    return ChatRequest(
        "q1", conversation_id, (Message("user", "words"),), intent=intent, emotion=emotion, language=language
    )


def speaking(answers: WrittenAnswers, *, name: str = "Naila", seed: int = 0) -> Fallback:
    return Fallback(lambda _: Voice(name, answers), rng=random.Random(seed))


def english(**intents: AnswersByEmotion) -> WrittenAnswers:
    return WrittenAnswers({"en": Answers(intents)})


async def events_of(fallback: Fallback, asked: ChatRequest) -> list[ChatEvent]:
    return [event async for event in fallback.stream(asked)]


async def text_of(fallback: Fallback, asked: ChatRequest) -> str:
    finished = (await events_of(fallback, asked))[-1]
    assert isinstance(finished, Finished)
    return finished.text


def shipped(seed: int = 0) -> Fallback:
    return speaking(WrittenAnswers.load(SHIPPED), seed=seed)


async def test_an_answer_comes_as_a_model_would_give_it() -> None:
    answers = english(conversation=AnswersByEmotion(neutral=("[happy] Hello, I am $name. How are you doing today?",)))
    events = await events_of(speaking(answers, name="Ollie"), request())
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


@pytest.mark.parametrize("language", NAMES)
@pytest.mark.parametrize("intent", [*INTENTS, "an_intent_of_tomorrow"])
async def test_every_intent_is_answered_and_varied_in_every_language(intent: str, language: str) -> None:
    fallback = shipped()
    texts = [
        await text_of(fallback, request(intent, emotion, language=language)) for emotion in EMOTIONS for _ in range(20)
    ]
    assert all(one != other for one, other in pairwise(texts))
    assert not any("$" in text for text in texts)


@pytest.mark.parametrize("language", NAMES)
async def test_each_feeling_has_its_own_answers_in_conversation(language: str) -> None:
    said = {
        emotion: {await text_of(shipped(seed), request(emotion=emotion, language=language)) for seed in range(20)}
        for emotion in EMOTIONS
    }
    assert len(set.union(*said.values())) == sum(len(texts) for texts in said.values())


def test_every_language_has_the_same_intents_and_feelings() -> None:
    written = WrittenAnswers.load(SHIPPED)
    kinds = {
        language: {intent: answers.model_fields_set for intent, answers in written.of(language).root.items()}
        for language in NAMES
    }
    assert all(kind == kinds["en"] for kind in kinds.values())
    assert set(kinds["en"]) == set(INTENTS)


@pytest.mark.parametrize("language", NAMES)
async def test_written_answers_are_spoken_to_the_letter(language: str) -> None:
    for intent, answers in WrittenAnswers.load(SHIPPED).of(language).root.items():
        for answer in {choice for emotion in EMOTIONS for choice in answers.choices(emotion)}:
            alone = WrittenAnswers({"en": Answers({"conversation": AnswersByEmotion(neutral=(answer,))})})
            said = await text_of(speaking(alone), request(intent))
            assert said == answer.partition("] ")[2].replace("$name", "Naila")


async def test_a_language_without_a_file_is_answered_in_english() -> None:
    assert await text_of(shipped(3), request(language="nl")) == await text_of(shipped(3), request())


async def test_conversations_do_not_share_their_last_answer() -> None:
    fallback = speaking(english(conversation=AnswersByEmotion(neutral=("[sad] One.", "[sad] Two."))), seed=1)
    first = await text_of(fallback, request(conversation_id="r1"))
    others = {await text_of(fallback, request(conversation_id=f"other-{n}")) for n in range(20)}
    assert first in others
    assert await text_of(fallback, request(conversation_id="r1")) != first


async def test_the_same_seed_gives_the_same_answers() -> None:
    one, other = shipped(7), shipped(7)
    assert [await text_of(one, request()) for _ in range(9)] == [await text_of(other, request()) for _ in range(9)]


async def test_a_single_answer_is_given_again() -> None:
    fallback = speaking(english(conversation=AnswersByEmotion(neutral=("[sad] One.",))))
    assert [await text_of(fallback, request()) for _ in range(2)] == ["One.", "One."]


async def test_the_answers_of_a_persona_take_the_place_of_the_common_ones_in_its_language() -> None:
    own = {"greeting": AnswersByEmotion(neutral=("[happy] Acht Arme winken dir!",))}
    fallback = speaking(WrittenAnswers.load(SHIPPED).with_own(own, "de"), name="Ollie")
    assert await text_of(fallback, request("greeting", "sad", language="de")) == "Acht Arme winken dir!"
    assert await text_of(fallback, request("gratitude", language="de")) != "Acht Arme winken dir!"
    assert await text_of(fallback, request("greeting", language="en")) != "Acht Arme winken dir!"


async def test_who_speaks_is_asked_with_every_request() -> None:
    answers = english(conversation=AnswersByEmotion(neutral=("[happy] I am $name.",)))
    fallback = Fallback(lambda asked: Voice(asked.conversation_id, answers), rng=random.Random(0))
    said = [await text_of(fallback, request(conversation_id=name)) for name in ("Ollie", "Nabu")]
    assert said == ["I am Ollie.", "I am Nabu."]


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


def test_english_answers_are_needed(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"en\.toml: cannot be read: No such file"):
        WrittenAnswers.load(tmp_path)


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fallback.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="is not UTF-8"):
        load_answers(path)
