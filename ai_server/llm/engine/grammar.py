"""Following a grammar byte by byte, as a reply comes.

llama.cpp can do so too, but some grammars, and a token that a grammar rejects, end, hang or starve its process. Here
they are errors of one request.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from ai_server.llm.engine.gbnf import (
    Characters,
    Choice,
    Expression,
    GrammarError,
    Reference,
    Repetition,
    Sequence,
    parse_gbnf,
)

_ROOT = "root"
_MAX_STEPS = 100_000
_MAX_THREADS = 2_000
_MAX_VISITS = 1_000_000  # of threads, for about a microsecond each
_WORN_VISITS = _MAX_VISITS // 2  # what is left is enough for any reply
_KEPT = 16
_END = 0
_OUTERMOST = 0
_LAST_OF_LENGTH = (0x7F, 0x7FF, 0xFFFF)  # the last characters of one, two and three bytes in UTF-8


class _Byte(NamedTuple):
    """A byte of this range, then the step `after`."""

    low: int
    high: int
    after: int


class _Call(NamedTuple):
    """What a rule says, then the step `after`."""

    rule: str
    after: int


_Fork = tuple[int, ...]  # any of these steps
_Step = _Byte | _Call | _Fork
_Thread = tuple[int, int]  # one way to read what has come: the step it is at, and the frame of the rule that this is in


class State(dict[int, "State | None"]):
    """How far a reply has come: what follows each byte, None where the grammar rejects it.

    What follows is found out when it is first asked for.

    Attributes:
        may_end: whether the reply is complete as it is.
    """

    def __init__(self, grammar: Grammar, threads: frozenset[_Thread], *, may_end: bool) -> None:
        super().__init__()
        self.may_end = may_end
        self._grammar = grammar
        self._threads = threads

    def __missing__(self, byte: int) -> State | None:
        following = self[byte] = self._grammar.follow(self._threads, byte)
        return following

    def after(self, data: bytes) -> State | None:
        """Return what follows these bytes, None where the grammar rejects them.

        Raises:
            GrammarError: there are too many ways to read them.
        """
        state: State | None = self
        for byte in data:
            if state is None:
                return None
            state = state[byte]
        return state


class Grammar:
    """A grammar in GBNF; what it allows is followed from `start`.

    It is compiled to a program of steps, which is run with a thread for each way to read the reply: Pike's machine for
    regular expressions (https://swtch.com/~rsc/regexp/regexp2.html), whose threads have a stack of rules.

    Raises:
        GrammarError: it is not GBNF with a rule `root`, or there are too many ways to read it.
    """

    def __init__(self, text: str) -> None:
        rules = parse_gbnf(text)
        if _ROOT not in rules:
            raise GrammarError(f"the grammar has no rule {_ROOT!r}")
        self._steps: list[_Step] = [()]
        self._shared: dict[_Byte, int] = {}
        self._begins = {name: self._add_expression(rule, _END) for name, rule in rules.items()}
        self._frames: list[_Thread] = [(_END, _OUTERMOST)]
        self._frame_numbers: dict[_Thread, int] = {}
        self._states: dict[tuple[frozenset[_Thread], bool], State] = {}
        self._visits = 0
        starts = {name: self._start(name) for name in rules}
        start = starts[_ROOT]
        if start is None:
            raise GrammarError("the grammar allows no reply")
        self.start: State = start

    @property
    def is_worn(self) -> bool:
        """Whether it has followed so much that another reply should begin with a new one."""
        return self._visits > _WORN_VISITS

    def follow(self, threads: Collection[_Thread], byte: int) -> State | None:
        """Return where these threads are after a byte, None where it ends them all."""
        self._visits += len(threads)
        at = ((self._steps[step], frame) for step, frame in threads)
        return self._settle(
            {(step.after, frame) for step, frame in at if isinstance(step, _Byte) and step.low <= byte <= step.high}
        )

    def _start(self, rule: str) -> State | None:
        try:
            return self._settle({(self._begins[rule], _OUTERMOST)})
        except GrammarError:
            raise GrammarError(f"rule {rule!r} of the grammar can begin with itself, or in too many ways") from None

    def _settle(self, threads: set[_Thread]) -> State | None:
        """Run threads up to the next byte."""
        todo = list(threads)
        while todo:
            new = [thread for thread in self._onward(*todo.pop()) if thread not in threads]
            threads.update(new)
            todo += new
            if len(threads) > _MAX_THREADS:
                raise GrammarError("there are too many ways to read the reply by the grammar")
        self._visits += len(threads)
        if self._visits > _MAX_VISITS:
            raise GrammarError("the grammar takes too long to follow")
        may_end = (_END, _OUTERMOST) in threads
        waiting = frozenset(thread for thread in threads if isinstance(self._steps[thread[0]], _Byte))
        if not waiting and not may_end:
            return None
        return self._states.setdefault((waiting, may_end), State(self, waiting, may_end=may_end))

    def _onward(self, number: int, frame: int) -> Iterable[_Thread]:
        if number == _END:
            return [self._frames[frame]]
        match self._steps[number]:
            case _Byte():
                return []
            case _Call(rule, after):
                return [(self._begins[rule], frame if after == _END else self._frame(after, frame))]
            case fork:
                return [(step, frame) for step in fork]

    def _frame(self, after: int, outer: int) -> int:
        """Return the number of the frame that goes on with a step of the outer one."""
        number = self._frame_numbers.setdefault((after, outer), len(self._frames))
        if number == len(self._frames):
            self._frames.append((after, outer))
        return number

    def _add_expression(self, expression: Expression, after: int) -> int:
        match expression:
            case Characters(ranges):
                return self._add_fork([self._add_bytes(each, after) for each in _utf_8(ranges)])
            case Reference(name):
                return self._add(_Call(name, after))
            case Sequence(parts):
                for part in reversed(parts):
                    after = self._add_expression(part, after)
                return after
            case Choice(alternatives):
                return self._add_fork([self._add_expression(each, after) for each in alternatives])
            case Repetition(part, low, high):
                return self._add_repetition(part, low, high, after)

    def _add_repetition(self, part: Expression, low: int, high: int | None, after: int) -> int:
        entry = after
        if high is None:
            entry = self._add(())
            self._steps[entry] = (self._add_expression(part, entry), after)
        for _ in range((high or low) - low):
            entry = self._add_fork([self._add_expression(part, entry), after])
        for _ in range(low):
            before, entry = entry, self._add_expression(part, entry)
            if entry == before:  # the part is the empty text
                break
        return entry

    def _add_bytes(self, ranges: Iterable[tuple[int, int]], after: int) -> int:
        for low, high in ranges:
            byte = _Byte(low, high, after)
            after = self._shared[byte] if byte in self._shared else self._shared.setdefault(byte, self._add(byte))
        return after

    def _add_fork(self, steps: list[int]) -> int:
        different = tuple(dict.fromkeys(steps))
        return different[0] if len(different) == 1 else self._add(different)

    def _add(self, step: _Step) -> int:
        if len(self._steps) > _MAX_STEPS:
            raise GrammarError(f"the grammar has more than {_MAX_STEPS} steps when its repetitions are written out")
        self._steps.append(step)
        return len(self._steps) - 1


def compiled(text: str) -> Grammar:
    """Return a grammar, if possible one that was compiled for an earlier reply and knows its way already.

    Raises:
        GrammarError: as `Grammar`.
    """
    grammar = _compiled(text)
    if grammar.is_worn:
        _compiled.cache_clear()
        grammar = _compiled(text)
    return grammar


@lru_cache(_KEPT)
def _compiled(text: str) -> Grammar:
    return Grammar(text)


@lru_cache(256)
def _utf_8(ranges: tuple[tuple[int, int], ...]) -> list[list[tuple[int, int]]]:
    """Return ranges of bytes, last byte first, that together are the characters of these ranges in UTF-8."""
    return [
        [*zip(chr(low).encode(), chr(high).encode(), strict=True)][::-1]
        for first, last in ranges
        for low, high in _split(first, last)
    ]


def _split(low: int, high: int) -> Iterator[tuple[int, int]]:
    """Split a range of characters so that in each part every byte of their UTF-8 has a range of its own."""
    cuts = [last for last in _LAST_OF_LENGTH if low <= last < high]
    for bits in (6, 12, 18):
        rest = (1 << bits) - 1
        if high > _LAST_OF_LENGTH[0] and low >> bits != high >> bits:
            cuts += [low | rest] if low & rest else []
            cuts += [(high & ~rest) - 1] if high & rest != rest else []
    if not cuts:
        yield low, high
        return
    yield from _split(low, cuts[0])
    yield from _split(cuts[0] + 1, high)
