"""The shipped Mosquitto configuration, its access list and its scripts, with a real Mosquitto."""

from __future__ import annotations

import dataclasses
import inspect
import queue
import re
import socket
import ssl
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from ai_server.mqtt.connection import MAX_PACKET_SIZE, Connection, Publication
from ai_server.mqtt.options import BrokerOptions, TlsFiles
from ai_server.protocol import topics
from tests.brokers import TIMEOUT_S, Robot, make_certificates
from tests.secured_broker import SCRIPTS, SecuredBroker, script, secured_broker

DENIED = "Not authorized"
DONE = "Success"
HEARD_BY_NOBODY = "No matching subscribers"

FROM_ROBOTS = [
    topics.STT,
    topics.TEXT,
    topics.CONTROL,
    topics.CAPABILITIES,
    topics.SENSOR,
    topics.WAKE_WORD,
    topics.VISION,
    topics.HEARTBEAT,
    "naila/devices/{device_id}/status/action",
]
TO_ROBOTS = [
    topics.stream("{device_id}"),
    topics.reply("{device_id}"),
    topics.error("{device_id}"),
    topics.memory("{device_id}"),
    topics.action("{device_id}", "move"),
    "naila/devices/{device_id}/answers/of/mine",
]
TO_OPERATORS = [
    topics.STATUS,
    topics.METRICS,
    topics.HEALTH,
    topics.system_error("brain"),
    topics.response("memory.forget"),
]
REQUEST = topics.REQUEST.format(command="memory.forget")


def of(device_id: str, topic: str) -> str:
    return topic.format(device_id=device_id, type="battery")


class Visitor(Robot):
    """A client that says what became of each publication."""

    def __enter__(self) -> Visitor:
        self.pubacks: queue.Queue[str] = queue.Queue()
        self._client.on_publish = lambda client, userdata, mid, reason, properties: self.pubacks.put(str(reason))
        super().__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, traceback)

    def puback(self, topic: str, payload: str = "x", *, retain: bool = False) -> str:
        """Publish with QoS 1; return the words of the PUBACK's reason, which MQTT 3.1.1 has not."""
        self._client.publish(topic, payload, qos=1, retain=retain)
        return self.pubacks.get(timeout=TIMEOUT_S)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredBroker]:
    with secured_broker(tmp_path_factory.mktemp("secured")) as running:
        yield running


@pytest.fixture(scope="module")
def kitchen(broker: SecuredBroker) -> BrokerOptions:
    return broker.add_robot("kitchen-1")


@pytest.fixture(scope="module")
def garden(broker: SecuredBroker) -> BrokerOptions:
    return broker.add_robot("garden_2")


# Who comes in


def refusal(options: BrokerOptions, *, protocol: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv5) -> str:
    """Try to connect; return what the broker, or TLS, says to it."""
    said: queue.Queue[str] = queue.Queue()
    client = Client(
        CallbackAPIVersion.VERSION2, client_id=options.client_id, protocol=protocol, reconnect_on_failure=False
    )
    client.username_pw_set(options.username, options.password)
    if options.tls is not None:
        client.tls_set_context(options.tls.context())
    client.on_connect = lambda c, userdata, flags, reason, properties: said.put(str(reason))
    client.on_disconnect = lambda c, userdata, flags, reason, properties: said.put("disconnected")
    try:
        client.connect(options.host, options.port)
    except (ssl.SSLError, ConnectionError) as error:
        return str(error)
    client.loop_start()
    try:
        return said.get(timeout=TIMEOUT_S)
    finally:
        client.disconnect()
        client.loop_stop()


def test_a_robot_made_by_the_script_comes_in_by_tls(kitchen):
    assert refusal(kitchen) == DONE
    assert refusal(kitchen, protocol=MQTTProtocolVersion.MQTTv311) == DONE


@pytest.mark.parametrize(
    "changes",
    [{"password": None}, {"password": "wrong"}, {"username": None, "password": None}, {"username": "nobody"}],
    ids=["no password", "a wrong password", "anonymous", "an unknown user"],
)
def test_nobody_comes_in_without_their_password(broker, kitchen, changes):
    assert refusal(dataclasses.replace(kitchen, **changes)) == DENIED
    on_loopback = {"port": broker.brain.port, "tls": None}
    assert refusal(dataclasses.replace(kitchen, **on_loopback, **changes)) == DENIED


