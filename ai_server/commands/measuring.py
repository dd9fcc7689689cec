"""What the commands share that measure on a file of examples."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, TypeVar

import msgspec
import typer

T = TypeVar("T")


def read_examples(file: Path, of: type[T], example: str) -> list[T]:
    """Return what the lines of a file say, of which there is at least one.

    Args:
        file: of lines of JSON.
        of: what each line is.
        example: of a line, for the messages.

    Raises:
        ValueError: if the file cannot be read, or a line of it is wrong; it names the line.
    """
    try:
        lines = file.read_bytes().splitlines()
    except OSError as error:
        raise ValueError(f"{file}: cannot be read: {error.strerror}") from None
    examples: list[T] = []
    for number, line in enumerate(lines, 1):
        try:
            examples += [msgspec.json.decode(line, type=of)] if line.strip() else []
        except msgspec.DecodeError as error:
            raise ValueError(f"{file}: line {number}: {error}; a line is {example}") from None
    if not examples:
        raise ValueError(f"{file}: there is nothing in it; a line is {example}")
    return examples


def time_ms(times_ms: Sequence[float], share: float) -> float:
    """Return what took longer than this share of sorted times."""
    return times_ms[min(int(share * len(times_ms)), len(times_ms) - 1)]


def fail(message: str) -> NoReturn:
    """Say what is wrong, and end the command."""
    typer.echo(message, err=True)
    raise typer.Exit(1)
