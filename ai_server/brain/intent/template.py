"""Phrase templates, `set [a] timer for {duration}`, read into what they are made of."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"<(?P<list>\w+)>|\{(?P<slot>\w+(?::\w+)?)\}|(?P<mark>[()\[\]|])|(?P<word>\w+(?:'\w+)*)|(?P<space>[\s,.!?、，。]+)|(?P<wrong>.)"  # noqa: RUF001
)
_LETTER = "[^\\W\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3]"
_GLUED = re.compile(rf"({_LETTER}|['>}}])[(\[<{{]|[)\]>}}]({_LETTER}|['(\[<{{])")


class TemplateError(Exception):
    """A phrase template is malformed; the message quotes it and says how."""


@dataclass(frozen=True, slots=True)
class Word:
    """Words that are said so."""

    text: str


@dataclass(frozen=True, slots=True)
class Named:
    """The template of a list."""

    name: str


@dataclass(frozen=True, slots=True)
class Slot:
    """Words that are read as a kind of thing, such as a `duration`, and where it is kept: `number:level`."""

    kind: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several; an empty one among them may be left out."""

    options: tuple[Sequence, ...]


Sequence = tuple[Word | Named | Slot | Choice, ...]


def parse(template: str) -> Sequence:
    """Return what a template is made of.

    `(a|b)` is one of several, `[a]` may be left out, `<list>` is the template of that name, and `{slot}` stands for
    words that are read as that kind of thing, `{kind:name}` for one that is kept under another name. Punctuation
    between words means nothing.

    Raises:
        TemplateError: if brackets do not match, or a sign means nothing.
    """
    if _GLUED.search(template):
        raise TemplateError(f"{template!r}: brackets stand between words, not within one")
    opened = [_Bracket("", [[]])]
    for token in _TOKEN.finditer(template):
        if token.lastgroup == "mark":
            _mark(token["mark"], opened, template)
        elif token.lastgroup != "space":
            opened[-1].options[-1].append(_item(token, template))
    if len(opened) > 1:
        raise TemplateError(f"{template!r}: a bracket is not closed")
    return tuple(opened[0].options[0])


def _item(token: re.Match[str], template: str) -> Word | Named | Slot:
    if token["word"]:
        return Word(token["word"])
    if token["list"]:
        return Named(token["list"])
    if token["slot"]:
        return Slot(*token["slot"].split(":"))
    raise TemplateError(f"{template!r}: {token[0]!r} means nothing in a template")


def _mark(mark: str, opened: list[_Bracket], template: str) -> None:
    if mark in "([":
        opened.append(_Bracket(")" if mark == "(" else "]", [[]]))
        return
    bracket = opened[-1]
    if not bracket.closing:
        raise TemplateError(f"{template!r}: {mark!r} stands outside of brackets")
    if mark == "|":
        bracket.options.append([])
        return
    if mark != bracket.closing:
        raise TemplateError(f"{template!r}: {bracket.closing!r} is missing before {mark!r}")
    opened.pop()
    may_be_left_out = [()] if mark == "]" else []
    opened[-1].options[-1].append(Choice((*map(tuple, bracket.options), *may_be_left_out)))


@dataclass(frozen=True, slots=True)
class _Bracket:
    closing: str
    options: list[list[Word | Named | Slot | Choice]]
