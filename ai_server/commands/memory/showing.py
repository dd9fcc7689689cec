"""How the commands show what they find: a table in a terminal, tab-separated lines in a pipe, or JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import pydantic_core
import typer

_LONGEST_CELL = 200
"""Characters of what somebody said that a line of a table shows; `show` has the whole."""

_SAID_OTHERWISE = {
    "waiting": "not answered yet",
    "cleaned": "cleaned of what they recalled",
    "known": "known already",
    "left_out": "left out",
}


def print_json(value: Any) -> None:
    """Print one JSON document in a line."""
    typer.echo(pydantic_core.to_json(value).decode())


def print_lines(values: Iterable[Any]) -> None:
    """Print JSON lines."""
    for value in values:
        print_json(value)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, wide: str = "") -> None:
    """Print rows under their columns: in a terminal as a table, whose `wide` column is folded, else a line each."""
    if not is_terminal():
        for row in [columns, *rows]:
            typer.echo("\t".join(_one_line(cell) for cell in row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for column in columns:
        table.add_column(column, no_wrap=column != wide, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_one_line(cell)) for cell in row))
    Console().print(table)


def is_terminal() -> bool:
    """Say whether somebody reads the output as it comes."""
    return sys.stdout.isatty()


def print_fields(fields: Mapping[str, str]) -> None:
    """Print one thing whole: the name and the value of each field, those without a value left out."""
    width = max(map(len, fields)) + 2
    for name, value in fields.items():
        if value:
            typer.echo(f"{name:<{width}}" + value.replace("\n", "\n" + " " * width))


def when(moment: datetime | None) -> str:
    """Return a moment as the host's clock shows it; nothing for None."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M") if moment else ""


def person(user_id: str | None) -> str:
    """Return a person's id; a dash for whoever a robot does not know."""
    return user_id or "-"


def short(text: str) -> str:
    """Return the beginning of a text."""
    return text if len(text) <= _LONGEST_CELL else f"{text[:_LONGEST_CELL]}..."


def size(count: int) -> str:
    """Return bytes for people."""
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"


def counted(counts: Mapping[str, object]) -> str:
    """Return how many of what, those left out of which there is none, and what is no count."""
    told = [f"{count} {_named(name, count)}" for name, count in counts.items() if type(count) is int and count]
    return ", ".join(told) or "nothing"


def _named(name: str, count: int) -> str:
    if name in _SAID_OTHERWISE:
        return _SAID_OTHERWISE[name]
    if count > 1:
        return name.replace("_", " ")
    return f"{name.removesuffix('ies')}y" if name.endswith("ies") else name.removesuffix("s")


def _one_line(text: str) -> str:
    return " ".join(text.split()) if any(each.isspace() and each != " " for each in text) else text
