"""What the robot says of its own actions, before and after them: a file in `config/phrases/`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, JsonValue, StringConstraints

from ai_server.configfile import ConfigModel, load_toml
from ai_server.llm.chat import ActionCall
from ai_server.protocol.device import ActionDeclaration

LONGEST_REMARK = 80
"""Characters of a robot's own words that are spoken or told to the model."""

_BRACKETS = re.compile(r"[\[\]{}<>]+")
_CLAUSE_END = re.compile(r"[.;:!?(]")


def _holding(*placeholders: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        template = Template(value)
        if not template.is_valid() or set(template.get_identifiers()) != set(placeholders):
            wanted = " and ".join(f"${name}" for name in placeholders) or "no placeholder"
            raise ValueError(f"must hold {wanted} and nothing else after a dollar sign: {value!r}")
        return value

    return check


Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\n\[\]{}]*$", strip_whitespace=True)]
Plain = Annotated[Line, AfterValidator(_holding())]
OfActions = Annotated[Line, AfterValidator(_holding("actions"))]
OfAction = Annotated[Line, AfterValidator(_holding("action"))]
OfActionAndDetail = Annotated[Line, AfterValidator(_holding("action", "detail"))]


class _Phrases(ConfigModel):
    question: OfActions
    and_: Plain = Field(alias="and")
    yes: Plain
    no: Plain
    failed: OfActionAndDetail
    failed_without_reason: OfAction
    refused: OfActionAndDetail
    refused_without_reason: OfAction
    true: Plain
    false: Plain
    verbs: frozenset[str]
    units: Mapping[str, Plain] = {}


class Wording:
    """Puts actions into words, by the phrases of one language.

    Attributes:
        yes: what is said as the robot does what it had asked for.
        no: what is said as it lets that go.
    """

    def __init__(self, phrases: _Phrases) -> None:
        self._phrases = phrases
        self.yes = Template(phrases.yes).substitute()
        self.no = Template(phrases.no).substitute()

    @classmethod
    def load(cls, path: Path) -> Wording:
        """Read `config/phrases/actions.toml`.

        Raises:
            ConfigError: if it is missing or wrong.
        """
        return cls(load_toml(path, _Phrases))

    def question(self, calls: Sequence[ActionCall], declared: Sequence[ActionDeclaration]) -> str:
        """Return the question whether to do all of this, with every value that the person says yes to."""
        actions = f" {self._phrases.and_} ".join(
            ", ".join([self._name(call.name, declared), *map(self._value, call.arguments.items())]) for call in calls
        )
        return Template(self._phrases.question).substitute(actions=actions)

    def unsuccessful(
        self, status: Literal["failed", "refused"], name: str, detail: str, declared: Sequence[ActionDeclaration]
    ) -> str:
        """Return what is said of an action that came to nothing; `detail` is the body's reason, or empty."""
        phrases, action = self._phrases, self._name(name, declared)
        if not detail:
            template = phrases.failed_without_reason if status == "failed" else phrases.refused_without_reason
            return Template(template).substitute(action=action)
        template = phrases.failed if status == "failed" else phrases.refused
        return Template(template).substitute(action=action, detail=detail)

    def _name(self, name: str, declared: Sequence[ActionDeclaration]) -> str:
        description = next((action.description for action in declared if action.name == name), "")
        clause = plain(_CLAUSE_END.split(description, maxsplit=1)[0])
        verb, _, rest = clause.partition(" ")
        if verb.lower() in self._phrases.verbs:
            return f"{verb.lower()} {rest}".strip()
        return name.replace("_", " ")

    def _value(self, argument: tuple[str, JsonValue]) -> str:
        name, value = argument
        *words, last = name.split("_")
        unit = None if isinstance(value, bool | str) else self._phrases.units.get(last)
        said = [self._said(value), unit] if unit else [last, self._said(value)]
        return " ".join([*words, *said])

    def _said(self, value: JsonValue) -> str:
        if isinstance(value, bool):
            return self._phrases.true if value else self._phrases.false
        return plain(f"{value:g}" if isinstance(value, float) else str(value))


def plain(text: str) -> str:
    """Return a robot's own words as they can be spoken, and told to the model: short, and one line of plain text.

    What has a meaning in a prompt is taken out: brackets, and the semicolon that stands between two facts.
    """
    printable = "".join(character if character.isprintable() else " " for character in text)
    line = " ".join(_BRACKETS.sub(" ", printable).replace(";", ",").split())
    if len(line) > LONGEST_REMARK:
        line = line[: LONGEST_REMARK - 1].rstrip() + "…"
    return line.rstrip(" .,:!?")
