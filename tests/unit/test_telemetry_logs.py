"""Logging, as a process of its own writes it to stderr."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

PRELUDE = """
import asyncio, logging, warnings
import structlog
from ai_server.telemetry import logs
logs.configure({level!r}, {log_format!r})
log = structlog.get_logger("ai_server.somewhere")
"""


def written(script: str, *, level: str = "info", log_format: str = "json", **environment: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", PRELUDE.format(level=level, log_format=log_format) + script],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == ""
    return run.stderr


def lines(script: str, **options: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written(script, **options).splitlines()]


def test_a_json_line_says_when_where_how_bad_and_what() -> None:
    (line,) = lines("log.warning('broker is gone', attempts=3)")
    assert list(line) == ["timestamp", "level", "event", "logger", "attempts"]
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "broker is gone", "level": "warning", "logger": "ai_server.somewhere", "attempts": 3}


def test_every_line_of_a_turn_carries_its_ids_also_in_its_tasks_and_libraries() -> None:
    script = """
async def turn(device_id):
    with structlog.contextvars.bound_contextvars(device_id=device_id, request_id="q1"):
        log.info("begins")
        await asyncio.create_task(within())

async def within():
    await asyncio.sleep(0)
    logging.getLogger("paho.mqtt").warning("of a library")

async def main():
    await asyncio.gather(turn("rover"), turn("owl"))
    log.info("after")

asyncio.run(main())
"""
    found = [(line["event"], line.get("device_id"), line.get("request_id")) for line in lines(script)]
    assert sorted(found[:4]) == [
        ("begins", "owl", "q1"),
        ("begins", "rover", "q1"),
        ("of a library", "owl", "q1"),
        ("of a library", "rover", "q1"),
    ]
    assert found[4] == ("after", None, None)


def test_lines_below_the_level_are_not_written() -> None:
    script = "log.debug('a'); log.info('b'); log.warning('c'); logging.getLogger('ai_server.x').info('d')"
    assert [line["event"] for line in lines(script, level="warning")] == ["c"]
    assert [line["event"] for line in lines(script, level="debug")] == ["a", "b", "c", "d"]


def test_libraries_are_heard_from_warnings_on_even_at_debug() -> None:
    script = "l = logging.getLogger('sqlalchemy.engine'); l.info('noise'); l.warning('%s is odd', 'this')"
    assert [line["event"] for line in lines(script, level="debug")] == ["this is odd"]


def test_python_warnings_are_log_lines() -> None:
    (line,) = lines("warnings.warn('old ways', UserWarning)")
    assert "old ways" in line["event"]
    assert line["level"] == "warning"


def test_what_people_said_is_written_at_debug_only() -> None:
    script = "log.debug('heard', words='my secret'); log.info('heard', words='my secret', prompt='x', device_id='r')"
    assert written(script, level="info").count("my secret") == 0
    (line,) = lines(script, level="info")
    assert line["words"] == "(9 characters, shown at debug)"
    assert line["device_id"] == "r"
    assert [line["words"] for line in lines(script, level="debug")] == ["my secret", "my secret"]


def test_a_traceback_is_one_json_field_without_local_variables() -> None:
    script = """
def fail():
    words = "my secret" + " life"
    raise LookupError("no such robot")
try:
    fail()
except LookupError:
    log.exception("a turn failed")
"""
    (line,) = lines(script)
    assert "LookupError: no such robot" in line["exception"]
    assert "secret life" not in json.dumps(line)


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_secrets_of_people_are_masked_in_every_part_of_a_line_at_every_level(log_format: str) -> None:
    script = """
def fail():
    raise LookupError("nobody is called ada@example.com")
log.debug("heard", words="call (202) 456-1414", parts=["my card is 4111 1111 1111 1111", {"to": "ben@example.org"}])
log.warning("eve@example.com is odd", by=LookupError("kim@example.com"))
logging.getLogger("some.library").warning("%s sent %d bytes", "zoe@example.com", 1234567)
for logger in (log, logging.getLogger("some.library")):
    try:
        fail()
    except LookupError:
        logger.exception("failed")
