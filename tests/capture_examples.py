"""Writes what a running brain says into docs/protocol.md and README.md: `python -m tests.capture_examples`."""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ai_server.protocol import topics
from tests.brokers import Robot, mosquitto
from tests.daemons import naila

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "protocol.md"
README = ROOT / "README.md"
DEVICE = "kitchen-1"
WIDTH = 116
GIVE_UP_S = 60.0
REFUSED = '{"text": "hello", "request_id": "9a41c080", "ttl_ms": "5"}'
PLACES = {
    topics.reply(DEVICE): "reply",
    topics.action(DEVICE, "move"): "action",
    topics.error(DEVICE): "error",
    topics.system_error("protocol"): "system_error",
    topics.STATUS: "status",
    topics.METRICS: "metrics",
    topics.HEALTH: "health",
}
"""The topics whose payloads the page shows, and the names of their places there."""

SAID = """\
hello, who are you?
my name is Ada
I had a terrible day at work
/battery 20
how is your battery?
what time is it in Tokyo?
set a tea timer for five minutes
drive forward 50 centimetres
turn left 90 degrees
tell me a joke
what is my name?
wave goodbye
"""
"""What README.md shows: what people say, and a command that is not said."""

_TRANSCRIPT = re.compile(r"(<!-- transcript.*?-->\n```text\n).*?(```\n)", re.DOTALL)
_CAPTURED = re.compile(r"(<!-- captured: (\w+) -->\n```\w+\n)(.*?)(```\n)", re.DOTALL)
_SENT = re.compile(r"^### `(naila/[^`]*)`\n(?:(?!^###).)*?```json\n(.*?)```\n", re.DOTALL | re.MULTILINE)


def main() -> None:
    page = PAGE.read_text()
    captured = _capture(dict(_SENT.findall(page)))
    PAGE.write_text(_CAPTURED.sub(lambda block: f"{block[1]}{captured.pop(block[2])}{block[4]}", page))
    assert not captured, f"the page has no place for {', '.join(captured)}"
    transcript = _transcript()
    README.write_text(_TRANSCRIPT.sub(lambda block: f"{block[1]}{transcript}{block[2]}", README.read_text()))


def _transcript() -> str:
    """Return what `make run` prints with these lines piped in, on a brain that was never spoken to."""
    with tempfile.TemporaryDirectory() as directory:
        command = [sys.executable, "-m", "ai_server", "demo"]
        environment = {**os.environ, "NAILA_DATA_DIR": directory}
        done = subprocess.run(
            command, input=SAID, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
        )
    assert done.stdout.count("naila> ") == SAID.count("\n") - 1, done.stdout
    return done.stdout


def _capture(examples: dict[str, str]) -> dict[str, str]:
    """Send the page's own examples to a brain, and return what it publishes, by the name of its place."""
    with (
        tempfile.TemporaryDirectory() as directory,
        mosquitto(Path(directory)) as broker,
        naila(Path(directory) / "naila", broker.options) as daemon,
        Robot(broker.options, "naila/#", client_id=DEVICE) as robot,
    ):
        for topic in (topics.CAPABILITIES, topics.HEARTBEAT, topics.SENSOR, topics.TEXT):
            robot.publish(topic.format(device_id=DEVICE, type="battery"), examples[topic])
        turn = _Ear(robot)
        turn.listen_until(lambda: turn.has_ended() and {"reply", "action"} <= turn.heard.keys())
        robot.publish(topics.TEXT.format(device_id=DEVICE), REFUSED)
        robot.publish(topics.STT.format(device_id=DEVICE), examples[topics.STT])
        life = _Ear(robot)
        life.listen_until(lambda: life.has_ended() and {"error", "system_error", "health"} <= life.heard.keys())
        life.listen_until(lambda: life.heard.get("metrics", {}).get("llm", {}).get("skill_turns") == 1)
        daemon.stop(signal.SIGKILL)
        end = _Ear(robot)
        end.listen_until(lambda: "status" in end.heard)
    payloads = {**turn.heard, **life.heard, "reply": turn.heard["reply"], "status": turn.heard["status"]}
    return {
        **{name: f"{pretty(payload)}\n" for name, payload in payloads.items()},
        "will": f"{pretty(end.heard['status'])}\n",
        "stream": "".join(f"{json.dumps(event, ensure_ascii=False)}\n" for event in turn.stream),
    }


class _Ear:
    """What a robot heard since this was made: the stream's events, and the latest of each other kind."""

    def __init__(self, robot: Robot) -> None:
        self.heard: dict[str, Any] = {}
        self.stream: list[Any] = []
        self._robot = robot

    def has_ended(self) -> bool:
        return bool(self.stream) and self.stream[-1]["type"] == "finished"

    def listen_until(self, met: Callable[[], bool]) -> None:
        while not met():
            try:
                message = self._robot.hear(GIVE_UP_S)
            except queue.Empty:
                raise SystemExit(f"the brain fell silent: {self.heard} {self.stream}") from None
            if message.topic == topics.stream(DEVICE):
                self.stream.append(json.loads(message.payload))
            elif message.topic in PLACES:
                self.heard[PLACES[message.topic]] = json.loads(message.payload)


def pretty(value: Any, indent: int = 0, column: int = 0) -> str:
    """Return JSON in as few lines of at most 116 characters as can be; `column` is where its first line begins."""
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or column + len(line) < WIDTH:
        return line
    inner = indent + 2
    if isinstance(value, list):
        parts, brackets = [pretty(each, inner, inner) for each in value], "[]"
    else:
        parts, brackets = [_member(key, each, inner) for key, each in value.items()], "{}"
    return f"{brackets[0]}\n{_filled(parts, ' ' * inner)}\n{' ' * indent}{brackets[1]}"


def _member(key: str, value: Any, indent: int) -> str:
    name = f"{json.dumps(key)}: "
    return name + pretty(value, indent, indent + len(name))


def _filled(parts: list[str], inner: str) -> str:
    lines = [""]
    for part in parts:
        joined = f"{lines[-1]} {part},".strip()
        if lines[-1] and ("\n" in joined or len(inner) + len(joined) > WIDTH):
            lines.append(f"{part},")
        else:
            lines[-1] = joined
    return "\n".join(inner + line for line in lines).removesuffix(",")


if __name__ == "__main__":
    main()
