"""A broker of our own on loopback, for trying the brain and for tests: Mosquitto where there is one, else amqtt."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import socket
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Literal, Self

from paho.mqtt.client import Client, ConnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ai_server.mqtt.options import BrokerOptions

Kind = Literal["mosquitto", "amqtt"]

START_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 5.0
ATTEMPTS = 3
_PROBE_S = 1.0
_PROGRAM_DIRECTORIES = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin", "/opt/homebrew/bin")


class EmbeddedBrokerError(Exception):
    """The embedded broker did not start; the message holds what it said."""


def find_program(name: str) -> str | None:
    """Return the path of a program, looked for where daemons are installed too."""
    return shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), *_PROGRAM_DIRECTORIES)))


class EmbeddedBroker:
    """A broker that runs while its context is open, and no longer than this process.

    It listens on loopback only, under credentials made for this run, and keeps what it holds in memory.

    Attributes:
        kind: `mosquitto` or `amqtt`; amqtt speaks MQTT 3.1.1 only.
        host, port, username, password: how to reach it; the port is known once it is open.
        protocol: what its clients are to speak, for `BrokerOptions`.
    """

    host = "127.0.0.1"

    def __init__(self, kind: Kind | None = None) -> None:
        """Choose the broker: None for Mosquitto where it is installed, else amqtt."""
        self._mosquitto = find_program("mosquitto")
        self._mosquitto_passwd = find_program("mosquitto_passwd")
        installed = self._mosquitto is not None and self._mosquitto_passwd is not None
        self.kind: Kind = kind or ("mosquitto" if installed else "amqtt")
        if self.kind == "mosquitto" and not installed:
            raise EmbeddedBrokerError("Mosquitto is not installed: apt install mosquitto, or brew install mosquitto")
        self.protocol: Literal["auto", "3.1.1"] = "auto" if self.kind == "mosquitto" else "3.1.1"
        self.username = "naila"
        self.password = secrets.token_urlsafe(24)
        self.port = 0
        self._process: asyncio.subprocess.Process | None = None

    def options(self, client_id: str = "naila-brain") -> BrokerOptions:
        """Return how a client connects to it."""
        return BrokerOptions(
            host=self.host,
            port=self.port,
            username=self.username,
            password=self.password,
            client_id=client_id,
            protocol=self.protocol,
        )

    def describe(self) -> str:
        """Return the line that says what kind of broker this is."""
        limits = "" if self.kind == "mosquitto" else " (MQTT 3.1.1, forgets what is undelivered)"
        return (
            f"Demo broker: {self.kind} on {self.host}:{self.port}{limits}, for this computer alone and for as long as "
            "this runs. For robots install Mosquitto: docs/operations.md"
        )

    async def __aenter__(self) -> Self:
        """Start the broker and wait until it speaks MQTT.

        Raises:
            EmbeddedBrokerError: if it does not, with what it printed.
        """
        printed = ""
        for _ in range(ATTEMPTS):
            # Another program may take the port between our look and the broker's: then the next attempt has another.
            self.port = _free_port()
            with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
                if await self._start(output):
                    return self
                output.seek(0)
                printed = output.read()[-2000:].strip()
        raise EmbeddedBrokerError(f"{self.kind} did not start: {printed or 'it printed nothing'}")

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop the broker."""
        await self._stop()

    async def _start(self, output: IO[str]) -> bool:
        process = self._process = await self._spawn(output)
        speaks = False
        try:
            speaks = await self._speaks(process)
        finally:
            if not speaks:
                await self._stop()
        return speaks

    async def _spawn(self, output: IO[str]) -> asyncio.subprocess.Process:
        # A session of its own, so that Ctrl-C in the terminal leaves it running until the brain has said goodbye.
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            str(Path(__file__).with_name("broker_process.py")),
            stdin=asyncio.subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        order = {
            "kind": self.kind,
            "port": str(self.port),
            "username": self.username,
            "password": self.password,
            "mosquitto": self._mosquitto,
            "mosquitto_passwd": self._mosquitto_passwd,
        }
        assert process.stdin is not None  # noqa: S101  it is a pipe
        process.stdin.write(json.dumps(order).encode() + b"\n")
        return process

    async def _speaks(self, process: asyncio.subprocess.Process) -> bool:
        give_up = time.monotonic() + START_TIMEOUT_S
        while process.returncode is None and time.monotonic() < give_up:
            if await asyncio.to_thread(speaks_mqtt, self.options("naila-probe")):
                return True
            await asyncio.sleep(0.05)
        return False

    async def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
        except TimeoutError:
            process.kill()
            await process.wait()


def speaks_mqtt(options: BrokerOptions) -> bool:
    """Say whether the broker accepts a connection within a second (MQTT 3.1.1); blocks."""
    accepted: list[bool] = []

    def answer(
        client: Client, _userdata: object, _flags: ConnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        accepted.append(not reason.is_failure)
        client.disconnect()

    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=options.client_id,
        protocol=MQTTProtocolVersion.MQTTv311,
        reconnect_on_failure=False,
    )
    client.username_pw_set(options.username, options.password)
    if options.tls is not None:
        client.tls_set_context(options.tls.context())
    client.connect_timeout = _PROBE_S
    client.on_connect = answer
    give_up = time.monotonic() + _PROBE_S
    try:
        client.connect(options.host, options.port)
    except OSError:
        return False
    while time.monotonic() < give_up and client.loop(0.1) == MQTTErrorCode.MQTT_ERR_SUCCESS:
        pass
    return accepted == [True]


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