def test_the_robots_listener_does_not_speak_without_tls(kitchen):
    assert refusal(dataclasses.replace(kitchen, tls=None)) == "disconnected"


def test_a_robot_sees_that_a_broker_is_another_than_its_own(kitchen, tmp_path):
    foreign = TlsFiles(make_certificates(tmp_path).ca)
    assert "certificate verify failed" in refusal(dataclasses.replace(kitchen, tls=foreign))


def brokers_certificate(broker: SecuredBroker, host: str) -> Any:
    context = ssl.create_default_context(cafile=broker.ca_file)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    with (
        socket.create_connection(("127.0.0.1", broker.ports[8883])) as plain,
        context.wrap_socket(plain, server_hostname=host) as encrypted,
    ):
        return encrypted.getpeercert()


def test_the_brokers_certificate_stands_the_strictest_verification_for_its_names_alone(broker):
    certificate = brokers_certificate(broker, "robots.example")
    assert {name for _, name in certificate["subjectAltName"]} == {"localhost", "127.0.0.1", "robots.example"}
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        brokers_certificate(broker, "elsewhere.example")


def test_the_client_id_on_the_robots_listener_is_the_user_name(broker, kitchen, garden):
    with (
        Visitor(broker.brain, "naila/devices/+/text", client_id="naila-brain") as brain,
        Visitor(garden, client_id="garden_2") as robot,
        Visitor(kitchen, client_id="naila-brain"),
        Visitor(kitchen, client_id="garden_2"),
    ):
        assert robot.puback("naila/devices/garden_2/text") == DONE
        assert brain.hear().topic == "naila/devices/garden_2/text"


# What each may publish and read


@pytest.mark.parametrize("topic", FROM_ROBOTS)
@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_robot_publishes_under_its_own_id_alone(broker, kitchen, garden, topic, protocol):
    with (
        Visitor(broker.brain, "naila/#", client_id="naila-brain", protocol="5") as brain,
        Visitor(kitchen, client_id="kitchen-1", protocol=protocol) as robot,
    ):
        denied = robot.puback(of("garden_2", topic))
        assert denied == (DENIED if protocol == "5" else DONE)
        assert robot.puback(of("kitchen-1", topic)) == DONE
        assert brain.hear().topic == of("kitchen-1", topic)


@pytest.mark.parametrize(
    "topic",
    [
        *TO_ROBOTS,
        *TO_OPERATORS,
        topics.TASK,
        REQUEST,
        "naila/devices/{device_id}",
        "naila/devices/{device_id}/inbox",
        "naila/devices/{device_id}/status",
        "naila/devices/{device_id}/sensors/battery/more",
        "elsewhere",
        "$SYS/broker/uptime",
    ],
)
@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_robot_writes_neither_for_the_brain_nor_elsewhere(broker, kitchen, topic, protocol):
    mark = "naila/devices/kitchen-1/text"
    with (
        Visitor(broker.brain, "#", client_id="naila-brain", protocol="5") as brain,
        Visitor(kitchen, client_id="kitchen-1", protocol=protocol) as robot,
    ):
        denied = robot.puback(of("kitchen-1", topic))
        assert denied == (DENIED if protocol == "5" else DONE)
        assert robot.puback(mark) == DONE
        assert brain.hear().topic == mark


@pytest.mark.parametrize("topic", TO_ROBOTS)
@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_robot_reads_what_is_for_it_and_nothing_else(broker, kitchen, garden, topic, protocol):
    with (
        Visitor(broker.brain, client_id="naila-brain", protocol="5") as brain,
        Visitor(kitchen, of("kitchen-1", topic), client_id="kitchen-1", protocol=protocol) as meant,
        Visitor(
            garden, "#", of("kitchen-1", topic), of("+", topic), client_id="garden_2", protocol=protocol
        ) as curious,
    ):
        assert brain.puback(of("kitchen-1", topic), "for the kitchen") == DONE
        assert brain.puback(of("garden_2", topic), "for the garden") == DONE
        assert meant.hear().payload == b"for the kitchen"
        assert curious.hear().payload == b"for the garden"


