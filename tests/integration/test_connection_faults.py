from __future__ import annotations

import asyncio
import itertools
import random
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ai_server.mqtt.connection import PublishPostponed, Received
from ai_server.mqtt.endings import Ending, Outcome
from ai_server.mqtt.network import SILENCE_S
from ai_server.protocol import topics
from tests.brokers import TIMEOUT_S, Robot, RunningBroker, mosquitto
from tests.connections import TEXT, a_connection, connected, payloads, receive, until
from tests.proxies import Proxy

SENSOR = "naila/devices/r2/sensors/battery"
REPLIES = "naila/ai/responses/text/#"


@pytest.fixture(scope="module")
def shared_mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBroker]:
    """One Mosquitto for the tests that do it no harm; each uses a client id of its own."""
    with mosquitto(tmp_path_factory.mktemp("mosquitto"), configuration="max_queued_messages 0") as broker:
        yield broker


@pytest.fixture
def client_id(request: pytest.FixtureRequest) -> str:
    return f"brain-{abs(hash(request.node.name)) % 10**8}"


# A network that is cut


async def test_a_cut_that_ends_before_it_is_noticed_loses_nothing(
    shared_mosquitto: RunningBroker, client_id: str
) -> None:
    with Proxy(shared_mosquitto.port) as proxy, Robot(shared_mosquitto.options, REPLIES, client_id=client_id) as robot:
        options = shared_mosquitto.with_options(port=proxy.port, client_id=f"{client_id}-brain")
        async with connected(options) as connection:
            proxy.cut()
            replies = [connection.publish(topics.reply("r2"), str(n).encode(), qos=1) for n in range(50)]
            for number in range(50):
                robot.publish(TEXT, str(number))
            assert connection.state.connected
            proxy.mend()
            await asyncio.wait_for(asyncio.gather(*replies), TIMEOUT_S)
            received = await receive(connection, 50)
            assert connection.state.connects == 1
        assert [int(robot.hear().payload) for _ in range(50)] == list(range(50))
    assert payloads(received) == [str(number).encode() for number in range(50)]


@pytest.mark.parametrize(("accepting", "reason"), [(True, "sent no CONNACK"), (False, "no answer from")])
async def test_after_a_cut_it_connects_again_and_sends_what_was_in_flight_before_what_is_newer(
    shared_mosquitto: RunningBroker, client_id: str, accepting: bool, reason: str
) -> None:
    with Proxy(shared_mosquitto.port) as proxy, Robot(shared_mosquitto.options, REPLIES, client_id=client_id) as robot:
        options = shared_mosquitto.with_options(port=proxy.port, client_id=f"{client_id}-brain", keepalive=1)
        async with connected(options) as connection:
            proxy.cut(accepting=accepting)
            replies = [connection.publish(topics.reply("r2"), str(n).encode(), qos=1) for n in range(30)]
            await until(lambda: not connection.state.connected)
            replies += [connection.publish(topics.reply("r2"), str(n).encode(), qos=1) for n in range(30, 60)]
            await until(lambda: reason in connection.state.last_error)
            assert connection.state.undelivered == 60
            proxy.mend()
            await asyncio.wait_for(asyncio.gather(*replies), TIMEOUT_S)
        heard: list[int] = []
        while 59 not in heard:
            heard.append(int(robot.hear().payload))
    assert list(dict.fromkeys(heard)) == list(range(60))


async def test_a_host_that_is_gone_without_a_word_is_given_up_by_tcp(
    shared_mosquitto: RunningBroker, client_id: str
) -> None:
    async with connected(shared_mosquitto.with_options(client_id=client_id)) as connection:
        assert connection._network is not None
        opened = connection._network._client.socket()
        assert opened is not None
        assert opened.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        after = opened.getsockopt(socket.IPPROTO_TCP, getattr(socket, "TCP_KEEPIDLE", 0x10))  # 0x10 on macOS
        probes = opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT)
        apart = opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL)
    assert after + probes * apart == SILENCE_S


def test_each_reason_of_an_outage_is_logged_once_and_anew_in_the_next(shared_mosquitto: RunningBroker) -> None:
    connection = a_connection(shared_mosquitto.options)
    with capture_logs() as logs:
        for _ in range(2):
            connection._connected.set()
            for words in ("lost", "no route", "no answer", "no route", "no answer"):
                connection._connect_ended(Ending(Outcome.UNREACHABLE, words), contested=False)
    assert [entry["reason"] for entry in logs] == ["lost", "no route", "no answer"] * 2


# A broker that is frozen


