"""The automaton that matches the words of an utterance against many phrase templates at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from ai_server.brain.intent.template import Choice, Named, Slot, TemplateError, Word, parse
from ai_server.brain.intent.template import Sequence as Parsed

__all__ = ["Automaton", "Filled", "Match", "State", "TemplateError", "slots_of"]

_MOST_WORDS = 10
"""No slot takes more words."""


class State(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A state of the automaton. There are tens of thousands, so garbage collection is spared them.

    Attributes:
        rules: the templates that end here, the first one first.
        words: the states that each word leads to.
        slots: the states that each slot leads to, as `{kind:name}`.
    """

    rules: tuple[int, ...]
    words: dict[str, int]
    slots: dict[str, int]


@dataclass(frozen=True, slots=True)
class Filled:
    """Words that stand where a template has a slot: the index of the first, and that after the last."""

    slot: Slot
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Match:
    """A template matched: its number, the index after its last word, and which words are in its slots."""

    rule: int
    end: int
    filled: tuple[Filled, ...] = ()


class Automaton:
    """Matches sequences of words against templates, in a time that does not depend on how many there are.

    It is the smallest deterministic automaton of the templates, with words and slots for letters. Any one to ten words
    fill a slot here: whoever asks reads them.

    Args:
        states: as they stand in another automaton; the last one is where it starts.
    """

    def __init__(self, states: Sequence[State]) -> None:
        self.states = states
        self._start = len(states) - 1
        self._slots = {label: _slot(label) for state in states for label in state.slots}

    @classmethod
    def of(
        cls,
        templates: Iterable[str],
        lists: Mapping[str, str],
        words: Callable[[str], Sequence[str]],
        kinds: Sequence[str] = (),
    ) -> Automaton:
        """Return the automaton of templates.

        Args:
            templates: numbered from 0 in this order; where several match the same words, the first counts.
            lists: templates that others refer to.
            words: splits a word of a template as the utterances were split.
            kinds: of slots that templates may have.

        Raises:
            TemplateError: if a template is malformed.
        """
        templates = tuple(templates)
        builder = _Builder(lists, words, kinds)
        try:
            start = builder.any_of(builder.before(parse(each), builder.end(n)) for n, each in enumerate(templates))
        except RecursionError:
            raise TemplateError("a phrase is too long, or has too many brackets in each other") from None
        silent = builder.ends[start]
        if silent:
            raise TemplateError(f"{templates[silent[0]]!r} would match silence: leave a word outside of [ ]")
        return cls(builder.states(start))

    def matches(self, words: Sequence[str], start: int) -> list[Match]:
        """Return the ways in which the words from `start` on begin with a template that has no slot, shortest first."""
        found = []
        state = self._start
        for end in range(start, len(words)):
            following = self.states[state].words
            if words[end] not in following:
                break
            state = following[words[end]]
            if rules := self.states[state].rules:
                found.append(Match(rules[0], end + 1))
        return found

    def fillings(self, words: Sequence[str], start: int, ends: Iterable[int]) -> Iterator[Match]:
        """Yield the ways in which the words from `start` to one of `ends` are a template, with or without slots."""
        yield from self._fill(self._start, words, start, frozenset(ends), ())

    def _fill(
        self, state: int, words: Sequence[str], at: int, ends: frozenset[int], filled: tuple[Filled, ...]
    ) -> Iterator[Match]:
        reached = self.states[state]
        if at in ends:
            for rule in reached.rules:
                yield Match(rule, at, filled)
        if at == len(words):
            return
        if words[at] in reached.words:
            yield from self._fill(reached.words[words[at]], words, at + 1, ends, filled)
        for label, number in reached.slots.items():
            slot, after = self._slots[label], self.states[number]
            for end in range(at + 1, min(at + _MOST_WORDS, len(words)) + 1):
                goes_on = end < len(words) and (words[end] in after.words or after.slots)
                if goes_on or (after.rules and end in ends):
                    yield from self._fill(number, words, end, ends, (*filled, Filled(slot, at, end)))


