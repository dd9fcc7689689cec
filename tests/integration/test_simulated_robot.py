from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ai_server.commands.link import RawPacket, RobotError
from ai_server.commands.pose import Deed
from ai_server.commands.robot import Happening, LinkChange, NoAnswerError, SimulatedRobot
from ai_server.protocol.errors import ErrorCode, ErrorMessage
from ai_server.protocol.reply import ActionMessage, Reply, StreamEvent, StreamType
from ai_server.protocol.status import State, Status
from tests.brokers import PASSWORD, USERNAME, RunningBroker, amqtt, free_port, make_certificates, mosquitto
from tests.scripted_brain import ScriptedBrain


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBroker]:
    with mosquitto(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture(params=["5", "3.1.1"])
def protocol(request: pytest.FixtureRequest) -> str:
    return request.param


def robot_on(broker: RunningBroker, **options: Any) -> SimulatedRobot:
    return SimulatedRobot("127.0.0.1", broker.port, **{"username": USERNAME, "password": PASSWORD, **options})


async def all_of(happenings: AsyncIterator[Happening]) -> list[Happening]:
    return [happening async for happening in happenings]


def action(number: int, request_id: str, name: str = "wave") -> ActionMessage:
    return ActionMessage(command_id=f"command-{number}", request_id=request_id, action=name)


async def test_the_stream_is_heard_in_order_and_ends_with_the_reply(broker, protocol):
    with ScriptedBrain(broker) as brain:
        async with robot_on(broker, protocol=protocol) as robot:
            happenings = await all_of(robot.say("hello", emotion="happy", ttl_ms=5000))
    *stream, reply = happenings
    assert [event.type for event in stream if isinstance(event, StreamEvent)][:5] == [
        StreamType.ACCEPTED,
        StreamType.STARTED,
        StreamType.EMOTION,
        StreamType.DELTA,
        StreamType.DELTA,
    ]
    assert isinstance(reply, Reply)
    assert reply.text == "Hello there!"
    (said,) = brain.payloads("text")
    assert said == {"text": "hello", "emotion": "happy", "ttl_ms": 5000, "request_id": reply.request_id}


async def test_body_and_heartbeat_are_declared_and_kept_for_a_brain_that_comes_later(broker):
    with ScriptedBrain(broker, device_id="rover-1") as brain:
        async with robot_on(broker, body="rover", device_id="rover-1"):
            (body,) = await asyncio.to_thread(brain.wait_for, "capabilities")
            (heartbeat,) = await asyncio.to_thread(brain.wait_for, "status/heartbeat")
            assert [each["name"] for each in body["actions"]] == ["move", "turn", "light", "wave", "look", "stop"]
            assert heartbeat["status"] == "online"
    with ScriptedBrain(broker, device_id="rover-1") as late:
        assert await asyncio.to_thread(late.wait_for, "capabilities") == [body]
        assert (await asyncio.to_thread(late.wait_for, "status/heartbeat"))[0]["status"] == "offline"


async def test_words_are_sent_again_under_the_same_request_id_until_they_are_accepted(broker):
    def accept_the_third(brain: ScriptedBrain, said: dict[str, str]) -> None:
        if len(brain.payloads("text")) == 3:
            brain.greet(said)

    with ScriptedBrain(broker, accept_the_third) as brain:
        async with robot_on(broker, resend_after_s=0.1) as robot:
            happenings = await all_of(robot.say("hello"))
    assert isinstance(happenings[-1], Reply)
    assert [said["request_id"] for said in brain.payloads("text")] == [happenings[-1].request_id] * 3


async def test_accepted_words_are_not_sent_again(broker):
    def accept_and_think(brain: ScriptedBrain, said: dict[str, str]) -> None:
        brain.accept(said["request_id"])
        threading.Timer(0.5, brain.reply, (said["request_id"], "Done.")).start()

    with ScriptedBrain(broker, accept_and_think) as brain:
        async with robot_on(broker, resend_after_s=0.1) as robot:
            await all_of(robot.say("think"))
        assert len(brain.payloads("text")) == 1


async def test_a_busy_brain_is_asked_again_after_the_time_that_it_named(broker):
    def busy_once(brain: ScriptedBrain, said: dict[str, str]) -> None:
        if len(brain.payloads("text")) == 1:
            brain.refuse(ErrorCode.BUSY, "8 utterances wait already", said["request_id"], retry=0.2)
        else:
            brain.greet(said)

    with ScriptedBrain(broker, busy_once):
        async with robot_on(broker, resend_after_s=60) as robot:
            happenings = await all_of(robot.say("hello"))
    assert isinstance(happenings[0], ErrorMessage)
    assert isinstance(happenings[-1], Reply)


async def test_refused_words_end_with_the_error(broker):
    def refuse(brain: ScriptedBrain, said: dict[str, str]) -> None:
        brain.refuse(ErrorCode.TOO_LONG_FOR_MODEL, "the words do not fit the context", said["request_id"])

    with ScriptedBrain(broker, refuse):
        async with robot_on(broker) as robot:
            (error,) = await all_of(robot.say("hello"))
    assert isinstance(error, ErrorMessage)
    assert error.error_code is ErrorCode.TOO_LONG_FOR_MODEL


async def test_an_action_that_comes_twice_is_performed_once(broker):
    def act_twice(brain: ScriptedBrain, said: dict[str, str]) -> None:
        wave = action(1, said["request_id"])
        brain.act(wave)
        brain.act(wave)
        brain.reply(said["request_id"], "Waving!", actions=[wave])

    with ScriptedBrain(broker, act_twice) as brain:
        async with robot_on(broker, body="rover") as robot:
            happenings = await all_of(robot.say("wave"))
            results = await asyncio.to_thread(brain.wait_for, "status/action")
    assert [each.words for each in happenings if isinstance(each, Deed)] == ["rover waves"]
    assert results == [{"command_id": "command-1", "status": "done"}]


async def test_the_brain_is_told_what_came_of_each_action(broker):
    def drive_into_the_wall(brain: ScriptedBrain, said: dict[str, str]) -> None:
        arguments = {"direction": "forward", "distance_cm": 100}
        for number in (1, 2):
            brain.act(action(number, said["request_id"], "move").model_copy(update={"arguments": arguments}))
        long_ago = datetime(2020, 1, 1, tzinfo=UTC)
        brain.act(action(3, said["request_id"]).model_copy(update={"expires_at": long_ago}))
        brain.reply(said["request_id"], "On my way!")

    with ScriptedBrain(broker, drive_into_the_wall) as brain:
        async with robot_on(broker, body="rover") as robot:
            happenings = await all_of(robot.say("come here"))
            results = await asyncio.to_thread(brain.wait_for, "status/action", 3)
    assert [each.words for each in happenings if isinstance(each, Deed)] == [
        "rover moves forward 100 cm",
        "rover moves forward 50 cm and hits the wall",
        "rover leaves wave be: it came too late",
    ]
    assert results == [
        {"command_id": "command-1", "status": "done"},
        {"command_id": "command-2", "status": "failed", "detail": "wall after 50 cm"},
        {"command_id": "command-3", "status": "refused", "detail": "too late"},
    ]


async def test_what_the_brain_says_of_a_failure_belongs_to_the_words_that_led_to_it(broker):
    def drive_into_the_wall(brain: ScriptedBrain, said: dict[str, str]) -> None:
        arguments = {"direction": "forward", "distance_cm": 200}
        move = action(1, said["request_id"], "move").model_copy(update={"arguments": arguments})
        brain.reply(said["request_id"], "On my way!", actions=[move])
        brain.act(move)

        def tell() -> None:
            brain.wait_for("status/action")
            for _ in range(2):
                brain.reply("failed-1", "I could not move: wall after 150 cm.", intent="action_failed")

        threading.Thread(target=tell).start()

    with ScriptedBrain(broker, drive_into_the_wall):
        async with robot_on(broker, body="rover") as robot:
            happenings = await all_of(robot.say("come here"))
    said = [each.text if isinstance(each, Reply) else each.words for each in happenings]
    assert said == [
        "On my way!",
        "rover moves forward 150 cm and hits the wall",
        "I could not move: wall after 150 cm.",
    ]


async def test_actions_that_come_after_their_reply_still_belong_to_it(broker):
    def reply_then_act(brain: ScriptedBrain, said: dict[str, str]) -> None:
        actions = [action(number, said["request_id"], name) for number, name in enumerate(["move", "wave"])]
        brain.reply(said["request_id"], "Coming!", actions=actions)
        for each in actions:
            brain.act(each)

    with ScriptedBrain(broker, reply_then_act):
        async with robot_on(broker, body="rover") as robot:
            reply, *deeds = await all_of(robot.say("come and wave"))
    assert isinstance(reply, Reply)
    assert [each.action.action for each in deeds if isinstance(each, Deed)] == ["move", "wave"]


async def test_the_last_reply_can_be_heard_again(broker):
    with ScriptedBrain(broker) as brain:
        async with robot_on(broker) as robot:
            hearing = asyncio.create_task(all_of(robot.repeat()))
            (command,) = await asyncio.to_thread(brain.wait_for, "control")
            assert command["command"] == "repeat"
            brain.reply(command["request_id"], "As I said.", intent="repeat")
            happenings = await hearing
    assert [each.text for each in happenings if isinstance(each, Reply)] == ["As I said."]


async def test_the_persona_is_declared_with_the_body_and_can_be_chosen_and_left_again(broker):
    with ScriptedBrain(broker, device_id="rover-2") as brain:
        async with robot_on(broker, body="rover", device_id="rover-2", persona="ollie") as robot:
            (body,) = await asyncio.to_thread(brain.wait_for, "capabilities")
            robot.choose_persona("nabu")
            robot.choose_persona(None)
            choices = await asyncio.to_thread(brain.wait_for, "control", 2)
    assert (body["persona"], len(body["actions"])) == ("ollie", 6)
    assert choices == [{"command": "persona", "persona": "nabu"}, {"command": "persona", "persona": None}]


async def test_readings_and_what_the_camera_sees_are_published(broker):
    with ScriptedBrain(broker) as brain:
        async with robot_on(broker) as robot:
            robot.sensor("battery", {"percentage": 20})
            robot.vision({"event_type": "object_detected", "object": "cup"})
            assert await asyncio.to_thread(brain.wait_for, "sensors/battery") == [{"percentage": 20}]
            assert await asyncio.to_thread(brain.wait_for, "vision/event") == [
                {"event_type": "object_detected", "object": "cup"}
            ]


async def test_what_nobody_waits_for_is_overheard_once(broker):
    with ScriptedBrain(broker) as brain:
        async with robot_on(broker) as robot:
            overheard = robot.overheard()
            assert isinstance(await anext(overheard), Status)
            brain.reply("unasked", "My battery is low.")
            brain.reply("unasked", "My battery is low.")
            brain.refuse(ErrorCode.INVALID_FIELD, "percentage: should be at most 100")
            reply, error = await anext(overheard), await anext(overheard)
    assert isinstance(reply, Reply)
    assert isinstance(error, ErrorMessage)


async def test_a_payload_that_is_no_message_is_logged_and_the_reply_is_still_heard(broker, caplog):
    def babble(brain: ScriptedBrain, said: dict[str, str]) -> None:
        brain.publish_json("naila/ai/responses/stream/robot-1", b'{"seq": "none"}')
        brain.greet(said)

    with ScriptedBrain(broker, babble):
        async with robot_on(broker) as robot:
            assert isinstance((await all_of(robot.say("hello")))[-1], Reply)
    assert "naila/ai/responses/stream/robot-1 carries what is no StreamEvent" in caplog.text


async def test_every_message_passes_the_tap(broker):
    packets: list[RawPacket] = []
    with ScriptedBrain(broker):
        async with robot_on(broker) as robot:
            robot.link.tap = packets.append
            await all_of(robot.say("hello", request_id="r-1"))
    assert packets[0] == RawPacket("sent", "naila/devices/robot-1/text", b'{"text":"hello","request_id":"r-1"}')
    assert {packet.topic for packet in packets if packet.direction == "received"} >= {
        "naila/ai/responses/stream/robot-1",
        "naila/ai/responses/text/robot-1",
    }


async def test_without_any_brain_the_words_are_given_up_with_where_to_look(tmp_path):
    with mosquitto(tmp_path) as broker:
        async with robot_on(broker, timeout_s=0.5, resend_after_s=0.2) as robot:
            with pytest.raises(NoAnswerError, match=r"sent 3 times.*No brain has published its status.*`naila run`"):
                await all_of(robot.say("hello"))


async def test_a_brain_that_is_offline_is_named_as_the_cause(tmp_path):
    with mosquitto(tmp_path) as broker:
        with ScriptedBrain(broker, state=State.OFFLINE):
            pass
        async with robot_on(broker, timeout_s=0.5) as robot:
            with pytest.raises(NoAnswerError, match="The brain is offline"):
                await all_of(robot.say("hello"))


async def test_a_brain_that_accepts_and_falls_silent_is_given_up(broker):
    with ScriptedBrain(broker, lambda brain, said: brain.accept(said["request_id"])):
        async with robot_on(broker, timeout_s=0.5) as robot:
            with pytest.raises(
                NoAnswerError, match=r"were accepted, but then nothing came for 0.5 s.*status is `ready`"
            ):
                await all_of(robot.say("hello"))


async def test_a_loading_brain_is_waited_for(tmp_path):
    with mosquitto(tmp_path) as broker, ScriptedBrain(broker, state=State.LOADING) as brain:
        async with robot_on(broker) as robot:
            assert not await robot.brain_loaded(0)
            waiting = asyncio.create_task(robot.brain_loaded(30))
            brain.says_it_is(State.DEGRADED, "no model")
            assert await waiting


async def test_after_a_lost_connection_the_robot_comes_back_and_says_again_what_has_no_reply(tmp_path):
    with mosquitto(tmp_path) as broker:
        async with robot_on(broker, resend_after_s=60) as robot:
            saying = asyncio.create_task(all_of(robot.say("are you there?", request_id="r-1")))
            await asyncio.sleep(0)
            broker.kill()
            lost = await anext(robot.overheard())
            assert isinstance(lost, LinkChange)
            assert not lost.connected
            broker.start()
            with ScriptedBrain(broker):
                happenings = await saying
    assert isinstance(happenings[-1], Reply)
    assert happenings[-1].request_id == "r-1"


async def test_a_broker_of_mqtt_3_1_1_alone_is_spoken_to_in_that(tmp_path):
    with amqtt(tmp_path) as broker, ScriptedBrain(broker):
        async with robot_on(broker, protocol="auto") as robot:
            happenings = await all_of(robot.say("hello"))
            assert robot.link.protocol == "3.1.1"
    assert isinstance(happenings[-1], Reply)


async def test_the_connection_can_be_encrypted(tmp_path):
    certificates = make_certificates(tmp_path)
    trusting = ssl.create_default_context(cafile=certificates.ca)
    with mosquitto(tmp_path, certificates=certificates) as broker:
        async with robot_on(broker, tls=trusting) as robot:
            assert robot.link.connected
        with pytest.raises(RobotError, match=r"certificate verify failed.*TLS settings"):
            await robot_on(broker, tls=ssl.create_default_context()).__aenter__()
        with pytest.raises(RobotError, match="does it want TLS"):
            await robot_on(broker).__aenter__()


async def test_two_robots_of_one_id_are_told_why_their_connections_break(broker):
    async with robot_on(broker) as first, robot_on(broker):
        change = await anext(each async for each in first.overheard() if isinstance(each, LinkChange))
        assert "is another client connected as robot-1?" in change.reason


async def test_a_broker_that_is_not_there_is_named_with_host_and_port():
    port = free_port()
    with pytest.raises(RobotError, match=rf"127\.0\.0\.1:{port} cannot be reached.*MQTT_HOST"):
        await SimulatedRobot("127.0.0.1", port).__aenter__()


async def test_a_wrong_password_is_refused_with_the_settings_to_check(broker, protocol):
    with pytest.raises(RobotError, match=r"refused robot-1: .*MQTT_USERNAME"):
        await robot_on(broker, password="wrong", protocol=protocol).__aenter__()


async def test_what_does_not_speak_mqtt_is_said_to_not_answer():
    def hang_up(server: socket.socket) -> None:
        for _ in range(2):
            server.accept()[0].close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        threading.Thread(target=hang_up, args=(server,), daemon=True).start()
        with pytest.raises(RobotError, match=rf"127\.0\.0\.1:{port} does not answer MQTT 3.1.1"):
            await SimulatedRobot("127.0.0.1", port).__aenter__()


async def test_a_publication_that_the_access_list_denies_ends_the_wait(tmp_path: Path):
    acl = tmp_path / "acl"
    acl.write_text(f"user {USERNAME}\ntopic read naila/#\n")
    with mosquitto(tmp_path, configuration=f"acl_file {acl}") as broker:
        async with robot_on(broker, protocol="5") as robot:
            with pytest.raises(RobotError, match="refused a publication of robot-1: Not authorized"):
                await all_of(robot.say("hello"))