def test_a_shared_subscription_is_no_way_round_the_access_list(broker, kitchen, garden):
    mark = topics.reply("garden_2")
    with (
        Visitor(garden, f"$share/all/{topics.reply('kitchen-1')}", mark, client_id="garden_2", protocol="5") as curious,
        Visitor(broker.brain, client_id="naila-brain", protocol="5") as brain,
    ):
        brain.puback(topics.reply("kitchen-1"))
        assert brain.puback(mark) == DONE
        assert curious.hear().topic == mark


def test_a_robot_reads_the_brains_status(broker, kitchen):
    with (
        Visitor(broker.brain, client_id="naila-brain") as brain,
        Visitor(kitchen, topics.STATUS, client_id="kitchen-1") as robot,
    ):
        brain.puback(topics.STATUS, "ready", retain=False)
        assert robot.hear().payload == b"ready"


@pytest.mark.parametrize(("device_id", "heard"), [("kitchen-1", "last will"), ("garden_2", "mark")])
def test_a_last_will_is_published_under_the_robots_own_id_alone(broker, kitchen, garden, device_id, heard):
    with (
        Visitor(broker.brain, "naila/devices/#", client_id="naila-brain", protocol="5") as brain,
        Visitor(garden, client_id="garden_2", protocol="5") as other,
    ):
        dying = Visitor(kitchen, client_id="kitchen-1", protocol="5")
        dying._client.will_set(of(device_id, topics.HEARTBEAT), "last will", qos=1)
        with dying:
            seen = broker.running.output.read_text().count("Client kitchen-1")
            dying._client._sock_close()
            give_up = time.monotonic() + TIMEOUT_S
            while broker.running.output.read_text().count("Client kitchen-1") == seen:
                assert time.monotonic() < give_up, "the broker did not see the robot go"
                time.sleep(0.01)
        assert other.puback("naila/devices/garden_2/text", "mark") == DONE
        assert brain.hear().payload == heard.encode()


@pytest.mark.parametrize("topic", TO_OPERATORS)
def test_the_operator_sees_how_the_brain_is(broker, topic):
    with (
        Visitor(broker.operator, topic, client_id="operator", protocol="5") as operator,
        Visitor(broker.brain, client_id="naila-brain", protocol="5") as brain,
    ):
        assert brain.puback(topic) == DONE
        assert operator.hear().topic == topic
        assert operator.puback(topic) == DENIED


def test_the_operator_hears_nothing_of_what_people_say_and_may_only_ask(broker, kitchen):
    with (
        Visitor(broker.operator, "naila/#", client_id="operator", protocol="5") as operator,
        Visitor(broker.brain, "naila/system/request/+", client_id="naila-brain", protocol="5") as brain,
        Visitor(kitchen, client_id="kitchen-1", protocol="5") as robot,
    ):
        for topic in FROM_ROBOTS:
            assert operator.puback(of("kitchen-1", topic)) == DENIED
            assert operator.puback(of("operator", topic)) == DENIED
            robot.puback(of("kitchen-1", topic))
        for topic in TO_ROBOTS:
            assert operator.puback(of("kitchen-1", topic)) == DENIED
            brain.puback(of("kitchen-1", topic))
        assert operator.puback(topics.TASK) == DENIED
        assert operator.puback(REQUEST) == DONE
        assert brain.hear().topic == operator.hear().topic == REQUEST


def test_the_commands_ask_the_daemon_under_the_brains_name_and_hear_its_answer(broker):
    answers = topics.response("+")
    with (
        Visitor(broker.brain, REQUEST, client_id="naila-brain", protocol="5") as brain,
        Visitor(broker.brain, answers, client_id="naila-memory-1", protocol="5") as command,
    ):
        assert command.puback(REQUEST, "forget") == DONE
        assert brain.hear().payload == b"forget"
        assert brain.puback(topics.response("memory.forget"), "forgotten") == DONE
        assert command.hear().payload == b"forgotten"


