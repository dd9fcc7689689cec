from __future__ import annotations

import asyncio
import gc
import queue
import signal
import subprocess
import sys
import textwrap
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from structlog.testing import capture_logs

from ai_server.mqtt.connection import Connection, PublishPostponed, PublishRefused, Received
from ai_server.mqtt.endings import Outcome
from ai_server.mqtt.network import Callbacks, NetworkConnection
from ai_server.mqtt.options import BrokerOptions, TlsFileError, TlsFiles
from ai_server.protocol import topics
from ai_server.settings import load_settings
from tests.brokers import (
    TIMEOUT_S,
    USERNAME,
    Certificates,
    Robot,
    RunningBroker,
    amqtt,
    free_port,
    make_certificates,
    mosquitto,
)
from tests.connections import TEXT, WILL, connected, payloads, receive, started, until


@pytest.fixture(scope="module")
def shared_mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBroker]:
    """One Mosquitto for the tests that do it no harm; each uses a client id of its own."""
    with mosquitto(tmp_path_factory.mktemp("mosquitto")) as broker:
        yield broker


@pytest.fixture(scope="module")
def shared_amqtt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBroker]:
    with amqtt(tmp_path_factory.mktemp("amqtt")) as broker:
        yield broker


@pytest.fixture
def client_id(request: pytest.FixtureRequest) -> str:
    return f"brain-{abs(hash(request.node.name)) % 10**8}"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


# Connecting


async def test_mqtt_5_is_spoken_with_a_broker_that_knows_it(shared_mosquitto: RunningBroker, client_id: str) -> None:
    async with connected(shared_mosquitto.with_options(client_id=client_id)) as connection:
        state = connection.state
        assert (state.connected, state.protocol, state.connects, state.last_error) == (True, "5", 1, "")


async def test_a_broker_that_hangs_on_mqtt_5_is_spoken_to_in_3_1_1(shared_amqtt: RunningBroker, client_id: str) -> None:
    async with connected(shared_amqtt.with_options(client_id=client_id)) as connection:
        assert connection.state.protocol == "3.1.1"


async def test_a_refused_password_is_not_connected_and_says_what_to_check(
    shared_mosquitto: RunningBroker, client_id: str
) -> None:
    async with started(shared_mosquitto.with_options(client_id=client_id, password="wrong")) as connection:
        with pytest.raises(TimeoutError, match=r"'naila' .*MQTT_USERNAME and MQTT_PASSWORD"):
            await connection.wait_connected(1)
        assert not connection.state.connected
        assert connection.state.connects == 0


async def test_a_password_refused_in_3_1_1_says_so_too(shared_amqtt: RunningBroker, client_id: str) -> None:
    options = shared_amqtt.with_options(client_id=client_id, password="wrong", protocol="3.1.1")
    async with started(options) as connection:
        await until(lambda: "MQTT_PASSWORD" in connection.state.last_error)
        assert not connection.state.connected


async def test_a_host_nobody_knows_and_a_port_nobody_listens_on_are_named() -> None:
    async with (
        started(BrokerOptions(host="no-such-host.invalid")) as nowhere,
        started(BrokerOptions(host="127.0.0.1", port=free_port())) as closed,
    ):
        await until(lambda: "MQTT_HOST" in nowhere.state.last_error)
        assert "'no-such-host.invalid'" in nowhere.state.last_error
        await until(lambda: "nothing listens" in closed.state.last_error)
        assert "MQTT_PORT" in closed.state.last_error


async def test_what_keeps_it_from_connecting_is_logged_once() -> None:
    with capture_logs() as logs:
        async with started(BrokerOptions(host="127.0.0.1", port=free_port())) as connection:
            await until(lambda: connection._network is not None and connection._network.epoch >= 3)
            await asyncio.sleep(0.1)
    assert [entry["event"] for entry in logs] == ["not connected to the broker"]


