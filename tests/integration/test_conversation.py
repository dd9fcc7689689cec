from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from ai_server.commands.chat import chat
from ai_server.commands.robot import SimulatedRobot
from ai_server.protocol.errors import ErrorCode
from ai_server.protocol.reply import ActionMessage
from ai_server.protocol.status import State
from tests.brokers import PASSWORD, USERNAME, RunningBroker, free_port, mosquitto
from tests.scripted_brain import ScriptedBrain

START = "from ai_server.cli import main; main()"
CONTROLLED = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)"
NAILA = [sys.executable, "-c", START]
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBroker]:
    with mosquitto(tmp_path_factory.mktemp("broker")) as running:
        yield running


def command(broker: RunningBroker, *options: str) -> list[str]:
    to_broker = ["--host", "127.0.0.1", "--port", str(broker.port), "--username", USERNAME, "--password", PASSWORD]
    return [*NAILA, "chat", *to_broker, *options]


async def piped(broker: RunningBroker, directory: Path, lines: str, **options: Any) -> tuple[int, str]:
    """Say lines from a file in this process; return the exit code and what was shown."""
    (directory / "lines.txt").write_text(lines)
    shown = directory / "shown.txt"
    robot = SimulatedRobot("127.0.0.1", broker.port, username=USERNAME, password=PASSWORD, body="rover", timeout_s=1)
    async with robot:
        with (directory / "lines.txt").open() as stdin, shown.open("w") as stdout:
            code = await chat(robot, stdin=stdin, stdout=stdout, **options)
    return code, shown.read_text()


async def test_piped_lines_are_said_one_after_another(broker, tmp_path):
    def parrot(brain: ScriptedBrain, said: dict[str, Any]) -> None:
        action = ActionMessage(
            command_id=said["request_id"], request_id=said["request_id"], action="light", arguments={"color": "red"}
        )
        brain.act(action)
        brain.reply(said["request_id"], f"You said {said['text']}.", actions=[action])

    with ScriptedBrain(broker, parrot):
        code, shown = await piped(broker, tmp_path, "one\n\ntwo")
    assert code == 0
    assert shown == (
        "you> one\nnaila> [neutral] You said one.\n"
        "> rover sets its lamp to red\n"
        "you> two\nnaila> [neutral] You said two.\n"
        "> rover sets its lamp to red\n"
    )


async def test_commands_publish_readings_and_what_the_person_feels(broker, tmp_path):
    lines = "/battery 20\n/temperature 21.5\n/see a cup\n/touch\n/emotion sad\nhello\n/emotion\nhello\n/reset\n"
    with ScriptedBrain(broker) as brain:
        code, _ = await piped(broker, tmp_path, lines)
        brain.wait_for("control")
    assert code == 0
    assert brain.payloads("sensors/battery") == [{"percentage": 20}]
    assert brain.payloads("sensors/environment") == [{"temperature_c": 21.5}]
    assert brain.payloads("vision/event") == [{"event_type": "object_detected", "object": "a cup"}]
    assert brain.payloads("sensors/touch") == [{"touched": True}]
    assert [said.get("emotion") for said in brain.payloads("text")] == ["sad", None]
    assert brain.payloads("control") == [{"command": "reset"}]


async def test_readings_come_before_the_words_that_follow_them(broker, tmp_path):
    with ScriptedBrain(broker) as brain:
        await piped(broker, tmp_path, "/battery 20\nhow is your battery?\n")
    topics = [each.topic.split("/", 3)[3] for each in brain.heard if not each.topic.endswith("capabilities")]
    assert topics.index("sensors/battery") < topics.index("text")


@pytest.mark.parametrize("line", ["/battery much", "/emotion hungry", "/see", "/touch it", "/dance"])
async def test_a_mistyped_command_is_explained_and_the_next_line_is_said(broker, tmp_path, capsys, line):
    with ScriptedBrain(broker):
        code, shown = await piped(broker, tmp_path, f"{line}\nhello\n")
    assert code == 1
    assert "naila> [happy] Hello there!" in shown
    assert line.split()[0] in capsys.readouterr().err


async def test_status_help_and_json_are_shown(broker, tmp_path):
    with ScriptedBrain(broker):
        code, shown = await piped(broker, tmp_path, "/status\n/help\n/json\nhello\n/json\n/quit\nnever said\n")
    assert code == 0
    assert "The brain is ready, version 1.2.3, model tiny." in shown
    assert "/battery PERCENT" in shown
    assert '-> naila/devices/robot-1/text {"text":"hello"' in shown
    assert "<- naila/ai/responses/text/robot-1 " in shown
    assert "never said" not in shown


