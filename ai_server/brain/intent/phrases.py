"""The automaton that matches the words of an utterance against many phrase templates at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ai_server.brain.intent.template import Choice, Named, Slot, TemplateError, Word, parse
from ai_server.brain.intent.template import Sequence as Parsed

Label = TypeVar("Label")

__all__ = ["Automaton", "Filled", "Match", "TemplateError"]

_MOST_WORDS = 10
"""No slot takes more words."""


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


@dataclass(frozen=True, slots=True)
class _State:
    """A state of the deterministic automaton.

    Attributes:
        rules: the templates that end here, the first one first.
        edges: the nodes that each word leads to.
        slots: the nodes that each kind of slot leads to.
        following: the states that words have led to so far.
        filling: the states that slots have led to so far.
    """

    rules: tuple[int, ...]
    edges: Mapping[str, list[int]]
    slots: Mapping[Slot, list[int]]
    following: dict[str, _State]
    filling: dict[Slot, _State]


class Automaton:
    """Matches sequences of words against templates, in a time that does not depend on how many there are.

    The templates become a nondeterministic automaton over words; its deterministic states are made when they are
    first reached and kept. Any one to ten words fill a slot here: whoever asks reads them.

    Args:
        templates: numbered from 0 in this order; where several match the same words, the first counts.
        lists: templates that others refer to.
        words: splits a word of a template as the utterances were split.
        kinds: of slots that templates may have.

    Raises:
        TemplateError: if a template is malformed.
    """

    def __init__(
        self,
        templates: Iterable[str],
        lists: Mapping[str, str],
        words: Callable[[str], Sequence[str]],
        kinds: Sequence[str] = (),
    ) -> None:
        self._kinds = kinds
        self._templates = lists
        self._lists: dict[str, Parsed] = {}
        self._words = words
        self._split: dict[str, Sequence[str]] = {}
        self._edges: list[dict[str, list[int]]] = []
        self._slots: list[dict[Slot, list[int]]] = []
        self._skips: list[list[int]] = []
        self._rules: dict[int, int] = {}
        self._states: dict[frozenset[int], _State] = {}
        root = self._node()
        templates = tuple(templates)
        for number, template in enumerate(templates):
            self._rules[self._add(parse(template), root, ())] = number
        self._start = self._state([root])
        if self._start.rules:
            raise TemplateError(f"{templates[self._start.rules[0]]!r} would match silence: leave a word outside of [ ]")

    def matches(self, words: Sequence[str], start: int) -> list[Match]:
        """Return the ways in which the words from `start` on begin with a template that has no slot, shortest first."""
        found = []
        state = self._start
        for end in range(start, len(words)):
            following = self._next(state, words[end])
            if following is None:
                break
            state = following
            if state.rules:
                found.append(Match(state.rules[0], end + 1))
        return found

    def fillings(self, words: Sequence[str], start: int, ends: Iterable[int]) -> Iterator[Match]:
        """Yield the ways in which the words from `start` to one of `ends` are a template, with or without slots."""
        yield from self._fill(self._start, words, start, frozenset(ends), ())

    def slots(self, template: str) -> list[Slot]:
        """Return the slots in one of the templates."""
        return _slots(parse(template), self._lists)

    def _fill(
        self, state: _State, words: Sequence[str], at: int, ends: frozenset[int], filled: tuple[Filled, ...]
    ) -> Iterator[Match]:
        if at in ends:
            for rule in state.rules:
                yield Match(rule, at, filled)
        if at == len(words):
            return
        following = self._next(state, words[at])
        if following:
            yield from self._fill(following, words, at + 1, ends, filled)
        for slot in state.slots:
            after = self._after_slot(state, slot)
            for end in range(at + 1, min(at + _MOST_WORDS, len(words)) + 1):
                goes_on = end < len(words) and (words[end] in after.edges or after.slots)
                if goes_on or (after.rules and end in ends):
                    yield from self._fill(after, words, end, ends, (*filled, Filled(slot, at, end)))

    def _next(self, state: _State, word: str) -> _State | None:
        if word not in state.edges:
            return None
        if word not in state.following:
            state.following[word] = self._state(state.edges[word])
        return state.following[word]

    def _after_slot(self, state: _State, slot: Slot) -> _State:
        if slot not in state.filling:
            state.filling[slot] = self._state(state.slots[slot])
        return state.filling[slot]

    def _state(self, nodes: Iterable[int]) -> _State:
        reached = frozenset(self._closure(nodes))
        if reached not in self._states:
            rules = sorted({self._rules[node] for node in reached if node in self._rules})
            edges, slots = _merged(self._edges, reached), _merged(self._slots, reached)
            self._states[reached] = _State(tuple(rules), edges, slots, {}, {})
        return self._states[reached]

    def _closure(self, nodes: Iterable[int]) -> set[int]:
        reached, waiting = set(nodes), list(nodes)
        while waiting:
            skipped = [node for node in self._skips[waiting.pop()] if node not in reached]
            reached.update(skipped)
            waiting += skipped
        return reached

    def _node(self) -> int:
        self._edges.append({})
        self._slots.append({})
        self._skips.append([])
        return len(self._edges) - 1

    def _add(self, parsed: Parsed, node: int, within: tuple[str, ...]) -> int:
        """Add the nodes of a template after `node`; return the one where it ends."""
        for item in parsed:
            if isinstance(item, Word):
                node = self._add_words(item.text, node)
            elif isinstance(item, Slot):
                if item.kind not in self._kinds:
                    known = ", ".join(self._kinds)
                    raise TemplateError(f"there is no kind of slot {{{item.kind}}}; those that exist: {known}")
                following = self._node()
                self._slots[node].setdefault(item, []).append(following)
                node = following
            elif isinstance(item, Named):
                node = self._add(self._list(item.name, within), node, (*within, item.name))
            else:
                node = self._add_choice(item, node, within)
        return node

    def _add_words(self, text: str, node: int) -> int:
        if text not in self._split:
            self._split[text] = self._words(text)
        for word in self._split[text]:
            following = self._node()
            self._edges[node].setdefault(word, []).append(following)
            node = following
        return node

    def _add_choice(self, choice: Choice, node: int, within: tuple[str, ...]) -> int:
        end = self._node()
        for option in choice.options:
            self._skips[self._add(option, node, within) if option else node].append(end)
        return end

    def _list(self, name: str, within: tuple[str, ...]) -> Parsed:
        if name not in self._templates:
            known = ", ".join(f"<{each}>" for each in self._templates) or "none"
            raise TemplateError(f"there is no list <{name}>; those that exist: {known}")
        if name in within:
            raise TemplateError(f"the list <{name}> contains itself")
        if name not in self._lists:
            self._lists[name] = parse(self._templates[name])
        return self._lists[name]


def _merged(edges: Sequence[Mapping[Label, list[int]]], nodes: Iterable[int]) -> dict[Label, list[int]]:
    merged: dict[Label, list[int]] = {}
    for node in nodes:
        for label, targets in edges[node].items():
            merged.setdefault(label, []).extend(targets)
    return merged


def _slots(parsed: Parsed, lists: Mapping[str, Parsed]) -> list[Slot]:
    slots = []
    for item in parsed:
        if isinstance(item, Slot):
            slots.append(item)
        elif isinstance(item, Named):
            slots += _slots(lists[item.name], lists)
        elif isinstance(item, Choice):
            slots += [slot for option in item.options for slot in _slots(option, lists)]
    return slots
