"""The sets that models are examined on: `everyday`, `actions`, `negatives`, `recall` and `facts`, and the bodies."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec
from pydantic import TypeAdapter, ValidationError

from ai_server.brain.body import Body
from ai_server.llm.chat import ActionCall
from ai_server.protocol.device import Capabilities
from ai_server.protocol.terms import Emotion

USUAL_BODY = "rover"
"""The body in the sets that name none."""

_BODIES = TypeAdapter(dict[str, Capabilities])


class SetsError(Exception):
    """The sets are not where they were looked for, or one of them is wrong; the message says which and how."""


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One question of the examination.

    Attributes:
        id: unique in all sets.
        facts: what is true when it is asked, as in the bracketed line of the prompt, without the brackets.
    """

    id: str
    facts: str


class WordsCase(Case, frozen=True, kw_only=True):
    """One that is judged by the words of the reply.

    Attributes:
        accept: regular expressions, of which one at least must be found; capitals do not matter.
        reject: those of which none may be found.
    """

    accept: tuple[str, ...]
    reject: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what is no regular expression.

        Raises:
            ValueError: there is one; msgspec tells it as a `ValidationError`.
        """
        for pattern in (*self.accept, *self.reject):
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is no regular expression: {error}") from None


class EverydayCase(WordsCase, frozen=True, kw_only=True):
    """What people say to a small robot; `emotion` are the faces that fit."""

    user: str
    emotion: tuple[Emotion, ...]


class FactCase(WordsCase, frozen=True, kw_only=True):
    """A question that the bracketed line answers; `earlier` is the line of a greeting before it, empty for none."""

    user: str
    earlier: str = ""


class RecallCase(WordsCase, frozen=True, kw_only=True):
    """Something told, then other talk for so many `turns`, then asked for."""

    tell: tuple[str, ...]
    turns: int
    talk: tuple[str, ...]
    ask: str

    def __post_init__(self) -> None:
        """Refuse other talk that is not as long as the case says.

        Raises:
            ValueError: it is not; msgspec tells it as a `ValidationError`.
        """
        super().__post_init__()
        if len(self.talk) != self.turns:
            raise ValueError(f"it has {len(self.talk)} turns of other talk, and says {self.turns}")


class NegativeCase(Case, frozen=True, kw_only=True):
    """Words to a body that ask for no action."""

    body: str
    user: str


class ActionCase(NegativeCase, frozen=True, kw_only=True):
    """A request, and the actions that must leave the brain for it, each as in a reply: `action` and its parameters."""

    expect: tuple[dict[str, str | int | float | bool], ...]

    @property
    def calls(self) -> tuple[ActionCall, ...]:
        """The expected actions."""
        return tuple(
            ActionCall(str(line["action"]), {name: value for name, value in line.items() if name != "action"})
            for line in self.expect
        )


@dataclass(frozen=True, slots=True)
class Sets:
    """All that is asked, and the bodies that it is asked of."""

    bodies: Mapping[str, Body]
    everyday: tuple[EverydayCase, ...]
    actions: tuple[ActionCase, ...]
    negatives: tuple[NegativeCase, ...]
    recall: tuple[RecallCase, ...]
    facts: tuple[FactCase, ...]

    @property
    def cases(self) -> tuple[Case, ...]:
        """Every case of every set."""
        return (*self.everyday, *self.actions, *self.negatives, *self.recall, *self.facts)


def read_sets(directory: Path) -> Sets:
    """Read the sets of a folder: `bodies.json` and a `.jsonl` file for each set.

    Raises:
        SetsError: they are not there, or wrong.
    """
    sets = Sets(
        bodies=_read_bodies(directory / "bodies.json"),
        everyday=_read_set(directory / "everyday.jsonl", EverydayCase),
        actions=_read_set(directory / "actions.jsonl", ActionCase),
        negatives=_read_set(directory / "negatives.jsonl", NegativeCase),
        recall=_read_set(directory / "recall.jsonl", RecallCase),
        facts=_read_set(directory / "facts.jsonl", FactCase),
    )
    _check_ids(sets.cases)
    _check_bodies(sets)
    return sets


_AnyCase = TypeVar("_AnyCase", bound=Case)


def _read_set(path: Path, kind: type[_AnyCase]) -> tuple[_AnyCase, ...]:
    decoder = msgspec.json.Decoder(kind)
    cases = []
    for number, line in enumerate(_read(path).splitlines(), 1):
        try:
            cases.append(decoder.decode(line))
        except msgspec.DecodeError as error:
            raise SetsError(f"{path}, line {number}: {error}") from None
    return tuple(cases)


def _read_bodies(path: Path) -> dict[str, Body]:
    try:
        declared = _BODIES.validate_json(_read(path))
    except ValidationError as error:
        first = error.errors()[0]
        raise SetsError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    return {name: Body(capabilities.actions) for name, capabilities in declared.items()}


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SetsError(
            f"There is no {path}. The examination's sets travel with NAILA's source tree and not with an installed "
            "package: name the folder models/train/eval of a checkout with --sets."
        ) from None
    except OSError as error:
        raise SetsError(f"{path} cannot be read: {error.strerror}") from None


def _check_ids(cases: Iterable[Case]) -> None:
    often = [id_ for id_, times in Counter(case.id for case in cases).items() if times > 1]
    if often:
        raise SetsError(f"The id {often[0]} is that of more than one case.")


def _check_bodies(sets: Sets) -> None:
    named = {case.body for case in (*sets.actions, *sets.negatives)} | {USUAL_BODY}
    unknown = sorted(named - sets.bodies.keys())
    if unknown:
        raise SetsError(f"bodies.json has no body {unknown[0]}.")
