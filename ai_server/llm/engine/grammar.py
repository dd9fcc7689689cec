"""Whether llama.cpp can be trusted with a grammar: it aborts, hangs or runs out of memory on some."""

from __future__ import annotations

import re
from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter
from typing import NoReturn

ROOT = "root"

_MAX_LENGTH = 65_536
_MAX_GROUPS = 100
_MAX_REPETITIONS = 2_000  # MAX_REPETITION_THRESHOLD of llama-grammar.cpp; more is silently taken as unlimited
_MAX_ELEMENTS = 500_000  # 8 bytes each, in four copies
_MAX_PATHS = 1_000_000  # llama.cpp walks every one, some more than once
_MAX_DEPTH = 1_000  # of llama.cpp's recursion through rules that begin with rules
_MAX_EMPTY_DEPTH = 100
_TERMINAL = -1

_SPACE = re.compile(r"(?:[ \t]|#[^\r\n]*)*")
_SPACE_AND_LINES = re.compile(r"(?:[ \t\r\n]|#[^\r\n]*)*")
_NAME = re.compile(r"[A-Za-z0-9-]+")
_COUNTS = re.compile(r"\{[ \t]*([0-9]{1,9})[ \t]*(?:(,)[ \t]*([0-9]{1,9})?[ \t]*)?\}")
_CHARACTER = re.compile(
    r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([trn\\\"\[\]-]))|([^\\])", re.DOTALL
)
_ESCAPES = {"t": "\t", "r": "\r", "n": "\n"}
_REPETITIONS: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}

_Sequence = list[int]
"""Of rule ids and `_TERMINAL`, which stands for one element of llama.cpp's own form of a rule."""


class GrammarError(Exception):
    """The message is one sentence that says what is wrong with the grammar."""


def check_grammar(text: str) -> None:
    """Check that a grammar is GBNF with a rule `root`, and one that llama.cpp can follow.

    Raises:
        GrammarError: it is not.
    """
    _check_text(text)
    parser = _Parser(text)
    parser.parse()
    corners = _left_corners(parser.rules)
    try:
        order = list(TopologicalSorter({rule: set(begins) for rule, begins in corners.items()}).static_order())
    except CycleError as error:
        owner = next(parser.owners[rule] for rule in error.args[1])
        raise GrammarError(
            f"rule {owner!r} of the grammar can begin with itself (left recursion), or repeats what may be empty"
        ) from None
    _check_walk(corners, order)


class _Parser:
    """Reads GBNF into the rules that llama.cpp would make of it: groups and repetitions become rules of their own.

    Attributes:
        rules: the alternatives of each rule, by its id.
        owners: the name of the rule in the text that each rule comes from.
    """

    def __init__(self, text: str) -> None:
        self.rules: dict[int, list[_Sequence]] = {}
        self.owners: list[str] = []
        self._text = text
        self._at = 0
        self._groups = 0
        self._elements = 0
        self._ids: dict[str, int] = {}
        self._first_seen: dict[str, int] = {}
        self._owner = ""

    def parse(self) -> None:
        """Read the whole text."""
        self._skip_space(lines=True)
        while self._at < len(self._text):
            self._parse_rule()
        if not self.rules:
            raise GrammarError("the grammar has no rules")
        for name, rule in self._ids.items():
            if rule not in self.rules:
                self._fail(f"rule {name!r} is not defined", self._first_seen[name])
        if ROOT not in self._ids:
            raise GrammarError(f"the grammar has no rule {ROOT!r}")

    def _parse_rule(self) -> None:
        start = self._at
        name = self._parse_name()
        rule = self._id_of(name, start)
        if rule in self.rules:
            self._fail(f"rule {name!r} is defined twice", start)
        self._skip_space(lines=False)
        if not self._text.startswith("::=", self._at):
            self._fail(f"expected '::=' after {name!r}")
        self._at += 3
        self._owner = name
        self._skip_space(lines=True)
        self.rules[rule] = self._parse_alternatives()
        if self._next() not in ("", "\r", "\n"):
            self._fail(f"did not expect {self._next()!r}")
        self._skip_space(lines=True)

    def _parse_alternatives(self) -> list[_Sequence]:
        alternatives = [self._parse_sequence()]
        while self._next() == "|":
            self._at += 1
            self._skip_space(lines=True)
            alternatives.append(self._parse_sequence())
        self._count_elements(len(alternatives))
        return alternatives

    def _parse_sequence(self) -> _Sequence:
        sequence: _Sequence = []
        item: _Sequence = []
        copies = 1  # llama.cpp's measure of what a repetition of the item would multiply
        while (symbol := self._next()) not in ("", "\r", "\n", "|", ")"):
            if symbol in "*+?{":
                item, copies = self._parse_repetition(item, copies)
            else:
                sequence += item
                item, copies = self._parse_item(symbol)
                self._count_elements(len(item))
            self._skip_space(lines=self._groups > 0)
        return sequence + item

    def _parse_item(self, symbol: str) -> tuple[_Sequence, int]:
        match symbol:
            case '"':
                return self._parse_literal(), 1
            case "[":
                return self._parse_class(), 1
            case ".":
                self._at += 1
                return [_TERMINAL], 1
            case "(":
                return self._parse_group()
        if symbol in "<!":
            self._fail("tokens by name or number are not supported; write their text in quotes")
        start = self._at
        return [self._id_of(self._parse_name(), start)], 1

    def _parse_literal(self) -> _Sequence:
        start = self._at
        self._at += 1
        length = 0
        while self._next() != '"':
            at = self._at
            code = self._parse_character("the quote", start)
            if not code or 0xD800 <= code < 0xE000 or code > 0x10FFFF:
                self._fail(f"no text contains U+{code:04X}", at)
            length += 1
        self._at += 1
        return [_TERMINAL] * length

    def _parse_class(self) -> _Sequence:
        start = self._at
        self._at += 2 if self._text.startswith("[^", start) else 1
        length = 0
        while self._next() != "]":
            at = self._at
            low = high = self._parse_character("the bracket", start)
            if self._next() == "-" and not self._text.startswith("-]", self._at):
                self._at += 1
                high = self._parse_character("the bracket", start)
                length += 1
            if high < low:
                self._fail("a range of characters runs backwards", at)
            length += 1
        self._at += 1
        if not length:
            self._fail("a pair of brackets is empty", start)
        return [_TERMINAL] * length

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

    def _parse_group(self) -> tuple[_Sequence, int]:
        start = self._at
        self._groups += 1
        if self._groups > _MAX_GROUPS:
            self._fail(f"more than {_MAX_GROUPS} parentheses are within one another")
        before = len(self.owners)
        rule = self._new_rule(self._owner)
        self._at += 1
        self._skip_space(lines=True)
        self.rules[rule] = self._parse_alternatives()
        if self._next() != ")":
            self._fail("the parenthesis is not closed", start)
        self._at += 1
        self._groups -= 1
        return [rule], len(self.owners) - before

    def _parse_repetition(self, item: _Sequence, copies: int) -> tuple[_Sequence, int]:
        """Rewrite a repeated item as llama.cpp does: x{m,n} becomes x m times, then n - m rules within one another."""
        start = self._at
        low, high = self._parse_counts()
        if not item:
            self._fail("there is nothing to repeat", start)
        copies *= high or low or 1
        if max(copies, low) > _MAX_REPETITIONS:
            self._fail(f"repeats more than {_MAX_REPETITIONS} times", start)
        optional = 1 if high is None else high - low
        self._count_elements(len(item) * low + (len(item) + 3) * optional)
        repeated = item * low
        for turn in range(optional):
            previous, rule = len(self.owners) - 1, self._new_rule(self._owner)
            again = [rule] if high is None else [previous] if turn else []
            self.rules[rule] = [item + again, []]
        return repeated + ([rule] if optional else []), copies

    def _parse_counts(self) -> tuple[int, int | None]:
        start = self._at
        symbol = self._next()
        if symbol != "{":
            self._at += 1
            return _REPETITIONS[symbol]
        found = _COUNTS.match(self._text, start)
        if not found:
            self._fail("expected {m}, {m,} or {m,n}")
        self._at = found.end()
        low = int(found[1])
        high = low if not found[2] else int(found[3]) if found[3] else None
        if high is not None and high < low:
            self._fail(f"a repetition runs from {low} down to {high}", start)
        return low, high

    def _parse_name(self) -> str:
        found = _NAME.match(self._text, self._at)
        if not found:
            self._fail(f"did not expect {self._next()!r}")
        self._at = found.end()
        return found[0]

    def _id_of(self, name: str, at: int) -> int:
        if name not in self._ids:
            self._ids[name] = self._new_rule(name)
            self._first_seen[name] = at
        return self._ids[name]

    def _new_rule(self, owner: str) -> int:
        self.owners.append(owner)
        return len(self.owners) - 1

    def _count_elements(self, count: int) -> None:
        self._elements += count
        if self._elements > _MAX_ELEMENTS:
            self._fail(f"written out without repetitions, it has more than {_MAX_ELEMENTS} elements")

    def _next(self) -> str:
        return self._text[self._at : self._at + 1]

    def _skip_space(self, *, lines: bool) -> None:
        found = (_SPACE_AND_LINES if lines else _SPACE).match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _fail(self, what: str, at: int | None = None) -> NoReturn:
        before = self._text[: self._at if at is None else at]
        column = len(before) - before.rfind("\n")
        raise GrammarError(f"the grammar is wrong in line {before.count(chr(10)) + 1}, column {column}: {what}")


def _check_text(text: str) -> None:
    if len(text) > _MAX_LENGTH:
        raise GrammarError(f"the grammar has {len(text)} characters, and at most {_MAX_LENGTH} are allowed")
    if "\0" in text:
        raise GrammarError("the grammar contains a NUL character")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise GrammarError("the grammar contains half of a surrogate pair, which is not a character")


def _left_corners(rules: dict[int, list[_Sequence]]) -> dict[int, list[int]]:
    """Return the rules that each rule can begin with, as often as it can."""
    empty = _find_empty(rules)
    return {
        rule: [begin for sequence in alternatives for begin in _begins(sequence, empty)]
        for rule, alternatives in rules.items()
    }


def _find_empty(rules: dict[int, list[_Sequence]]) -> set[int]:
    """Return the rules that may stand for nothing."""
    empty: set[int] = set()
    for _ in range(_MAX_EMPTY_DEPTH):
        more = {
            rule
            for rule, alternatives in rules.items()
            if rule not in empty and any(empty.issuperset(sequence) for sequence in alternatives)
        }
        if not more:
            return empty
        empty |= more
    raise GrammarError(f"more than {_MAX_EMPTY_DEPTH} rules of the grammar that may be empty are within one another")


def _begins(sequence: _Sequence, empty: set[int]) -> Iterable[int]:
    for element in sequence:
        if element == _TERMINAL:
            return
        yield element
        if element not in empty:
            return


def _check_walk(corners: dict[int, list[int]], order: Iterable[int]) -> None:
    """Check what llama.cpp's own search for left recursion would cost, which visits a rule once for each way to it."""
    paths: dict[int, int] = {}
    depths: dict[int, int] = {}
    for rule in order:
        paths[rule] = min(1 + sum(paths[begin] for begin in corners[rule]), _MAX_PATHS)
        depths[rule] = 1 + max((depths[begin] for begin in corners[rule]), default=0)
    if max(depths.values()) > _MAX_DEPTH:
        raise GrammarError(f"more than {_MAX_DEPTH} rules of the grammar begin with one another")
    if sum(paths.values()) >= _MAX_PATHS:
        raise GrammarError("the rules of the grammar can begin with one another in too many ways")
