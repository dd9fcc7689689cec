from __future__ import annotations

import asyncio
import io
import os
import subprocess
import sys

import pytest
from typer import Typer
from typer.testing import CliRunner

from ai_server.commands.bodies import BODIES
from ai_server.commands.chat import chat_command
from ai_server.commands.lines import read_lines
from ai_server.commands.link import RawPacket
from ai_server.commands.pose import Deed
from ai_server.commands.transcript import PlainTranscript, TerminalTranscript
from ai_server.protocol.device import Capabilities
from ai_server.protocol.errors import ErrorCode, ErrorMessage
from ai_server.protocol.reply import ActionMessage, Reply, StreamEvent, StreamType, Timings

WAVE = Deed(ActionMessage(command_id="c-1", request_id="r-1", action="wave"), "rover waves")


def reply(text: str = "Hello there!", **fields) -> Reply:
    return Reply(request_id="r-1", device_id="robot-1", text=text, **{"source": "llm", "emotion": "happy", **fields})


def stream(*kinds_and_texts: StreamType | str) -> list[StreamEvent]:
    return [
        StreamEvent(request_id="r-1", seq=seq, type=StreamType.DELTA, text=each)
        if not isinstance(each, StreamType)
        else StreamEvent(request_id="r-1", seq=seq, type=each, emotion="happy" if each is StreamType.EMOTION else None)
        for seq, each in enumerate(kinds_and_texts)
    ]


def plain(*happenings, **options) -> str:
    output = io.StringIO()
    transcript = PlainTranscript(output, **options)
    transcript.asked("hello")
    for happening in happenings:
        transcript.show(happening)
    transcript.answered()
    return output.getvalue()


