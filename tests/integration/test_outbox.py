from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import pytest

from ai_server.memory.storage.database import Database
from ai_server.memory.turns import Turn, Turns
from ai_server.memory.undelivered import StoredPublication, Undelivered
from ai_server.mqtt import outbox
from ai_server.mqtt.connection import Connection, Publication
from ai_server.mqtt.options import BrokerOptions
from ai_server.mqtt.outbox import Outbox
from ai_server.protocol import topics
from ai_server.protocol.reply import ActionMessage, Reply
from ai_server.protocol.utterance import Utterance
from tests.brokers import Robot, RunningBroker, free_port, mosquitto
from tests.migrated import new_database

WILL = Publication(topics.STATUS, b"offline", 1, retain=True)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBroker]:
    with mosquitto(tmp_path_factory.mktemp("broker")) as running:
        yield running


class House:
    """The outbox between a real database and a real broker."""

    def __init__(self, database: Database, options: BrokerOptions) -> None:
        self.connection = Connection(options=options, subscriptions=(), will=WILL, on_connected=lambda: None)
        self.undelivered = Undelivered(database)
        self.turns = Turns(database)
        self.outbox = Outbox(self.connection, self.undelivered)

    async def store(
        self, device_id: str, number: int, actions: int = 0, ttl_s: float | None = None
    ) -> list[StoredPublication]:
        request_id = f"q{number}"
        commands = [
            ActionMessage(
                command_id=f"{request_id}-{each}", request_id=request_id, action="wave", expires_at=_in(ttl_s)
            )
            for each in range(actions)
        ]
        reply = Reply(request_id=request_id, device_id=device_id, text=str(number), source="llm", actions=commands)
        utterance = Utterance(device_id=device_id, request_id=request_id, text="hi")
        drafts = self.outbox.drafts(reply, utterance, None)
        stored = await self.turns.add(Turn(at=datetime.now(UTC), words="hi", reply=reply), drafts)
        assert stored is not None
        return stored

    async def nothing_left(self) -> None:
        async with asyncio.timeout(30):
            while await self.undelivered.count():  # noqa: ASYNC110  another part marks them
                await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def house(directory: Path, options: BrokerOptions) -> AsyncIterator[House]:
    database = await new_database(directory / "naila.db")
    built = House(database, options)
    task = asyncio.create_task(built.outbox.run())
    try:
        yield built
    finally:
        task.cancel()
        await asyncio.wait([task])
        await built.connection.close()
        await database.close()


