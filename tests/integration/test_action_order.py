"""What a turn wants the body to do: after its words, in order, and not at all once the turn was stopped."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ai_server.brain.events import BrainEvent, Understood
from ai_server.brain.intent.intent import Intent
from ai_server.brain.robots import Robots
from ai_server.brain.routing import Decision
from ai_server.dialogue.dialogue import Dialogue
from ai_server.llm.chat import ActionCall, Delta, EmotionTag, Finished, Sentence, Started
from ai_server.memory.accepted import AcceptedUtterances
from ai_server.memory.turns import Turns
from ai_server.memory.undelivered import Undelivered
from ai_server.mqtt.epochs import Epochs
from ai_server.mqtt.inbox import Inbox, Waiting
from ai_server.mqtt.outbox import Outbox
from ai_server.protocol.utterance import Utterance
from ai_server.telemetry.meters import Meters
from tests.acting import deeds_of, delivery_of
from tests.brokers import Robot, RunningBroker, mosquitto
from tests.connections import connected
from tests.migrated import new_database
from tests.minding import erasure_of

WORDS = "On my way. Look!"


class Brain:
    """Says two sentences, wants the body to move, and, once it is let, to wave."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()

    def let_go(self, device_id: str) -> None:
        """Nothing was asked."""

    async def answer(self, utterance: Utterance, arrived: float) -> AsyncGenerator[BrainEvent, None]:
        yield Understood(Intent("conversation", 0.9), "", Decision("model", "it is conversation"))
        yield Started("llm")
        yield EmotionTag("happy")
        for sentence in ("On my way.", "Look!"):
            yield Delta(sentence)
            yield Sentence(sentence)
        yield ActionCall("move", {"distance_cm": 50})
        await self.go_on.wait()
        yield ActionCall("wave", {})
        yield Finished("stop", WORDS)


class House:
    """A dialogue whose brain is written here, between a real database and a real broker."""

    def __init__(self, dialogue: Dialogue, brain: Brain, inbox: Inbox, epochs: Epochs) -> None:
        self.dialogue = dialogue
        self.brain = brain
        self._inbox = inbox
        self._epochs = epochs

    def say(self, request_id: str) -> Waiting:
        self._inbox.reserve("rover")
        utterance = Utterance(device_id="rover", request_id=request_id, text="come here")
        waiting = Waiting(utterance, time.monotonic(), self._epochs.now())
        self.dialogue.hear(waiting)
        return waiting


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBroker]:
    with mosquitto(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture
def robot(broker: RunningBroker) -> Iterator[Robot]:
    topics = ("naila/ai/responses/+/rover", "naila/devices/rover/actions/+")
    with Robot(broker.options, *topics, client_id="rover") as robot:
        yield robot


@contextlib.asynccontextmanager
async def house(broker: RunningBroker, directory: Path) -> AsyncIterator[House]:
    database = await new_database(directory / "naila.db")
    async with connected(broker.with_options(client_id="brain"), subscriptions=()) as connection:
        undelivered, turns, meters, epochs = Undelivered(database), Turns(database), Meters(), Epochs()
        outbox, robots = Outbox(connection, undelivered), Robots(max_robots=8, max_sensors=8)
        deeds = deeds_of(robots, undelivered, outbox, meters)
        inbox = Inbox(AcceptedUtterances(database), per_device=8, total=8)
        brain = Brain()
        dialogue = Dialogue(
            brain=brain,  # type: ignore[arg-type]
            delivery=delivery_of(robots, turns, outbox, meters, database),
            turns=turns,
            erasure=erasure_of(database, directory),
            heard=lambda: None,
            inbox=inbox,
            outbox=outbox,
            epochs=epochs,
            meters=meters,
            deeds=deeds,
            action_ttl=timedelta(seconds=30),
        )
        running = asyncio.create_task(outbox.run())
        yield House(dialogue, brain, inbox, epochs)
        await dialogue.drain(30)
        running.cancel()
        await asyncio.wait([running])
    await database.close()


async def heard_until(robot: Robot, kind: str) -> list[str]:
    """Listen until something of this kind came; return what came, in order, in one word each."""
    heard: list[str] = []
    while not heard or heard[-1] != kind:
        message = await asyncio.to_thread(robot.hear)
        payload = json.loads(message.payload)
        match message.topic.split("/"):
            case [*_, "stream", _]:
                heard.append(payload["type"])
            case [*_, "text", _]:
                assert [each["action"] for each in payload["actions"]] in ([], ["move", "wave"])
                heard.append(f"reply {payload['finish_reason']}")
            case [*_, "actions", name]:
                heard.append(f"body {name}")
    return heard


async def test_the_body_acts_after_the_words_and_in_order(broker: RunningBroker, robot: Robot, tmp_path: Path):
    async with house(broker, tmp_path) as built:
        built.brain.go_on.set()
        built.say("q1")
        heard = await heard_until(robot, "finished")
    said = ["started", "emotion", "delta", "sentence", "delta", "sentence", "action", "action"]
    assert heard == [*said, "reply stop", "body move", "body wave", "finished"]


@pytest.mark.parametrize("silenced", [True, False])
async def test_a_cancel_between_two_actions_keeps_the_body_still(
    broker: RunningBroker, robot: Robot, tmp_path: Path, silenced: bool
):
    async with house(broker, tmp_path) as built:
        waiting = built.say("q1")
        assert (await heard_until(robot, "action"))[-2:] == ["sentence", "action"]
        if silenced:
            built.dialogue.silence("rover")
        else:
            built.dialogue.cancel("rover", "q1")
        built.brain.go_on.set()
        await waiting.answered
        built.say("q2")
        heard = await heard_until(robot, "finished")
    assert heard[:2] == ["cancelled", "reply cancelled"]
    assert [each for each in heard if each.startswith("body")] == ["body move", "body wave"], "of the second turn alone"
    assert heard.index("reply stop") < heard.index("body move")


async def test_a_cancel_while_the_reply_is_being_stored_keeps_the_body_still(
    broker: RunningBroker, robot: Robot, tmp_path: Path
):
    async with house(broker, tmp_path) as built:
        built.brain.go_on.set()
        waiting = built.say("q1")
        store = built.dialogue._delivery._turns.add

        async def store_and_cancel(*args, **kwargs):
            stored = await store(*args, **kwargs)
            built.dialogue.cancel("rover", "q1")
            return stored

        built.dialogue._delivery._turns.add = store_and_cancel  # type: ignore[method-assign]
        await waiting.answered
        built.dialogue._delivery._turns.add = store  # type: ignore[method-assign]
        built.say("q2")
        heard = await heard_until(robot, "finished")
    assert heard.index("reply cancelled") < heard.index("reply stop")
    assert [each for each in heard if each.startswith("body")] == ["body move", "body wave"], "of the second turn alone"
