"""A robot speaks first: the whole turn arrives, with its face and actions, and waits for a broker that is away."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from ai_server.brain.alarms import After, Wish
from ai_server.brain.skills.skill import Answer
from ai_server.llm.chat import ActionCall
from ai_server.protocol.device import Capabilities
from tests.alarms import House, house
from tests.brokers import TIMEOUT_S, RunningBroker, mosquitto
from tests.robots import HeadlessRobot

BODY = {
    "actions": [
        {
            "name": "show",
            "parameters": {
                "properties": {"mood": {"type": "string", "enum": ["neutral", "happy"]}},
                "required": ["mood"],
            },
        },
        {"name": "wave"},
    ]
}


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBroker]:
    with mosquitto(tmp_path_factory.mktemp("broker")) as running:
        yield running


@contextlib.asynccontextmanager
async def connected(home: House) -> AsyncIterator[House]:
    """The same house with its outbox at work, once it is connected."""
    await home.connection.start()
    work = asyncio.create_task(home.outbox.run())
    try:
        await home.connection.wait_connected(10)
        yield home
    finally:
        work.cancel()
        await asyncio.wait([work])
        await home.connection.close()


async def say(home: House, answer: Answer, request_id: str, device_id: str = "rover", within: bool = True) -> bool:
    def settle(_: Connection) -> bool:
        return within

    return await home.speaking.say(
        device_id, answer, intent="timer_due", request_id=request_id, language="en", within=settle
    )


async def test_it_arrives_as_any_turn_does(broker: RunningBroker, tmp_path: Path) -> None:
    with HeadlessRobot(broker.options, "rover") as robot:
        async with house(tmp_path / "naila.db", broker=broker.options) as home, connected(home):
            home.robots.declare("rover", Capabilities.model_validate(BODY))
            assert await say(home, Answer("Tea!", "happy", (ActionCall("wave", {}),)), "timer-1")
            turn = await asyncio.to_thread(robot.wait, "timer-1")
        assert turn.types() == ["started", "emotion", "delta", "sentence", "action", "finished"]
        assert [event["seq"] for event in turn.events] == [0, 1, 2, 3, 4, 5]
        assert turn.events[1]["emotion"] == "happy"
        assert turn.events[3]["text"] == "Tea!"
        assert turn.reply is not None
        assert (turn.reply["text"], turn.reply["source"]) == ("Tea!", "skill")
        await asyncio.to_thread(robot.listen, 0.2)
        assert {action["action"]: action["arguments"] for action in turn.actions} == {
            "show": {"mood": "happy"},
            "wave": {},
        }
        wave = next(action for action in turn.actions if action["action"] == "wave")
        assert wave["command_id"] == turn.events[4]["action"]["command_id"] == turn.reply["actions"][0]["command_id"]
        assert "expires_at" in wave


async def test_under_an_id_that_was_used_nothing_is_said(broker: RunningBroker, tmp_path: Path) -> None:
    with HeadlessRobot(broker.options, "twice") as robot:
        async with house(tmp_path / "naila.db", broker=broker.options) as home, connected(home):
            assert await say(home, Answer("Tea!"), "timer-1", "twice")
            await asyncio.to_thread(robot.wait, "timer-1")
            assert not await say(home, Answer("Tea again!"), "timer-1", "twice")
            assert not await say(home, Answer("Cancelled tea!"), "timer-2", "twice", within=False)
            await say(home, Answer("Soup!"), "timer-3", "twice")
            await asyncio.to_thread(robot.wait, "timer-3")
        assert robot.heard.keys() == {"timer-1", "timer-3"}
        assert robot.turn("timer-1").types().count("finished") == 1


async def test_a_robot_that_has_no_room_for_it_hears_why(broker: RunningBroker, tmp_path: Path) -> None:
    with HeadlessRobot(broker.options, "small") as robot:
        async with house(tmp_path / "naila.db", broker=broker.options) as home, connected(home):
            home.robots.declare("small", Capabilities.model_validate({"max_payload_bytes": 128}))
            request_id = "x" * 120
            assert await say(home, Answer("Tea!"), request_id, "small")
            turn = robot.turn(request_id)
            async with asyncio.timeout(TIMEOUT_S):
                while not (turn.errors and "finished" in turn.types()):
                    await asyncio.to_thread(robot.listen, 0.05)
        assert turn.errors[0]["error_code"] == "reply_too_large"
        assert turn.reply is None


async def test_what_fires_without_a_broker_arrives_once_there_is_one(broker: RunningBroker, tmp_path: Path) -> None:
    with HeadlessRobot(broker.options, "alone") as robot:
        async with house(tmp_path / "naila.db", broker=broker.options) as home:
            await home.alarms.set(Wish(device_id="alone", kind="timer", language="en", name="tea"), After(60))
            assert await home.run(minutes=2) == ["Your timer tea is up."]
            async with connected(home), asyncio.timeout(TIMEOUT_S):
                while not (replies := [turn.reply for turn in robot.heard.values() if turn.reply]):
                    await asyncio.to_thread(robot.listen, 0.05)
        assert [reply["text"] for reply in replies] == ["Your timer tea is up."]