def test_a_robot_neither_asks_as_an_operator_nor_hears_what_another_one_remembers(broker, kitchen, garden):
    mark = topics.memory("garden_2")
    with (
        Visitor(broker.brain, REQUEST, client_id="naila-brain", protocol="5") as brain,
        Visitor(
            garden, topics.response("+"), topics.memory("kitchen-1"), mark, client_id="garden_2", protocol="5"
        ) as curious,
    ):
        assert curious.puback(REQUEST) == DENIED
        assert brain.puback(topics.response("memory.forget")) == DONE
        assert brain.puback(topics.memory("kitchen-1"), "what the kitchen remembers") == DONE
        assert brain.puback(mark, "what the garden remembers") == DONE
        assert curious.hear().payload == b"what the garden remembers"


def test_the_operator_sees_what_the_broker_dropped(broker):
    with Visitor(broker.operator, "$SYS/broker/publish/messages/dropped", client_id="operator") as operator:
        assert operator.hear().payload.isdigit()


def test_the_access_list_is_tested_on_every_topic_of_the_protocol():
    written = {value for name, value in vars(topics).items() if name.isupper() and isinstance(value, str)}
    for _, function in inspect.getmembers(topics, inspect.isfunction):
        arguments = {"device_id": "{device_id}", "name": "move", "service": "brain", "command": "memory.forget"}
        written.add(function(*(arguments[name] for name in inspect.signature(function).parameters)))
    assert written <= {*FROM_ROBOTS, *TO_ROBOTS, *TO_OPERATORS, topics.TASK, topics.REQUEST}


# What survives, and how much may wait


def brains_connection(options: BrokerOptions) -> Connection:
    return Connection(
        options=options,
        subscriptions=topics.SUBSCRIPTIONS,
        will=Publication(topics.STATUS, b"offline", 1, retain=True),
        on_connected=lambda: None,
    )


async def visit(options: BrokerOptions, count: int = 0) -> list[bytes]:
    """Connect as the brain does, take and acknowledge so many messages, and go."""
    connection = brains_connection(options)
    await connection.start()
    payloads: list[bytes] = []
    while len(payloads) < count:
        for received in await connection.receive():
            payloads.append(received.packet.payload)
            connection.acknowledge(received)
    await connection.wait_connected(TIMEOUT_S)
    await connection.close()
    return payloads


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[SecuredBroker]:
    """One that a test may kill."""
    with secured_broker(tmp_path) as running:
        yield running


async def test_what_waits_for_an_absent_brain_survives_a_broker_that_is_killed(own_broker):
    robot = own_broker.add_robot("kitchen-1")
    await visit(own_broker.brain)
    with Visitor(robot, client_id="kitchen-1", protocol="5") as speaker:
        assert speaker.puback("naila/devices/kitchen-1/text", "hello") == DONE
        assert speaker.puback("naila/devices/kitchen-1/capabilities", '{"actions": []}', retain=True) == DONE
        # The broker writes after each turn of its loop: once it answers this, what came before is on disk.
        assert speaker.puback("naila/devices/kitchen-1/text", "are you there?") == DONE
        own_broker.running.kill()
    own_broker.running.start()
    waited = await visit(own_broker.brain, 2)
    assert waited[:2] == [b"hello", b'{"actions": []}']
    with Visitor(own_broker.brain, "naila/devices/+/capabilities", client_id="another") as newcomer:
        assert newcomer.hear().retain


async def test_far_more_than_mosquittos_default_waits_for_an_absent_brain(own_broker):
    robot = own_broker.add_robot("kitchen-1")
    await visit(own_broker.brain)
    with Visitor(robot, client_id="kitchen-1") as speaker:
        for number in range(1200):
            speaker._client.publish("naila/devices/kitchen-1/text", str(number), qos=1)
        for _ in range(1200):
            speaker.pubacks.get(timeout=TIMEOUT_S)
    assert await visit(own_broker.brain, 1200) == [str(number).encode() for number in range(1200)]


