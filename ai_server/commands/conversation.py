"""What a person types to a robot, line by line: words to say, and commands."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ai_server.commands.link import RobotError
from ai_server.commands.robot import Happening, LinkChange, Overheard, SimulatedRobot
from ai_server.commands.transcript import Transcript
from ai_server.protocol.errors import ErrorCode, ErrorMessage
from ai_server.protocol.reply import Reply
from ai_server.protocol.status import State, Status
from ai_server.protocol.terms import EMOTIONS, Emotion, FinishReason
from ai_server.settings import Settings

LOADING_TIMEOUT_S = 120.0
_NO_ANSWER: frozenset[FinishReason] = frozenset({"expired", "error"})


class _LeaveError(Exception):
    """The person wants to go."""


class _UsageError(Exception):
    """A command was not typed as it wants to be."""


@dataclass(frozen=True, slots=True)
class _Turn:
    words: str
    happenings: AsyncIterator[Happening]


@dataclass(frozen=True, slots=True)
class _Command:
    usage: str
    meaning: str
    run: Callable[[str], _Turn | None]


class Conversation:
    """A person who speaks through a robot.

    Attributes:
        all_answered: whether every utterance so far got its answer, and every command was understood.
    """

    def __init__(
        self,
        robot: SimulatedRobot,
        transcript: Transcript,
        emotion: Emotion | None = None,
        settings: Settings | None = None,
    ) -> None:
        """Prepare; `emotion` is how the person seems to feel, sent with each utterance; `settings` are the brain's."""
        self._settings = settings
        self.all_answered = True
        self._robot = robot
        self._transcript = transcript
        self._emotion = emotion
        self._waiting: asyncio.Queue[_Turn] = asyncio.Queue()
        self._playing = False
        self._interrupted = False
        self._commands = self._all_commands()

    async def follow(self, lines: AsyncIterator[str]) -> None:
        """Say one line after another, each when the one before is answered; stop where nobody answers.

        While the brain still loads its model, the first line waits.
        """
        overhearing = asyncio.create_task(self._overhear(), name="overhear")
        try:
            await self._robot.brain_loaded(LOADING_TIMEOUT_S)
            async for line in lines:
                turn = self._take(line)
                if turn and not await self._play(turn):
                    return
        except _LeaveError:
            return
        finally:
            await _end(overhearing)

    async def attend(self, lines: AsyncIterator[str]) -> None:
        """Take lines from a person at a terminal, at any time, until they leave; answers come in between.

        Ctrl-C cancels what is being said; a second time, or when nothing is, it leaves.
        """
        self._transcript.news(f"{self._connection()} /help shows the commands, Ctrl-D leaves.")
        if not await self._robot.brain_loaded(0) and self._robot.status is None:
            self._transcript.problem(self._brain())
        others = [
            asyncio.create_task(self._overhear(), name="overhear"),
            asyncio.create_task(self._play_all(), name="play"),
        ]
        reading = asyncio.create_task(self._read(lines), name="read")
        try:
            with _on_interrupt(lambda: self._interrupt(reading)):
                await asyncio.wait([reading, *others], return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _end(reading, *others)
            self._transcript.answered()

    async def _read(self, lines: AsyncIterator[str]) -> None:
        self._transcript.prompt()
        async for line in lines:
            self._transcript.line_taken()
            try:
                turn = self._take(line)
            except _LeaveError:
                return
            if turn:
                self._waiting.put_nowait(turn)
            self._prompt_if_idle()

    async def _play_all(self) -> None:
        while True:
            turn = await self._waiting.get()
            self._playing = True
            await self._play(turn)
            self._playing = self._interrupted = False
            self._prompt_if_idle()

    async def _overhear(self) -> None:
        async for overheard in self._robot.overheard():
            if isinstance(overheard, Status) and overheard is not self._robot.status:
                continue  # it has changed since
            self._show_overheard(overheard)
            self._prompt_if_idle()

    def _show_overheard(self, overheard: Overheard) -> None:
        match overheard:
            case Status(state=State.READY):
                self._transcript.news(self._brain())
            case Status():
                self._transcript.problem(self._brain())
            case LinkChange(connected=True):
                self._transcript.news(self._connection())
            case LinkChange(reason=reason):
                self._transcript.problem(f"The connection to the broker is lost: {reason}.")
            case _:
                self._transcript.show(overheard)
                self._judge(overheard)

    def _prompt_if_idle(self) -> None:
        if not self._playing and self._waiting.empty():
            self._transcript.prompt()

    def _interrupt(self, reading: asyncio.Task[None]) -> None:
        if self._playing and not self._interrupted:
            self._interrupted = True
            self._robot.control("cancel")
        else:
            reading.cancel()

    def _take(self, line: str) -> _Turn | None:
        """Carry out a command, or return what the line says."""
        words = line.strip()
        if not words.startswith("/"):
            return _Turn(words, self._say(words)) if words else None
        name, _, argument = words[1:].partition(" ")
        command = self._commands.get(name)
        if command is None:
            self._misunderstood(f"There is no command /{name}; /help shows what there is.")
            return None
        try:
            return command.run(argument.strip())
        except _UsageError as error:
            self._misunderstood(str(error))
            return None

    def _misunderstood(self, why: str) -> None:
        self.all_answered = False
        self._transcript.problem(why)

    async def _play(self, turn: _Turn) -> bool:
        """Say something and show what comes of it; return False where nobody answers."""
        self._transcript.asked(turn.words)
        try:
            async for happening in turn.happenings:
                self._transcript.show(happening)
                self._judge(happening)
        except RobotError as error:
            self.all_answered = False
            self._transcript.problem(str(error))
            return False
        finally:
            self._transcript.answered()
        return True

    def _say(self, words: str) -> AsyncIterator[Happening]:
        return self._robot.say(words) if self._emotion is None else self._robot.say(words, emotion=self._emotion)

    def _judge(self, happening: Happening) -> None:
        refused = isinstance(happening, ErrorMessage) and happening.error_code is not ErrorCode.BUSY
        unanswered = isinstance(happening, Reply) and happening.finish_reason in _NO_ANSWER
        if refused or unanswered:
            self.all_answered = False

    def _all_commands(self) -> dict[str, _Command]:
        return {
            "battery": _Command("/battery PERCENT", "publish a battery reading, such as /battery 20", self._battery),
            "temperature": _Command("/temperature CELSIUS", "publish a room's temperature", self._temperature),
            "see": _Command("/see WHAT", "publish that the camera sees something, such as /see a cup", self._see),
            "touch": _Command("/touch [off]", "publish that somebody touches the robot, or no more", self._touch),
            "emotion": _Command("/emotion [NAME]", f"feel {', '.join(EMOTIONS)}; alone: none of them", self._feel),
            "persona": _Command("/persona [NAME]", "be another persona from now on; alone: the usual", self._persona),
            "cancel": _Command("/cancel", "cancel what is being said", self._control("cancel")),
            "repeat": _Command("/repeat", "hear the last reply again", self._repeat),
            "reset": _Command("/reset", "begin a new conversation", self._control("reset")),
            "status": _Command("/status", "show how the brain and the connection are", self._status),
            "why": _Command("/why [REQUEST_ID]", "tell why the last words were answered so", self._why),
            "memory": _Command("/memory", "show what is known of people here", self._memory),
            "forget": _Command("/forget WORDS", "have forgotten what speaks of them", self._forget),
            "json": _Command("/json", "show every message as it travels, or no more", self._json),
            "help": _Command("/help", "show this", self._help),
            "quit": _Command("/quit", "leave", self._quit),
        }

    def _battery(self, argument: str) -> None:
        percentage = _number(argument, "/battery PERCENT, such as /battery 20")
        self._sensor("battery", percentage=percentage)

    def _temperature(self, argument: str) -> None:
        degrees = _number(argument, "/temperature CELSIUS, such as /temperature 21.5")
        self._sensor("environment", temperature_c=degrees)

    def _see(self, argument: str) -> None:
        if not argument:
            raise _UsageError("Type /see WHAT, such as /see a cup.")
        self._robot.vision({"event_type": "object_detected", "object": argument})
        self._transcript.news(f"The camera reported {argument}.")

    def _sensor(self, name: str, **fields: float) -> None:
        self._robot.sensor(name, fields)
        readings = ", ".join(f"{field} {value}" for field, value in fields.items())
        self._transcript.news(f"The {name} sensor reported {readings}.")

    def _touch(self, argument: str) -> None:
        if argument not in {"", "off"}:
            raise _UsageError("Type /touch or /touch off.")
        self._sensor("touch", touched=argument != "off")

    def _feel(self, argument: str) -> None:
        if argument and argument not in EMOTIONS:
            raise _UsageError(f"Type /emotion with one of {', '.join(EMOTIONS)}, or alone for none of them.")
        self._emotion = next((emotion for emotion in EMOTIONS if emotion == argument), None)
        self._transcript.news(f"You seem {argument} from now on." if argument else "You seem to feel nothing special.")

    def _persona(self, argument: str) -> None:
        self._robot.choose_persona(argument or None)
        self._transcript.news(f"From the next words on it is {argument}." if argument else "It is the usual one again.")

    def _control(self, command: str) -> Callable[[str], None]:
        return lambda _: self._robot.control(command)

    def _repeat(self, _: str) -> _Turn:
        return _Turn("/repeat", self._robot.repeat())

    def _status(self, _: str) -> None:
        self._transcript.note(self._brain())
        self._transcript.note(self._connection())

    def _why(self, argument: str) -> None:
        from ai_server.commands.memory.glance import turn_to_explain
        from ai_server.commands.why import explanation
        from ai_server.memory.storage.database import DatabaseError
        from ai_server.memory.storage.places import place_of

        turn, device_id = None, self._robot.device_id
        try:
            if self._settings:
                turn = turn_to_explain(place_of(self._settings), argument or None, device_id)
        except DatabaseError as error:
            raise _UsageError(str(error)) from None
        if turn is None:
            raise _UsageError("Nothing is known of that here; on the brain's host, `naila why` tells it.")
        for line in explanation(turn):
            self._transcript.note(line)

    def _memory(self, _: str) -> None:
        from ai_server.commands.memory.glance import known_facts
        from ai_server.memory.storage.database import DatabaseError
        from ai_server.memory.storage.places import place_of

        try:
            facts = known_facts(place_of(self._settings), self._robot.device_id) if self._settings else []
        except DatabaseError as error:
            raise _UsageError(str(error)) from None
        if not facts:
            raise _UsageError("Nothing is known for good here; on the brain's host, `naila memory list` tells more.")
        for fact in facts:
            self._transcript.note(fact.text)

    def _forget(self, argument: str) -> _Turn:
        if not argument:
            raise _UsageError("Type /forget WORDS, such as /forget Tom.")
        return _Turn(f"/forget {argument}", self._robot.forget(argument))

    def _json(self, _: str) -> None:
        self._robot.link.tap = None if self._robot.link.tap else self._transcript.raw

    def _help(self, _: str) -> None:
        for command in self._commands.values():
            self._transcript.note(f"{command.usage:<22}{command.meaning}")

    def _quit(self, _: str) -> None:
        raise _LeaveError

    def _brain(self) -> str:
        status = self._robot.status
        if status is None:
            return f"No brain has published its status on the broker at {self._robot.link.broker}."
        model = f", version {status.version}" + (f", model {status.model}" if status.model else "")
        reason = f" ({status.reason})" if status.reason else ""
        return f"The brain is {status.state.value}{reason}{model}."

    def _connection(self) -> str:
        link = self._robot.link
        state = "connected" if link.connected else "not connected"
        return f"{self._robot.device_id} is {state} to {link.broker} with MQTT {link.protocol}."


@contextmanager
def _on_interrupt(act: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, act)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)


async def _end(*tasks: asyncio.Task[None]) -> None:
    """Cancel tasks, and raise what ended one of them before."""
    for task in tasks:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result


def _number(text: str, usage: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise _UsageError(f"Type {usage}.") from None
