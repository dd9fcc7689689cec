"""Has a language model look for facts that no rule finds; what it says is believed as far as it was really said."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from ai_server.brain.facts.rules import FactRules
from ai_server.memory.facts import USER, NewFact
from ai_server.memory.summaries import Said

_MOST_FACTS = 8
_LONGEST = 60
_ENGLISH = "en"

_TASK = """\
Here is what a person said to a robot, line by line. Write down what the robot should know of the person for good: \
about themselves, their family, friends and pets. Take only what the person says plainly of what is so: no wishes, no \
guesses, no questions, no jokes, no moods, nothing that will be over tomorrow, nothing that somebody else said.

Answer with a JSON list. Each entry has the number of the "line", "who" it is about ("user" for the person, else in \
the person's own words, such as "my brother Tom"), the "kind", and the "value" copied word for word from that line. \
The kinds are {kinds}. Where there is nothing to know, answer [].

For example, the lines
1. Good morning! My sister Eva can't stand olives.
2. What's for lunch?
have the answer [{{"line": 1, "who": "my sister Eva", "kind": "dislikes", "value": "olives"}}].

The lines:
{lines}"""

_CHARACTERS = r"[\x20-\x21\x23-\x5B\x5D-\x7E\u00A0-\u2027\u202A-\uD7FF\uE000-\uFFFD]"
_SENTENCE = re.compile(r"[^.!?\n]+[.!?\n]*")


@dataclass(frozen=True, slots=True)
class Finding:
    """A fact, and the turn that it was said in."""

    turn: Said
    fact: NewFact


class _Entry(msgspec.Struct):
    line: int
    who: str
    kind: str
    value: str


class ModelFacts:
    """Asks a model for facts, and reads what it answers.

    Args:
        rules: put facts in words; their files may be edited.
    """

    def __init__(self, rules: Callable[[], FactRules]) -> None:
        self._rules = rules

    def prompt(self, turns: Sequence[Said]) -> str:
        """Return what the model is asked about these turns."""
        lines = (f"{number}. {' '.join(turn.words.split())}" for number, turn in enumerate(turns, 1))
        return _TASK.format(kinds=", ".join(self._kinds()), lines="\n".join(lines))

    def grammar(self) -> str:
        """Return the GBNF of the answer, from its rule `root`: a JSON list of a few facts, as `json.dumps` has it."""
        kinds = " | ".join(json.dumps(kind) for kind in self._kinds())
        entry = r'"{\"line\": " line ", \"who\": \"" words "\", \"kind\": \"" kind "\", \"value\": \"" words "\"}"'
        return (
            f'root ::= "[" (entry (", " entry){{0,{_MOST_FACTS - 1}}})? "]"\n'
            f"entry ::= {entry}\n"
            "line ::= [1-9] [0-9]?\n"
            f"words ::= {_CHARACTERS}{{1,{_LONGEST}}}\n"
            f"kind ::= {kinds}\n"
        )

    def parse(self, text: str, turns: Sequence[Said]) -> tuple[Finding, ...]:
        """Return the facts in an answer; none where it is no such list.

        What was not said in the turn that is named, or was a question there, is left out.

        Args:
            text: the answer.
            turns: those that the model was asked about.
        """
        try:
            entries = msgspec.json.decode(text, type=list[_Entry])
        except msgspec.DecodeError:
            return ()
        found = (self._finding(entry, turns) for entry in entries[:_MOST_FACTS])
        return tuple(finding for finding in found if finding)

    def _finding(self, entry: _Entry, turns: Sequence[Said]) -> Finding | None:
        if not 1 <= entry.line <= len(turns):
            return None
        turn = turns[entry.line - 1]
        if not _is_said(entry.value, turn.words) or (entry.who != USER and not _is_said(entry.who, turn.words)):
            return None
        fact = self._rules().state(entry.who, entry.kind, entry.value, turn.language, turn.at)
        return Finding(turn, fact) if fact else None

    def _kinds(self) -> Sequence[str]:
        return self._rules().tellable(_ENGLISH)


def _is_said(words: str, text: str) -> bool:
    """Say whether words stand in a text, as whole words of a sentence that is no question."""
    wanted = re.escape(" ".join(words.casefold().split()))
    sentences = (" ".join(sentence.casefold().split()) for sentence in _SENTENCE.findall(text))
    return any(re.search(rf"(?<!\w){wanted}(?!\w)", sentence) for sentence in sentences if not sentence.endswith("?"))
