from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from ai_server.brain.robots import Robots
from ai_server.dialogue.dialogue import Dialogue
from ai_server.memory.accepted import AcceptedUtterances
from ai_server.memory.storage.database import Database
from ai_server.memory.turns import Turns
from ai_server.memory.undelivered import Undelivered
from ai_server.mqtt.connection import Connection, Publication
from ai_server.mqtt.epochs import Epochs
from ai_server.mqtt.inbox import Inbox
from ai_server.mqtt.options import BrokerOptions
from ai_server.mqtt.outbox import Outbox
from ai_server.protocol.utterance import Utterance
from ai_server.telemetry.meters import Meters
from tests.acting import deeds_of, delivery_of
from tests.minding import erasure_of


class Brain:
    """Keeps what it listens to."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def listen(self, partial: Utterance) -> None:
        self.heard.append(partial.text)


@pytest.fixture
def brain() -> Brain:
    return Brain()


@pytest.fixture
def inbox(database: Database) -> Inbox:
    return Inbox(AcceptedUtterances(database), per_device=8, total=8)


@pytest.fixture
def dialogue(brain: Brain, database: Database, inbox: Inbox, tmp_path: Path) -> Dialogue:
    connection = Connection(
        options=BrokerOptions("127.0.0.1"),
        subscriptions=(),
        will=Publication("naila/ai/status", b""),
        on_connected=lambda: None,
    )
    undelivered, turns, meters = Undelivered(database), Turns(database), Meters()
    outbox, robots = Outbox(connection, undelivered), Robots(max_robots=8, max_sensors=8)
    deeds = deeds_of(robots, undelivered, outbox, meters)
    delivery = delivery_of(robots, turns, outbox, meters, database)
    return Dialogue(
        brain=brain,
        delivery=delivery,
        turns=turns,
        erasure=erasure_of(database, tmp_path),
        heard=lambda: None,
        inbox=inbox,
        outbox=outbox,
        epochs=Epochs(),
        meters=meters,
        deeds=deeds,
        action_ttl=timedelta(seconds=30),
    )


def partial(device_id: str, words: str) -> Utterance:
    return Utterance(device_id=device_id, request_id="q1", text=words, is_final=False)


async def test_a_robot_that_has_words_to_answer_is_not_listened_to(dialogue, brain, inbox):
    dialogue.listen(partial("rover", "one"))
    inbox.reserve("rover")
    dialogue.listen(partial("rover", "two"))
    dialogue.listen(partial("owl", "three"))
    inbox.release("rover")
    dialogue.listen(partial("rover", "four"))
    assert brain.heard == ["one", "three", "four"]


async def test_a_brain_that_is_stopping_listens_no_more(dialogue, brain):
    await dialogue.drain(1)
    dialogue.listen(partial("rover", "one"))
    assert brain.heard == []
