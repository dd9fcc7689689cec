"""Reads the TOML and YAML files that people edit; a mistake is named with its file, its key and what is allowed."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar, get_args

import yaml
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
_IN_YAML = {
    "string_type": "must be text: put it in quotes",
    "tuple_type": "must be a list: [one, two], or a line with a dash for each",
    "list_type": "must be a list: [one, two], or a line with a dash for each",
    "frozen_set_type": "must be a list: [one, two], or a line with a dash for each",
    "model_type": "must have keys of its own, indented below it",
    "mapping_type": "must have keys of its own, indented below it",
    "bool_type": "must be true or false, without quotes",
}
"""The same to somebody who writes YAML."""

_YAML_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?\d+")
_DECIMAL = re.compile(r"[-+]?(\d+\.\d*|\.\d+)([eE][-+]?\d+)?")

Place = tuple[str | int, ...]
"""The keys and numbers of list entries that lead to a value in a file."""


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
    return config_files(folder, ".toml")


def config_files(folder: Path, *suffixes: str) -> list[Path]:
    """Return a folder's files that end so, sorted, without those that editors keep beside the ones that they edit.

    Raises:
        ConfigError: if the folder cannot be listed.
    """
    try:
        return sorted(path for path in folder.iterdir() if path.suffix in suffixes and not path.name.startswith("."))
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
        raise ConfigError(path, "\n".join(_explain(detail, model, _IN_TOML) for detail in error.errors())) from None


@dataclass(frozen=True, slots=True)
class YamlFile(Generic[Model]):
    """What a YAML file holds, and where.

    Attributes:
        content: what it holds.
        lines: the line, from 1, of each key and each entry of a list.
    """

    path: Path
    content: Model
    lines: Mapping[Place, int]

    def error(self, place: Place, message: str) -> ConfigError:
        """Return the error that something is wrong at a place, or at the nearest one around it that the file has."""
        return ConfigError(self.path, f"line {_line(self.lines, place)}: {message}")


def load_yaml(path: Path, model: type[Model]) -> YamlFile[Model]:
    """Return what a YAML file holds.

    Words without quotes are text, but for numbers, `true`, `false` and `null`: `no` and `7:30` are what they look like.

    Raises:
        ConfigError: if it cannot be read, is not YAML, or is not what `model` allows; all mistakes at once, with lines.
    """
    try:
        root = yaml.compose(read_text(path), Loader=_YAML_LOADER)
        reading = _YamlReading(path)
        content = reading.value(root, ()) if root else {}
    except yaml.YAMLError as error:
        raise ConfigError(path, _not_yaml(error)) from None
    except RecursionError:
        raise ConfigError(path, "is not YAML that can be read: it is nested too deeply") from None
    try:
        return YamlFile(path, model.model_validate(content), reading.lines)
    except ValidationError as error:
        details = error.errors()
        mistakes = [(_line(reading.lines, _place(detail)), _explain(detail, model, _IN_YAML)) for detail in details]
        raise ConfigError(path, "\n".join(f"line {line}: {mistake}" for line, mistake in sorted(mistakes))) from None


class _YamlReading:
    """Makes values of YAML's nodes, and keeps where each stands."""

    def __init__(self, path: Path) -> None:
        self.lines: dict[Place, int] = {(): 1}
        self._path = path

    def value(self, node: yaml.Node, place: Place) -> Any:
        self.lines.setdefault(place, node.start_mark.line + 1)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(entry, (*place, number)) for number, entry in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        is_quoted = isinstance(node, yaml.ScalarNode) and bool(node.style)
        return node.value if is_quoted else _scalar(node.value)

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        content: dict[str, Any] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise ConfigError(self._path, f"line {line}: a key must be text")
            if key.value in content:
                raise ConfigError(self._path, f"line {line}: {key.value} is here twice")
            self.lines[*place, key.value] = line
            content[key.value] = self.value(value, (*place, key.value))
        return content


def _scalar(text: str) -> str | int | float | bool | None:
    constants: Mapping[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
    if text in constants:
        return constants[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text


def _not_yaml(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        context = f"{error.context}, " if error.context else ""
        return f"line {error.problem_mark.line + 1}: is not YAML: {context}{error.problem}"
    return f"is not YAML: {' '.join(str(error).split())}"


def _line(lines: Mapping[Place, int], place: Place) -> int:
    while place not in lines:
        place = place[:-1]
    return lines[place]


def _place(detail: ErrorDetails) -> Place:
    return tuple(part for part in detail["loc"] if part != "[key]")


def _explain(detail: ErrorDetails, model: type[BaseModel], meanings: Mapping[str, str]) -> str:
    key = ".".join(map(str, _place(detail))) or "the file"
    if detail["type"] == "missing":
        return f"{key} is missing"
    if detail["type"] == "extra_forbidden":
        return f"{key} is not known here{_hint(detail, model)}"
    return f"{key}: {meanings.get(detail['type']) or detail['msg'].removeprefix('Value error, ')}"


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