def in_a_terminal(*happenings, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    output = io.TextIOWrapper(raw, encoding=encoding)
    transcript = TerminalTranscript(output)
    transcript.asked("hello")
    for happening in happenings:
        transcript.show(happening)
    transcript.answered()
    output.flush()
    return raw.getvalue().decode(encoding)


def test_a_plain_transcript_has_a_line_for_the_words_the_reply_and_each_action():
    shown = plain(*stream(StreamType.STARTED, StreamType.EMOTION, "Hello"), WAVE, reply())
    assert shown == "you> hello\nnaila> [happy] Hello there!\n> rover waves\n"


def test_a_plain_transcript_shows_actions_of_a_turn_without_reply():
    assert plain(WAVE).splitlines()[1] == "> rover waves"


def test_a_plain_transcript_names_how_a_reply_ended_early():
    assert (
        plain(reply("Once upon", finish_reason="cancelled")).splitlines()[1] == "naila> [happy] Once upon (cancelled)"
    )
    assert plain(reply("", finish_reason="expired")).splitlines()[1] == "naila> [happy] (expired)"


def test_timings_are_shown_where_asked_for():
    timed = reply(intent="greeting", timings=Timings(tokens_per_second=85.24))
    assert plain(timed).count("\n") == 2
    assert plain(timed, timings=True).splitlines()[2].endswith("85.2 tokens/s, llm, greeting)")


def test_errors_go_to_stderr_with_code_and_time_to_come_again(capsys):
    busy = ErrorMessage(error_code=ErrorCode.BUSY, error_message="8 utterances wait already", retry_after_seconds=1.5)
    assert plain(busy) == "you> hello\n"
    assert capsys.readouterr().err == "busy: 8 utterances wait already (again in 1.5 s)\n"


def test_control_characters_of_a_reply_never_reach_the_output():
    nasty = "\x1b[2Jgone\x07\x9b1m, é 👍🏽\nnext\tline"
    assert "naila> [happy] [2Jgone1m, é 👍🏽\nnext\tline\n" in plain(reply(nasty))
    assert "[2Jgone1m, é 👍🏽\nnext" in in_a_terminal(reply(nasty))


def test_a_terminal_shows_the_face_first_then_the_words_as_they_come():
    shown = in_a_terminal(*stream(StreamType.STARTED, StreamType.EMOTION, "Hello", " there!"), reply(), WAVE)
    first, figures, action, rest = shown.split("\n")
    assert first == "naila> 😊 Hello there!"
    assert figures.startswith("first word ")
    assert action == "> rover waves"
    assert rest == ""


def test_a_terminal_shows_the_reply_where_no_stream_came():
    assert in_a_terminal(reply()).startswith("naila> 😊 Hello there!\nfirst word")


def test_a_terminal_completes_a_stream_whose_end_was_lost():
    assert in_a_terminal(*stream(StreamType.EMOTION, "Hello"), reply()).startswith("naila> 😊 Hello there!\n")


def test_a_terminal_shows_the_reply_where_the_stream_said_something_else():
    shown = in_a_terminal(*stream(StreamType.EMOTION, "lo there!"), reply())
    assert shown.startswith("naila> 😊 lo there!\nnaila> 😊 Hello there!\n")


def test_a_terminal_begins_anew_at_a_second_start():
    shown = in_a_terminal(
        *stream(StreamType.STARTED, StreamType.EMOTION, "Hm", StreamType.STARTED, StreamType.EMOTION, "Hello"), reply()
    )
    assert shown.startswith("naila> 😊 Hm\n(once more, from the beginning)\nnaila> 😊 Hello there!\n")


def test_a_terminal_shows_one_face_where_a_reply_is_cancelled_before_its_first_word():
    shown = in_a_terminal(*stream(StreamType.STARTED, StreamType.EMOTION), reply("", finish_reason="cancelled"))
    assert shown.startswith("naila> 😊 (cancelled)\nfirst word")


def test_a_terminal_names_how_a_reply_ended_early():
    shown = in_a_terminal(*stream(StreamType.EMOTION, "Once", " upon"), reply("Once upon", finish_reason="length"))
    assert shown.startswith("naila> 😊 Once upon (length)\n")


def test_a_terminal_shows_the_words_once_where_an_action_comes_before_the_reply():
    shown = in_a_terminal(*stream(StreamType.EMOTION, "Hello there!"), WAVE, reply())
    assert shown.count("Hello there!") == 1


def test_a_terminal_without_utf_8_shows_the_emotion_as_a_word():
    assert in_a_terminal(reply(), encoding="ascii").startswith("naila> [happy] Hello there!")


def test_markup_in_a_reply_is_shown_as_it_is():
    assert "[bold]not markup[/bold]" in in_a_terminal(reply("[bold]not markup[/bold]"))


def test_a_raw_message_is_a_line_with_its_direction_and_topic():
    output = io.StringIO()
    PlainTranscript(output).raw(RawPacket("received", "naila/ai/status", b'{"state":"ready"}'))
    assert output.getvalue() == '<- naila/ai/status {"state":"ready"}\n'


async def lines_of(*chunks: bytes) -> list[str]:
    reading, writing = os.pipe()
    with os.fdopen(reading) as stream:
        collecting = asyncio.create_task(_collect(stream))
        for chunk in chunks:
            os.write(writing, chunk)
            await asyncio.sleep(0)
        os.close(writing)
        return await collecting


async def _collect(stream) -> list[str]:
    return [line async for line in read_lines(stream)]


async def test_lines_come_whole_however_a_pipe_cuts_them():
    euro = "€".encode()
    assert await lines_of(b"one\ntw", b"o\r\n", euro[:1], euro[1:] + b"\nlast") == ["one", "two", "€", "last"]


async def test_bytes_that_are_not_utf_8_become_replacement_characters():
    assert await lines_of(b"caf\xe9\n") == ["caf�"]


async def test_files_and_dev_null_are_read_to_their_end(tmp_path):
    path = tmp_path / "lines.txt"
    path.write_text("one\ntwo\n")
    with path.open() as stream:
        assert await _collect(stream) == ["one", "two"]
    with open(os.devnull) as nothing:  # noqa: PTH123
        assert await _collect(nothing) == []


@pytest.mark.parametrize("body", BODIES)
def test_each_body_is_declared_as_the_protocol_says(body):
    declared = Capabilities.model_validate(BODIES[body])
    assert len(declared.actions) == {"none": 0, "rover": 6}[body]


@pytest.fixture
def run():
    app = Typer()
    app.command()(chat_command)
    return lambda *arguments: CliRunner().invoke(app, arguments)


def test_a_wrong_device_id_is_refused_by_name(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run("--device-id", "robot/1")
    assert result.exit_code == 2
    assert "--device-id" in result.output
    assert "robot/1" in result.output


def test_wrong_settings_are_refused_by_name(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run("--port", "70000")
    assert result.exit_code == 2
    assert "MQTT_PORT" in result.output
    assert "65535" in result.output


def test_a_tls_file_that_is_not_there_is_refused(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run("--tls", "--ca-file", "nowhere.pem")
    assert result.exit_code == 2
    assert "TLS" in result.output


def test_showing_help_imports_no_heavy_library():
    heavy = "{'paho', 'pydantic', 'langgraph', 'llama_cpp'}"
    script = f"import sys, ai_server.commands.chat; print(*({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
