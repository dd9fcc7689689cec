"""What skills say, in each language: the files in `config/phrases/skills/`."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from string import Template
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from ai_server import resources
from ai_server.brain.skills.forms import Forms, Word, holding
from ai_server.configfile import ConfigError, ConfigModel, load_toml, toml_files

_EVERYBODYS = "en"


def _valid(value: str) -> str:
    if not Template(value).is_valid():
        raise ValueError(f"has a dollar sign that no word follows; a dollar sign itself is written $$: {value!r}")
    return value


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Saying = Annotated[
    tuple[Annotated[Word, AfterValidator(_valid)], ...], BeforeValidator(_listed), Field(min_length=1, max_length=20)
]
_Table = Mapping[str, Saying | Mapping[str, Saying]]
_Keyed = Mapping[str, tuple[str, ...]]
"""Wordings by table and name, such as `weather.sky.rain`."""


class _File(ConfigModel, extra="allow"):
    __pydantic_extra__: dict[str, _Table] = Field(init=False)
    forms: Forms | None = None


class Sayings:
    """The words of all languages; the English ones serve where a language has none.

    Where a saying has several wordings they are said in turn.
    """

    def __init__(self, sayings: Mapping[str, _Keyed], forms: Mapping[str, Forms]) -> None:
        """Take the words, by the primary tag of the language; `en` is among them, with every key."""
        self._sayings = sayings
        self._forms = forms
        self._said: dict[tuple[str, str], int] = {}

    @classmethod
    def load(cls, folder: Path) -> Sayings:
        """Read `config/phrases/skills/`, a file or more for each language: `de.toml`, `de.timers.toml`.

        Which sayings there are, and what they may hold, is what the shipped English ones are and hold; those serve
        where the folder has no English ones of its own.

        Raises:
            ConfigError: if a file is wrong, or has a saying that the shipped English has not; it names the file and the
                key.
        """
        shipped = _read(resources.config_dir() / "phrases" / "skills", f"{_EVERYBODYS}.*toml")
        english = _sayings(shipped)[_EVERYBODYS]
        files = _read(folder, "*.toml")
        for path, file in files.items():
            _check(path, _flat(file.__pydantic_extra__), english)
        sayings = _sayings(files)
        sayings[_EVERYBODYS] = {**english, **sayings.get(_EVERYBODYS, {})}
        forms = {_language(path): file.forms for path, file in {**shipped, **files}.items() if file.forms}
        return cls(sayings, forms)

    def say(self, language: str, key: str, /, **values: object) -> str:
        """Return a saying with its placeholders filled.

        Args:
            language: a primary tag of BCP 47.
            key: table and name, such as `clock.time`.
            values: of the placeholders.

        Raises:
            KeyError: if there is no such saying, or a placeholder has no value.
        """
        language = language if key in self._sayings.get(language, ()) else _EVERYBODYS
        wordings = self._sayings[language][key]
        turn = self._said.get((language, key), 0)
        self._said[language, key] = (turn + 1) % len(wordings)
        return Template(wordings[turn]).substitute(values)

    def form(self, language: str) -> Forms:
        """Return how numbers, times and lists are said in a language, a primary tag of BCP 47."""
        return self._forms.get(language) or self._forms[_EVERYBODYS]


def _read(folder: Path, pattern: str) -> dict[Path, _File]:
    return {path: load_toml(path, _File) for path in toml_files(folder) if path.match(pattern)}


def _language(path: Path) -> str:
    return path.name.partition(".")[0]


def _sayings(files: Mapping[Path, _File]) -> dict[str, dict[str, tuple[str, ...]]]:
    sayings: dict[str, dict[str, tuple[str, ...]]] = {}
    for path, file in files.items():
        sayings.setdefault(_language(path), {}).update(_flat(file.__pydantic_extra__))
    return sayings


def _flat(tables: Mapping[str, _Table], prefix: str = "") -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, value in tables.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")  # type: ignore[arg-type]
        else:
            yield f"{prefix}{name}", value


def _check(path: Path, sayings: Iterable[tuple[str, tuple[str, ...]]], english: _Keyed) -> None:
    problems = []
    for key, wordings in sayings:
        if key not in english:
            near = difflib.get_close_matches(key, english, n=1)
            problems.append(f"{key} is not known here{f'; did you mean {near[0]}?' if near else ''}")
            continue
        check = holding(*sorted({name for wording in english[key] for name in Template(wording).get_identifiers()}))
        for wording in wordings:
            try:
                check(wording)
            except ValueError as error:
                problems.append(f"{key}: {error}")
    if problems:
        raise ConfigError(path, "\n".join(problems))
