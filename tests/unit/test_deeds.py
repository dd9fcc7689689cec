"""What becomes of actions: a failure is told once, and the model hears of it once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from ai_server import resources
from ai_server.brain.robots import Robots
from ai_server.brain.wording import Wording
from ai_server.dialogue.deeds import REMEMBERED_S, Deeds
from ai_server.dialogue.limits import ActionLimit
from ai_server.dialogue.speaking_first import SpeakingFirst
from ai_server.memory.storage.database import Database
from ai_server.memory.turns import Turn, Turns
from ai_server.memory.undelivered import Undelivered
from ai_server.mqtt.connection import Connection, Publication
from ai_server.mqtt.options import BrokerOptions
from ai_server.mqtt.outbox import Outbox
from ai_server.protocol.action import ActionResult
from ai_server.protocol.device import Capabilities
from ai_server.protocol.reply import ActionMessage, Reply
from ai_server.protocol.status import ActionFigures, Metrics, MqttFigures
from ai_server.telemetry.meters import DatabaseObservation, LlmObservation, Meters, MqttObservation, Observations
from tests.acting import delivery_of

WORDING = Wording.load(resources.config_dir() / "phrases" / "actions.toml")
SLOW = 0.4
"""Actions a second: two at once, and no third while a test runs."""


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class House:
    """Deeds between a real database and a connection that is never made: what is told waits on the disk."""

    def __init__(self, database: Database, rate: float = 1000, max_robots: int = 8) -> None:
        connection = Connection(
            options=BrokerOptions("127.0.0.1"),
            subscriptions=(),
            will=Publication("naila/ai/status", b""),
            on_connected=lambda: None,
        )
        self.clock = Clock()
        self.meters = Meters()
        self.turns = Turns(database)
        self.undelivered = Undelivered(database)
        self.outbox = Outbox(connection, self.undelivered)
        self.robots = Robots(max_robots=8, max_sensors=8)
        self.deeds = Deeds(
            limit=ActionLimit(rate_per_device=rate, max_robots=8, may_report=lambda _: True),
            wording=lambda: WORDING,
            robots=self.robots,
            undelivered=self.undelivered,
            outbox=self.outbox,
            meters=self.meters,
            max_robots=max_robots,
            clock=self.clock,
        )
        self.speaking = SpeakingFirst(
            robots=self.robots,
            turns=self.turns,
            delivery=delivery_of(self.robots, self.turns, self.outbox, self.meters, database),
            outbox=self.outbox,
            deeds=self.deeds,
            answering=lambda _: None,
            meters=self.meters,
            action_ttl=timedelta(seconds=30),
        )

    @property
    def metrics(self) -> Metrics:
        llm, mqtt = LlmObservation(status="unloaded"), MqttObservation(figures=MqttFigures())
        return self.meters.metrics(Observations(llm=llm, mqtt=mqtt, database=DatabaseObservation()))

    @property
    def figures(self) -> ActionFigures:
        return self.metrics.actions

    def give(self, *command_ids: str, device_id: str = "rover", action: str = "move") -> None:
        given = [ActionMessage(command_id=each, request_id="q1", action=action) for each in command_ids]
        self.deeds.given_out(device_id, given)

    async def hear(self, command_id: str, status: str, detail: str | None = None, device_id: str = "rover") -> None:
        result = ActionResult.model_validate({"command_id": command_id, "status": status, "detail": detail})
        if failure := self.deeds.take(device_id, result):
            await self.speaking.tell_failure(device_id, command_id, failure)

    async def told(self) -> list[dict[str, object]]:
        return [json.loads(each.payload) for each in await self.undelivered.after(0, 100)]


@pytest.fixture
def house(database: Database) -> House:
    return House(database)


async def test_a_failure_is_told_to_the_person_as_a_turn_of_its_own(house: House) -> None:
    house.give("c1")
    await house.hear("c1", "failed", "stuck")
    (told,) = await house.told()
    assert (told["text"], told["intent"], told["source"], told["emotion"]) == (
        "I could not move: stuck.",
        "action_failed",
        "skill",
        "sad",
    )
    turn = await house.turns.find("rover", str(told["request_id"]))
    assert turn is not None
    assert (turn.words, turn.reply.text, turn.reply.finish_reason) == ("", "I could not move: stuck.", "stop")
    assert await house.turns.last("rover", None) == turn, "it can be repeated"
    assert (await house.turns.recent("rover", None, 1000)).turns == (), "nobody's words stand before it in the history"


async def test_a_failure_that_is_told_is_counted_as_every_reply_is(house: House) -> None:
    house.give("c1", "c2")
    await house.hear("c1", "failed", "stuck")
    assert (house.metrics.llm.skill_turns, house.metrics.mqtt.replies_split) == (1, 0)
    house.robots.declare("rover", Capabilities(max_payload_bytes=128))
    await house.hear("c2", "failed", "there is a wall, a chair, a cat on the chair, and a plant")
    told = [each for each in await house.told() if each["request_id"] == "failed-c2"]
    assert len(told) > 1, "it is longer than the robot can take"
    assert (house.metrics.llm.skill_turns, house.metrics.mqtt.replies_split) == (2, 1)


async def test_a_refusal_is_told_in_the_words_of_the_bodys_own_description(house: House) -> None:
    body = {"actions": [{"name": "gripper_open", "description": "Open the gripper"}]}
    house.robots.declare("rover", Capabilities.model_validate(body))
    house.give("c1", action="gripper_open")
    await house.hear("c1", "refused", "[happy] too hot;\n{now}")
    assert [each["text"] for each in await house.told()] == ["I did not open the gripper: happy too hot, now."]
    assert house.deeds.failures("rover") == ("gripper_open failed: happy too hot, now",)


async def test_what_was_done_is_counted_and_not_spoken_of(house: House) -> None:
    house.give("c1", "c2")
    await house.hear("c1", "done")
    assert (await house.told(), house.deeds.failures("rover")) == ([], ())
    assert house.figures == ActionFigures(sent=2, done=1)


async def test_a_failure_is_a_fact_until_a_turn_was_answered_with_it(house: House) -> None:
    house.give("c1", "c2")
    await house.hear("c1", "failed", "stuck")
    assert house.deeds.failures("rover") == ("move failed: stuck",)
    house.deeds.answered("rover", "Friday 10:00; sees a cup")
    assert house.deeds.failures("rover") == ("move failed: stuck",), "that turn did not know of it"
    await house.hear("c2", "failed")
    house.deeds.answered("rover", "Friday 10:00; move failed: stuck; sees a cup")
    assert house.deeds.failures("rover") == ("move failed",)


async def test_a_failure_is_a_fact_for_ten_minutes(house: House) -> None:
    house.give("c1")
    await house.hear("c1", "failed", "stuck")
    house.clock.now += REMEMBERED_S - 1
    assert house.deeds.failures("rover") == ("move failed: stuck",)
    house.clock.now += 2
    assert house.deeds.failures("rover") == ()


async def test_the_newest_failures_alone_are_facts(house: House) -> None:
    house.give(*(f"c{number}" for number in range(10)))
    for number in range(10):
        await house.hear(f"c{number}", "failed", str(number))
    assert house.deeds.failures("rover") == ("move failed: 7", "move failed: 8", "move failed: 9")


async def test_unknown_repeated_and_foreign_results_are_counted_and_change_nothing(house: House) -> None:
    house.give("c1")
    await house.hear("c0", "failed", "stuck")
    await house.hear("c1", "failed", "stuck", device_id="owl")
    await house.hear("c1", "done")
    await house.hear("c1", "failed", "stuck")
    assert (await house.told(), house.deeds.failures("rover"), house.deeds.failures("owl")) == ([], (), ())
    assert house.figures == ActionFigures(sent=1, done=1, unknown=3)


async def test_a_result_that_comes_too_late_is_of_an_action_without_an_answer(house: House) -> None:
    house.give("c1")
    house.clock.now += REMEMBERED_S + 1
    await house.hear("c1", "failed", "stuck")
    assert await house.told() == []
    assert house.figures == ActionFigures(sent=1, unanswered=1, unknown=1)


async def test_so_many_actions_of_a_robot_and_so_many_robots_are_remembered(database: Database) -> None:
    house = House(database, max_robots=2)
    house.give(*(f"c{number}" for number in range(65)))
    await house.hear("c0", "done")
    await house.hear("c1", "done")
    house.give("o1", device_id="owl")
    house.give("k1", device_id="crab")
    await house.hear("c2", "done")
    await house.hear("o1", "done", device_id="owl")
    await house.hear("k1", "done", device_id="crab")
    assert house.figures == ActionFigures(sent=67, done=3, unanswered=64, unknown=2)


async def test_what_an_earlier_process_gave_out_is_known_and_told_once(house: House, database: Database) -> None:
    actions = [
        ActionMessage(
            command_id=name, request_id="q1", action="move", expires_at=datetime.now(UTC) + timedelta(hours=1)
        )
        for name in ("c1", "c2")
    ]
    reply = Reply(request_id="q1", device_id="rover", text="Off I go.", source="llm", actions=actions)
    stored = await house.turns.add(
        Turn(at=datetime.now(UTC), words="go", reply=reply), house.outbox.action_drafts(reply)
    )
    assert stored
    await house.undelivered.mark_delivered([stored[0].id])
    for _ in range(2):
        later = House(database)
        await later.deeds.resume()
        await later.hear("c1", "failed", "stuck")
        assert later.deeds.failures("rover") == ("move failed: stuck",)
    texts = [each["text"] for each in await house.told() if "text" in each]
    assert texts == ["I could not move: stuck."]


async def test_a_robot_with_no_room_for_the_words_has_the_fact_all_the_same(house: House) -> None:
    house.robots.declare("rover", Capabilities(max_payload_bytes=128))
    house.give("c" * 120)
    await house.hear("c" * 120, "failed", "stuck")
    assert await house.told() == []
    assert house.deeds.failures("rover") == ("move failed: stuck",)


async def test_a_robots_body_is_asked_for_so_much_at_once(database: Database) -> None:
    house = House(database, rate=SLOW)
    reported = []
    house.outbox.error = lambda error, service: reported.append((service, error))  # type: ignore[method-assign]
    assert [house.deeds.admit("rover", "move") for _ in range(4)] == [True, True, False, False]
    assert house.deeds.admit("owl", "move"), "another robot has its own rate"
    assert house.figures.dropped == 2
    service, error = reported[0]
    assert (service, error.error_code, error.device_id, len(reported)) == ("brain", "action_rate_limited", "rover", 2)
    assert error.error_message == "move: more than 0.4 actions a second of this robot; it was not carried out"
    assert error.correlation_id is None, "the request is answered all the same"
