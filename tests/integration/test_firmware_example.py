from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ai_server.protocol.device import Capabilities
from ai_server.protocol.errors import ErrorCode
from ai_server.protocol.reply import ActionMessage
from tests.brokers import PASSWORD, USERNAME, RunningBroker, mosquitto
from tests.scripted_brain import ScriptedBrain

PAGE = Path(__file__).parents[2] / "docs" / "firmware.md"
DEVICE = "kitchen-1"

BOARD = f'''
"""What a board has and this machine has not: mqtt_as over paho, and a keyboard for MicroPython's asyncio."""
import asyncio, sys, threading
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

config = {{}}

class Queue(asyncio.Queue):
    def __aiter__(self):
        return self
    async def __anext__(self):
        return await self.get()

class MQTTClient:
    def __init__(self, config):
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=config["client_id"])
        self._client.username_pw_set({USERNAME!r}, {PASSWORD!r})
        topic, payload, retain, qos = config["will"]
        self._client.will_set(topic, payload, qos, retain)
        self.up, self.queue = asyncio.Event(), Queue()

    async def connect(self):
        call = asyncio.get_running_loop().call_soon_threadsafe
        self._client.on_connect = lambda *_: call(self.up.set)
        self._client.on_message = lambda _c, _u, m: call(
            self.queue.put_nowait, (m.topic.encode(), m.payload, bool(m.retain))
        )
        self._client.connect("127.0.0.1", int(sys.argv[1]))
        self._client.loop_start()

    async def subscribe(self, topic, qos):
        self._client.subscribe(topic, qos)

    async def publish(self, topic, payload, retain, qos):
        assert isinstance(payload, bytes)
        self._client.publish(topic, payload, qos, retain)

class Keyboard:
    def __init__(self, stream):
        self._lines = stream.buffer
    async def readline(self):
        return await asyncio.to_thread(self._lines.readline) or await asyncio.Event().wait()

asyncio.StreamReader = Keyboard
sys.modules["mqtt_as"] = sys.modules[__name__]
'''


@contextmanager
def example_on(broker: RunningBroker, directory: Path) -> Iterator[subprocess.Popen[str]]:
    """Run the page's MicroPython program as it stands there."""
    (program,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (directory / "board.py").write_text(BOARD)
    (directory / "example.py").write_text(f"import board\n{program}")
    running = subprocess.Popen(
        [sys.executable, "-u", "example.py", str(broker.port)],
        cwd=directory,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield running
    finally:
        running.kill()
        running.communicate()


def test_the_micropython_example_talks_resends_and_does_each_action_once_and_in_time(tmp_path):
    def answer(brain: ScriptedBrain, said: dict[str, Any]) -> None:
        if len(brain.payloads("text")) == 1:
            brain.refuse(ErrorCode.BUSY, "8 utterances wait already", said["request_id"], retry=0.1)
            return
        move = ActionMessage(
            command_id="c-1",
            request_id=said["request_id"],
            action="move",
            arguments={"direction": "forward", "distance_cm": 1},
        )
        brain.accept(said["request_id"])
        brain.say(said["request_id"], "happy", "Oh,", " très bien!")
        brain.reply(said["request_id"], "Oh, très bien!", actions=[move])
        brain.act(move)
        brain.act(move)
        brain.act(move.model_copy(update={"command_id": "c-2", "expires_at": datetime(2026, 1, 1, tzinfo=UTC)}))
        for _ in range(2):
            brain.reply("failed-c-2", "I did not move: too late.", intent="action_failed", source="skill")
        in_time = datetime.now(UTC) + timedelta(hours=1)
        further = {**move.arguments, "distance_cm": 2}
        brain.act(move.model_copy(update={"command_id": "c-3", "arguments": further, "expires_at": in_time}))

    with mosquitto(tmp_path) as broker, ScriptedBrain(broker, answer, device_id=DEVICE) as brain:
        with example_on(broker, tmp_path) as example:
            assert example.stdin
            assert example.stdout
            (body,) = brain.wait_for("capabilities")
            assert {each.name for each in Capabilities.model_validate(body).actions} == {"move", "stop"}
            assert brain.wait_for("status/heartbeat")[0] == {"status": "online"}
            example.stdin.write("ça va?\n")
            example.stdin.flush()
            first, second = brain.wait_for("text", 2)
            assert first == second
            assert first["text"] == "ça va?"
            shown = "".join(iter(example.stdout.readline, "driving 2 cm forward\n"))
            assert brain.wait_for("status/action", 3) == [
                {"command_id": "c-1", "status": "done"},
                {"command_id": "c-2", "status": "refused", "detail": "too late"},
                {"command_id": "c-3", "status": "done"},
            ]
        assert brain.wait_for("status/heartbeat", 2)[1] == {"status": "offline"}
    assert "[happy] Oh, très bien!\n" in shown
    assert shown.count("driving 1 cm forward\n") == 1
    assert shown.count("I did not move: too late.\n") == 1
