"""A small template language: `(a|b|c)` is one of several, `[a]` may be left out, `{slot}` is filled in later."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import TypeAlias, TypeVar, Union

Part: TypeAlias = Union[str, list[list["Part"]]]  # noqa: UP007 (recursive)


class Template:
    """One way of saying something, with its variants."""

    def __init__(self, text: str) -> None:
        """Parse `text`; raises ValueError where brackets do not match."""
        self._parts, end = _parse(text, 0, "")
        if end != len(text):
            raise ValueError(f"unbalanced brackets in template: {text!r}")

    def sample(self, rng: random.Random, habit: float = 0.0) -> str:
        """One variant, with slots still in braces and spaces tidied; each choice falls on its first option with `habit`."""
        return tidy(_sample(self._parts, rng, habit))


T = TypeVar("T")


def usual(options: Sequence[T], rng: random.Random, habit: float) -> T:
    """The first of `options` with the probability `habit`, else any of them."""
    return options[0] if rng.random() < habit else rng.choice(options)


def tidy(text: str) -> str:
    """Collapse runs of spaces and drop spaces before punctuation."""
    text = re.sub(r" +", " ", text).strip()
    text = re.sub(r" +([,.!?;:])", r"\1", text)
    return re.sub(r"^[,;.] ?", "", text)


def _parse(text: str, at: int, closing: str) -> tuple[list[list[Part]], int]:
    options: list[list[Part]] = [[]]
    while at < len(text):
        char = text[at]
        if char == closing:
            break
        if char in "([":
            inner, at = _parse(text, at + 1, ")" if char == "(" else "]")
            if at >= len(text):
                raise ValueError(f"unbalanced brackets in template: {text!r}")
            options[-1].append([*inner, []] if char == "[" else inner)
        elif char in ")]":
            raise ValueError(f"unbalanced brackets in template: {text!r}")
        elif char == "|" and closing:
            options.append([])
        else:
            options[-1].append(char)
        at += 1
    return options, at


def _sample(options: list[list[Part]], rng: random.Random, habit: float) -> str:
    chosen = usual(options, rng, habit)
    return "".join(part if isinstance(part, str) else _sample(part, rng, habit) for part in chosen)
