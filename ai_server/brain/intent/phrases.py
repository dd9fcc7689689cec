"""Phrase templates, `what (time|hour) is it [now]`, and the automaton that matches many of them at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

_TOKEN = re.compile(r"(?P<list><\w+>)|(?P<mark>[()\[\]|])|(?P<word>\w+(?:'\w+)*)|(?P<space>\s+)|(?P<wrong>.)")
_GLUED = re.compile(r"[\w'>][(\[<]|[)\]>][\w'(\[<]")


class TemplateError(Exception):
    """A phrase template is malformed; the message quotes it and says how."""


@dataclass(frozen=True, slots=True)
class Match:
    """A template matched: its number, and the index after its last word."""

    rule: int
    end: int


@dataclass(frozen=True, slots=True)
class _State:
    """A state of the deterministic automaton.

    Attributes:
        rule: the first template that ends here.
        edges: the nodes that each word leads to.
        following: the states that words have led to so far.
    """

    rule: int | None
    edges: Mapping[str, list[int]]
    following: dict[str, _State]


class Automaton:
    """Matches sequences of words against templates, in a time that does not depend on how many there are.

    `(a|b)` is one of several, `[a]` may be left out, `<list>` is the template of that name. The templates become a
    nondeterministic automaton over words; its deterministic states are made when they are first reached and kept.

    Args:
        templates: numbered from 0 in this order; where several match the same words, the first counts.
        lists: templates that others refer to.
        words: splits a word of a template as the utterances were split.

    Raises:
        TemplateError: if a template is malformed.
    """

    def __init__(
        self, templates: Iterable[str], lists: Mapping[str, str], words: Callable[[str], Sequence[str]]
    ) -> None:
        self._lists = {f"<{name}>": template for name, template in lists.items()}
        self._words = words
        self._edges: list[dict[str, list[int]]] = []
        self._skips: list[list[int]] = []
        self._rules: dict[int, int] = {}
        self._states: dict[frozenset[int], _State] = {}
        root = self._node()
        templates = tuple(templates)
        for number, template in enumerate(templates):
            self._rules[self._add(template, root, ())] = number
        self._start = self._state([root])
        if self._start.rule is not None:
            raise TemplateError(f"{templates[self._start.rule]!r} would match silence: leave a word outside of [ ]")

    def matches(self, words: Sequence[str], start: int) -> list[Match]:
        """Return every way in which the words from `start` on begin with a template, the shortest first."""
        found = []
        state = self._start
        for end in range(start, len(words)):
            following = self._next(state, words[end])
            if following is None:
                break
            state = following
            if state.rule is not None:
                found.append(Match(state.rule, end + 1))
        return found

    def _next(self, state: _State, word: str) -> _State | None:
        if word not in state.edges:
            return None
        if word not in state.following:
            state.following[word] = self._state(state.edges[word])
        return state.following[word]

    def _state(self, nodes: Iterable[int]) -> _State:
        reached = frozenset(self._closure(nodes))
        if reached not in self._states:
            rules = [self._rules[node] for node in reached if node in self._rules]
            self._states[reached] = _State(min(rules, default=None), self._merged_edges(reached), {})
        return self._states[reached]

    def _merged_edges(self, nodes: Iterable[int]) -> dict[str, list[int]]:
        merged: dict[str, list[int]] = {}
        for node in nodes:
            for word, targets in self._edges[node].items():
                merged.setdefault(word, []).extend(targets)
        return merged

    def _closure(self, nodes: Iterable[int]) -> set[int]:
        reached, waiting = set(nodes), list(nodes)
        while waiting:
            skipped = [node for node in self._skips[waiting.pop()] if node not in reached]
            reached.update(skipped)
            waiting += skipped
        return reached

    def _node(self) -> int:
        self._edges.append({})
        self._skips.append([])
        return len(self._edges) - 1

    def _add(self, template: str, start: int, within: tuple[str, ...]) -> int:
        """Add the nodes of a template after `start`; return the one where it ends."""
        if _GLUED.search(template):
            raise TemplateError(f"{template!r}: brackets stand between words, not within one")
        node = start
        opened: list[_Bracket] = []
        for token in _TOKEN.finditer(template):
            text = token[0]
            if token.lastgroup == "word":
                node = self._add_words(text, node)
            elif token.lastgroup == "list":
                node = self._add_list(text, node, within)
            elif token.lastgroup == "mark":
                node = self._add_mark(text, node, opened, template)
            elif token.lastgroup == "wrong":
                raise TemplateError(f"{template!r}: {text!r} means nothing in a template")
        if opened:
            raise TemplateError(f"{template!r}: a bracket is not closed")
        return node

    def _add_words(self, text: str, node: int) -> int:
        for word in self._words(text):
            following = self._node()
            self._edges[node].setdefault(word, []).append(following)
            node = following
        return node

    def _add_list(self, name: str, node: int, within: tuple[str, ...]) -> int:
        if name not in self._lists:
            raise TemplateError(f"there is no list {name}; those that exist: {', '.join(self._lists) or 'none'}")
        if name in within:
            raise TemplateError(f"the list {name} contains itself")
        return self._add(self._lists[name], node, (*within, name))

    def _add_mark(self, mark: str, node: int, opened: list[_Bracket], template: str) -> int:
        if mark in "([":
            opened.append(_Bracket(")" if mark == "(" else "]", node, self._node()))
            return node
        if not opened:
            raise TemplateError(f"{template!r}: {mark!r} stands outside of brackets")
        bracket = opened[-1]
        self._skips[node].append(bracket.end)
        if mark == "|":
            return bracket.start
        if mark != bracket.closing:
            raise TemplateError(f"{template!r}: {bracket.closing!r} is missing before {mark!r}")
        if mark == "]":
            self._skips[bracket.start].append(bracket.end)
        opened.pop()
        return bracket.end


@dataclass(frozen=True, slots=True)
class _Bracket:
    closing: str
    start: int
    end: int
