"""Who the robot is: a file in `personas/`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from ai_server.configfile import ConfigError, ConfigModel, load_toml
from ai_server.llm.fallback import AnswersByEmotion
from ai_server.protocol.fields import Language
from ai_server.protocol.terms import Emotion

Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\n\[\]{}]*$", strip_whitespace=True)]
"""One line, without the brackets and braces that emotions and actions are written with."""


class Persona(ConfigModel):
    """A character that the robot speaks as.

    Attributes:
        name: what it is called.
        character: what it is, to follow "You are NAME, ".
        style: how it speaks, in whole sentences; the compact prompt leaves it out.
        default_emotion: how it looks when nothing moves it.
        languages: those that it speaks, the one it prefers first.
        fallback: its own answers for when there is no model, by intent; they take the place of the common ones.
    """

    name: Line
    character: Line
    style: Annotated[str, StringConstraints(max_length=2000, strip_whitespace=True)] = ""
    default_emotion: Emotion = "neutral"
    languages: Annotated[tuple[Language, ...], Field(min_length=1)] = ("en",)
    fallback: Mapping[str, AnswersByEmotion] = {}

    @classmethod
    def load(cls, folder: Path, name: str) -> Persona:
        """Read `folder/NAME.toml`.

        Raises:
            ConfigError: if it is wrong, or missing; then those that exist are named.
        """
        path = folder / f"{name}.toml"
        if not path.is_file():
            existing = ", ".join(sorted(other.stem for other in folder.glob("*.toml"))) or "none"
            raise ConfigError(path, f"there is no persona {name!r}; those that exist: {existing}")
        return load_toml(path, cls)