async def test_the_last_reply_is_repeated(broker, tmp_path):
    def answer_control(brain: ScriptedBrain) -> None:
        (control,) = brain.wait_for("control")
        brain.reply(control["request_id"], "As I said.")

    with ScriptedBrain(broker) as brain:
        threading.Thread(target=answer_control, args=(brain,)).start()
        code, shown = await piped(broker, tmp_path, "/repeat\n")
    assert code == 0
    assert shown == "you> /repeat\nnaila> [neutral] As I said.\n"


async def test_another_persona_is_chosen_and_left_again(broker, tmp_path):
    with ScriptedBrain(broker) as brain:
        code, _ = await piped(broker, tmp_path, "/persona ollie\n/persona\nhello\n")
        choices = brain.wait_for("control", 2)
    assert code == 0
    assert [choice["persona"] for choice in choices] == ["ollie", None]


async def test_a_refused_line_fails_and_the_next_is_said(broker, tmp_path, capsys):
    def refuse_the_first(brain: ScriptedBrain, said: dict[str, Any]) -> None:
        if said["text"] == "one":
            brain.refuse(ErrorCode.INVALID_FIELD, "text: too long", said["request_id"])
        else:
            brain.greet(said)

    with ScriptedBrain(broker, refuse_the_first):
        code, shown = await piped(broker, tmp_path, "one\ntwo\n")
    assert code == 1
    assert shown == "you> one\nyou> two\nnaila> [happy] Hello there!\n"
    assert "invalid_field: text: too long" in capsys.readouterr().err


async def test_a_reply_that_expired_is_no_answer(broker, tmp_path):
    def too_late(brain: ScriptedBrain, said: dict[str, Any]) -> None:
        brain.reply(said["request_id"], "", finish_reason="expired")

    with ScriptedBrain(broker, too_late):
        assert (await piped(broker, tmp_path, "hello\n"))[0] == 1


async def test_a_brain_that_never_answers_stops_the_conversation_with_a_sentence(broker, tmp_path, capsys):
    with ScriptedBrain(broker, lambda *_: None) as brain:
        code, shown = await piped(broker, tmp_path, "one\ntwo\n")
    assert code == 1
    assert shown == "you> one\n"
    assert "Nobody accepted the words in 1 s" in capsys.readouterr().err
    assert {said["text"] for said in brain.payloads("text")} == {"one"}


async def test_the_first_line_waits_until_the_model_is_loaded(broker, tmp_path):
    with ScriptedBrain(broker, state=State.LOADING) as brain:
        loaded = threading.Timer(0.5, brain.says_it_is, (State.READY,))
        loaded.start()
        code, _ = await piped(broker, tmp_path, "hello\n")
        said_at_first = [each.topic for each in brain.heard]
    assert code == 0
    assert not loaded.is_alive()
    assert said_at_first.count("naila/devices/robot-1/text") == 1


async def test_a_status_that_is_past_is_not_told_of(broker, tmp_path, capsys):
    with ScriptedBrain(broker, state=State.DEGRADED) as brain:
        robot = SimulatedRobot("127.0.0.1", broker.port, username=USERNAME, password=PASSWORD)
        async with robot:
            await robot.brain_loaded(10)
            brain.says_it_is(State.READY)
            assert await robot._until(lambda: robot.status.state is State.READY, 10)
            (tmp_path / "lines").write_text("hello\n")
            with (tmp_path / "lines").open() as stdin, (tmp_path / "shown").open("w") as stdout:
                assert await chat(robot, stdin=stdin, stdout=stdout) == 0
    assert capsys.readouterr().err == ""


def test_a_pipe_into_the_command_gets_answers_without_colour(broker):
    with ScriptedBrain(broker):
        done = subprocess.run(
            command(broker, "--timings"), input="hello\n", capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("you> hello\nnaila> [happy] Hello there!\n  (first word ")
    assert "\x1b" not in done.stdout
    assert done.stderr == ""


def test_a_broker_that_is_not_there_is_one_sentence_and_exit_code_1():
    port = free_port()
    done = subprocess.run(
        [*NAILA, "chat", "--host", "127.0.0.1", "--port", str(port)],
        input="hello\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"The broker at 127.0.0.1:{port} cannot be reached")
    assert done.stderr.count("\n") == 1


def test_a_chat_that_is_killed_leaves_its_last_will(broker):
    with ScriptedBrain(broker, device_id="victim") as brain:
        chatting = subprocess.Popen(command(broker, "--device-id", "victim"), stdin=subprocess.PIPE)
        assert brain.wait_for("status/heartbeat")[0]["status"] == "online"
        chatting.kill()
        chatting.communicate()
        assert brain.wait_for("status/heartbeat", 2)[1]["status"] == "offline"


class Terminal:
    """`naila chat` in a real pseudo-terminal, which is its controlling one: Ctrl-C is a signal."""

    def __init__(self, broker: RunningBroker) -> None:
        self._broker = broker
        self.shown = ""
        self._waited_to = 0

    def __enter__(self) -> Self:
        self._screen, inside = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-c", f"{CONTROLLED}; {START}", *command(self._broker)[len(NAILA) :]],
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm", "PYTHONUTF8": "1"},
        )
        os.close(inside)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._screen)

    def type(self, keys: str) -> None:
        os.write(self._screen, keys.encode())

    def wait_for(self, text: str, timeout_s: float = 30) -> None:
        """Read until the text is on the screen, after what was waited for before."""
        give_up = time.monotonic() + timeout_s
        while (found := COLOUR.sub("", self.shown).find(text, self._waited_to)) < 0:
            assert time.monotonic() < give_up, f"{text!r} did not come; the screen: {self.shown}"
            self._read(0.1)
        self._waited_to = found + len(text)

    def exit_code(self, timeout_s: float = 30) -> int:
        give_up = time.monotonic() + timeout_s
        while self._process.poll() is None:
            assert time.monotonic() < give_up, f"it did not leave; the screen: {self.shown}"
            self._read(0.1)
        return self._process.returncode

    def _read(self, timeout_s: float) -> None:
        if select.select([self._screen], [], [], timeout_s)[0]:
            try:
                self.shown += os.read(self._screen, 65_536).decode(errors="replace")
            except OSError:  # Linux says EIO where the other side has left
                time.sleep(0.01)


