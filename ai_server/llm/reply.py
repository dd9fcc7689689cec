"""Reads what a model says, while it says it: `[happy] On my way!`, then actions, one JSON object a line."""

from __future__ import annotations

import re
from collections.abc import Callable

from ai_server.llm.chat import ActionCall, Delta, EmotionTag, Sentence
from ai_server.llm.plain import REMOVED, PlainWords
from ai_server.llm.sentences import SentenceCutter, ends_sentence
from ai_server.llm.toolcalls import JsonEnd, calls
from ai_server.protocol.terms import EMOTIONS, Emotion

# ruff: noqa: RUF001

ReplyEvent = EmotionTag | Delta | Sentence | ActionCall

_FENCE = len("```")
_LONGEST_TAG = 40
_LONGEST_MARKUP = 80
_MARKUP = re.compile(
    r"<\|[^<>|\s]*\|>"
    r"|</?[A-Za-z][\w.:-]*(?:=(?P<tool>[\w.-]+))?(?:\s+[\w-]+=(?:\"[^\"]*\"|'[^']*'|[^\s<>\"']+))*\s*/?>"
)
_CODE_TAG = "<|python_tag|>"
_PROSE = frozenset({"", "text", "txt", "plaintext", "plain", "markdown", "md"})
_CLOSE_UP = ".,!?;:…)。，！？"


