"""The brain on a real database: what it asks of the model, and what it has the model read before."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest

from ai_server import resources
from ai_server.brain import graph
from ai_server.brain.characters import CharacterFiles
from ai_server.brain.events import BrainEvent, Face, Prompted, Understood
from ai_server.brain.feelings import Feelings
from ai_server.brain.graph import Brain
from ai_server.brain.hearing import Hearing
from ai_server.brain.known import Known
from ai_server.brain.past import Pasts
from ai_server.brain.recall import Recall
from ai_server.brain.robot_personas import RobotPersonas
from ai_server.brain.robots import Robots
from ai_server.llm.chat import (
    ActionCall,
    ChatEvent,
    ChatRequest,
    Delta,
    EmotionTag,
    Finished,
    ListenRequest,
    Message,
    Sampling,
    Sentence,
    Started,
)
from ai_server.llm.manner import Manner
from ai_server.memory.facts import Facts, NewFact
from ai_server.memory.names import Names
from ai_server.memory.personas import ChosenPersonas
from ai_server.memory.search.search import Search
from ai_server.memory.storage.database import Database
from ai_server.memory.summaries import Summaries
from ai_server.memory.turns import Turn, Turns
from ai_server.protocol.device import ActionDeclaration, Capabilities, SensorReading
from ai_server.protocol.reply import Reply
from ai_server.protocol.utterance import Utterance
from tests.asking import Asker
from tests.daemons import CACHE

CONFIG = resources.config_dir()
FEELINGS = Feelings.load(CONFIG / "feelings")
WAVE = ActionDeclaration(name="wave")
NOD = ActionDeclaration(name="nod")


FACE = ActionDeclaration.model_validate(
    {"name": "show", "parameters": {"properties": {"emotion": {"type": "string", "enum": ["happy", "neutral"]}}}}
)
FAILURES = {"clumsy": ["move failed: stuck"]}


class Model:
    """Keeps what it is given, and always says the same."""

    def __init__(self) -> None:
        self.asked: list[ChatRequest] = []
        self.listened: list[ListenRequest] = []
        self.heard = asyncio.Event()
        self.prepared: list[Message] = []
        self.forgotten: list[str] = []
        self.says: list[ChatEvent] = []

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        self.asked.append(request)
        yield Started("llm")
        for event in self.says:
            yield event
        yield Finished("stop", "I see.")

    def listen(self, request: ListenRequest) -> None:
        self.listened.append(request)
        self.heard.set()

    def prepare(self, system: Message) -> None:
        self.prepared.append(system)

    def forget(self, conversation_id: str) -> None:
        self.forgotten.append(conversation_id)

    def forget_all(self) -> None:
        self.forgotten.append("*")


class Clock:
    now = datetime(2026, 11, 21, 14, 5, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def prompt() -> str:
    return "compact"


@pytest.fixture
def robots() -> Robots:
    return Robots(max_robots=64, max_sensors=4)


@pytest.fixture
def personas(database: Database) -> RobotPersonas:
    return RobotPersonas(ChosenPersonas(database, max_robots=64), max_robots=64)


@cache
def character_files(prompt: str) -> CharacterFiles:
    """Read once for all tests, which change nothing in them."""
    return CharacterFiles(CONFIG, persona="naila", prompt=prompt, cache=CACHE)


@pytest.fixture
def pasts(database: Database, turns: Turns, clock: Clock, prompt: str) -> Pasts:
    if prompt == "compact":
        return Pasts(turns=turns, history_tokens=1000, known=None, recall=None)
    known = Known(
        name=Names(database, max_names=9).person,
        facts=Facts(database),
        summaries=Summaries(database),
        personality=manner,
        now=clock,
    )
    return Pasts(turns=turns, history_tokens=1000, known=known, recall=Recall(Search(database), clock, timeout_s=10))


async def manner(device_id: str, user_id: str | None, since: datetime) -> str:
    return ""


@pytest.fixture
def brain(
    database: Database, pasts: Pasts, model: Model, robots: Robots, personas: RobotPersonas, clock: Clock, prompt: str
) -> Brain:
    asker = Asker(database)
    return Brain(
        files=character_files(prompt),
        personas=personas,
        robots=robots,
        failures=lambda device_id: tuple(FAILURES.get(device_id, ())),
        hearing=Hearing(lambda: FEELINGS, None),
        skills=asker.skills,
        names=asker.names,
        voices=asker.voices,
        pasts=pasts,
        model=model,
        manner=Manner(prompt, Sampling(), 64),
        max_actions=3,
        least_confidence=0.4,
        reply_timeout_s=60,
        now=clock,
    )


def said(words: str, **fields: Any) -> Utterance:
    return Utterance(device_id="rover", request_id="q1", text=words, **fields)


def partial(words: str, **fields: Any) -> Utterance:
    return said(words, is_final=False, **fields)


async def answer(brain: Brain, utterance: Utterance) -> list[BrainEvent]:
    return [event async for event in brain.answer(utterance, time.monotonic())]


async def read(model: Model, count: int = 1) -> list[str]:
    """Wait until the model was given so many partial transcripts; return what each ended in."""
    while len(model.listened) < count:
        model.heard.clear()
        await model.heard.wait()
    return [request.messages[-1].content for request in model.listened]


async def remember(turns: Turns, words: str, reply: str) -> None:
    said = Reply(request_id=words, device_id="rover", text=reply, source="llm")
    await turns.add(Turn(at=datetime.now(UTC), words=words, reply=said, facts="Saturday 14:00"))


# Listening.


async def test_the_prompt_of_partial_words_is_that_of_the_complete_ones_up_to_where_they_end(
    brain, model, turns, robots, clock
):
    await remember(turns, "hello", "Hi!")
    robots.declare("rover", Capabilities(actions=[WAVE]))
    robots.read_sensor("rover", "battery", SensorReading(percentage=80))
    brain.listen(partial("could you tell"))
    await read(model)
    clock.now += timedelta(minutes=1)
    robots.read_sensor("rover", "battery", SensorReading(percentage=79))
    brain.listen(partial("could you tell me a"))
    await answer(brain, said("could you tell me a joke"))
    (asked,) = model.asked
    assert [each.conversation_id for each in model.listened] == [asked.conversation_id] * 2
    assert [each.messages[:-1] for each in model.listened] == [asked.messages[:-1]] * 2
    assert [message.content for message in asked.messages[1:]] == [
        "[Saturday 14:00]\nhello",
        "[neutral] Hi!",
        "[Saturday 14:05; battery 80%]\ncould you tell me a joke",
    ]
    assert await read(model, 2) == [
        "[Saturday 14:05; battery 80%]\ncould you tell",
        "[Saturday 14:05; battery 80%]\ncould you tell me a",
    ]


async def test_the_next_utterance_is_told_what_is_true_by_then(brain, model, clock):
    brain.listen(partial("could you"))
    await answer(brain, said("could you tell me a joke"))
    clock.now += timedelta(minutes=1)
    await answer(brain, said("another one"))
    assert model.asked[1].messages[-1].content == "[Saturday 14:06]\nanother one"


async def test_of_partial_words_that_come_while_the_history_is_read_the_newest_are_read_alone(brain, model):
    for words in ("could", "could you", "could you tell"):
        brain.listen(partial(words))
    assert await read(model) == ["[Saturday 14:05]\ncould you tell"]


async def test_robots_are_listened_to_independently(brain, model):
    brain.listen(partial("could you"))
    brain.listen(Utterance(device_id="owl", request_id="q1", text="what", is_final=False))
    await read(model, 2)
    assert {each.conversation_id: each.messages[-1].content for each in model.listened} == {
        "rover": "[Saturday 14:05]\ncould you",
        "owl": "[Saturday 14:05]\nwhat",
    }


async def test_the_emotion_of_the_complete_words_is_told_though_it_was_not_known_before(brain, model):
    brain.listen(partial("i lost"))
    await read(model)
    await answer(brain, said("i lost my keys", emotion="sad"))
    (asked,) = model.asked
    assert asked.messages[-1].content == "[Saturday 14:05; person feels sad]\ni lost my keys"
    assert asked.emotion == "sad"


async def test_a_skill_tells_what_is_true_now_and_not_when_somebody_began_to_speak(brain, model, clock):
    brain.listen(partial("what"))
    await read(model)
    clock.now += timedelta(minutes=1)
    events = await answer(brain, said("what time is it"))
    assert events[-1] == Finished("stop", "It is 14:06.")
    assert isinstance(events[0], Understood)
    assert events[0].facts == "Saturday 14:06"
    assert model.asked == []


async def test_where_the_listening_was_stopped_the_next_words_are_told_what_is_true_then(brain, model, clock):
    brain.listen(partial("could you"))
    await read(model)
    brain.stop_listening("rover")
    clock.now += timedelta(minutes=1)
    await answer(brain, said("hello there robot"))
    assert model.asked[0].messages[-1].content == "[Saturday 14:06]\nhello there robot"


async def test_a_conversation_that_is_forgotten_is_not_in_the_prompt_of_what_was_being_said(brain, model, turns):
    await remember(turns, "hello", "Hi!")
    brain.listen(partial("could you"))
    await read(model)
    brain.forget("rover", await turns.reset("rover"))
    await answer(brain, said("could you tell me a joke"))
    assert model.forgotten == ["rover"]
    assert len(model.asked[0].messages) == 2


async def test_where_the_turns_cannot_be_read_nothing_is_read_ahead_and_the_words_are_answered(brain, model, database):
    await database.close()
    brain.listen(partial("could you"))
    await answer(brain, said("could you tell me a joke"))
    brain.listen(partial("and"))
    await asyncio.sleep(0)
    await answer(brain, said("and another one"))
    assert model.listened == []
    assert [len(asked.messages) for asked in model.asked] == [2, 2]


# Preparing.


def body(robots: Robots, device_id: str, *actions: ActionDeclaration) -> bool:
    return robots.declare(device_id, Capabilities(actions=list(actions)))


async def test_a_model_that_was_loaded_reads_how_conversations_with_each_kind_of_robot_begin(brain, model, robots):
    body(robots, "one", WAVE)
    body(robots, "two", WAVE)
    body(robots, "three", NOD)
    robots.hear("four")
    brain.prepare()
    lines = sorted(system.content.splitlines()[-1] for system in model.prepared)
    assert {system.role for system in model.prepared} == {"system"}
    assert lines == ["Actions: none", "nod()", "wave()"]


async def test_what_is_prepared_is_what_the_first_words_come_with(brain, model, robots):
    body(robots, "rover", WAVE)
    brain.prepare()
    await answer(brain, said("could you tell me a joke"))
    assert model.asked[0].messages[0] in model.prepared


async def test_a_fleet_of_odd_robots_does_not_fill_the_cache_with_what_nobody_says(brain, model, robots):
    for number in range(50):
        body(robots, f"r{number}", ActionDeclaration(name=f"trick_{number}"))
    brain.prepare()
    assert len(model.prepared) == 4


async def test_bodies_that_change_are_read_once_they_have_settled(brain, model, robots, monkeypatch):
    monkeypatch.setattr(graph, "_SETTLED_S", 0.01)
    for actions in ([WAVE], [WAVE, NOD]):
        for device_id in ("one", "two"):
            assert body(robots, device_id, *actions)
            brain.robot_changed(device_id)
    assert model.prepared == []
    await asyncio.sleep(0.05)
    (system,) = model.prepared
    assert system.content.endswith("wave()\nnod()")
    body(robots, "one", NOD)
    brain.robot_changed("one")
    await asyncio.sleep(0.05)
    assert len(model.prepared) == 2


# What the body and the person add to a turn.


async def test_the_face_moves_after_the_emotion_and_before_any_word(brain, model, robots):
    body(robots, "rover", WAVE, FACE)
    model.says = [EmotionTag("happy"), Delta("Hooray!"), Sentence("Hooray!")]
    events = await answer(brain, said("could you tell me a joke"))
    assert events[3:6] == [EmotionTag("happy"), Face(ActionCall("show", {"emotion": "happy"})), Delta("Hooray!")]


async def test_a_skill_moves_the_face_too_and_the_model_is_not_offered_it(brain, model, robots):
    body(robots, "rover", WAVE, FACE)
    assert Face(ActionCall("show", {"emotion": "neutral"})) in await answer(brain, said("what time is it"))
    await answer(brain, said("could you tell me a joke"))
    (asked,) = model.asked
    assert asked.messages[0].content.endswith("Actions:\nwave()")


async def test_the_model_is_held_to_what_the_body_of_its_robot_can_do(brain, model, robots):
    body(robots, "rover", WAVE)
    await answer(brain, said("could you tell me a joke"))
    assert model.asked[0].grammar == robots.robot("rover").body.grammar(3)
    assert "wave" in model.asked[0].grammar


async def test_an_action_that_the_body_did_not_declare_never_leaves(brain, model, robots):
    body(robots, "rover", WAVE)
    model.says = [EmotionTag("happy"), Delta("Yes!"), ActionCall("fly", {}), ActionCall("wave", {})]
    events = await answer(brain, said("could you fly and wave"))
    assert [event for event in events if isinstance(event, ActionCall)] == [ActionCall("wave", {})]


async def test_what_failed_is_among_the_facts_of_the_next_turn(brain, model):
    utterance = Utterance(device_id="clumsy", request_id="q1", text="could you tell me why")
    await answer(brain, utterance)
    assert model.asked[0].messages[-1].content == "[Saturday 14:05; move failed: stuck]\ncould you tell me why"


async def test_a_feeling_that_nothing_names_is_inferred_from_the_words(brain, model):
    await answer(brain, said("my dog died yesterday"))
    (asked,) = model.asked
    assert asked.messages[-1].content == "[Saturday 14:05; person feels sad]\nmy dog died yesterday"
    assert asked.emotion == "sad"


async def test_the_feeling_that_the_message_names_wins(brain, model):
    await answer(brain, said("my dog died yesterday", emotion="angry"))
    assert model.asked[0].messages[-1].content.startswith("[Saturday 14:05; person feels angry]")


async def test_a_robot_speaks_as_the_persona_that_it_chose(brain, model, robots, personas):
    robots.declare("rover", Capabilities(persona="nabu"))
    await answer(brain, said("could you tell me a joke"))
    await personas.choose("rover", "ollie")
    await answer(brain, said("could you tell me a joke"))
    assert [asked.messages[0].content.split(",")[0] for asked in model.asked] == ["You are Nabu", "You are Ollie"]
    assert [asked.persona for asked in model.asked] == ["nabu", "ollie"]


@pytest.mark.parametrize("prompt", ["system"])
async def test_a_model_that_takes_the_long_prompt_may_call_skills_and_their_answers_are_said(brain, model, prompt):
    model.says = [EmotionTag("happy"), Delta("Sure."), Sentence("Sure."), ActionCall("tell_time", {"place": "tokyo"})]
    events = await answer(brain, said("would you know how late my sister has it in tokyo"))
    assert Sentence("It is 23:05 in Tokyo.") in events
    assert events[-1] == Finished("stop", "I see. It is 23:05 in Tokyo.")
    (asked,) = model.asked
    assert "tell_time(place?: text)" in asked.messages[0].content
    assert "tell_time" in asked.grammar


async def test_the_embedded_model_is_offered_no_skills(brain, model):
    model.says = [ActionCall("tell_time", {})]
    events = await answer(brain, said("could you tell me a joke"))
    (asked,) = model.asked
    assert "tell_time" not in asked.messages[0].content + asked.grammar
    assert not any(isinstance(event, Sentence) for event in events)


@pytest.mark.parametrize("prompt", ["system"])
async def test_of_an_action_and_a_skill_of_one_name_the_body_has_it(brain, model, robots, prompt):
    body(robots, "rover", ActionDeclaration.model_validate({"name": "tell_time"}))
    model.says = [ActionCall("tell_time", {})]
    events = await answer(brain, said("could you tell me a joke"))
    assert ActionCall("tell_time", {}) in events
    assert not any(isinstance(event, Sentence) for event in events)


# What is known of the person.


def of(user_id: str, words: str, **fields: Any) -> Utterance:
    return said(words, user_id=user_id, **fields)


async def keep(turns: Turns, user_id: str, words: str, reply: str = "I see.", *facts: NewFact) -> None:
    replied = Reply(request_id=f"{user_id} {words}", device_id="rover", text=reply, source="llm")
    await turns.add(Turn(at=replied.timestamp, words=words, reply=replied, user_id=user_id, learned=facts))


JAZZ = NewFact("user", "likes", "jazz", "You like jazz.", 0.9, "rule")


@pytest.mark.parametrize("prompt", ["system"])
async def test_a_large_model_is_told_what_is_known_of_who_speaks_behind_what_all_share(
    brain, model, turns, clock, prompt
):
    await keep(turns, "ada", "I like jazz", "Me too.", JAZZ)
    await turns.reset("rover")
    await answer(brain, of("ada", "could you tell me a joke"))
    await answer(brain, of("bob", "could you tell me a joke"))
    adas, bobs = (asked.messages for asked in model.asked)
    assert adas[0] == bobs[0]
    assert adas[1].role == "system"
    assert "- likes: jazz" in adas[1].content
    assert bobs[1].role == "user"
    assert [asked.conversation_id for asked in model.asked] == ["rover/ada", "rover/bob"]


@pytest.mark.parametrize("prompt", ["system"])
async def test_what_comes_to_mind_is_told_with_the_words_that_brought_it_up(brain, model, turns, prompt):
    await keep(turns, "ada", "The key to the cellar is in the blue box", "Noted.")
    await turns.reset("rover")
    for user_id in ("ada", "bob"):
        events = await answer(brain, of(user_id, "would you have a clue of where my cellar key might be"))
    adas, bobs = (asked.messages[-1].content for asked in model.asked)
    assert 'the person said "The key to the cellar is in the blue box"' in adas
    assert "remembers" not in bobs
    prompted = next(event for event in events if isinstance(event, Prompted))
    assert (prompted.recalled, prompted.past) == (0, {"history_turns": 0, "known_facts": []})


@pytest.mark.parametrize("prompt", ["system"])
async def test_what_the_prompt_holds_already_does_not_come_to_mind_again(brain, model, turns, prompt):
    await keep(turns, "ada", "The key to the cellar is in the blue box", "Noted.")
    await answer(brain, of("ada", "would you have a clue of where my cellar key might be"))
    assert "remembers" not in model.asked[0].messages[-1].content


async def test_the_embedded_model_is_told_of_turns_alone(brain, model, turns):
    await keep(turns, "ada", "I like jazz", "Me too.", JAZZ)
    await answer(brain, of("ada", "would you know what jazz i like"))
    assert [message.role for message in model.asked[0].messages] == ["system", "user", "assistant", "user"]


async def test_what_the_words_tell_is_learnt_whoever_answers(brain):
    events = await answer(brain, of("ada", "i am allergic to nuts"))
    assert isinstance(events[0], Understood)
    assert [(fact.kind, fact.value) for fact in events[0].learned] == [("allergy", "nuts")]
    again = await answer(brain, of("ada", "i am allergic to nuts", confidence=0.1))
    assert isinstance(again[0], Understood)
    assert again[0].decision.route != "ask_again" or not again[0].learned


@pytest.mark.parametrize("words", ["forget that I live in Rome", "forget that I hike and that my dog is called Rex"])
async def test_what_is_to_be_forgotten_is_not_learnt(brain, words):
    events = await answer(brain, of("ada", words))
    assert isinstance(events[0], Understood)
    assert (events[0].intent.name, events[0].learned) == ("fact_forget", ())


async def test_how_the_person_seems_to_feel_is_told_with_the_turn(brain):
    events = await answer(brain, said("my dog died yesterday"))
    assert isinstance(events[0], Understood)
    assert events[0].person_emotion == "sad"


async def test_nobody_hears_again_what_another_person_was_told(brain, turns):
    await keep(turns, "ada", "What is my code?", "It is 4711.")
    assert Sentence("It is 4711.") in await answer(brain, of("ada", "say that again"))
    assert Sentence("It is 4711.") not in await answer(brain, of("bob", "say that again"))


async def test_all_that_was_read_is_forgotten_at_once(brain, model):
    brain.forget_all()
    brain.forget("rover", ["ada", ""])
    assert model.forgotten == ["*", "rover/ada", "rover"]


async def test_a_wish_to_hear_it_again_that_was_heard_badly_is_asked_about_like_any_other(brain, model):
    events = await answer(brain, said("would you repeat the whole of it from before", confidence=0.2))
    assert Sentence("Sorry, I did not catch that. Could you say it again?") in events
    assert model.asked == []