async def test_a_frozen_broker_holds_up_nobody_and_what_waits_for_it_is_bounded(tmp_path: Path) -> None:
    with mosquitto(tmp_path, configuration="max_queued_messages 0") as broker, Robot(broker.options, REPLIES) as robot:
        async with connected(broker.options, max_waiting=1000) as connection:
            broker.freeze()
            replies = [connection.publish(topics.reply("r2"), str(n).encode(), qos=1) for n in range(3000)]
            for _ in range(20):
                for _ in range(1000):
                    connection.publish(topics.stream("r2"), b"x" * 1000, qos=0)
                await asyncio.sleep(0.01)
            state = connection.state
            assert state.connected
            assert 1000 <= state.undelivered <= 1020
            assert state.dropped > 0
            postponed = [reply for reply in replies if reply.done()]
            assert all(isinstance(reply.exception(), PublishPostponed) for reply in postponed)
            assert len(postponed) == 3000 - state.undelivered
            broker.thaw()
            taken = [reply for reply in replies if reply not in postponed]
            await asyncio.wait_for(asyncio.gather(*taken), TIMEOUT_S)
        assert [int(robot.hear().payload) for _ in taken] == list(range(len(taken)))


async def test_a_frozen_broker_that_thaws_is_connected_to_again(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as broker:
        async with connected(broker.with_options(keepalive=1)) as connection:
            broker.freeze()
            await until(lambda: "sent no CONNACK" in connection.state.last_error)
            reply = connection.publish(topics.reply("r2"), b"words", qos=1)
            broker.thaw()
            await asyncio.wait_for(reply, TIMEOUT_S)


# Acknowledging late


async def test_acknowledgements_late_and_in_any_order_keep_the_messages_coming_and_leave_none_behind(
    shared_mosquitto: RunningBroker, client_id: str
) -> None:
    options = shared_mosquitto.with_options(client_id=client_id)
    randomness = random.Random(5)
    async with connected(options) as connection:
        with Robot(shared_mosquitto.options, client_id=f"{client_id}-robot") as robot:
            sending = asyncio.create_task(asyncio.to_thread(publish_numbers, robot, 3000))
            received: list[Received] = []
            late: list[Received] = []
            while len(received) < 3000:
                batch = await receive(connection, 1)
                received += batch
                late += batch
                randomness.shuffle(late)
                for message in late[len(late) // 2 :]:
                    connection.acknowledge(message)
                del late[len(late) // 2 :]
                if len(late) > 50 or len(received) == 3000:
                    await asyncio.sleep(0)
                    for message in late:
                        connection.acknowledge(message)
                    late = []
            await sending
        assert payloads(received) == [str(number).encode() for number in range(3000)]
        # PUBACKs go out before what is published after them.
        await asyncio.wait_for(connection.publish(topics.reply("r2"), b"words", qos=1), TIMEOUT_S)
    async with connected(options) as connection:
        with Robot(shared_mosquitto.options, client_id=f"{client_id}-robot") as robot:
            robot.publish(TEXT, "marker")
        assert payloads(await receive(connection, 1)) == [b"marker"]


def publish_numbers(robot: Robot, count: int) -> None:
    for number in range(count):
        robot.publish(TEXT, str(number))


async def test_sensors_do_not_wait_behind_words_that_are_not_acknowledged_yet(
    shared_mosquitto: RunningBroker, client_id: str
) -> None:
    async with connected(shared_mosquitto.with_options(client_id=client_id)) as connection:
        with Robot(shared_mosquitto.options, client_id=f"{client_id}-robot") as robot:
            publish_numbers(robot, 400)
            words = await receive(connection, 200)
            robot.publish(SENSOR, "88", qos=0)
            while words[-1].packet.topic != SENSOR:
                words += await receive(connection, 1)
        assert len(words) < 400
        for message in words:
            connection.acknowledge(message)
        rest = await receive(connection, 401 - len(words))
    assert payloads([*words, *rest]) == [
        *(str(number).encode() for number in range(len(words) - 1)),
        b"88",
        *(str(number).encode() for number in range(len(words) - 1, 400)),
    ]


async def test_what_was_not_acknowledged_when_the_connection_was_lost_comes_again_and_says_so(
    shared_mosquitto: RunningBroker, client_id: str
) -> None:
    with Proxy(shared_mosquitto.port) as proxy:
        options = shared_mosquitto.with_options(port=proxy.port, client_id=client_id, keepalive=1)
        async with connected(options) as connection:
            with Robot(shared_mosquitto.options, client_id=f"{client_id}-robot") as robot:
                publish_numbers(robot, 30)
                first = await receive(connection, 30)
                for message in itertools.islice(first, 10):
                    connection.acknowledge(message)
                await asyncio.wait_for(connection.publish(topics.reply("r2"), b"words", qos=1), TIMEOUT_S)
                proxy.cut()
                await until(lambda: not connection.state.connected)
                proxy.mend()
                again = await receive(connection, 20)
                for message in first:
                    connection.acknowledge(message)
                assert len(connection._acknowledgements) == 20
                for message in again:
                    connection.acknowledge(message)
                robot.publish(TEXT, "new")
                (new,) = await receive(connection, 1)
    assert payloads(again) == payloads(first[10:])
    assert not any(message.packet.redelivered for message in (*first, new))
    assert all(message.packet.redelivered for message in again)