"""
    text = written(script, level="debug", log_format=log_format, LANG="en_US.UTF-8", LC_ALL="")
    assert "example" not in text
    assert "1414" not in text
    assert "1111" not in text
    assert text.count("<email>") == 6
    assert text.count("<phone>") == text.count("<card>") == 1
    assert "1234567 bytes" in text
    assert text.count("LookupError: nobody is called <email>") == 2


def test_ids_and_times_are_never_masked() -> None:
    script = "log.info('heard', device_id='4111111111111111', request_id='2024561414', at='2026-11-21T17:17:53Z')"
    (line,) = lines(script)
    assert (line["device_id"], line["request_id"]) == ("4111111111111111", "2024561414")
    assert line["at"] == "2026-11-21T17:17:53Z"
    assert re.fullmatch(r"[-\d]{10}T[:.\d]+Z", line["timestamp"])


def test_what_a_line_was_given_is_not_changed() -> None:
    (line,) = lines("said = ['ada@example.com']; log.info('x', a=said); assert said == ['ada@example.com']")
    assert line["a"] == ["<email>"]


def test_the_console_line_is_plain_where_stderr_is_no_terminal() -> None:
    line = written("log.info('state', state='ready')", log_format="console")
    assert "\x1b" not in line
    assert "state='ready'" in line
    assert "ai_server.somewhere" in line


def test_control_characters_of_a_robot_do_nothing_to_the_terminal() -> None:
    line = written(r"log.info('refused', reason='\x1b[2J\nfake line')", log_format="console")
    assert "\x1b" not in line
    assert line.count("\n") == 1


@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_the_console_is_coloured_on_a_terminal_that_wants_it(environment: dict[str, str], coloured: bool) -> None:
    mine, theirs = pty.openpty()
    script = PRELUDE.format(level="info", log_format="console") + "log.info('state', state='ready')"
    clean = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=clean | environment, stderr=theirs, check=True)
    os.close(theirs)
    line = os.read(mine, 10_000)
    os.close(mine)
    assert (b"\x1b[" in line) == coloured


def journal_lines(tmp_path: Path, script: str, log_format: str) -> list[str]:
    """Run with stderr as the journal: a stream whose device and inode `JOURNAL_STREAM` names."""
    journal = tmp_path / "journal"
    with journal.open("wb") as stream:
        status = os.fstat(stream.fileno())
        subprocess.run(
            [sys.executable, "-c", PRELUDE.format(level="info", log_format=log_format) + script],
            cwd=ROOT,
            env={**os.environ, "JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"},
            stderr=stream,
            check=True,
        )
    return journal.read_text().splitlines()


def test_lines_in_the_journal_begin_with_their_priority_and_repeat_no_time(tmp_path: Path) -> None:
    script = "log.info('one'); log.warning('two'); log.error('three')"
    found = journal_lines(tmp_path, script, "console")
    assert [line[:3] for line in found] == ["<6>", "<4>", "<3>"]
    assert all(line[3:].startswith("[") for line in found)


def test_every_line_of_a_traceback_in_the_journal_has_the_priority(tmp_path: Path) -> None:
    script = "\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n    log.exception('failed')"
    found = journal_lines(tmp_path, script, "console")
    assert len(found) > 3
    assert all(line.startswith("<3>") for line in found)


def test_json_in_the_journal_keeps_its_time(tmp_path: Path) -> None:
    (line,) = journal_lines(tmp_path, "log.info('one')", "json")
    assert json.loads(line.removeprefix("<6>"))["timestamp"]


def test_a_journal_variable_of_another_stream_changes_nothing() -> None:
    line = written("log.info('one')", log_format="console", JOURNAL_STREAM="1:2")
    assert line.startswith("20")