def _in(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.now(UTC) + timedelta(seconds=seconds)


def options_of(broker: RunningBroker) -> BrokerOptions:
    return broker.with_options(client_id="brain")


async def heard(robot: Robot, count: int) -> list[str]:
    texts = [json.loads((await asyncio.to_thread(robot.hear)).payload) for _ in range(count)]
    return [str(each.get("text") or each.get("command_id")) for each in texts]


async def test_what_is_stored_goes_out_at_once_and_is_marked_delivered(broker: RunningBroker, tmp_path: Path):
    with Robot(broker.options, "naila/ai/responses/text/a", client_id="a1") as robot:
        async with house(tmp_path, options_of(broker)) as built:
            await built.connection.start()
            await built.connection.wait_connected(30)
            for number in range(5):
                built.outbox.send(await built.store("a", number))
            assert await heard(robot, 5) == ["0", "1", "2", "3", "4"]
            await built.nothing_left()


async def test_actions_go_out_in_order_after_the_words_that_they_belong_to(broker: RunningBroker, tmp_path: Path):
    with Robot(broker.options, "naila/ai/responses/text/b", "naila/devices/b/actions/+", client_id="b1") as robot:
        async with house(tmp_path, options_of(broker)) as built:
            await built.connection.start()
            built.outbox.send(await built.store("b", 1, actions=2))
            assert await heard(robot, 3) == ["1", "q1-0", "q1-1"]


async def test_what_an_earlier_process_left_behind_goes_out_first_and_in_order(broker: RunningBroker, tmp_path: Path):
    async with house(tmp_path, broker.with_options(port=free_port())) as dead:
        for number in range(700):  # more than one page
            dead.outbox.send(await dead.store("c", number))
    with Robot(broker.options, "naila/ai/responses/text/c", client_id="c1") as robot:
        async with house(tmp_path, options_of(broker)) as built:
            await built.connection.start()
            for number in range(700, 705):
                built.outbox.send(await built.store("c", number))
            assert await heard(robot, 705) == [str(number) for number in range(705)]
            await built.nothing_left()
        async with house(tmp_path, options_of(broker)) as built:
            await built.connection.start()
            await built.connection.wait_connected(30)
            built.outbox.send(await built.store("c", 1000))
            assert await heard(robot, 1) == ["1000"], "nothing that was delivered goes out again"


async def test_a_reply_that_is_asked_for_again_overtakes_none_that_was_left_behind(
    broker: RunningBroker, tmp_path: Path
):
    async with house(tmp_path, broker.with_options(port=free_port())) as dead:
        for number in (1, 2):
            dead.outbox.send(await dead.store("u", number))
    with Robot(broker.options, "naila/ai/responses/text/u", client_id="u1") as robot:
        async with house(tmp_path, options_of(broker)) as built:
            turn = await built.turns.find("u", "q2")
            assert turn is not None
            built.outbox.reply_again(turn.reply, Utterance(device_id="u", request_id="q2", text="hi"), None)
            await built.connection.start()
            assert await heard(robot, 3) == ["1", "2", "2"]


async def test_a_reply_of_no_turn_overtakes_none_that_was_left_behind(broker: RunningBroker, tmp_path: Path):
    async with house(tmp_path, broker.with_options(port=free_port())) as dead:
        dead.outbox.send(await dead.store("v", 1))
    again = Reply(request_id="q2", device_id="v", text="1 again", intent="repeat", source="skill")
    with Robot(broker.options, "naila/ai/responses/text/v", client_id="v1") as robot:
        async with house(tmp_path, options_of(broker)) as built:
            delivered = asyncio.create_task(built.outbox.reply(again, None))
            await asyncio.sleep(0)
            await built.connection.start()
            assert await heard(robot, 2) == ["1", "1 again"]
            await delivered


async def test_actions_that_were_withdrawn_never_go_out_and_words_do(broker: RunningBroker, tmp_path: Path):
    with Robot(broker.options, "naila/ai/responses/text/+", "naila/devices/+/actions/+", client_id="d1") as robot:
        async with house(tmp_path, options_of(broker)) as built:
            for device_id, number in (("d", 1), ("e", 2)):
                built.outbox.send(await built.store(device_id, number, actions=2))
            await built.outbox.withdraw_actions("d")
            await built.connection.start()
            assert await heard(robot, 4) == ["1", "2", "q2-0", "q2-1"]
            built.outbox.send(await built.store("d", 3, actions=1))
            assert await heard(robot, 2) == ["3", "q3-0"], "what comes after is not touched"
            await built.nothing_left()


async def test_the_actions_of_one_turn_can_be_withdrawn_alone(broker: RunningBroker, tmp_path: Path):
    with Robot(broker.options, "naila/ai/responses/text/+", "naila/devices/+/actions/+", client_id="d2") as robot:
        async with house(tmp_path, options_of(broker)) as built:
            for number in (1, 2):
                built.outbox.send(await built.store("d", number, actions=2))
            await built.outbox.withdraw_actions("d", "q1")
            await built.connection.start()
            assert await heard(robot, 4) == ["1", "2", "q2-0", "q2-1"]
            await built.nothing_left()


async def test_actions_on_their_way_are_withdrawn_too(broker: RunningBroker, tmp_path: Path):
    with Robot(broker.options, "naila/ai/responses/text/f", "naila/devices/f/actions/+", client_id="f1") as robot:
        async with house(tmp_path, options_of(broker)) as built:
            await built.connection.start()
            await built.connection.wait_connected(30)
            broker.freeze()
            try:
                for number in range(60):  # beyond the broker's receive window
                    built.outbox.send(await built.store("f", number, actions=1))
                await built.outbox.withdraw_actions("f")
            finally:
                broker.thaw()
            built.outbox.send(await built.store("f", 1000))
            told: list[str] = []
            while "1000" not in told:
                told += await heard(robot, 1)
            assert [each for each in told if not each.startswith("q")] == [*map(str, range(60)), "1000"]
            assert len([each for each in told if each.startswith("q")]) < 60
            await built.nothing_left()


async def test_a_full_connection_leaves_the_rest_to_the_disk(broker: RunningBroker, tmp_path: Path):
    with Robot(broker.options, "naila/ai/responses/text/g", client_id="g1") as robot:
        async with house(tmp_path, options_of(broker)) as built:
            built.connection._max_waiting = 10
            built.outbox._caught_up.set()
            for number in range(50):
                built.outbox.send(await built.store("g", number))
            await built.connection.start()
            assert await heard(robot, 50) == [str(number) for number in range(50)]
            await built.nothing_left()


async def test_what_is_stored_just_before_the_end_still_goes_out(broker: RunningBroker, tmp_path: Path):
    with Robot(broker.options, "naila/ai/responses/text/h", client_id="h1") as robot:
        database = await Database.open(tmp_path / "naila.db")
        built = House(database, options_of(broker))  # its outbox does not run
        await built.connection.start()
        await built.connection.wait_connected(30)
        built.outbox.send(await built.store("h", 1))
        assert await built.outbox.flush(30) == 0
        assert await heard(robot, 1) == ["1"]
        assert await built.undelivered.count() == 0
        await built.connection.close()
        await database.close()


@pytest.fixture(params=["5", "3.1.1"])
def protocol(request: pytest.FixtureRequest) -> str:
    return request.param


async def expired(built: House, count: int) -> None:
    """Wait until so many actions were found to have expired, and this is on the disk."""
    async with asyncio.timeout(30):
        while built.outbox.expired < count:  # noqa: ASYNC110  another part counts them
            await asyncio.sleep(0.02)
    await built.nothing_left()


async def test_an_action_that_waited_too_long_for_the_broker_is_not_sent_and_the_words_are(
    broker: RunningBroker, tmp_path: Path, protocol: str
):
    with Robot(broker.options, "naila/ai/responses/text/l", "naila/devices/l/actions/+", client_id="l1") as robot:
        async with house(tmp_path, broker.with_options(client_id="brain", protocol=protocol)) as built:
            built.outbox.send(await built.store("l", 1, actions=2, ttl_s=0.2))
            await asyncio.sleep(0.3)
            built.outbox.send(await built.store("l", 2, actions=1, ttl_s=3600))
            await built.connection.start()
            assert await heard(robot, 3) == ["1", "2", "q2-0"]
            await expired(built, 2)
            kept = await built.undelivered.actions_since(datetime.now(UTC) - timedelta(hours=1))
            assert [json.loads(each.payload)["command_id"] for each in kept] == ["q2-0"]


async def test_a_clock_that_is_set_back_while_an_action_waits_does_not_make_it_younger(
    broker: RunningBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    class SlowClock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime.now(tz) - timedelta(hours=1)

    with Robot(broker.options, "naila/ai/responses/text/t", "naila/devices/t/actions/+", client_id="t1") as robot:
        async with house(tmp_path, options_of(broker)) as built:
            built.outbox.send(await built.store("t", 1, actions=1, ttl_s=0.2))
            monkeypatch.setattr(outbox, "datetime", SlowClock)
            await asyncio.sleep(0.3)
            built.outbox.send(await built.store("t", 2))
            await built.connection.start()
            assert await heard(robot, 2) == ["1", "2"]
            await expired(built, 1)


async def test_an_action_of_an_earlier_process_is_not_sent_late_either(broker: RunningBroker, tmp_path: Path):
    async with house(tmp_path, broker.with_options(port=free_port())) as dead:
        dead.outbox.send(await dead.store("m", 1, actions=1, ttl_s=0.2))
        dead.outbox.send(await dead.store("m", 2, actions=1, ttl_s=3600))
    await asyncio.sleep(0.3)
    with Robot(broker.options, "naila/ai/responses/text/m", "naila/devices/m/actions/+", client_id="m1") as robot:
        async with house(tmp_path, options_of(broker)) as built:
            await built.connection.start()
            assert await heard(robot, 3) == ["1", "2", "q2-0"]
            await expired(built, 1)


async def test_an_action_that_waited_in_a_full_window_is_not_sent_late(broker: RunningBroker, tmp_path: Path):
    with Robot(broker.options, "naila/ai/responses/text/n", "naila/devices/n/actions/+", client_id="n1") as robot:
        async with house(tmp_path, options_of(broker)) as built:
            await built.connection.start()
            await built.connection.wait_connected(30)
            broker.freeze()
            try:
                for number in range(60):  # beyond the broker's receive window
                    built.outbox.send(await built.store("n", number))
                built.outbox.send(await built.store("n", 60, actions=1, ttl_s=0.2))
                await asyncio.sleep(0.3)
            finally:
                broker.thaw()
            built.outbox.send(await built.store("n", 61, actions=1, ttl_s=3600))
            assert await heard(robot, 63) == [*map(str, range(62)), "q61-0"]
            await expired(built, 1)


async def test_an_mqtt_5_broker_is_told_until_when_an_action_is_worth_delivering(broker: RunningBroker, tmp_path: Path):
    topics_of_p = ("naila/ai/responses/text/p", "naila/devices/p/actions/+")
    with Robot(broker.options, *topics_of_p, client_id="p1", protocol="5") as robot:
        async with house(tmp_path, broker.with_options(client_id="brain", protocol="5")) as built:
            await built.connection.start()
            await built.connection.wait_connected(30)
            built.outbox.send(await built.store("p", 1, actions=1, ttl_s=3000))
            reply, action = [await asyncio.to_thread(robot.hear) for _ in range(2)]
    assert not hasattr(reply.properties, "MessageExpiryInterval")
    assert 0 < action.properties.MessageExpiryInterval <= 3000
    assert datetime.fromisoformat(json.loads(action.payload)["expires_at"]) > datetime.now(UTC)


async def test_an_action_for_a_robot_that_is_away_is_gone_when_it_comes_back_late(
    broker: RunningBroker, tmp_path: Path
):
    def sleeper() -> Robot:
        return Robot(
            broker.options, "naila/ai/responses/text/s", "naila/devices/s/actions/+", client_id="s1", stays=True
        )

    with sleeper():
        pass
    async with house(tmp_path, broker.with_options(client_id="brain", protocol="5")) as built:
        await built.connection.start()
        await built.connection.wait_connected(30)
        built.outbox.send(await built.store("s", 1, actions=1, ttl_s=1))
        await built.nothing_left()
        await asyncio.sleep(2.5)
        with sleeper() as robot:
            built.outbox.send(await built.store("s", 2, actions=1, ttl_s=3600))
            assert await heard(robot, 3) == ["1", "2", "q2-0"]


async def test_an_action_of_the_moment_goes_out_at_once_or_never(broker: RunningBroker, tmp_path: Path):
    smile, frown = (
        ActionMessage(command_id=name, request_id="q1", action="face", arguments={"emotion": name}, expires_at=_in(60))
        for name in ("happy", "sad")
    )
    with Robot(broker.options, "naila/devices/q/actions/face", client_id="q1", protocol="5") as robot:
        async with house(tmp_path, options_of(broker)) as built:
            built.outbox.act_now("q", smile)
            await built.connection.start()
            await built.connection.wait_connected(30)
            built.outbox.act_now("q", frown)
            message = await asyncio.to_thread(robot.hear)
            assert await built.undelivered.count() == 0
    assert (message.qos, message.payload) == (1, frown.to_json())
    assert 0 < message.properties.MessageExpiryInterval <= 60