def begin_a_story(brain: ScriptedBrain, said: dict[str, Any]) -> None:
    brain.say(said["request_id"], "sad", "Once", " upon")


def only_accept(brain: ScriptedBrain, said: dict[str, Any]) -> None:
    brain.accept(said["request_id"])


def test_in_a_terminal_the_reply_streams_in_and_ctrl_d_leaves(broker):
    def half_a_reply(brain: ScriptedBrain, said: dict[str, Any]) -> None:
        brain.accept(said["request_id"])
        brain.say(said["request_id"], "happy", "Half", " of it")
        asked.append(said["request_id"])

    asked: list[str] = []
    with ScriptedBrain(broker, half_a_reply) as brain, Terminal(broker) as terminal:
        terminal.wait_for("you> ")
        terminal.type("hello\n")
        terminal.wait_for("naila> 😊 Half of it")
        brain.reply(asked[0], "Half of it, and the rest.", emotion="happy", intent="greeting")
        terminal.wait_for(", and the rest.")
        terminal.type("\x04")
        assert terminal.exit_code() == 0
    assert "llm, greeting" in terminal.shown


def test_ctrl_c_cancels_a_reply_and_then_leaves_without_a_traceback(broker):
    with ScriptedBrain(broker, begin_a_story) as brain, Terminal(broker) as terminal:
        terminal.wait_for("you> ")
        terminal.type("tell me a story\n")
        terminal.wait_for("Once upon")
        terminal.type("\x03")
        assert brain.wait_for("control") == [{"command": "cancel"}]
        brain.reply(brain.payloads("text")[0]["request_id"], "Once upon", finish_reason="cancelled")
        terminal.wait_for("you> ")
        terminal.type("\x03")
        assert terminal.exit_code() == 0
    assert "(cancelled)" in terminal.shown
    assert "Traceback" not in terminal.shown


def test_ctrl_c_twice_leaves_a_reply_that_will_not_end(broker):
    with ScriptedBrain(broker, only_accept) as brain, Terminal(broker) as terminal:
        terminal.wait_for("you> ")
        terminal.type("hello\n")
        brain.wait_for("text")
        terminal.type("\x03")
        brain.wait_for("control")
        terminal.type("\x03")
        assert terminal.exit_code() == 0
    assert "Traceback" not in terminal.shown


def test_a_command_works_while_a_reply_streams_in(broker):
    with ScriptedBrain(broker, begin_a_story) as brain, Terminal(broker) as terminal:
        terminal.wait_for("you> ")
        terminal.type("tell me a story\n")
        terminal.wait_for("Once upon")
        terminal.type("/cancel\n")
        assert brain.wait_for("control") == [{"command": "cancel"}]


def test_a_brain_that_goes_away_is_told_of_at_the_prompt(broker):
    with ScriptedBrain(broker) as brain, Terminal(broker) as terminal:
        terminal.wait_for("The brain is ready")
        brain.says_it_is(State.DEGRADED, "the model file is broken")
        terminal.wait_for("The brain is degraded (the model file is broken)")
        terminal.wait_for("you> ")


def test_ctrl_c_while_waiting_for_a_pipe_leaves_without_a_traceback(broker):
    with ScriptedBrain(broker, device_id="piped") as brain:
        chatting = subprocess.Popen(
            command(broker, "--device-id", "piped"), stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        brain.wait_for("status/heartbeat")
        chatting.send_signal(signal.SIGINT)
        _, errors = chatting.communicate(timeout=30)
        assert chatting.returncode == 130
        assert errors == ""
        assert brain.wait_for("status/heartbeat", 2)[1]["status"] == "offline"
