"""Takes out of words what cannot be spoken, while they come in: Markdown, stage directions, emoticons and emoji."""

from __future__ import annotations

import re
from collections.abc import Callable

from ai_server.llm.asides import (
    begins_emoticon,
    is_bracketed_direction,
    is_emoticon,
    is_pictured,
    is_starred_direction,
    is_tag,
)

# ruff: noqa: RUF001

REMOVED = "\ufffc"
"""Stands in the output where something was taken out."""

_ENDS = ".!?…。！？؟।"
_CLOSERS = "\"'”’“»)]」』）】》"
_JOINER = "\u200d"
_BRACKETS = {"(": ")", "（": "）", "[": "]"}
_LONGEST_ASIDE = 120
_LONGEST_LINK = 300
_LONGEST_ROW = 1000

_LINE_MARKS = frozenset("-*_=|:#>+•·‣◦▪~ \t")
_LINE_MARKER = re.compile(r"[ \t]*(?:>[> \t]*)?(?:(?:#{1,6}|[-*+•·‣◦▪])[ \t]+)*")
_DELIMITER = re.compile(r":?-+:?")
_LINK_TARGET = re.compile(r"\S*(\s+[\"'].*)?")


class PlainWords:
    """Reads words character by character and gives back those that are to be spoken, each as soon as it is certain.

    Emphasis, code marks, headings, list and quote marks, rules and the targets of links are dropped and their words
    kept; a table's row becomes its cells, with commas. Stage directions, tags in square brackets, emoticons and emoji
    are dropped whole; `REMOVED` stands where they were. What is held back is at most one line, and seldom more than
    one character.
    """

    def __init__(self) -> None:
        self._out = ""
        self._held = ""
        self._read: Callable[[str], None] = self._read_line_start
        self._last = "\n"
        self._ended = True
        self._in_picture = False
        self._in_code = False
        self._depth = 0
        self._link = ""

    def feed(self, char: str) -> str:
        """Read one character; return what is certain by now."""
        self._read(char)
        return self._take()

    def close(self) -> str:
        """The line is over, or the text is; return what was held back."""
        self._end_line()
        self._read, self._last, self._ended, self._in_code = self._read_line_start, "\n", True, False
        return self._take()

    def _take(self) -> str:
        out, self._out = self._out, ""
        return out

    def _say(self, text: str) -> None:
        self._in_picture = False
        for char in text:
            self._out += char
            self._last = char
            if char in _ENDS or char == "\n":
                self._ended = True
            elif not char.isspace() and char not in _CLOSERS:
                self._ended = False

    def _remove(self) -> None:
        self._out += REMOVED
        self._in_picture = True

    def _remove_aside(self) -> None:
        self._remove()
        self._held = ""
        self._read = self._read_line_start if self._last == "\n" else self._read_words

    def _reread(self, text: str) -> None:
        self._held = ""
        self._read = self._read_words
        for char in text:
            self._read(char)

    # The beginning of a line.

    def _read_line_start(self, char: str) -> None:
        if char == "\n":
            self._held = ""
            self._say(char)
        elif is_pictured(char) or (char == _JOINER and self._in_picture):
            self._remove()
        elif char in _LINE_MARKS and len(self._held) < _LONGEST_ASIDE:
            self._held += char
        elif self._held.lstrip(" \t").startswith("|"):
            self._held += char
            self._read = self._read_row
        else:
            marker = _LINE_MARKER.match(self._held)
            self._reread(self._held[marker.end() if marker else 0 :] + char)

    def _read_row(self, char: str) -> None:
        if char == "\n" or len(self._held) >= _LONGEST_ROW:
            row = _cells(self._held)
            self._reread(row + char)
        else:
            self._held += char

    # Within a line.

    def _read_words(self, char: str) -> None:
        if char in "*_~":
            self._hold(char, self._read_marks)
        elif char in _BRACKETS:
            self._depth = 1
            self._hold(char, self._read_bracket)
        elif char in ":;=<^xX" and not self._last.isalnum():
            self._hold(char, self._read_emoticon)
        elif char == "`":
            self._read_tick()
        elif is_pictured(char) or (char == _JOINER and self._in_picture):
            self._remove()
        elif char != "\\":
            self._say(char)
            if char == "\n":
                self._read, self._held = self._read_line_start, ""

    def _hold(self, char: str, state: Callable[[str], None]) -> None:
        self._held = char
        self._read = state

    def _read_tick(self) -> None:
        if self._last.isalnum() and not self._in_code:
            self._say("'")
        else:
            self._in_code = not self._in_code

    def _read_marks(self, char: str) -> None:
        marks = self._held
        if char == marks[0] and len(marks) < _LONGEST_ASIDE:
            self._held += char
            return
        before, after = self._last, char
        is_free = before.isspace() and after.isspace()
        is_within = before.isalnum() and after.isalnum()
        if is_free or marks == "~" or (is_within and (len(marks) == 1 or marks[0] == "_")):
            self._say(marks)
            self._reread(char)
        elif len(marks) == 1 and not before.isalnum() and not after.isspace():
            self._hold(marks, self._read_stressed)
            self._read_stressed(char)
        else:
            self._reread(char)

    def _read_stressed(self, char: str) -> None:
        mark, text = self._held[0], self._held[1:]
        if char == mark and text and not text[-1].isspace():
            self._held += char
            self._read = self._read_stress_end
        elif char == "\n":
            self._settle_stress(text, begins_sentence=False)
            self._read(char)
        elif len(text) >= _LONGEST_ASIDE:
            self._reread(text + char)
        else:
            self._held += char

    def _read_stress_end(self, char: str) -> None:
        mark = self._held[0]
        if char == mark or (mark == "_" and char.isalnum()):
            self._held += char
            self._read = self._read_stressed
        else:
            self._settle_stress(self._held[1:-1], begins_sentence=self._ended)
            self._read(char)

    def _settle_stress(self, text: str, *, begins_sentence: bool) -> None:
        if is_starred_direction(text, begins_sentence=begins_sentence):
            self._remove_aside()
        else:
            self._reread(text)

    def _read_bracket(self, char: str) -> None:
        opening = self._held[0]
        if char == "\n":
            self._settle_bracket(self._held[1:], "")
            self._read(char)
            return
        self._depth += (char == opening) - (char == _BRACKETS[opening])
        if self._depth == 0 and opening == "[":
            self._held += char
            self._read = self._read_link
        elif self._depth == 0:
            self._settle_bracket(self._held[1:], char)
        elif len(self._held) >= _LONGEST_ASIDE:
            self._say(opening)
            self._reread(self._held[1:] + char)
        else:
            self._held += char

    def _settle_bracket(self, text: str, closing: str) -> None:
        opening = self._held[0]
        is_aside = is_tag if opening == "[" else is_bracketed_direction
        if is_aside(text, begins_sentence=self._ended and bool(closing)):
            self._remove_aside()
        else:
            self._say(opening)
            self._reread(text + closing)

    def _read_link(self, char: str) -> None:
        if char == "(":
            self._link = char
            self._read = self._read_link_target
        else:
            self._settle_bracket(self._held[1:-1], "]")
            self._read(char)

    def _read_link_target(self, char: str) -> None:
        words = self._held[1:-1]
        if char == ")" and _LINK_TARGET.fullmatch(self._link[1:]):
            self._reread(words)
        elif char in ")\n" or len(self._link) >= _LONGEST_LINK:
            target = self._link + char
            self._settle_bracket(words, "]")
            for each in target:
                self._read(each)
        else:
            self._link += char

    def _read_emoticon(self, char: str) -> None:
        if begins_emoticon(self._held + char):
            self._held += char
        elif is_emoticon(self._held) and not char.isalnum():
            self._remove_aside()
            self._read(char)
        else:
            self._say(self._held[0])
            self._reread(self._held[1:] + char)

    def _end_line(self) -> None:
        """Settle what is held back, as the end of a line does."""
        if self._read == self._read_line_start:
            self._held = ""
            return
        self._read("\n")
        self._out = self._out.removesuffix("\n")


def _cells(row: str) -> str:
    cells = [cell for part in row.split("|") if (cell := part.strip())]
    return "" if all(map(_DELIMITER.fullmatch, cells)) else ", ".join(cells)