def test_a_robot_that_sends_too_much_at_once_is_told_so_and_the_brain_gets_all_that_the_broker_takes(broker, kitchen):
    largest = re.search(r"^max_packet_size (\d+)$", (SCRIPTS / "naila.conf").read_text(), re.MULTILINE)
    assert largest
    assert int(largest[1]) + 1024 < MAX_PACKET_SIZE
    with Visitor(kitchen, client_id="kitchen-1") as robot:
        lost: queue.Queue[Any] = queue.Queue()
        robot._client.on_disconnect = lambda client, userdata, flags, reason, properties: lost.put(reason)
        robot._client.publish("naila/devices/kitchen-1/text", b"x" * int(largest[1]), qos=1)
        lost.get(timeout=TIMEOUT_S)


# The scripts


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    """A broker's files, set up and not running."""
    assert script("setup", tmp_path, "robots.example").returncode == 0
    return tmp_path


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["add-robot"], "add-robot: give one device id: --help shows how"),
        (["add-robot", "a", "b"], "add-robot: give one device id: --help shows how"),
        (["add-robot", "a/b"], "add-robot: 'a/b' is no device id: 1 to 64 of A-Z a-z 0-9 _ -, not beginning with -"),
        (["add-robot", "#"], "add-robot: '#' is no device id: 1 to 64 of A-Z a-z 0-9 _ -, not beginning with -"),
        (["add-robot", "é"], "add-robot: 'é' is no device id: 1 to 64 of A-Z a-z 0-9 _ -, not beginning with -"),
        (["add-robot", "a\nb"], "add-robot: 'a\nb' is no device id: 1 to 64 of A-Z a-z 0-9 _ -, not beginning with -"),
        (["add-robot", "-x"], "add-robot: '-x' is no device id: 1 to 64 of A-Z a-z 0-9 _ -, not beginning with -"),
        (["add-robot", "a" * 65], "add-robot: the device id has 65 characters: 64 at most"),
        (["add-robot", "naila"], "add-robot: {broker}/acl has a user naila: choose another device id"),
        (["add-robot", "operator"], "add-robot: {broker}/acl has a user operator: choose another device id"),
        (["remove-robot", "kitchen-1"], "remove-robot: kitchen-1 has no credentials in {broker}"),
        (["remove-robot", "operator"], "remove-robot: {broker}/acl has a user operator: choose another device id"),
        (["setup", "two words"], "setup: 'two words' is no host name and no address"),
        (["setup", "--nonsense"], "setup: unknown option --nonsense: --help shows what there is"),
    ],
)
def test_each_mistake_gets_one_message(etc, command, message):
    done = script(command[0], etc, *command[1:])
    assert done.returncode == 1
    assert done.stderr == message.format(broker=etc / "mosquitto" / "naila") + "\n"
    assert not done.stdout


def test_a_robot_that_has_credentials_keeps_them(etc):
    assert script("add-robot", etc, "kitchen-1").returncode == 0
    passwords = (etc / "mosquitto/naila/passwords").read_text()
    for more in ([], ["--certificate"]):
        done = script("add-robot", etc, *more, "kitchen-1")
        assert done.returncode == 1
        assert re.fullmatch(r"add-robot: kitchen-1 has credentials: .*remove-robot kitchen-1 first\n", done.stderr)
    assert (etc / "mosquitto/naila/passwords").read_text() == passwords


def test_no_robot_is_made_before_the_setup(tmp_path):
    done = script("add-robot", tmp_path, "kitchen-1")
    assert done.returncode == 1
    assert re.fullmatch(r"add-robot: .*/mosquitto/naila is not set up: run .*/setup first\n", done.stderr)


def test_the_longest_device_id_gets_credentials_of_both_kinds(etc):
    assert script("add-robot", etc, "R" * 64).returncode == 0
    assert script("add-robot", etc, "--certificate", "r" * 64).returncode == 0


