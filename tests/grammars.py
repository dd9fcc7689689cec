"""Random grammars, each with the regular expression of the same language, and random texts of a grammar."""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass

from hypothesis import strategies as st

from ai_server.llm.engine.gbnf import Characters, Choice, Expression, Reference, Repetition, Sequence, parse_gbnf


@dataclass(frozen=True)
class Part:
    """The right side of a rule, and the expression that matches the same texts."""

    gbnf: str
    expression: str


@dataclass(frozen=True)
class Language:
    grammar: str
    expression: str


def _literal(text: str) -> Part:
    return Part(json.dumps(text, ensure_ascii=False), re.escape(text))


def _sequence(parts: list[Part]) -> Part:
    return Part(" ".join(part.gbnf for part in parts), "".join(part.expression for part in parts))


def _choice(parts: list[Part]) -> Part:
    return Part(f"({' | '.join(part.gbnf for part in parts)})", f"(?:{'|'.join(part.expression for part in parts)})")


def _repetition(part: Part, counts: tuple[int, int]) -> Part:
    times = f"{{{min(counts)},{max(counts)}}}"
    return Part(f"({part.gbnf}){times}", f"(?:{part.expression}){times}")


_PARTS = st.recursive(
    st.text(alphabet='abc {":é🐎', min_size=1, max_size=4).map(_literal)
    | st.sampled_from(["[a-z]", "[ä-ü]", "[0-9]"]).map(lambda text: Part(text, text)),
    lambda parts: (
        st.lists(parts, min_size=1, max_size=3).map(_sequence)
        | st.lists(parts, min_size=1, max_size=3).map(_choice)
        | st.builds(_repetition, parts, st.tuples(st.integers(0, 2), st.integers(0, 2)))
    ),
    max_leaves=6,
)

LANGUAGES = _PARTS.map(lambda part: Language(f"root ::= {part.gbnf}", part.expression))


def random_text(grammar: str, rng: random.Random) -> str:
    """Return a text that a grammar describes, from a random walk through its rules."""
    rules = parse_gbnf(grammar)

    def walk(expression: Expression) -> str:
        match expression:
            case Characters(ranges):
                low, high = rng.choice(ranges)
                return chr(rng.choice([low, high, rng.randint(low, high)]))
            case Reference(name):
                return walk(rules[name])
            case Sequence(parts):
                return "".join(map(walk, parts))
            case Choice(alternatives):
                return walk(rng.choice(alternatives))
            case Repetition(part, low, high):
                most = high if high is not None else low + 4
                return "".join(walk(part) for _ in range(rng.choice([low, most, rng.randint(low, most)])))

    return walk(rules["root"])
