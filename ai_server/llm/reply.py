"""Reads what a model says, while it says it: `[happy] On my way!`, then actions, one JSON object a line."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from ai_server.llm.chat import ActionCall, Delta, EmotionTag, Sentence
from ai_server.llm.sentences import SentenceCutter, ends_sentence
from ai_server.protocol.terms import EMOTIONS, Emotion

ReplyEvent = EmotionTag | Delta | Sentence | ActionCall

_LONGEST_TAG = 40
_object = msgspec.json.Decoder(dict[str, Any])


class ReplyParser:
    """Turns the raw text of one reply into events, each as early as it is certain.

    The emotion comes first and once; a missing or unknown tag is `neutral` and an unknown one is not spoken. A `{`
    begins an action, which never reaches the words, whole or broken; Markdown fences are left out too. Words after an
    action are words again. White space in the words is collapsed, but for line ends. The result does not depend on how
    the text was split across feeds, but for where the deltas are cut.

    Attributes:
        malformed: how many actions were dropped: broken JSON, or no `action` that names one.
    """

    def __init__(self) -> None:
        self.malformed = 0
        self._events: list[ReplyEvent] = []
        self._read: Callable[[str], None] = self._read_tag
        self._held = ""
        self._braces = _Braces()
        self._gap = ""
        self._said = ""
        self._heard = ""
        self._text = ""
        self._cutter = SentenceCutter()

    @property
    def text(self) -> str:
        """The words so far, as the deltas joined; closed as truncated, up to the last full sentence if there is one."""
        return self._text

    def feed(self, text: str) -> list[ReplyEvent]:
        """Read on; return the events that are certain by now."""
        for char in text:
            self._read(char)
        return self._take_events()

    def close(self, *, truncated: bool) -> list[ReplyEvent]:
        """The text is over; return the last events.

        Args:
            truncated: the model did not come to its end, so the words are to end at the last full sentence.
        """
        self._finish_held()
        self._say_fresh()
        rest = self._cutter.rest
        if truncated and len(rest) < len(self._text) and not ends_sentence(rest):
            self._text = self._text[: len(self._text) - len(rest)].rstrip()
        else:
            self._events += map(Sentence, self._cutter.close())
        return self._take_events()

    def _take_events(self) -> list[ReplyEvent]:
        self._say_fresh()
        events, self._events = self._events, []
        return events

    def _read_tag(self, char: str) -> None:
        self._held += char
        head = self._held.lstrip(" \t\r\n*")
        if not head:
            return
        inside = head.startswith("[")
        if inside and char == "]":
            self._begin(_emotion(head))
            self._held = "*" * self._held.count("*")
            self._read = self._read_after_tag
        elif not inside or char in "\n{" or len(head) > _LONGEST_TAG:
            self._begin("neutral")
            self._reread(self._read_line_start)

    def _read_after_tag(self, char: str) -> None:
        """Drop the rest of the emphasis that began before the tag."""
        if char == "*" and self._held:
            self._held = self._held[1:]
            return
        self._held = char
        self._reread(self._read_line_start)

    def _begin(self, emotion: Emotion) -> None:
        self._events.append(EmotionTag(emotion))

    def _reread(self, state: Callable[[str], None]) -> None:
        held, self._held = self._held, ""
        self._read = state
        for char in held:
            self._read(char)

    def _read_line_start(self, char: str) -> None:
        if char == "`":
            self._held += char
            if self._held == "```":
                self._held = ""
                self._read = self._read_fence
        elif char.isspace() and not self._held:
            self._hear(char)
        else:
            self._held += char
            self._reread(self._read_words)

    def _read_fence(self, char: str) -> None:
        if char == "\n":
            self._read = self._read_line_start
        elif char == "{":
            self._start_action(char)

    def _read_words(self, char: str) -> None:
        if char == "{":
            self._start_action(char)
            return
        self._hear(char)
        if char == "\n":
            self._read = self._read_line_start

    def _start_action(self, char: str) -> None:
        self._braces = _Braces()
        self._read = self._read_action
        self._read_action(char)

    def _read_action(self, char: str) -> None:
        if char == "\n":
            self._read = self._read_broken_line
            return
        self._held += char
        if self._braces.balanced_after(char):
            self._finish_action()
            self._read = self._read_line_start

    def _read_broken_line(self, char: str) -> None:
        """Go on with an object over several lines if this line can be a part of one; else it was never closed."""
        if char.isspace():
            return
        if char in '"}]':
            self._held += "\n"
            self._read = self._read_action
        else:
            self._held = ""
            self.malformed += 1
            self._hear("\n")
            self._read = self._read_line_start
        self._read(char)

    def _finish_action(self) -> None:
        raw, self._held = self._held, ""
        action = _action(raw)
        if action is None:
            self.malformed += 1
            return
        self._say_fresh()
        self._events += map(Sentence, self._cutter.close())
        self._events.append(action)

    def _finish_held(self) -> None:
        """Settle what was held back when the text ended."""
        if self._read == self._read_tag:
            self._begin("neutral")
        elif self._read in (self._read_action, self._read_broken_line):
            self.malformed += 1
        elif self._read == self._read_line_start:
            self._reread(self._read_words)

    def _hear(self, char: str) -> None:
        self._heard += char
        if not char.isspace():
            self._said += self._gap + char
            self._gap = ""
        elif self._text or self._said:
            self._gap = "\n" if "\n" in (char, self._gap) else " "

    def _say_fresh(self) -> None:
        if self._said:
            self._events.append(Delta(self._said))
            self._text += self._said
        self._events += map(Sentence, self._cutter.feed(self._heard))
        self._said = self._heard = ""


class _Braces:
    """Follows a JSON object to its end."""

    def __init__(self) -> None:
        self._depth = 0
        self._in_string = False
        self._escaped = False

    def balanced_after(self, char: str) -> bool:
        if self._in_string:
            self._in_string = char != '"' or self._escaped
            self._escaped = char == "\\" and not self._escaped
            return False
        if char == '"':
            self._in_string = True
        elif char in "{}":
            self._depth += 1 if char == "{" else -1
        return self._depth == 0


def _emotion(tag: str) -> Emotion:
    words = re.findall(r"\w+", tag.lower())
    return next((emotion for emotion in EMOTIONS if emotion in words), "neutral")


def _action(raw: str) -> ActionCall | None:
    try:
        arguments = _object.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return None
    name = arguments.pop("action", None)
    return ActionCall(name, arguments) if isinstance(name, str) and name else None
