"""How a conversation looks: streaming in a terminal, one line for each thing elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Protocol, TextIO

from rich.console import Console

from ai_server.commands.link import RawPacket
from ai_server.commands.memory.showing import counted
from ai_server.commands.pose import Deed
from ai_server.commands.robot import Happening
from ai_server.protocol.errors import ErrorMessage
from ai_server.protocol.memory import MemoryAnswer
from ai_server.protocol.reply import Reply, StreamEvent, StreamType
from ai_server.protocol.terms import Emotion

FACES: dict[Emotion, str] = {"neutral": "🙂", "happy": "😊", "sad": "😢", "angry": "😠", "surprised": "😮"}

_NOT_FOR_TERMINALS = dict.fromkeys([*range(9), *range(11, 32), *range(127, 160)])


class Transcript(Protocol):
    """Where a conversation is shown."""

    def asked(self, words: str) -> None:
        """Somebody says something; what is shown until `answered` belongs to it."""

    def show(self, happening: Happening) -> None:
        """Show what came of the words."""

    def answered(self) -> None:
        """Nothing more comes of the words."""

    def news(self, text: str) -> None:
        """Show, to somebody who sits there, what happened beside the conversation."""

    def note(self, text: str) -> None:
        """Show what a command asked for."""

    def problem(self, text: str) -> None:
        """Show what went wrong."""

    def raw(self, packet: RawPacket) -> None:
        """Show a message as it travelled."""

    def prompt(self) -> None:
        """Ask for a line, where somebody sits there."""

    def line_taken(self) -> None:
        """Note that somebody ended the prompt's line."""


class _Clock:
    """Measures one turn at the robot, from the words to the first word of the reply and to its end."""

    def __init__(self) -> None:
        self._asked = time.perf_counter()
        self._first_word_ms: float | None = None

    def first_word(self) -> None:
        if self._first_word_ms is None:
            self._first_word_ms = self._elapsed_ms()

    def summary(self, reply: Reply) -> str:
        """Return the line under a reply: both times, the speed, and where the reply came from."""
        total_ms = self._elapsed_ms()
        first_word_ms = total_ms if self._first_word_ms is None else self._first_word_ms
        speed = reply.timings.tokens_per_second
        parts = [
            f"first word {first_word_ms:.0f} ms",
            f"total {total_ms:.0f} ms",
            f"{speed:.1f} tokens/s" if speed else "",
            reply.source,
            reply.intent,
        ]
        return ", ".join(part for part in parts if part)

    def _elapsed_ms(self) -> float:
        return (time.perf_counter() - self._asked) * 1000


class PlainTranscript:
    """A conversation for pipes and files: no colour, each reply whole, as its message says it; problems on stderr."""

    def __init__(self, output: TextIO, *, timings: bool = False) -> None:
        self._output = output
        self._timings = timings
        self._clock = _Clock()
        self._replied = True
        self._deeds: list[Deed] = []

    def asked(self, words: str) -> None:
        """Print the words."""
        self._print(f"you> {words}")
        self._clock = _Clock()
        self._replied = False

    def show(self, happening: Happening) -> None:
        """Print a reply, then what the body did; a stream is only timed."""
        match happening:
            case StreamEvent(type=StreamType.DELTA):
                self._clock.first_word()
            case Reply():
                self._reply(happening)
            case Deed() if self._replied:
                self._print(deed_line(happening))
            case Deed():
                self._deeds.append(happening)
            case ErrorMessage():
                self.problem(error_line(happening))
            case MemoryAnswer():
                self.note(memory_line(happening))

    def answered(self) -> None:
        """Print what the body did in a turn that got no reply."""
        self._replied = True
        self._print_deeds()

    def news(self, text: str) -> None:
        """Nobody sits there."""

    def note(self, text: str) -> None:
        """Print an indented line."""
        self._print(f"  {text}")

    def problem(self, text: str) -> None:
        """Print to stderr."""
        print(text, file=sys.stderr, flush=True)  # noqa: T201

    def raw(self, packet: RawPacket) -> None:
        """Print a message."""
        self._print(raw_line(packet))

    def prompt(self) -> None:
        """Nobody sits there."""

    def line_taken(self) -> None:
        """Nobody sits there."""

    def _reply(self, reply: Reply) -> None:
        self._replied = True
        self._print(f"naila> [{reply.emotion}] {reply.text}{_ending(reply)}")
        self._print_deeds()
        if self._timings:
            self._print(f"  ({self._clock.summary(reply)})")

    def _print_deeds(self) -> None:
        for deed in self._deeds:
            self._print(deed_line(deed))
        self._deeds.clear()

    def _print(self, line: str) -> None:
        print(_harmless(line), file=self._output, flush=True)


