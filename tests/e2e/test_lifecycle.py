from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Self

from ai_server.mqtt.options import BrokerOptions
from tests.brokers import Robot, free_port, mosquitto
from tests.daemons import RunningDaemon, naila, until
from tests.model_variants import endless
from tests.robots import HeadlessRobot


def test_sigterm_lets_the_running_reply_finish_and_says_goodbye(broker: BrokerOptions, tmp_path):
    with (
        Robot(broker, "naila/ai/status", client_id="status-1") as watcher,
        naila(
            tmp_path, broker, LLM_MODEL_PATH=str(endless(tmp_path)), LLM_MAX_TOKENS="400", NAILA_DRAIN_TIMEOUT_S="60"
        ) as daemon,
        HeadlessRobot(broker, "r1") as robot,
    ):
        request_id = robot.send("tell me a story")
        robot.wait_for_event(request_id, "delta")
        assert daemon.stop(signal.SIGTERM) == 0
        turn = robot.wait(request_id)
        assert turn.reply is not None
        assert turn.reply["finish_reason"] == "length"
        states = []
        while not states or states[-1] != "offline":
            states.append(json.loads(watcher.hear().payload)["state"])
        assert states[-2:] == ["draining", "offline"]


def test_a_reply_that_outlasts_the_drain_is_answered_after_the_restart(broker: BrokerOptions, tmp_path):
    settings = {"MQTT_CLIENT_ID": "naila-drain", "LLM_MODEL_PATH": str(endless(tmp_path))}
    with HeadlessRobot(broker, "r2") as robot:
        with naila(tmp_path, broker, NAILA_DRAIN_TIMEOUT_S="0", LLM_MAX_TOKENS="3500", **settings) as daemon:
            request_id = robot.send("tell me a story", ttl_ms=600_000)
            robot.wait_for_event(request_id, "delta")
            waiting = robot.send("what time is it", ttl_ms=600_000)
            robot.wait_for_event(waiting, "accepted")
            assert daemon.stop() == 0
            robot.listen(0.3)
            assert robot.turn(request_id).reply is None
            assert not robot.turn(request_id).errors
        with naila(tmp_path, broker, LLM_MAX_TOKENS="50", **settings):
            assert robot.wait(request_id).reply
            assert robot.wait(waiting).reply


def test_a_second_signal_leaves_at_once(broker: BrokerOptions, tmp_path):
    with (
        naila(
            tmp_path,
            broker,
            LLM_MODEL_PATH=str(endless(tmp_path)),
            LLM_MAX_TOKENS="3500",
            NAILA_DRAIN_TIMEOUT_S="600",
        ) as daemon,
        HeadlessRobot(broker, "r3") as robot,
        Robot(broker, "naila/ai/status", client_id="status-2") as watcher,
    ):
        robot.wait_for_event(robot.send("tell me a story"), "delta")
        assert daemon.process is not None
        daemon.process.send_signal(signal.SIGINT)
        daemon.watch(watcher, "draining")
        assert _second(daemon) == 128 + signal.SIGINT
        daemon.process = None
        assert daemon.watch(watcher, "offline")["reason"], "the last will tells"


def test_kill_9_leaves_the_last_will_and_no_orphan(broker: BrokerOptions, tmp_path):
    with Robot(broker, "naila/ai/status", client_id="status-3") as watcher, naila(tmp_path, broker) as daemon:
        daemon.watch(watcher, "ready")
        assert daemon.stop(signal.SIGKILL) == -signal.SIGKILL
        daemon.process = None
        assert "without a goodbye" in daemon.watch(watcher, "offline")["reason"]
    ours = subprocess.run(["pgrep", "-f", str(tmp_path)], capture_output=True, check=False)
    assert not ours.stdout


def test_wrong_settings_are_all_named_and_end_with_2(tmp_path):
    environment = {**os.environ, "MQTT_PORT": "x", "LLM_TOP_P": "7", "MQTT_PASSWORD": "secret-word"}
    done = _naila("run", cwd=tmp_path, env=environment)
    assert done.returncode == 2
    assert "MQTT_PORT='x'" in done.stderr
    assert "LLM_TOP_P='7'" in done.stderr
    assert "secret-word" not in done.stderr


def test_a_second_daemon_on_the_same_data_says_so(broker: BrokerOptions, tmp_path):
    with naila(tmp_path, broker) as daemon:
        second = RunningDaemon(tmp_path, broker, MQTT_CLIENT_ID="second")
        second.log = tmp_path / "second.log"
        second.start()
        assert second.process is not None
        assert second.process.wait(20) == 1
        assert str(daemon.pid) in second.log.read_text()


def test_the_brain_starts_before_its_broker(tmp_path):
    port = free_port()
    daemon = RunningDaemon(tmp_path, BrokerOptions(host="127.0.0.1", port=port))
    daemon.start()
    try:
        while "not connected to the broker" not in daemon.log.read_text():
            assert daemon.process is not None
            assert daemon.process.poll() is None
        configuration = f"listener {port} 127.0.0.1\nallow_anonymous true"
        with mosquitto(tmp_path, configuration=f"{configuration}\nper_listener_settings false") as broker:
            daemon.broker = BrokerOptions(host="127.0.0.1", port=port)
            assert broker
            daemon.wait_for("ready")
            assert daemon.stop() == 0
    finally:
        if daemon.process:
            daemon.process.kill()


def test_systemd_hears_of_readiness_state_and_the_end(broker: BrokerOptions, tmp_path):
    address = tmp_path / "notify"
    with Systemd(address) as systemd:
        with naila(tmp_path, broker, NOTIFY_SOCKET=str(address), WATCHDOG_USEC="600000") as daemon:
            until(lambda: "WATCHDOG=1" in systemd.heard and "READY=1" in systemd.heard)
            assert daemon.stop() == 0
        until(lambda: "STATUS=offline" in systemd.heard)
        heard = systemd.heard
    assert heard.index("STATUS=loading") < heard.index("READY=1") < heard.index("STOPPING=1")
    assert "STATUS=ready" in heard


class Systemd(threading.Thread):
    """Listens on a notification socket all the time, as systemd does: its queue holds ten messages."""

    def __init__(self, address: Path) -> None:
        super().__init__(daemon=True)
        self.heard: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(address))

    def run(self) -> None:
        while message := self._socket.recv(4096):
            self.heard.append(message.decode())

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self.join(5)
        self._socket.close()


def _naila(*arguments: str, cwd: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ai_server", *arguments]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=60, check=False)


def _second(daemon: RunningDaemon) -> int:
    """Send another signal, late enough to be one of its own; return the exit code."""
    time.sleep(0.3)
    return daemon.stop(signal.SIGINT)
