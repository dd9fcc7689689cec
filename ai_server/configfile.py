"""Reads the TOML files that people edit; a mistake is named with its file, its key and what is allowed."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails


class ConfigError(Exception):
    """A file that people edit is missing or wrong.

    Attributes:
        path: which file.
        message: what is wrong in it and what is allowed; a line for each mistake.
    """

    def __init__(self, path: Path, message: str) -> None:
        super().__init__("\n".join(f"{path}: {line}" for line in message.splitlines()))
        self.path = path
        self.message = message


class ConfigModel(BaseModel):
    """What a file holds: immutable, and without keys that nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Model = TypeVar("Model", bound=BaseModel)

_IN_TOML = {
    "string_type": 'must be text in quotes, "like this"',
    "tuple_type": "must be a list in square brackets",
    "list_type": "must be a list in square brackets",
    "frozen_set_type": "must be a list in square brackets",
    "model_type": "must be a table, with keys of its own",
    "mapping_type": "must be a table, with keys of its own",
    "bool_type": "must be true or false, without quotes",
}
"""What pydantic's types of errors mean to somebody who writes TOML."""


def read_text(path: Path) -> str:
    """Return a file's text.

    Raises:
        ConfigError: if it is missing, unreadable, or not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(path, f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(path, f"is not UTF-8 text (byte {error.start})") from None


def toml_files(folder: Path) -> list[Path]:
    """Return the TOML files in a folder, sorted, without those that editors keep beside the ones that they edit.

    Raises:
        ConfigError: if the folder cannot be listed.
    """
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".toml" and not path.name.startswith("."))
    except OSError as error:
        raise ConfigError(folder, f"cannot be listed: {error.strerror}") from None


def load_toml(path: Path, model: type[Model]) -> Model:
    """Return what a TOML file holds.

    Raises:
        ConfigError: if it cannot be read, is not TOML, or is not what `model` allows; all mistakes at once.
    """
    try:
        content = tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(path, f"is not TOML: {error}") from None
    except RecursionError:
        raise ConfigError(path, "is not TOML that can be read: its brackets are nested too deeply") from None
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise ConfigError(path, "\n".join(_explain(detail, model) for detail in error.errors())) from None


def _explain(detail: ErrorDetails, model: type[BaseModel]) -> str:
    key = ".".join(str(part) for part in detail["loc"] if part != "[key]") or "the file"
    if detail["type"] == "missing":
        return f"{key} is missing"
    if detail["type"] == "extra_forbidden":
        return f"{key} is not known here{_hint(detail, model)}"
    return f"{key}: {_IN_TOML.get(detail['type']) or detail['msg'].removeprefix('Value error, ')}"


def _hint(detail: ErrorDetails, model: type[BaseModel]) -> str:
    *within, unknown = detail["loc"]
    for part in within:
        if part in model.model_fields:
            model = next(_models(model.model_fields[str(part)].annotation), model)
    near = difflib.get_close_matches(str(unknown), model.model_fields, n=1)
    return f"; did you mean {near[0]}?" if near else f"; known are {', '.join(model.model_fields)}"


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