class _Builder:
    """Makes states from the last word of a template to the first; equal ones are one state.

    Attributes:
        ends: of each state, the templates that end there.
    """

    def __init__(self, lists: Mapping[str, str], words: Callable[[str], Sequence[str]], kinds: Sequence[str]) -> None:
        self.ends: list[tuple[int, ...]] = []
        self._edges: list[dict[str, int]] = []
        self._numbers: dict[object, int] = {}
        self._joined: dict[frozenset[int], int] = {}
        self._templates = lists
        self._lists: dict[str, Parsed] = {}
        self._before_list: dict[tuple[str, int], int] = {}
        self._within: list[str] = []
        self._split = words
        self._words: dict[str, Sequence[str]] = {}
        self._kinds = kinds

    def end(self, rule: int) -> int:
        """Return the state where a template ends."""
        return self._state((rule,), {})

    def before(self, parsed: Parsed, state: int) -> int:
        """Return the state from which what is parsed leads to another."""
        for item in reversed(parsed):
            if isinstance(item, Word):
                for word in reversed(self._words_of(item.text)):
                    state = self._state((), {word: state})
            elif isinstance(item, Slot):
                state = self._state((), {self._label(item): state})
            elif isinstance(item, Named):
                state = self._before_named(item.name, state)
            else:
                state = self._before_choice(item, state)
        return state

    def any_of(self, states: Iterable[int]) -> int:
        """Return the state that leads wherever one of these does."""
        return self._join(frozenset(states))

    def states(self, start: int) -> list[State]:
        """Return the states that can be reached from one, which comes last."""
        reached, waiting = {start}, [start]
        while waiting:
            new = set(self._edges[waiting.pop()].values()) - reached
            reached |= new
            waiting += new
        order = sorted(reached - {start})
        number = {old: new for new, old in enumerate([*order, start])}
        return [_final(self.ends[old], self._edges[old], number) for old in number]

    def _before_named(self, name: str, state: int) -> int:
        if name in self._within:
            raise TemplateError(f"the list <{name}> contains itself")
        if (name, state) not in self._before_list:
            self._within.append(name)
            self._before_list[name, state] = self.before(self._list(name), state)
            self._within.pop()
        return self._before_list[name, state]

    def _before_choice(self, choice: Choice, state: int) -> int:
        return self.any_of(self.before(option, state) for option in choice.options)

    def _join(self, states: frozenset[int]) -> int:
        if len(states) == 1:
            return next(iter(states))
        if states not in self._joined:
            edges: dict[str, int] = {}
            several: dict[str, set[int]] = {}
            for state in states:
                for label, after in self._edges[state].items():
                    if edges.setdefault(label, after) != after:
                        several.setdefault(label, {edges[label]}).add(after)
            for label, afters in several.items():
                edges[label] = self._join(frozenset(afters))
            rules = tuple(sorted({rule for state in states for rule in self.ends[state]}))
            self._joined[states] = self._state(rules, edges)
        return self._joined[states]

    def _state(self, rules: tuple[int, ...], edges: dict[str, int]) -> int:
        key = next(iter(edges.items())) if len(edges) == 1 and not rules else (rules, frozenset(edges.items()))
        if key not in self._numbers:
            self._numbers[key] = len(self._edges)
            self.ends.append(rules)
            self._edges.append(edges)
        return self._numbers[key]

    def _words_of(self, text: str) -> Sequence[str]:
        if text not in self._words:
            self._words[text] = self._split(text)
        return self._words[text]

    def _label(self, slot: Slot) -> str:
        if slot.kind not in self._kinds:
            known = ", ".join(self._kinds)
            raise TemplateError(f"there is no kind of slot {{{slot.kind}}}; those that exist: {known}")
        return f"{{{slot.kind}:{slot.name}}}"

    def _list(self, name: str) -> Parsed:
        if name not in self._templates:
            known = ", ".join(f"<{each}>" for each in self._templates) or "none"
            raise TemplateError(f"there is no list <{name}>; those that exist: {known}")
        if name not in self._lists:
            self._lists[name] = parse(self._templates[name])
        return self._lists[name]


def _final(rules: tuple[int, ...], edges: Mapping[str, int], number: Mapping[int, int]) -> State:
    words = {label: number[after] for label, after in edges.items() if not label.startswith("{")}
    slots = {label: number[after] for label, after in edges.items() if label.startswith("{")}
    return State(rules, words, slots)


def _slot(label: str) -> Slot:
    return Slot(*label[1:-1].split(":"))


def slots_of(template: str, lists: Mapping[str, str]) -> list[Slot]:
    """Return the slots in a template, also those in the lists that it refers to.

    Raises:
        TemplateError: if it is malformed.
    """
    return _slots(parse(template), lists)


def _slots(parsed: Parsed, lists: Mapping[str, str]) -> list[Slot]:
    slots = []
    for item in parsed:
        if isinstance(item, Slot):
            slots.append(item)
        elif isinstance(item, Named):
            slots += slots_of(lists[item.name], lists)
        elif isinstance(item, Choice):
            slots += [slot for option in item.options for slot in _slots(option, lists)]
    return slots
