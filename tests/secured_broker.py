"""Mosquitto as docs/operations.md sets it up, with the shipped configuration and scripts, in a directory of its own."""

from __future__ import annotations

import contextlib
import getpass
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ai_server.mqtt.broker import find_program
from ai_server.mqtt.options import BrokerOptions, TlsFiles
from tests.brokers import TIMEOUT_S, RunningBroker, free_port

SCRIPTS = Path(__file__).parents[1] / "config" / "mosquitto"

# What Debian installs: our file is one of its conf.d.
MOSQUITTO_CONF = """
persistence true
persistence_location {state}/
log_dest stderr
user {user}
include_dir {etc}/mosquitto/conf.d
"""


def script(name: str, etc: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one of the scripts as the owner of a broker whose `/etc` is `etc`."""
    programs = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
    environment = {**os.environ, "PATH": programs, "SYSCONFDIR": str(etc), "MOSQUITTO_USER": getpass.getuser()}
    return subprocess.run(
        [SCRIPTS / name, *arguments], env=environment, capture_output=True, text=True, check=False, cwd=etc
    )


@dataclass(frozen=True)
class SecuredBroker:
    """A running one; its ports stand for 1883 (loopback), 8883 (TLS) and 8884 (client certificates)."""

    running: RunningBroker
    etc: Path
    ports: dict[int, int]
    operator_password: str

    @property
    def files(self) -> Path:
        return self.etc / "mosquitto" / "naila"

    @property
    def ca_file(self) -> Path:
        return self.files / "ca.pem"

    @property
    def brain(self) -> BrokerOptions:
        """The brain, on the broker's host."""
        return self.running.options

    @property
    def operator(self) -> BrokerOptions:
        return self.by_password("operator", self.operator_password)

    def run(self, name: str, *arguments: str) -> str:
        """Run a script that succeeds; return what it says."""
        done = script(name, self.etc, *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def add_robot(self, device_id: str) -> BrokerOptions:
        """Make a robot's password and have the broker know of it."""
        (password,) = re.findall(r"^password +(\S+)", self.run("add-robot", device_id), re.MULTILINE)
        self.reload()
        return self.by_password(device_id, password)

    def by_password(self, username: str, password: str | None, *, port: int = 8883) -> BrokerOptions:
        return self._options(port, TlsFiles(self.ca_file), username=username, password=password, client_id=username)

    def by_certificate(self, certificate: Path, client_id: str = "any") -> BrokerOptions:
        """Return how to connect with a certificate, whose key lies beside it."""
        return self._options(
            8884, TlsFiles(self.ca_file, certificate, certificate.with_suffix(".key")), client_id=client_id
        )

    def reload(self) -> None:
        """Have the broker read its passwords, its access list and the revoked certificates again."""
        before = self.running.output.read_text().count("Reloading config")
        os.kill(self.running.pid, signal.SIGHUP)
        give_up = time.monotonic() + TIMEOUT_S
        while self.running.output.read_text().count("Reloading config") == before:
            assert time.monotonic() < give_up, "the broker did not reload"
            time.sleep(0.01)

    def _options(self, port: int, tls: TlsFiles, **more: Any) -> BrokerOptions:
        return BrokerOptions(host="localhost", port=self.ports[port], tls=tls, **more)


@contextlib.contextmanager
def secured_broker(directory: Path) -> Iterator[SecuredBroker]:
    """Set a broker up and run it, with the variant for client certificates switched on."""
    etc, state = directory / "etc", directory / "state"
    etc.mkdir()
    state.mkdir()
    said = script("setup", etc, "--brain-certificate", "robots.example")
    assert said.returncode == 0, said.stderr
    (operator_password,) = re.findall(r"operator.*: (\w+)$", said.stdout, re.MULTILINE)
    ports = {port: free_port() for port in (1883, 8883, 8884)}
    shipped = etc / "mosquitto" / "conf.d" / "naila.conf"
    shipped.write_text(adapted(shipped.read_text(), ports))
    main = etc / "mosquitto" / "mosquitto.conf"
    main.write_text(MOSQUITTO_CONF.format(state=state, etc=etc, user=getpass.getuser()))
    brain = BrokerOptions(
        host="127.0.0.1",
        port=ports[1883],
        username="naila",
        password=(etc / "credstore" / "naila.mqtt_password").read_text().strip(),
    )
    program = find_program("mosquitto")
    assert program, "the tests need Mosquitto: apt install mosquitto"
    running = RunningBroker([program, "-c", main], brain, directory / "mosquitto.log")
    running.start()
    try:
        yield SecuredBroker(running, etc, ports, operator_password)
    finally:
        running.kill()


def adapted(configuration: str, ports: dict[int, int]) -> str:
    """Switch on the variant for certificates, as an owner would, and put the listeners on free ports of loopback."""
    configuration = re.sub(r"^#(?=[a-z_]+ \S+$)", "", configuration, flags=re.MULTILINE)
    for port, free in ports.items():
        configuration, found = re.subn(
            rf"^listener {port}\b.*$", f"listener {free} 127.0.0.1", configuration, flags=re.MULTILINE
        )
        assert found == 1, f"naila.conf has {found} listeners on {port}"
    return configuration
