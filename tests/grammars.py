"""Random grammars, each with the regular expression of the same language."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from hypothesis import strategies as st


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