async def test_a_subscription_that_the_broker_refuses_is_not_connected(tmp_path: Path) -> None:
    plugins = {"amqtt.plugins.topic_checking.TopicTabooPlugin": {}}
    with amqtt(tmp_path, plugins=plugins) as broker:
        options = broker.with_options(protocol="3.1.1")
        async with started(options, subscriptions=((TEXT, 1), ("prohibited", 1))) as connection:
            await until(lambda: "subscription to prohibited" in connection.state.last_error)
            assert not connection.state.connected


async def test_without_subscriptions_a_connack_is_enough(shared_mosquitto: RunningBroker, client_id: str) -> None:
    async with connected(shared_mosquitto.with_options(client_id=client_id), subscriptions=()) as connection:
        assert connection.state.connected


async def test_the_network_thread_is_seen_to_move(shared_mosquitto: RunningBroker, client_id: str) -> None:
    async with connected(shared_mosquitto.with_options(client_id=client_id)) as connection:
        before = connection.state.last_alive
        await until(lambda: connection.state.last_alive > before)


# Receiving


async def test_messages_sent_while_the_brain_is_away_arrive_when_it_is_back(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as broker:
        async with connected(broker.options):
            pass
        with Robot(broker.options) as robot:
            for number in range(5):
                robot.publish(TEXT, f"words {number}")
        broker.stop()
        broker.start()
        async with connected(broker.options) as connection:
            received = await receive(connection, 5)
    assert payloads(received) == [b"words %d" % number for number in range(5)]


async def test_a_burst_of_two_thousand_sensor_readings_arrives(shared_mosquitto: RunningBroker, client_id: str) -> None:
    async with connected(shared_mosquitto.with_options(client_id=client_id)) as connection:
        with Robot(shared_mosquitto.options, client_id=f"{client_id}-robot") as robot:
            for number in range(2000):
                robot.publish("naila/devices/r2/sensors/battery", str(number), qos=0)
        received = await receive(connection, 2000)
        assert payloads(received) == [str(number).encode() for number in range(2000)]
        assert connection.state.received == 2000
        assert connection.state.dropped == 0


async def test_mqtt_5_properties_come_with_the_packet(shared_mosquitto: RunningBroker, client_id: str) -> None:
    async with connected(shared_mosquitto.with_options(client_id=client_id)) as connection:
        with Robot(shared_mosquitto.options, client_id=f"{client_id}-robot", protocol="5") as robot:
            robot.publish(TEXT, "hello", ResponseTopic="naila/devices/r2/answers", CorrelationData=b"\x01\x02")
            robot.publish(TEXT, "hello")
        with_properties, without = await receive(connection, 2)
    assert with_properties.packet.response_topic == "naila/devices/r2/answers"
    assert with_properties.packet.correlation_data == b"\x01\x02"
    assert (without.packet.response_topic, without.packet.correlation_data) == (None, None)


async def test_sensor_readings_beyond_the_room_are_dropped_and_counted_and_words_are_not(
    shared_mosquitto: RunningBroker, client_id: str
) -> None:
    async with connected(shared_mosquitto.with_options(client_id=client_id), max_waiting=10) as connection:
        with Robot(shared_mosquitto.options, client_id=f"{client_id}-robot") as robot:
            for number in range(50):
                robot.publish("naila/devices/r2/sensors/battery", str(number), qos=0)
            robot.publish(TEXT, "words")
            await until(lambda: connection.state.dropped == 40)
        received = await receive(connection, 11)
    assert payloads(received) == [*(str(number).encode() for number in range(10)), b"words"]


async def test_a_broker_that_knows_no_window_is_held_back_and_nothing_is_lost(tmp_path: Path) -> None:
    with mosquitto(tmp_path, configuration="max_inflight_messages 0") as broker:
        async with connected(broker.with_options(protocol="3.1.1"), max_waiting=5) as connection:
            with Robot(broker.options) as robot:
                for number in range(100):
                    robot.publish(TEXT, str(number))
            await until(lambda: len(connection._incoming) == 10)
            reply = connection.publish(topics.reply("r2"), b"words", qos=1)
            received = []
            while len(received) < 100:
                assert len(connection._incoming) <= 10
                for message in await receive(connection, 1):
                    connection.acknowledge(message)
                    received.append(message)
            assert reply is not None
            await asyncio.wait_for(reply, TIMEOUT_S)
            assert connection.state.connects == 1
    assert payloads(received) == [str(number).encode() for number in range(100)]


async def test_a_consumer_that_raises_leaves_the_connection_working(
    shared_mosquitto: RunningBroker, client_id: str
) -> None:
    async with connected(shared_mosquitto.with_options(client_id=client_id)) as connection:
        with Robot(shared_mosquitto.options, client_id=f"{client_id}-robot") as robot:
            robot.publish(TEXT, "poison")

            async def consume() -> None:
                await receive(connection, 1)
                raise ZeroDivisionError

            with pytest.raises(ZeroDivisionError):
                await consume()
            robot.publish(TEXT, "words")
            assert payloads(await receive(connection, 1)) == [b"words"]
        assert connection.state.connects == 1


async def test_an_exception_in_a_network_callback_is_logged_and_ends_nothing(
    shared_mosquitto: RunningBroker, client_id: str
) -> None:
    taken: queue.Queue[bytes] = queue.Queue()

    def message(received: Received) -> None:
        if received.packet.payload == b"poison":
            raise ZeroDivisionError
        taken.put(received.packet.payload)

    ready: queue.Queue[object] = queue.Queue()
    network = a_network(
        shared_mosquitto.with_options(client_id=client_id),
        accepted=lambda network, accepted: ready.put(accepted),
        message=message,
    )
    with capture_logs() as logs, Robot(shared_mosquitto.options, client_id=f"{client_id}-robot") as robot:
        serving = asyncio.create_task(asyncio.to_thread(network.serve))
        await asyncio.to_thread(ready.get, timeout=TIMEOUT_S)
        robot.publish(TEXT, "poison")
        robot.publish(TEXT, "words")
        assert await asyncio.to_thread(taken.get, timeout=TIMEOUT_S) == b"words"
        network.close()
        assert (await serving).outcome is Outcome.CLOSED
    assert [entry["error"] for entry in logs] == ["ZeroDivisionError"]


# Acknowledging


async def test_a_message_is_delivered_again_until_it_is_acknowledged(
    shared_mosquitto: RunningBroker, client_id: str
) -> None:
    options = shared_mosquitto.with_options(client_id=client_id)
    async with connected(options) as connection:
        with Robot(shared_mosquitto.options, client_id=f"{client_id}-robot") as robot:
            robot.publish(TEXT, "words")
        await receive(connection, 1)
    async with connected(options) as connection:
        (again,) = await receive(connection, 1)
        connection.acknowledge(again)
    assert await delivered_again(options) == []


async def test_an_acknowledgement_of_an_old_epoch_is_dropped(shared_mosquitto: RunningBroker, client_id: str) -> None:
    options = shared_mosquitto.with_options(client_id=client_id)
    async with connected(options) as connection:
        with Robot(shared_mosquitto.options, client_id=f"{client_id}-robot") as robot:
            robot.publish(TEXT, "words")
        (old,) = await receive(connection, 1)
        await lose_connection(connection, options)
        (new,) = await receive(connection, 1)
        assert (old.mid, old.packet.payload) == (new.mid, new.packet.payload)
        assert (old.packet.redelivered, new.packet.redelivered) == (False, True)
        assert old.epoch != new.epoch
        connection.acknowledge(old)
    assert await delivered_again(options) == [b"words"]


async def test_acknowledgements_go_out_in_the_order_of_receipt(shared_mosquitto: RunningBroker, client_id: str) -> None:
    options = shared_mosquitto.with_options(client_id=client_id)
    async with connected(options) as connection:
        with Robot(shared_mosquitto.options, client_id=f"{client_id}-robot") as robot:
            for number in range(4):
                robot.publish(TEXT, str(number))
        received = await receive(connection, 4)
        for number in (2, 0, 0, 3):
            connection.acknowledge(received[number])
    assert await delivered_again(options) == [b"1", b"2", b"3"]


async def delivered_again(options: BrokerOptions) -> list[bytes]:
    """Return what the session holds, up to a marker that a robot sends."""
    async with connected(options) as connection:
        with Robot(options, client_id=f"{options.client_id}-marker") as robot:
            robot.publish(TEXT, "marker")
        seen: list[bytes] = []
        async with asyncio.timeout(TIMEOUT_S):
            while b"marker" not in seen:
                for message in await connection.receive():
                    seen.append(message.packet.payload)
                    connection.acknowledge(message)
        return seen[:-1]


async def lose_connection(connection: Connection, options: BrokerOptions) -> None:
    """Have another client of the same id take the session over for a moment, and wait until it is taken back."""
    connects = connection.state.connects
    async with connected(options, subscriptions=()):
        await until(lambda: not connection.state.connected)
    await until(lambda: connection.state.connects > connects)


# Publishing


async def test_a_publication_is_done_when_the_broker_has_it(shared_mosquitto: RunningBroker, client_id: str) -> None:
    with Robot(shared_mosquitto.options, "naila/ai/responses/#", client_id=f"{client_id}-robot", protocol="5") as robot:
        async with connected(shared_mosquitto.with_options(client_id=client_id)) as connection:
            delivered = connection.publish(topics.reply("r2"), b"words", qos=1, correlation_data=b"\x07")
            assert delivered is not None
            await asyncio.wait_for(delivered, TIMEOUT_S)
            assert connection.publish(topics.stream("r2"), b"wo", qos=0) is None
            assert connection.state.published == 2
            assert connection.state.undelivered == 0
            reply, event = robot.hear(), robot.hear()
    assert (reply.topic, reply.payload, reply.qos) == (topics.reply("r2"), b"words", 1)
    assert reply.properties.CorrelationData == b"\x07"
    assert (event.topic, event.payload, event.qos) == (topics.stream("r2"), b"wo", 0)


async def test_more_publications_than_the_window_all_arrive_in_order(
    shared_mosquitto: RunningBroker, client_id: str
) -> None:
    with Robot(shared_mosquitto.options, "naila/ai/responses/#", client_id=f"{client_id}-robot") as robot:
        async with connected(shared_mosquitto.with_options(client_id=client_id)) as connection:
            futures = [connection.publish(topics.reply("r2"), str(n).encode(), qos=1) for n in range(500)]
            await asyncio.wait_for(asyncio.gather(*filter(None, futures)), TIMEOUT_S)
        assert [int(robot.hear().payload) for _ in range(500)] == list(range(500))


async def test_while_the_broker_is_away_replies_wait_and_stream_events_are_dropped(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as broker:
        broker.stop()
        async with started(broker.options) as connection:
            replies = publish_thirty(connection)
            connection.publish(topics.stream("r2"), b"wo", qos=0)
            assert (connection.state.undelivered, connection.state.dropped) == (30, 1)
            broker.start()
            await asyncio.wait_for(asyncio.gather(*replies), TIMEOUT_S)
            assert_thirty_are_retained(broker)


async def test_publications_in_flight_when_the_broker_dies_arrive_after_it_is_back(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as broker:
        async with connected(broker.options) as connection:
            broker.freeze()
            replies = publish_thirty(connection)
            await until(lambda: connection._outgoing._in_flight)
            assert connection.state.undelivered == 30
            broker.kill()
            broker.start()
            await asyncio.wait_for(asyncio.gather(*replies), TIMEOUT_S)
            assert_thirty_are_retained(broker)


def publish_thirty(connection: Connection) -> list[asyncio.Future[None]]:
    futures = [connection.publish(f"naila/test/{n}", str(n).encode(), qos=1, retain=True) for n in range(30)]
    return [future for future in futures if future is not None]


def assert_thirty_are_retained(broker: RunningBroker) -> None:
    with Robot(broker.options, "naila/test/+") as robot:
        assert {int(robot.hear().payload) for _ in range(30)} == set(range(30))


async def test_a_publication_that_the_broker_refuses_fails_with_its_reason(tmp_path: Path) -> None:
    rules = tmp_path / "acl"
    rules.write_text(f"user {USERNAME}\ntopic read #\ntopic write naila/ai/responses/#\n")
    rules.chmod(0o600)
    with mosquitto(tmp_path, configuration=f"acl_file {rules}") as broker:
        async with connected(broker.options) as connection:
            refused = connection.publish("naila/elsewhere", b"words", qos=1)
            taken = connection.publish(topics.reply("r2"), b"words", qos=1)
            assert refused is not None
            assert taken is not None
            with pytest.raises(PublishRefused, match="Not authorized") as refusal:
                await asyncio.wait_for(refused, TIMEOUT_S)
            assert not isinstance(refusal.value, PublishPostponed)
            await asyncio.wait_for(taken, TIMEOUT_S)
            assert connection.state.published == 1


async def test_a_publication_over_the_brokers_limit_is_refused_with_both_sizes_and_breaks_nothing(
    tmp_path: Path,
) -> None:
    with mosquitto(tmp_path, configuration="max_packet_size 2000") as broker:
        async with connected(broker.options) as connection:
            large = connection.publish(topics.reply("r2"), b"x" * 3000, qos=1)
            small = connection.publish(topics.reply("r2"), b"x" * 1500, qos=1)
            connection.publish(topics.stream("r2"), b"x" * 3000, qos=0)
            assert large is not None
            assert small is not None
            with pytest.raises(PublishRefused, match=r"30\d\d bytes.* at most 2000") as refusal:
                await asyncio.wait_for(large, TIMEOUT_S)
            assert not isinstance(refusal.value, PublishPostponed)
            await asyncio.wait_for(small, TIMEOUT_S)
            assert (connection.state.connects, connection.state.dropped) == (1, 1)


async def test_publications_beyond_the_room_are_postponed() -> None:
    async with started(BrokerOptions(host="127.0.0.1", port=free_port()), max_waiting=3) as connection:
        waiting = [connection.publish(topics.reply("r2"), b"words", qos=1) for _ in range(3)]
        over = connection.publish(topics.reply("r2"), b"words", qos=1)
        assert over is not None
        with pytest.raises(PublishPostponed, match=r"3 publications \(141 bytes\) wait"):
            await over
    for delivered in waiting:
        assert delivered is not None
        with pytest.raises(PublishPostponed, match="closed before"):
            await delivered


async def test_a_topic_with_a_wildcard_is_refused_where_it_is_published() -> None:
    async with started(BrokerOptions(host="127.0.0.1", port=free_port())) as connection:
        with pytest.raises(ValueError, match="wildcard"):
            connection.publish("naila/+/text", b"", qos=1)


# Losing the connection


async def test_a_broker_killed_and_restarted_has_our_subscriptions_again_and_the_brain_is_told(tmp_path: Path) -> None:
    connects: list[int] = []
    with mosquitto(tmp_path) as broker, capture_logs() as logs:
        async with connected(broker.options, lambda: connects.append(1)) as connection:
            broker.kill()
            await until(lambda: not connection.state.connected)
            broker.start()
            await connection.wait_connected(TIMEOUT_S)
            await until(lambda: len(connects) == 2)
            with Robot(broker.options) as robot:
                robot.publish(TEXT, "words")
                assert payloads(await receive(connection, 1)) == [b"words"]
            assert connection.state.connects == 2
    events = [entry["event"] for entry in logs]
    assert events.count("connected to the broker") == 2
    assert events[0] == events[-1] == "connected to the broker"


async def test_a_broker_that_hangs_is_noticed_by_its_silence(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as broker:
        async with connected(broker.with_options(keepalive=1)) as connection:
            broker.freeze()
            await until(lambda: "did not answer a ping within 1 s" in connection.state.last_error)
            broker.thaw()
            await connection.wait_connected(TIMEOUT_S)


async def test_a_callback_that_raises_at_the_connect_is_reported_and_publishing_goes_on(
    shared_mosquitto: RunningBroker, client_id: str
) -> None:
    reported: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: reported.append(context["exception"]))

    def fail() -> None:
        raise ZeroDivisionError

    async with connected(shared_mosquitto.with_options(client_id=client_id), fail) as connection:
        delivered = connection.publish(topics.reply("r2"), b"words", qos=1)
        assert delivered is not None
        await asyncio.wait_for(delivered, TIMEOUT_S)
    assert [type(error) for error in reported] == [ZeroDivisionError]


async def test_two_clients_of_one_id_are_recognised_and_warned_about_once(
    shared_mosquitto: RunningBroker, client_id: str
) -> None:
    options = shared_mosquitto.with_options(client_id=client_id)
    with capture_logs() as logs:
        async with connected(options) as one, connected(options) as other:
            await until(lambda: "another MQTT_CLIENT_ID" in one.state.last_error + other.state.last_error)
    warnings = [entry["reason"] for entry in logs if "another MQTT_CLIENT_ID" in entry.get("reason", "")]
    assert 1 <= len(warnings) <= 2
    assert repr(client_id) in warnings[0]


async def test_the_last_will_is_published_when_the_process_dies_and_not_at_a_goodbye(
    shared_mosquitto: RunningBroker,
) -> None:
    program = textwrap.dedent("""
        import asyncio, sys
        import structlog
        from ai_server.mqtt.connection import Connection, Publication
        from ai_server.mqtt.options import BrokerOptions
        async def main(port, password):
            options = BrokerOptions(host="127.0.0.1", port=port, username="naila", password=password, client_id="dies")
            connection = Connection(options=options, subscriptions=(), on_connected=lambda: None,
                                    will=Publication("naila/test/will", b"offline", 1))
            await connection.start()
            await connection.wait_connected(10)
            print("connected", flush=True)
            if await asyncio.to_thread(sys.stdin.readline):
                await connection.close()
                print("closed", flush=True)
                sys.stdin.readline()
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
        asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
    """)
    options = shared_mosquitto.options
    command = [sys.executable, "-c", program, str(options.port), str(options.password)]
    with Robot(options, "naila/test/will", client_id="watcher") as robot:
        for goodbye in (True, False):
            with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as brain:
                assert brain.stdin is not None
                assert brain.stdout is not None
                assert brain.stdout.readline() == "connected\n"
                if goodbye:
                    brain.stdin.write("\n")
                    brain.stdin.flush()
                    assert brain.stdout.readline() == "closed\n"
                brain.send_signal(signal.SIGKILL)
            if goodbye:
                robot.publish("naila/test/will", "nothing before this")
                assert robot.hear().payload == b"nothing before this"
        assert robot.hear().payload == b"offline"


async def test_closing_returns_though_the_broker_hangs(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as broker:
        async with connected(broker.options) as connection:
            broker.freeze()
            # More than the socket's buffers take, so that the DISCONNECT cannot be sent.
            replies = [connection.publish(topics.reply("r2"), b"x" * 1_000_000, qos=1) for _ in range(20)]
            await asyncio.sleep(0.2)
            async with asyncio.timeout(TIMEOUT_S):
                await connection.close()
            for delivered in replies:
                assert delivered is not None
                with pytest.raises(PublishPostponed, match="closed"):
                    await delivered
        async with started(broker.options) as connecting:
            await asyncio.sleep(0.1)
            async with asyncio.timeout(TIMEOUT_S):
                await connecting.close()


async def test_a_connection_that_ends_leaves_no_file_open(shared_mosquitto: RunningBroker, client_id: str) -> None:
    options = shared_mosquitto.with_options(client_id=client_id, password="wrong")

    def fail_to_connect() -> Outcome:
        return a_network(options).serve().outcome

    assert await asyncio.to_thread(fail_to_connect) is Outcome.REFUSED
    before = psutil.Process().num_fds()
    for _ in range(10):
        await asyncio.to_thread(fail_to_connect)
    assert psutil.Process().num_fds() <= before


async def test_a_connection_that_was_lost_is_freed_at_once_with_its_sockets(
    shared_mosquitto: RunningBroker, client_id: str
) -> None:
    options = shared_mosquitto.with_options(client_id=client_id)
    gc.disable()  # it would come late, if ever
    try:
        async with connected(options) as connection:
            assert connection._network is not None
            lost = weakref.ref(connection._network)
            await lose_connection(connection, options)
            await until(lambda: lost() is None)
    finally:
        gc.enable()


def a_network(
    options: BrokerOptions,
    *,
    accepted: Callable[[NetworkConnection, Any], None] = lambda network, accepted: None,
    message: Callable[[Received], None] = lambda received: None,
) -> NetworkConnection:
    return NetworkConnection(
        options=options,
        protocol="5",
        tls_context=None,
        subscriptions=topics.SUBSCRIPTIONS,
        will=WILL,
        max_packet_size=100_000,
        receive_maximum=20,
        epoch=1,
        callbacks=Callbacks(
            alive=lambda: None, accepted=accepted, message=message, published=lambda mid, refusal: None
        ),
    )


# TLS


async def test_tls_with_a_client_certificate_connects(tmp_path: Path, certificates: Certificates) -> None:
    with mosquitto(tmp_path, certificates=certificates, client_certificate=True) as broker:
        async with connected(broker.options) as connection:
            with Robot(broker.options) as robot:
                robot.publish(TEXT, "words")
            assert payloads(await receive(connection, 1)) == [b"words"]
        without = broker.with_options(tls=TlsFiles(certificates.ca))
        async with started(without) as connection:
            await until(lambda: "MQTT_TLS_CERT_FILE" in connection.state.last_error)


async def test_a_broker_whose_authority_is_not_trusted_is_not_connected_to(
    tmp_path: Path, certificates: Certificates
) -> None:
    with mosquitto(tmp_path, certificates=certificates) as broker:
        async with (
            started(broker.with_options(tls=TlsFiles())) as distrusting,
            started(broker.with_options(tls=None, client_id="plain")) as plain,
        ):
            await until(lambda: "MQTT_TLS_CA_FILE" in distrusting.state.last_error)
            assert not distrusting.state.connected
            await until(lambda: "MQTT_TLS=true" in plain.state.last_error)


async def test_tls_with_a_broker_that_has_none_is_said(
    shared_mosquitto: RunningBroker, certificates: Certificates
) -> None:
    options = shared_mosquitto.with_options(tls=TlsFiles(certificates.ca), client_id="too-careful")
    async with started(options) as connection:
        await until(lambda: "check MQTT_TLS" in connection.state.last_error)


def test_tls_files_that_are_not_what_they_should_be_are_named(tmp_path: Path, certificates: Certificates) -> None:
    with pytest.raises(TlsFileError, match=r"MQTT_TLS_CA_FILE=.*nothing"):
        TlsFiles(tmp_path / "nothing.pem").context()
    with pytest.raises(TlsFileError, match="MQTT_TLS_CA_FILE"):
        TlsFiles(certificates.client_key).context()
    with pytest.raises(TlsFileError, match="MQTT_TLS_KEY_FILE"):
        TlsFiles(certificates.ca, certificates.client, certificates.broker_key).context()


def test_an_encrypted_key_is_refused_without_asking_for_its_password(
    tmp_path: Path, certificates: Certificates
) -> None:
    encrypted = tmp_path / "encrypted.key"
    command = ["openssl", "ec", "-in", certificates.client_key, "-aes256", "-passout", "pass:secret", "-out", encrypted]
    subprocess.run(command, check=True, capture_output=True)
    with pytest.raises(TlsFileError, match="unencrypted key"):
        TlsFiles(certificates.ca, certificates.client, encrypted).context()


# Options


def test_options_come_from_the_settings_and_show_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(
        None,
        mqtt_host="broker",
        mqtt_port=8883,
        mqtt_username="brain",
        mqtt_password="secret",
        mqtt_tls=True,
        mqtt_tls_ca_file="ca.pem",
        mqtt_protocol="3.1.1",
        mqtt_keepalive=10,
        mqtt_client_id="b1",
        mqtt_session_expiry_s=60,
    )
    options = BrokerOptions.from_settings(settings)
    assert options == BrokerOptions(
        host="broker",
        port=8883,
        username="brain",
        password="secret",
        client_id="b1",
        keepalive=10,
        protocol="3.1.1",
        session_expiry_s=60,
        tls=TlsFiles(Path("ca.pem")),
    )
    assert "secret" not in repr(options)
    assert BrokerOptions.from_settings(load_settings(None)).tls is None
