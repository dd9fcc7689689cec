"""Real brokers for tests, each a process on a free port of loopback with its files in a directory of its own."""

from __future__ import annotations

import contextlib
import dataclasses
import getpass
import json
import queue
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from ai_server.mqtt.broker import find_program, speaks_mqtt
from ai_server.mqtt.options import BrokerOptions, TlsFiles

USERNAME = "naila"
PASSWORD = "let me in"
TIMEOUT_S = 60.0

_AMQTT = """
import asyncio, json, logging, sys
from amqtt.broker import Broker
logging.basicConfig(level=logging.ERROR)
async def main():
    await Broker(json.loads(sys.argv[1])).start()
    await asyncio.Event().wait()
asyncio.run(main())
"""


class RunningBroker:
    """A broker that can be killed, started again on the same port, frozen and thawed.

    `options` is how a client of the default credentials connects; `with_options(client_id=...)` changes some of it.
    """

    def __init__(self, command: Sequence[str | Path], options: BrokerOptions, output: Path) -> None:
        self.options = options
        self.output = output
        self._command = [str(part) for part in command]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        return self.options.port

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def with_options(self, **changes: Any) -> BrokerOptions:
        return dataclasses.replace(self.options, **changes)

    def start(self) -> None:
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        give_up = time.monotonic() + TIMEOUT_S
        while not speaks_mqtt(dataclasses.replace(self.options, client_id="probe")):
            if self._process.poll() is not None or time.monotonic() > give_up:
                self.kill()
                raise AssertionError(f"{self._command[0]} did not start: {self.output.read_text()}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End it as an init system would: a broker with persistence writes its sessions down."""
        self.thaw()
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Have it answer nothing, with its connections open, until it thaws."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclass(frozen=True)
class Certificates:
    """A throw-away authority with one certificate for the broker (localhost, 127.0.0.1) and one for a client."""

    ca: Path
    broker: Path
    broker_key: Path
    client: Path
    client_key: Path


def make_certificates(directory: Path) -> Certificates:
    ca, ca_key = directory / "ca.pem", directory / "ca.key"
    _openssl("req", "-x509", *_NEW_KEY, "-keyout", ca_key, "-out", ca, "-days", "2", "-subj", "/CN=throw-away")
    certificates = {}
    for name, subject in (("broker", "/CN=localhost"), ("client", f"/CN={USERNAME}")):
        key, request, certificate = (directory / f"{name}.{ending}" for ending in ("key", "csr", "pem"))
        names = directory / f"{name}.ext"
        names.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        _openssl("req", *_NEW_KEY, "-keyout", key, "-out", request, "-subj", subject)
        _openssl(
            *("x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key, "-CAcreateserial"),
            *("-out", certificate, "-days", "2", "-extfile", names),
        )
        certificates[name] = (certificate, key)
    return Certificates(ca, *certificates["broker"], *certificates["client"])


_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def _openssl(*arguments: str | Path) -> None:
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@contextlib.contextmanager
def mosquitto(
    directory: Path,
    *,
    configuration: str = "",
    certificates: Certificates | None = None,
    client_certificate: bool = False,
) -> Iterator[RunningBroker]:
    """Run Mosquitto with a password and with persistence that survives `stop`; `configuration` is appended."""
    program, passwd = find_program("mosquitto"), find_program("mosquitto_passwd")
    assert program, "the tests need Mosquitto: apt install mosquitto"
    assert passwd
    passwords = directory / "passwords"
    passwords.write_text(f"{USERNAME}:{PASSWORD}\n")
    passwords.chmod(0o600)
    subprocess.run([passwd, "-U", str(passwords)], check=True, capture_output=True)
    port = free_port()
    lines = [
        f"listener {port} 127.0.0.1",
        f"user {getpass.getuser()}",
        "allow_anonymous false",
        f"password_file {passwords}",
        "persistence true",
        "set_tcp_nodelay true",
        f"persistence_location {directory}/",
        "log_dest stderr",
    ]
    if certificates:
        lines += [
            f"cafile {certificates.ca}",
            f"certfile {certificates.broker}",
            f"keyfile {certificates.broker_key}",
            f"require_certificate {str(client_certificate).lower()}",
        ]
    path = directory / "mosquitto.conf"
    path.write_text("\n".join([*lines, configuration, ""]))
    tls = None
    if certificates:
        tls = TlsFiles(certificates.ca, certificates.client, certificates.client_key)
    options = BrokerOptions(host="127.0.0.1", port=port, username=USERNAME, password=PASSWORD, tls=tls)
    with _running(RunningBroker([program, "-c", path], options, directory / "mosquitto.log")) as broker:
        yield broker


@contextlib.contextmanager
def amqtt(directory: Path, *, plugins: dict[str, dict[str, Any]] | None = None) -> Iterator[RunningBroker]:
    """Run amqtt, which speaks MQTT 3.1.1 only, with a password; `plugins` are added."""
    from pwdlib.hashers.argon2 import Argon2Hasher

    passwords = directory / "passwords"
    # As cheap as it goes: at its usual cost twenty robots that come back at once hold the broker up for seconds.
    hasher = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)
    passwords.write_text(f"{USERNAME}:{hasher.hash(PASSWORD)}\n")
    port = free_port()
    configuration = {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
        "plugins": {
            "amqtt.plugins.authentication.FileAuthPlugin": {"password_file": str(passwords)},
            **(plugins or {}),
        },
    }
    options = BrokerOptions(host="127.0.0.1", port=port, username=USERNAME, password=PASSWORD)
    command = [sys.executable, "-c", _AMQTT, json.dumps(configuration)]
    with _running(RunningBroker(command, options, directory / "amqtt.log")) as broker:
        yield broker


@contextlib.contextmanager
def _running(broker: RunningBroker) -> Iterator[RunningBroker]:
    broker.start()
    try:
        yield broker
    finally:
        broker.kill()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Robot:
    """A bare paho client with a clean session, as firmware has one; one that `stays` has a persistent session.

    Attributes:
        messages: what came in, in order.
    """

    def __init__(
        self,
        options: BrokerOptions,
        *subscriptions: str,
        client_id: str = "robot",
        protocol: str = "3.1.1",
        stays: bool = False,
    ) -> None:
        self.messages: queue.Queue[MQTTMessage] = queue.Queue()
        self._options = options
        self._subscriptions = subscriptions
        self._v5 = protocol == "5"
        self._ready: queue.Queue[str] = queue.Queue()
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=MQTTProtocolVersion.MQTTv5 if self._v5 else MQTTProtocolVersion.MQTTv311,
            clean_session=None if self._v5 else not stays,
        )

    def __enter__(self) -> Self:
        options = self._options
        self._client.username_pw_set(options.username, options.password)
        if options.tls:
            self._client.tls_set_context(options.tls.context())
        self._client.on_connect = lambda client, userdata, flags, reason, properties: self._ready.put(str(reason))
        self._client.on_subscribe = lambda client, userdata, mid, reasons, properties: self._ready.put("subscribed")
        self._client.on_message = lambda client, userdata, message: self.messages.put(message)
        self._client.connect(options.host, options.port)
        self._client.loop_start()
        assert self._ready.get(timeout=TIMEOUT_S) == "Success"
        if self._subscriptions:
            options_1 = SubscribeOptions(qos=1) if self._v5 else 1
            self._client.subscribe([(topic, options_1) for topic in self._subscriptions])
            self._ready.get(timeout=TIMEOUT_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def publish(
        self, topic: str, payload: bytes | str, *, qos: int = 1, retain: bool = False, **properties: Any
    ) -> None:
        """Publish and wait until the broker has it; `properties` are those of MQTT 5, as paho names them."""
        packed = None
        if properties:
            packed = Properties(PacketTypes.PUBLISH)
            for name, value in properties.items():
                setattr(packed, name, value)
        self._client.publish(topic, payload, qos=qos, retain=retain, properties=packed).wait_for_publish(TIMEOUT_S)

    def publish_soon(self, topic: str, payload: bytes | str) -> None:
        """Publish with QoS 1 and do not wait."""
        self._client.publish(topic, payload, qos=1)

    def hear(self, timeout: float = TIMEOUT_S) -> MQTTMessage:
        """Return the next message.

        Raises:
            queue.Empty: if none comes within `timeout` seconds.
        """
        return self.messages.get(timeout=timeout)