class ReplyParser:
    """Turns the raw text of one reply into events, each as early as it is certain.

    The emotion comes first and once; a missing or unknown tag is `neutral` and an unknown one is not spoken. JSON never
    reaches the words, whole or broken: a `{`, or an array of objects, begins an action or tool call. Nor do Markdown,
    mark-up, code, stage directions and emoji, in sentences, deltas and the text alike: a robot is heard, not read.
    Words after an action are words again. White space in the words is collapsed, but for line ends. The result does
    not depend on how the text was split across feeds, but for where the deltas are cut.

    Attributes:
        malformed: how many actions were dropped: broken JSON, or nothing in it that names one.
    """

    def __init__(self) -> None:
        self.malformed = 0
        self._events: list[ReplyEvent] = []
        self._read: Callable[[str], None] = self._read_tag
        self._held = ""
        self._ticks = 0
        self._fenced = False
        self._in_code = False
        self._tool: str | None = None
        self._json = JsonEnd()
        self._plain = PlainWords()
        self._gap = ""
        self._removed = False
        self._last = ""
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

    # The emotion.

    def _read_tag(self, char: str) -> None:
        self._held += char
        head = self._held.lstrip(" \t\r\n*`")
        if not head:
            return
        inside = head.startswith("[")
        if inside and char == "]":
            self._begin(_emotion(head))
            self._held = "*" * self._held.count("*")
            self._read = self._read_after_tag
        elif not inside or char in "\n{" or len(head) > _LONGEST_TAG:
            self._begin("neutral")
            self._reread(self._read_words)

    def _read_after_tag(self, char: str) -> None:
        """Drop the rest of the emphasis that began before the tag."""
        if char == "*" and self._held:
            self._held = self._held[1:]
            return
        self._held = char
        self._reread(self._read_words)

    def _begin(self, emotion: Emotion) -> None:
        self._events.append(EmotionTag(emotion))

    def _reread(self, state: Callable[[str], None]) -> None:
        held, self._held = self._held, ""
        self._read = state
        for char in held:
            self._read(char)

    # Words, and where they stop.

    def _read_words(self, char: str) -> None:
        if char == "`":
            self._ticks += 1
            if self._ticks == _FENCE:
                self._turn_fence()
            return
        if self._ticks == 1:
            self._hear("`")
        self._ticks = 0
        if char == "{":
            self._start_json(char)
        elif char in "[<":
            self._held = char
            self._read = self._read_array_start if char == "[" else self._read_markup
        else:
            self._hear(char)

    def _read_array_start(self, char: str) -> None:
        """Tell an array of objects or texts from what people put in square brackets."""
        if char in '{"':
            held, self._held = self._held, ""
            self._start_json(held + char)
        elif char.isspace() and len(self._held) < _LONGEST_MARKUP:
            self._held += char
        else:
            self._release(char)

    def _read_markup(self, char: str) -> None:
        self._held += char
        if char == ">":
            self._finish_markup()
        elif char in "\n{[" or len(self._held) > _LONGEST_MARKUP or not _begins_markup(self._held):
            held = self._held
            self._held = held[:-1]
            self._release(held[-1])

    def _finish_markup(self) -> None:
        found = _MARKUP.fullmatch(self._held)
        if found is None:
            self._release("")
            return
        if found[0].startswith("</"):
            self._tool = None
        elif found["tool"]:
            self._tool = found["tool"]
        self._in_code = self._in_code or found[0] == _CODE_TAG
        self._held = ""
        self._read = self._read_words

    def _release(self, char: str) -> None:
        """Take what was held back for words after all, and go on with `char`."""
        held, self._held = self._held, ""
        self._read = self._read_words
        self._hear(held[0])
        for each in held[1:] + char:
            self._read(each)

    def _turn_fence(self) -> None:
        self._ticks = 0
        self._fenced = not self._fenced
        self._in_code = False
        if self._fenced:
            self._held = ""
            self._read = self._read_fence

    def _read_fence(self, char: str) -> None:
        """Read what kind of text a fence is around; of code nothing is spoken."""
        if char == "\n":
            self._in_code = self._held.strip().lower() not in _PROSE
            self._held = ""
            self._read = self._read_words
            self._hear(char)
        elif char in "{[":
            self._held = ""
            self._read = self._read_words
            self._read(char)
        else:
            self._held += char

    # JSON.

    def _start_json(self, raw: str) -> None:
        self._json = JsonEnd()
        self._read = self._read_json
        for char in raw:
            self._read(char)

    def _read_json(self, char: str) -> None:
        if char == "\n":
            self._read = self._read_broken_line
            return
        self._held += char
        if self._json.is_after(char):
            self._finish_json()
            self._read = self._read_words

    def _read_broken_line(self, char: str) -> None:
        """Go on with JSON over several lines if this line can be a part of it; else it was never closed."""
        if char.isspace():
            return
        if char in '"}]' or (char in "{[" and self._json.open[-1:] == ["]"]):
            self._held += "\n"
            self._read = self._read_json
        else:
            self._held = ""
            self.malformed += 1
            self._hear("\n")
            self._read = self._read_words
        self._read(char)

    def _finish_json(self) -> None:
        raw, self._held = self._held, ""
        found = calls(raw, self._tool)
        if found is None:
            self.malformed += 1
            return
        self._end_words()
        self._events += found

    def _end_words(self) -> None:
        for each in self._plain.close():
            self._collapse(each)
        self._say_fresh()
        self._events += map(Sentence, self._cutter.close())

    def _finish_held(self) -> None:
        """Settle what was held back when the text ended."""
        if self._read == self._read_tag:
            self._begin("neutral")
        elif self._read in (self._read_json, self._read_broken_line):
            self.malformed += 1
        elif self._read in (self._read_array_start, self._read_markup):
            self._release("")
        for each in self._plain.close():
            self._collapse(each)

    # What is heard.

    def _hear(self, char: str) -> None:
        if self._in_code:
            self._in_code = self._fenced or char != "\n"
            return
        for each in self._plain.feed(char):
            self._collapse(each)

    def _collapse(self, char: str) -> None:
        if char == REMOVED:
            self._removed = True
        elif char.isspace():
            self._collapse_space(char)
        else:
            gap = self._gap_before(char)
            self._said += gap + char
            self._heard += ("\n" if self._begins_anew(char) else gap) + char
            self._gap, self._removed, self._last = "", False, char

    def _collapse_space(self, char: str) -> None:
        if self._last:
            self._gap = "\n" if "\n" in (char, self._gap) else " "
        if char == "\n" or not self._last.isalnum():
            self._heard += char

    def _gap_before(self, char: str) -> str:
        if not self._removed or self._gap == "\n":
            return self._gap
        if char in _CLOSE_UP:
            return ""
        return self._gap or (" " if self._last.isalnum() and char.isalnum() else "")

    def _begins_anew(self, char: str) -> bool:
        """Say whether what was taken out stood between two sentences, as an emoji does in place of a full stop."""
        return self._removed and self._last.isalnum() and char.isupper()

    def _say_fresh(self) -> None:
        if self._said:
            self._events.append(Delta(self._said))
            self._text += self._said
        self._events += map(Sentence, self._cutter.feed(self._heard))
        self._said = self._heard = ""


def _begins_markup(text: str) -> bool:
    return len(text) < 2 or text[1] == "|" or text[1] == "/" or (text[1].isascii() and text[1].isalpha())


def _emotion(tag: str) -> Emotion:
    words = re.findall(r"\w+", tag.lower())
    return next((emotion for emotion in EMOTIONS if emotion in words), "neutral")


class VerbatimParser:
    """Takes a text that is for no person as it is.

    Attributes:
        malformed: always 0; there are no actions in it.
    """

    def __init__(self) -> None:
        self.malformed = 0
        self._pieces: list[str] = []

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self._pieces)

    def feed(self, text: str) -> list[ReplyEvent]:
        """Read on; return the events."""
        self._pieces.append(text)
        return [Delta(text)]

    def close(self, *, truncated: bool) -> list[ReplyEvent]:  # noqa: ARG002  as that of `ReplyParser`
        """The text is over; nothing follows."""
        return []
