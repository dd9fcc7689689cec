"""Who the robot is: a file in `personas/`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from ai_server.configfile import ConfigError, ConfigModel, load_toml, toml_files
from ai_server.llm.fallback import AnswersByEmotion
from ai_server.llm.reply import ReplyParser
from ai_server.memory.personalities import Traits
from ai_server.protocol.terms import EMOTIONS, Emotion

MOST_EXAMPLES = 8

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}")
_TAGGED = re.compile(rf"\[(?:{'|'.join(EMOTIONS)})\] (\S.*)")


def _one_line(value: str) -> str:
    if len(value.splitlines()) > 1 or set(value) & set("[]{}"):
        raise ValueError(f"must be one line without the characters [ ] {{ }}: {value!r}")
    return value


def _as_a_model_says_it(value: str) -> str:
    if "{" in value:
        raise ValueError(f"must be words alone, since not every robot has the body for an action: {value!r}")
    tagged = _TAGGED.fullmatch(value)
    if tagged is None:
        raise ValueError(f"must be [emotion] and then words, the emotion one of {', '.join(EMOTIONS)}: {value!r}")
    parser = ReplyParser()
    parser.feed(value)
    parser.close(truncated=False)
    if parser.text != tagged[1]:
        raise ValueError(f"would be spoken as {parser.text!r}: write just that after the emotion, not {tagged[1]!r}")
    return value


def _list_of_tables(value: object) -> object:
    if isinstance(value, Mapping):
        raise ValueError("each begins with [[examples]], in double brackets")  # noqa: TRY004  pydantic wants it so
    return value


def _language(value: str) -> str:
    if not _LANGUAGE.fullmatch(value):
        raise ValueError(f"must be a language tag such as en, de or pt-BR: {value!r}")
    return value


def _few(value: tuple[Example, ...]) -> tuple[Example, ...]:
    if len(value) > MOST_EXAMPLES:
        raise ValueError(f"must be at most {MOST_EXAMPLES}, and there are {len(value)}: leave some out")
    return value


Line = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True), AfterValidator(_one_line)]
"""One line, without the brackets and braces that emotions and actions are written with."""

OptionalLine = Annotated[str, StringConstraints(max_length=200, strip_whitespace=True), AfterValidator(_one_line)]

ExampleAnswer = Annotated[
    str, StringConstraints(max_length=300, strip_whitespace=True), AfterValidator(_as_a_model_says_it)
]
"""An answer as a model is to give it, `[emotion] words`, and nothing in the words that would not be spoken."""


class Example(ConfigModel):
    """A turn that shows a model how the persona speaks.

    It has no actions: which body the robot will have, no file knows, and the prompt tells how an action is written.

    Attributes:
        facts: what was true then, as the newest user turn of a prompt says it in brackets; here without them.
        person: what the person said.
        answer: what the persona answered, `[emotion] words`.
    """

    facts: OptionalLine = ""
    person: Line
    answer: ExampleAnswer


_Share = Annotated[float, Field(ge=0, le=1, strict=True)]


class PersonaTraits(ConfigModel):
    """Five traits of a character, each from 0, little of it, to 1, much."""

    warmth: _Share = 0.5
    energy: _Share = 0.5
    formality: _Share = 0.5
    humour: _Share = 0.5
    directness: _Share = 0.5

    @property
    def values(self) -> Traits:
        """The numbers alone."""
        return Traits(**self.model_dump())


class Persona(ConfigModel):
    """A character that the robot speaks as.

    Attributes:
        name: what it is called.
        character: what it is, to follow "You are NAME, ".
        style: how it speaks, in whole sentences.
        examples: turns that show how it speaks.
        default_emotion: how it looks when nothing moves it.
        languages: those that it speaks, the one it prefers first.
        traits: where its manner with each person begins.
        fallback: its own answers for when there is no model, by intent; they take the place of the common ones.
    """

    name: Line
    character: Line
    style: Annotated[str, StringConstraints(max_length=2000, strip_whitespace=True)] = ""
    examples: Annotated[tuple[Example, ...], BeforeValidator(_list_of_tables), AfterValidator(_few)] = ()
    default_emotion: Emotion = "neutral"
    languages: Annotated[tuple[Annotated[str, AfterValidator(_language)], ...], Field(min_length=1)] = ("en",)
    traits: PersonaTraits = PersonaTraits()
    fallback: Mapping[str, AnswersByEmotion] = {}

    @classmethod
    def load(cls, folder: Path, name: str) -> Persona:
        """Read `folder/NAME.toml`.

        Raises:
            ConfigError: if it is wrong, or missing; then those that exist are named.
        """
        path = folder / f"{name}.toml"
        if not path.is_file():
            existing = ", ".join(other.stem for other in toml_files(folder)) or "none"
            raise ConfigError(path, f"there is no persona {name!r}; those that exist: {existing}")
        return load_toml(path, cls)

    def show_examples(self) -> str:
        """Return the examples as a prompt shows them, below a heading; empty where there are none."""
        if not self.examples:
            return ""
        turns = (
            f"Person: {f'[{each.facts}] ' if each.facts else ''}{each.person}\n{self.name}: {each.answer}"
            for each in self.examples
        )
        return "\n".join([f"How {self.name} talks", *turns])
