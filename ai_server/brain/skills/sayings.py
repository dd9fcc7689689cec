"""What skills say, in each language: the files in `config/phrases/skills/`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Template
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

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


class _File(ConfigModel, extra="allow"):
    __pydantic_extra__: dict[str, _Table] = Field(init=False)
    forms: Forms | None = None


class Sayings:
    """The words of all languages; the English ones serve where a language has none.

    Where a saying has several wordings they are said in turn.
    """

    def __init__(self, sayings: Mapping[str, Mapping[str, tuple[str, ...]]], forms: Mapping[str, Forms]) -> None:
        """Take the words, by the primary tag of the language; `en` is among them, with every key."""
        self._sayings = sayings
        self._forms = forms
        self._said: dict[tuple[str, str], int] = {}

    @classmethod
    def load(cls, folder: Path) -> Sayings:
        """Read `config/phrases/skills/`, a file or more for each language: `de.toml`, `de.timers.toml`.

        Raises:
            ConfigError: if one is wrong, has a saying that English has not, or if `en.toml` is missing; it names the
                file and the key.
        """
        english = folder / f"{_EVERYBODYS}.toml"
        files = {path: load_toml(path, _File) for path in sorted({english, *toml_files(folder)})}
        if files[english].forms is None:
            raise ConfigError(english, "forms is missing")
        sayings: dict[str, dict[str, tuple[str, ...]]] = {}
        forms: dict[str, Forms] = {}
        for path, file in files.items():
            sayings.setdefault(_language(path), {}).update(_flat(file.__pydantic_extra__))
            if file.forms:
                forms[_language(path)] = file.forms
        for path, file in files.items():
            _check(path, dict(_flat(file.__pydantic_extra__)), sayings[_EVERYBODYS])
        return cls(sayings, forms)

    def say(self, language: str, key: str, /, **values: object) -> str:
        """Return a saying with its placeholders filled.

        Args:
            language: a primary tag of BCP 47.
            key: table and name, such as `clock.time`.
            values: of the placeholders.

        Raises:
            KeyError: if English has no such saying, or a placeholder has no value.
        """
        language = language if key in self._sayings.get(language, ()) else _EVERYBODYS
        wordings = self._sayings[language][key]
        turn = self._said.get((language, key), 0)
        self._said[language, key] = (turn + 1) % len(wordings)
        return Template(wordings[turn]).substitute(values)

    def form(self, language: str) -> Forms:
        """Return how numbers, times and lists are said in a language, a primary tag of BCP 47."""
        return self._forms.get(language) or self._forms[_EVERYBODYS]


def _language(path: Path) -> str:
    return path.name.partition(".")[0]


def _flat(tables: Mapping[str, _Table], prefix: str = "") -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, value in tables.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")  # type: ignore[arg-type]
        else:
            yield f"{prefix}{name}", value


def _check(path: Path, sayings: Mapping[str, tuple[str, ...]], english: Mapping[str, tuple[str, ...]]) -> None:
    problems = []
    for key, wordings in sayings.items():
        if key not in english:
            problems.append(f"{key} is not known here: {_EVERYBODYS}.toml has no such saying")
            continue
        allowed = sorted({name for wording in english[key] for name in Template(wording).get_identifiers()})
        for wording in wordings:
            try:
                holding(*allowed)(wording)
            except ValueError as error:
                problems.append(f"{key}: {error}")
    if problems:
        raise ConfigError(path, "\n".join(problems))
