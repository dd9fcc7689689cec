"""What operators and robots ask of the memory, with a real database and a real broker."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from ai_server.brain.robots import Robots
from ai_server.dialogue.operators import Operators
from ai_server.dialogue.own_memory import OwnMemory
from ai_server.memory.facts import Facts
from ai_server.memory.personalities import Personalities
from ai_server.memory.privacy.answers import Answers
from ai_server.memory.privacy.audit import Audit
from ai_server.memory.privacy.erasure import Erasure
from ai_server.memory.privacy.steward import Steward
from ai_server.memory.privacy.transfer import Transfer
from ai_server.memory.storage.database import Database
from ai_server.memory.undelivered import Undelivered
from ai_server.mqtt.connection import Connection, Publication
from ai_server.mqtt.outbox import Outbox
from ai_server.protocol import topics
from ai_server.protocol.device import Control
from ai_server.protocol.operator import ForgetRequest, RememberRequest, StatsRequest
from ai_server.telemetry.meters import Meters
from tests.brokers import Robot, RunningBroker, mosquitto
from tests.filled_memory import fact, say_turn
from tests.remembered import say_all

WILL = Publication(topics.STATUS, b"offline", 1, retain=True)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBroker]:
    with mosquitto(tmp_path_factory.mktemp("broker")) as running:
        yield running


class House:
    """What answers, between a real database and a real broker."""

    def __init__(self, database: Database, connection: Connection, directory: Path) -> None:
        self.database = database
        self.facts = Facts(database)
        outbox, transfer, audit = Outbox(connection, Undelivered(database)), Transfer(database), Audit(database)

        async def nothing_is_held() -> None:
            return

        erasure = Erasure(
            database, data_dir=directory, forget=lambda *_: None, forget_all=lambda: None, refresh=nothing_is_held
        )
        steward = Steward(
            database=database,
            erasure=erasure,
            facts=self.facts,
            transfer=transfer,
            personalities=Personalities(database, max_kept=10),
            audit=audit,
            backups=directory / "backups",
        )
        self.operators = Operators(steward=steward, answers=Answers(database), outbox=outbox)
        self.own_memory = OwnMemory(
            erasure=erasure,
            transfer=transfer,
            audit=audit,
            outbox=outbox,
            robots=Robots(max_robots=8, max_sensors=8),
            meters=Meters(),
            max_payload_bytes=400,
        )


@pytest.fixture
async def connection(broker: RunningBroker) -> AsyncIterator[Connection]:
    options = broker.with_options(client_id="brain")
    connection = Connection(options=options, subscriptions=(), will=WILL, on_connected=lambda: None)
    await connection.start()
    await connection.wait_connected(30)
    yield connection
    await connection.close()


@pytest.fixture
async def house(connection: Connection, database: Database, tmp_path: Path) -> House:
    return House(database, connection, tmp_path)


@pytest.fixture
def listener(broker: RunningBroker) -> Iterator[Robot]:
    with Robot(broker.options, topics.response("+"), topics.memory("+"), topics.error("+"), client_id="l") as robot:
        yield robot


async def heard(listener: Robot) -> tuple[str, dict[str, Any]]:
    message = await asyncio.to_thread(listener.hear)
    return message.topic, json.loads(message.payload)


async def test_a_request_that_comes_twice_at_once_is_done_once_and_answered_twice(house: House, listener: Robot):
    request = RememberRequest(id="a1", device_id="rover", user_id="ada", text="The keys are in the box.")
    await asyncio.gather(house.operators.answer(request), house.operators.answer(request))
    first, second = await heard(listener), await heard(listener)
    assert first == second
    assert first[0] == topics.response("memory.remember")
    assert len(await house.facts.all()) == 1
    entries = await Audit(house.database).newest(9)
    assert [(entry.who, entry.what) for entry in entries] == [("mqtt:operator", "remember")]


async def test_what_the_database_refuses_is_told_and_may_be_asked_again(
    house: House, listener: Robot, connection: Connection, tmp_path: Path
):
    await house.database.close()
    await house.operators.answer(StatsRequest(id="a2"))
    _, refusal = await heard(listener)
    assert (refusal["id"], refusal["ok"], refusal["error_code"]) == ("a2", False, "storage_unavailable")
    await house.own_memory.forget("rover", Control(command="forget", request_id="f1"))
    topic, error = await heard(listener)
    assert (topic, error["error_code"], error["correlation_id"]) == (
        topics.error("rover"), "storage_unavailable", "f1",
    )  # fmt: skip
    reopened = await Database.open(house.database.place)
    await House(reopened, connection, tmp_path).operators.answer(StatsRequest(id="a2"))
    await reopened.close()
    assert (await heard(listener))[1]["ok"]


async def test_a_fact_that_an_operator_names_is_gone_with_the_words_that_said_it(
    house: House, listener: Robot, tmp_path: Path
):
    await say_turn(house.database, "q1", "I own a quixotic kite", learned=[fact("You own a quixotic kite.")])
    await house.operators.answer(ForgetRequest(id="a1", facts=[1]))
    topic, answer = await heard(listener)
    assert topic == topics.response("memory.forget")
    assert {name: count for name, count in answer["result"].items() if count} == {
        "turns": 1, "facts": 1, "publications": 1, "scrubbed": True,
    }  # fmt: skip
    assert not any(b"quixotic" in file.read_bytes() for file in tmp_path.iterdir() if file.is_file())


async def test_one_export_at_a_time_is_on_its_way_to_a_robot(house: House, listener: Robot):
    await say_all(house.database)
    first = house.own_memory.export("rover", Control(command="export", request_id="e1"))
    second = house.own_memory.export("rover", Control(command="export", request_id="e2"))
    await asyncio.gather(first, second)
    parts, refusals = [], []
    while not parts or not parts[-1]["last"]:
        topic, message = await heard(listener)
        (parts if topic == topics.memory("rover") else refusals).append(message)
    assert [(refusal["error_code"], refusal["correlation_id"]) for refusal in refusals] == [("busy", "e2")]
    assert {part["request_id"] for part in parts} == {"e1"}
    records = [json.loads(line) for line in "".join(part["text"] for part in parts).splitlines()]
    assert {record["device_id"] for record in records[1:]} == {"rover"}
    (entry,) = await Audit(house.database).newest(9)
    assert (entry.who, entry.what, entry.scope, entry.count) == ("robot:rover", "export", "robot rover", len(records))


async def test_a_request_id_that_leaves_no_room_for_an_export_is_told(house: House, listener: Robot):
    await house.own_memory.export("rover", Control(command="export", request_id="語" * 128))
    topic, error = await heard(listener)
    assert (topic, error["error_code"]) == (topics.error("rover"), "reply_too_large")
    assert "max_payload_bytes" in error["error_message"]