class TerminalTranscript:
    """A conversation in a terminal: the face first, the words as they come, then deeds and a line of figures."""

    def __init__(self, output: TextIO) -> None:
        self._console = Console(file=output, highlight=False, soft_wrap=True)
        self._clock = _Clock()
        self._streamed = ""
        self._begun = False
        self._line_open = False
        self._at_prompt = False

    def asked(self, words: str) -> None:  # noqa: ARG002 - the person has just typed them
        """Begin a turn."""
        self._clock = _Clock()
        self._void()

    def show(self, happening: Happening) -> None:
        """Print what came."""
        match happening:
            case StreamEvent():
                self._stream(happening)
            case Reply():
                self._reply(happening)
            case Deed():
                self._line(deed_line(happening), "cyan")
            case ErrorMessage():
                self.problem(error_line(happening))
            case MemoryAnswer():
                self.note(memory_line(happening))

    def answered(self) -> None:
        """End the turn's last line."""
        self._end_line()

    def news(self, text: str) -> None:
        """Print a dim line."""
        self._line(text, "dim")

    def note(self, text: str) -> None:
        """Print a dim line."""
        self._line(text, "dim")

    def problem(self, text: str) -> None:
        """Print a red line."""
        self._line(text, "red")

    def raw(self, packet: RawPacket) -> None:
        """Print a dim line."""
        self._line(raw_line(packet), "dim")

    def prompt(self) -> None:
        """Print the prompt."""
        if not self._at_prompt:
            self._end_line()
            self._write("you> ", "bold")
            self._at_prompt = True

    def line_taken(self) -> None:
        """Begin at the line's start: the person's Enter moved there."""
        self._line_open = self._at_prompt = False

    def _stream(self, event: StreamEvent) -> None:
        if event.type is StreamType.STARTED and self._streamed:
            self.note("(once more, from the beginning)")
            self._void()
        elif event.type is StreamType.EMOTION and event.emotion:
            self._begin(event.emotion)
        elif event.type is StreamType.DELTA and event.text:
            self._clock.first_word()
            self._say(event.text)

    def _begin(self, emotion: Emotion) -> None:
        self._end_line()
        face = FACES[emotion] if self._console.encoding.startswith("utf") else f"[{emotion}]"
        self._write("naila> ", "bold magenta")
        self._write(f"{face} ")
        self._begun = True

    def _say(self, words: str) -> None:
        if words and not self._line_open:
            self._write("naila> ", "bold magenta")
        self._write(words)
        self._streamed += words
        self._begun = True

    def _void(self) -> None:
        self._streamed = ""
        self._begun = False

    def _reply(self, reply: Reply) -> None:
        streamed, whole = self._streamed.strip(), reply.text.strip()
        if self._begun and whole.startswith(streamed):
            self._say(whole[len(streamed) :])
        else:
            self._begin(reply.emotion)
            self._write(whole)
        self._write(_ending(reply), "dim")
        self._line(self._clock.summary(reply), "dim")
        self._void()

    def _line(self, text: str, style: str) -> None:
        self._end_line()
        self._write(f"{text}\n", style)
        self._line_open = False

    def _end_line(self) -> None:
        if self._line_open:
            self._write("\n")
            self._line_open = False

    def _write(self, text: str, style: str | None = None) -> None:
        if text:
            self._console.out(_harmless(text), style=style, highlight=False, end="")
            self._console.file.flush()
            self._line_open = True
            self._at_prompt = False


def deed_line(deed: Deed) -> str:
    """Return what the body did as a line."""
    return f"> {deed.words}"


def error_line(error: ErrorMessage) -> str:
    """Return an error as a line: its code, its sentence, and when to come again."""
    again = f" (again in {error.retry_after_seconds:g} s)" if error.retry_after_seconds else ""
    return f"{error.error_code.value}: {error.error_message}{again}"


def memory_line(answer: MemoryAnswer) -> str:
    """Return what was forgotten as a line."""
    return f"Forgotten: {counted(answer.erased or {})}."


def raw_line(packet: RawPacket) -> str:
    """Return a message as a line: which way it went, its topic and its payload."""
    arrow = "->" if packet.direction == "sent" else "<-"
    return f"{arrow} {packet.topic} {packet.payload.decode(errors='replace')}"


def _ending(reply: Reply) -> str:
    if reply.finish_reason == "stop":
        return ""
    return f" ({reply.finish_reason})" if reply.text.strip() else f"({reply.finish_reason})"


def _harmless(text: str) -> str:
    """Drop control characters but line feed and tab: a model or a robot must not steer the terminal."""
    return text.translate(_NOT_FOR_TERMINALS)