def test_setting_up_again_changes_nothing_but_the_brokers_certificate(etc):
    files = etc / "mosquitto" / "naila"
    assert script("add-robot", etc, "kitchen-1").returncode == 0
    (files / "acl").write_text("# mine\n")
    before = {path: path.read_bytes() for path in etc.rglob("*") if path.is_file()}
    again = script("setup", etc, "new-name.example")
    assert again.returncode == 0, again.stderr
    assert f"{files}/acl was edited and stays" in again.stdout
    assert (files / "acl.new").read_text().startswith("# Who may publish")
    changed = {path.relative_to(files) for path, content in before.items() if path.read_bytes() != content}
    register = {path for path in changed if path.parts[0] == "authority"}
    assert changed - register == {Path("server.pem"), Path("server.key"), Path("crl.pem")}
    assert not register & {Path("authority/ca.key")}


def test_secrets_are_readable_by_those_who_need_them_alone(etc):
    assert script("add-robot", etc, "--certificate", "kitchen-1").returncode == 0
    for path in etc.rglob("*"):
        if path.is_file() and path.name not in {"naila.conf", "ca.pem", "server.pem", "crl.pem", "kitchen-1.pem"}:
            assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path


def test_a_password_is_shown_once_and_stored_as_a_hash(etc):
    (password,) = re.findall(r"^password +(\S+)", script("add-robot", etc, "kitchen-1").stdout, re.MULTILINE)
    assert len(password) == 32
    assert not [path for path in etc.rglob("*") if path.is_file() and password in path.read_text(errors="replace")]


def test_what_the_script_prints_is_all_that_firmware_needs(etc):
    printed = script("add-robot", etc, "kitchen-1").stdout
    fields = dict(re.findall(r"^(host|port|client id|user name) +(.+)$", printed, re.MULTILINE))
    assert fields == {
        "host": "one of robots.example",
        "port": "8883",
        "client id": "kitchen-1",
        "user name": "kitchen-1",
    }
    assert (etc / "mosquitto/naila/ca.pem").read_text() in printed


def test_a_removed_robot_is_out_at_the_next_reload(broker):
    robot = broker.add_robot("lost-1")
    with Visitor(robot, client_id="lost-1") as connected:
        gone: queue.Queue[Any] = queue.Queue()
        connected._client.on_disconnect = lambda client, userdata, flags, reason, properties: gone.put(reason)
        assert "systemctl reload mosquitto" in broker.run("remove-robot", "lost-1")
        broker.reload()
        gone.get(timeout=TIMEOUT_S)
    assert refusal(robot) == DENIED


def test_a_robot_with_a_certificate_is_who_the_certificate_says(broker, garden):
    broker.run("add-robot", "--certificate", "attic-3")
    robot = broker.by_certificate(broker.files / "robots" / "attic-3.pem", client_id="garden_2")
    pretender = dataclasses.replace(robot, username="naila", password="x")
    with (
        Visitor(garden, topics.reply("garden_2"), client_id="garden_2", protocol="5") as other,
        Visitor(broker.brain, client_id="naila-brain", protocol="5") as brain,
        Visitor(pretender, client_id="garden_2", protocol="5") as attic,
    ):
        assert attic.puback(of("attic-3", topics.TEXT)) in {DONE, HEARD_BY_NOBODY}
        assert attic.puback(of("garden_2", topics.TEXT)) == DENIED
        assert attic.puback(topics.STATUS) == DENIED
        assert brain.puback(topics.reply("garden_2")) == DONE
        assert other.hear().topic == topics.reply("garden_2")


def test_the_listener_for_certificates_wants_one_that_was_not_revoked(broker, kitchen):
    without = dataclasses.replace(kitchen, port=broker.ports[8884])
    assert refusal(without) == "disconnected"
    broker.run("add-robot", "--certificate", "cellar-4")
    robot = broker.by_certificate(broker.files / "robots" / "cellar-4.pem")
    kept = broker.etc / "stolen.pem"
    for suffix in (".pem", ".key"):
        kept.with_suffix(suffix).write_bytes(robot.tls.cert_file.with_suffix(suffix).read_bytes())
    stolen = broker.by_certificate(kept)
    assert refusal(stolen) == DONE
    assert "systemctl restart mosquitto" in broker.run("remove-robot", "cellar-4")
    broker.reload()
    assert refusal(stolen) == "disconnected"
    broker.run("add-robot", "--certificate", "cellar-4")
    assert refusal(broker.by_certificate(broker.files / "robots" / "cellar-4.pem")) == DONE
