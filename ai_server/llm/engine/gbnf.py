"""llama.cpp's notation of grammars (its grammars/README.md), read into a tree."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

_MAX_LENGTH = 65_536
_MAX_GROUPS = 50
_MAX_REPETITIONS = 2_000  # as in llama-grammar.cpp
_TEXT = ((1, 0xD7FF), (0xE000, 0x10FFFF))  # what text is made of: no NUL, no halves of surrogate pairs

_SPACE = re.compile(r"(?:[ \t]|#[^\r\n]*)*")
_SPACE_AND_LINES = re.compile(r"(?:[ \t\r\n]|#[^\r\n]*)*")
_NAME = re.compile(r"[A-Za-z0-9-]+")
_COUNTS = re.compile(r"\{[ \t]*([0-9]{1,9})[ \t]*(?:(,)[ \t]*([0-9]{1,9})?[ \t]*)?\}")
_CHARACTER = re.compile(
    r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([trn\\\"\[\]-]))|([^\\])", re.DOTALL
)
_ESCAPES = {"t": "\t", "r": "\r", "n": "\n"}
_REPETITIONS: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}


class GrammarError(Exception):
    """A grammar cannot be followed; the message is one sentence that says why."""


@dataclass(frozen=True, slots=True)
class Characters:
    """One character of these ranges of code points, which do not overlap; ends included."""

    ranges: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """What the rule of this name says."""

    name: str


@dataclass(frozen=True, slots=True)
class Sequence:
    """One after the other; none is the empty text."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Any one."""

    alternatives: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Repetition:
    """The part `low` to `high` times; None is without an end."""

    part: Expression
    low: int
    high: int | None


Expression = Characters | Reference | Sequence | Choice | Repetition


