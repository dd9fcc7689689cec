"""The process of the embedded broker: Mosquitto as its child or amqtt within, ended when whoever started it ends.

It is run as a file and imports nothing of ours. Its first line of input is the JSON of what to run (`kind`, `port`,
`username`, `password`, and for Mosquitto `mosquitto` and `mosquitto_passwd`, the programs); the end of its input,
which the death of the starter brings about too, is the order to stop. The data goes when it stops.
"""

from __future__ import annotations

import asyncio
import getpass
import json
import logging
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

STOP_TIMEOUT_S = 3.0

_MOSQUITTO_CONF = """\
listener {port} 127.0.0.1
user {user}
allow_anonymous false
password_file {directory}/passwords
persistence false
max_queued_messages 10000
set_tcp_nodelay true
log_dest stderr
log_type error
log_type warning
"""


def main() -> int:
    """Run the broker until the end of the input; return the exit code."""
    order = json.loads(sys.stdin.readline())
    with tempfile.TemporaryDirectory(prefix="naila-broker-") as directory:
        if order["kind"] == "mosquitto":
            return _run_mosquitto(order, Path(directory))
        return asyncio.run(_run_amqtt(order, Path(directory)))


def _run_mosquitto(order: dict[str, str], directory: Path) -> int:
    passwords = directory / "passwords"
    passwords.write_text(f"{order['username']}:{order['password']}\n", encoding="utf-8")
    passwords.chmod(0o600)
    subprocess.run([order["mosquitto_passwd"], "-U", str(passwords)], check=True, timeout=10)
    configuration = directory / "mosquitto.conf"
    # As root, Mosquitto would change to a user that cannot read the directory.
    values = {"port": order["port"], "user": getpass.getuser(), "directory": directory}
    configuration.write_text(_MOSQUITTO_CONF.format(**values), encoding="utf-8")
    with subprocess.Popen([order["mosquitto"], "-c", str(configuration)], stdin=subprocess.DEVNULL) as broker:
        threading.Thread(target=_terminate_at_end_of_input, args=(broker,), daemon=True).start()
        return broker.wait()


def _terminate_at_end_of_input(broker: subprocess.Popen[bytes]) -> None:
    sys.stdin.read()
    broker.terminate()
    try:
        broker.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        broker.kill()


async def _run_amqtt(order: dict[str, str], directory: Path) -> int:
    from amqtt.broker import Broker  # noqa: PLC0415  only this kind takes the time
    from pwdlib.hashers.argon2 import Argon2Hasher  # noqa: PLC0415

    logging.basicConfig(level=logging.ERROR)
    passwords = directory / "passwords"
    passwords.write_text(f"{order['username']}:{Argon2Hasher().hash(order['password'])}\n", encoding="utf-8")
    passwords.chmod(0o600)
    broker = Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{order['port']}"}},
            "plugins": {"amqtt.plugins.authentication.FileAuthPlugin": {"password_file": str(passwords)}},
        }
    )
    await broker.start()
    await asyncio.to_thread(sys.stdin.read)
    await broker.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
