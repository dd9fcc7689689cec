"""The models that NAILA knows by name: `models/catalogue.toml`."""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class CatalogueError(Exception):
    """The catalogue cannot be read, or has no model of the name that was asked for."""


class CatalogueModel(BaseModel):
    """One model on offer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    """What the commands call it."""
    title: str
    """Its full name, with the quantisation."""
    repo: str | None = Field(default=None, pattern=r"^[\w-][\w.-]*/[\w-][\w.-]*$")
    """The repository on the hub, `owner/name`; None where the model travels with NAILA."""
    file: str = Field(pattern=r"^[A-Za-z0-9._-]+\.gguf$")
    """The GGUF file's name, in the repository and on disk."""
    size_bytes: int = Field(gt=0)
    """The file's size, to choose by; the hub's own figure decides at download."""
    parameters: str
    """The number of weights, in words."""
    licence: str
    licence_url: str | None = None
    memory_bytes: int = Field(gt=0)
    """The least memory that must be free, on the GPU or in the host, to run it with a context of 4,096 tokens."""
    hardware: str
    """What it wants to answer at the pace of a conversation, in words."""

    @property
    def embedded(self) -> bool:
        """Say whether the model travels with NAILA and needs no download."""
        return self.repo is None


class Catalogue(BaseModel):
    """Every model on offer, the recommended one first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    models: tuple[CatalogueModel, ...] = Field(min_length=1)

    def find(self, name: str) -> CatalogueModel:
        """Return the model of this name.

        Raises:
            CatalogueError: there is none; the message lists the names there are.
        """
        for model in self.models:
            if model.name == name:
                return model
        names = [model.name for model in self.models]
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}."
        raise CatalogueError(f"No model is called {name!r}: {hint}")


def read_catalogue(path: Path) -> Catalogue:
    """Read a catalogue file.

    Raises:
        CatalogueError: the file is missing, is not TOML, or an entry lacks something or has something unknown.
    """
    try:
        return Catalogue.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CatalogueError(f"The model catalogue {path} cannot be read: {error}") from error
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise CatalogueError(f"The model catalogue {path} is wrong: {faults}") from error