def parse_gbnf(text: str) -> dict[str, Expression]:
    """Return the rules of a grammar by their names; every name that a rule refers to is there.

    Raises:
        GrammarError: it is not GBNF, or names tokens, which is not supported.
    """
    if len(text) > _MAX_LENGTH:
        raise GrammarError(f"the grammar has {len(text)} characters, and at most {_MAX_LENGTH} are allowed")
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._groups = 0
        self._rules: dict[str, Expression] = {}
        self._referred: dict[str, int] = {}
        """Where each name is first referred to."""

    def parse(self) -> dict[str, Expression]:
        self._skip_space(lines=True)
        while self._at < len(self._text):
            self._parse_rule()
        for name, at in self._referred.items():
            if name not in self._rules:
                self._fail(f"rule {name!r} is not defined", at)
        return self._rules

    def _parse_rule(self) -> None:
        start = self._at
        name = self._parse_name()
        if name in self._rules:
            self._fail(f"rule {name!r} is defined twice", start)
        self._skip_space(lines=False)
        if not self._text.startswith("::=", self._at):
            self._fail(f"expected '::=' after {name!r}")
        self._at += 3
        self._skip_space(lines=True)
        self._rules[name] = self._parse_choice()
        if self._next() not in ("", "\r", "\n"):
            self._fail(f"did not expect {self._next()!r}")
        self._skip_space(lines=True)

    def _parse_choice(self) -> Expression:
        alternatives = [self._parse_sequence()]
        while self._next() == "|":
            self._at += 1
            self._skip_space(lines=True)
            alternatives.append(self._parse_sequence())
        return alternatives[0] if len(alternatives) == 1 else Choice(tuple(alternatives))

    def _parse_sequence(self) -> Expression:
        parts: list[Expression] = []
        while (symbol := self._next()) not in ("", "\r", "\n", "|", ")"):
            part = self._parse_part(symbol)
            self._skip_space(lines=self._groups > 0)
            if self._next() in ("*", "+", "?", "{"):
                part = self._parse_repetition(part)
                self._skip_space(lines=self._groups > 0)
            parts.append(part)
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _parse_part(self, symbol: str) -> Expression:
        match symbol:
            case '"':
                return self._parse_literal()
            case "[":
                return self._parse_class()
            case "(":
                return self._parse_group()
            case ".":
                self._at += 1
                return Characters(_TEXT)
        if symbol in "<!":
            self._fail("tokens by name or number are not supported; write their text in quotes")
        self._referred.setdefault(name := self._parse_name(), self._at - len(name))
        return Reference(name)

    def _parse_literal(self) -> Expression:
        start = self._at
        self._at += 1
        parts: list[Expression] = []
        while self._next() != '"':
            at = self._at
            code = self._parse_character("the quote", start)
            if not _within_text([(code, code)]):
                self._fail(f"no text contains U+{code:04X}", at)
            parts.append(Characters(((code, code),)))
        self._at += 1
        return Sequence(tuple(parts))

    def _parse_class(self) -> Expression:
        start = self._at
        is_negated = self._text.startswith("[^", start)
        self._at += 2 if is_negated else 1
        ranges: list[tuple[int, int]] = []
        while self._next() != "]":
            at = self._at
            low = high = self._parse_character("the bracket", start)
            if self._next() == "-" and not self._text.startswith("-]", self._at):
                self._at += 1
                high = self._parse_character("the bracket", start)
            if high < low:
                self._fail("a range of characters runs backwards", at)
            ranges.append((low, high))
        self._at += 1
        found = _within_text(_others(ranges) if is_negated else _merged(ranges))
        if not ranges or not found:
            self._fail("no character is in these brackets", start)
        return Characters(found)

    def _parse_character(self, opened: str, start: int) -> int:
        if self._at >= len(self._text):
            self._fail(f"{opened} is not closed", start)
        found = _CHARACTER.match(self._text, self._at)
        if not found:
            self._fail("unknown escape")
        self._at = found.end()
        *hexadecimal, escaped, plain = found.groups()
        digits = next(filter(None, hexadecimal), None)
        return int(digits, 16) if digits else ord(plain or _ESCAPES.get(escaped, escaped))

    def _parse_group(self) -> Expression:
        start = self._at
        self._groups += 1
        if self._groups > _MAX_GROUPS:
            self._fail(f"more than {_MAX_GROUPS} parentheses are within one another")
        self._at += 1
        self._skip_space(lines=True)
        inner = self._parse_choice()
        if self._next() != ")":
            self._fail("the parenthesis is not closed", start)
        self._at += 1
        self._groups -= 1
        return inner

    def _parse_repetition(self, part: Expression) -> Expression:
        start = self._at
        low, high = self._parse_counts()
        if high is not None and high < low:
            self._fail(f"a repetition runs from {low} down to {high}", start)
        if max(low, high or 0) > _MAX_REPETITIONS:
            self._fail(f"repeats more than {_MAX_REPETITIONS} times", start)
        return Repetition(part, low, high)

    def _parse_counts(self) -> tuple[int, int | None]:
        symbol = self._next()
        if symbol != "{":
            self._at += 1
            return _REPETITIONS[symbol]
        found = _COUNTS.match(self._text, self._at)
        if not found:
            self._fail("expected {m}, {m,} or {m,n}")
        self._at = found.end()
        low = int(found[1])
        return low, low if not found[2] else int(found[3]) if found[3] else None

    def _parse_name(self) -> str:
        found = _NAME.match(self._text, self._at)
        if not found:
            self._fail(f"did not expect {self._next()!r}")
        self._at = found.end()
        return found[0]

    def _next(self) -> str:
        return self._text[self._at : self._at + 1]

    def _skip_space(self, *, lines: bool) -> None:
        found = (_SPACE_AND_LINES if lines else _SPACE).match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _fail(self, what: str, at: int | None = None) -> NoReturn:
        before = self._text[: self._at if at is None else at]
        column = len(before) - before.rfind("\n")
        raise GrammarError(f"the grammar is wrong in line {before.count(chr(10)) + 1}, column {column}: {what}")


def _merged(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(high, merged[-1][1])
        else:
            merged.append((low, high))
    return merged


def _others(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return what is outside of these."""
    merged = _merged(ranges)
    starts = [0, *(high + 1 for _, high in merged)]
    ends = [*(low - 1 for low, _ in merged), _TEXT[-1][1]]
    return [(start, end) for start, end in zip(starts, ends, strict=True) if start <= end]


def _within_text(ranges: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    cut = [(max(low, first), min(high, last)) for low, high in ranges for first, last in _TEXT]
    return tuple((low, high) for low, high in cut if low <= high)
