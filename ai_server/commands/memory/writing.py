"""What an owner changes in what the robots remember: through the daemon where one runs, else by itself."""

from __future__ import annotations

import errno
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

import pydantic_core
import typer
from sqlalchemy import Connection

from ai_server.commands.memory.asker import new_id, who
from ai_server.commands.memory.opening import NothingFoundError, asking, visiting
from ai_server.commands.memory.showing import counted, print_json, short, when
from ai_server.memory.privacy import overview
from ai_server.memory.privacy.audit import Audit
from ai_server.memory.privacy.erasure import preview
from ai_server.memory.privacy.sayings import Sayings
from ai_server.memory.privacy.selection import Selection
from ai_server.memory.privacy.transfer import ImportLineError, Transfer, check_lines
from ai_server.protocol.operator import (
    CorrectRequest,
    ForgetRequest,
    ImportRequest,
    OperatorRequest,
    OperatorResponse,
    RememberRequest,
    ResetPersonalityRequest,
)
from ai_server.settings import Settings

_SHOWN = 5
"""So many turns are shown before they are forgotten."""

_LINES_AT_ONCE = 1000
_AROUND_LINES = 1024
"""Bytes of a request beside its lines."""


class RefusedError(Exception):
    """What was asked was not done; the message says why."""


async def forget(settings: Settings, selection: Selection, *, everything: bool, sure: bool, as_json: bool) -> None:
    """Erase a part of what is remembered for good; unless `sure`, show first how much that is, and ask."""
    await _show_what_goes(settings, selection, sure=sure)
    request = ForgetRequest(
        id=new_id(),
        by=who(),
        device_id=selection.device_id,
        user_id=selection.user_id,
        about=selection.about,
        since=selection.since,
        until=selection.until,
        facts=sorted(selection.facts),
        everything=everything,
    )
    result = (await _ask(settings, request)).result
    if as_json:
        print_json(result)
        return
    typer.echo(f"Forgotten: {counted(result)}.")
    if not result["scrubbed"]:
        typer.echo(
            "Some of it is in the files until who reads them now has ended; the daemon then sees to it.", err=True
        )


async def correct(settings: Settings, row_id: int, value: str, text: str | None, *, as_json: bool) -> None:
    """Give a fact another value; the old one is kept as its history."""
    request = CorrectRequest(id=new_id(), by=who(), fact=row_id, value=value, text=text)
    result = (await _ask(settings, request)).result
    if as_json:
        print_json({"id": f"f{result['fact']}"})
    else:
        typer.echo(f"f{result['fact']} holds from now on; `naila memory show f{result['fact']}` shows its history.")


async def remember(
    settings: Settings, robot: str, person: str | None, text: str, *, household: bool, as_json: bool
) -> None:
    """Keep a fact in the owner's words."""
    request = RememberRequest(
        id=new_id(), by=who(), device_id=robot, user_id=person or None, text=text, household=household
    )
    result = (await _ask(settings, request)).result
    if as_json:
        print_json(result)
    else:
        typer.echo("Remembered for everybody." if household else f"{robot} remembers it.")


async def export(settings: Settings, selection: Selection, file: Path | None) -> None:
    """Write what is remembered as JSON lines into a new file, or to the standard output."""
    async with visiting(settings) as database:
        count = 0
        try:
            with _new_file(file) as output:
                async for line in Transfer(database).export(selection):
                    output.write(f"{line}\n")
                    count += 1
        finally:  # also what was read before it broke off
            await Audit(database).note(who(), "export", selection.scope, count)
    typer.echo(f"{count} lines", err=True)


async def import_file(settings: Settings, file: Path, robot: str | None, person: str | None, *, as_json: bool) -> None:
    """Take in the lines of an export, none where one is wrong; what is known already stays as it is."""
    _check(file)
    total = Counter[str]()
    with file.open(encoding="utf-8") as lines:
        async with asking(settings) as ask:
            for first, chunk in _chunks(lines, settings.naila_max_payload_bytes - _AROUND_LINES):
                request = ImportRequest(
                    id=new_id(), by=who(), first=first, lines=chunk, device_id=robot, user_id=person
                )
                response = _done(await ask(request))
                total.update({name: count for name, count in response.result.items() if isinstance(count, int)})
    if as_json:
        print_json(total)
    else:
        typer.echo(f"Taken in: {counted(total)}.")


async def reset_personality(settings: Settings, selection: Selection, *, sure: bool, as_json: bool) -> None:
    """Have robots be to people what their personas say."""
    if not sure:
        typer.confirm(f"Reset the personalities of {selection.scope}?", abort=True, err=True)
    request = ResetPersonalityRequest(id=new_id(), by=who(), device_id=selection.device_id, user_id=selection.user_id)
    result = (await _ask(settings, request)).result
    if as_json:
        print_json(result)
    else:
        typer.echo(f"Reset: {result['reset']}.")


async def _ask(settings: Settings, request: OperatorRequest) -> OperatorResponse:
    async with asking(settings) as ask:
        return _done(await ask(request))


def _done(response: OperatorResponse) -> OperatorResponse:
    if not response.ok:
        raise RefusedError(response.error_message or str(response.error_code))
    return response


async def _show_what_goes(settings: Settings, selection: Selection, *, sure: bool) -> None:
    """Say what is about to be forgotten, and ask.

    Raises:
        NothingFoundError: if there is nothing.
        typer.Abort: if the answer is no.
    """
    async with visiting(settings) as database:
        counts = asdict(await preview(database, selection))
        if not any(counts.values()):
            raise NothingFoundError(f"there is nothing to forget of {selection.scope}")
        if sure:
            return
        sayings = await Sayings.of(database, selection.facts)
        shown = await database.read(lambda connection: _sample(connection, selection, sayings))
        await Audit(database).note(who(), "read", selection.scope, len(shown))
    typer.echo(f"This forgets for good: {counted(counts)}.", err=True)
    for line in shown:
        typer.echo(f"  {line}", err=True)
    typer.confirm("Forget it?", abort=True, err=True)


def _sample(connection: Connection, selection: Selection, sayings: Sayings) -> list[str]:
    """Return a few lines of what is about to be forgotten."""
    if not selection.facts:
        return _lines(overview.sample(connection, selection, _SHOWN))
    found = [overview.fact_with(connection, number) for number in sorted(sayings.facts)[:_SHOWN]]
    facts = [f"f{each.fact.id} {when(each.fact.learned_at)} {short(each.fact.text)}" for each in found if each]
    said_in = [overview.turn_with(connection, number) for number in sorted(sayings.turns)[-_SHOWN:]]
    return facts + _lines(each for each in said_in if each)


def _lines(turns: Iterable[overview.StoredTurn]) -> list[str]:
    return [
        f'{when(each.turn.at)} {each.turn.reply.device_id} t{each.id}: "{short(each.turn.words)}"' for each in turns
    ]


def _chunks(lines: Iterable[str], most_bytes: int) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines in pieces that fit into a message, each with the number of its first line.

    Raises:
        RefusedError: if one line alone does not fit.
    """
    first, chunk, taken = 1, list[str](), 0
    for number, ended in enumerate(lines, 1):
        line = ended.rstrip("\r\n")
        width = len(pydantic_core.to_json(line)) + 1
        if width > most_bytes:
            raise RefusedError(
                f"line {number} has {width} bytes, and NAILA_MAX_PAYLOAD_BYTES lets {most_bytes} through"
            )
        if taken + width > most_bytes or len(chunk) == _LINES_AT_ONCE:
            yield first, chunk
            first, chunk, taken = number, [], 0
        chunk.append(line)
        taken += width
    if chunk:
        yield first, chunk


def _check(file: Path) -> None:
    """See that all lines can be taken in.

    Raises:
        RefusedError: if one cannot.
        OSError: if the file cannot be read.
    """
    try:
        with file.open(encoding="utf-8") as lines:
            for first, chunk in _chunks(lines, sys.maxsize):
                check_lines(chunk, first=first)
    except (ImportLineError, UnicodeDecodeError) as error:
        raise RefusedError(f"{file}: {error}; nothing was taken in") from None


@contextmanager
def _new_file(file: Path | None) -> Iterator[TextIO]:
    """Lend a file that its owner alone may read, and that is there only if the block ends well.

    Raises:
        OSError: if there is one already, or none can be written.
    """
    if file is None:
        yield typer.get_text_stream("stdout")
        return
    if file.exists():
        raise FileExistsError(errno.EEXIST, "it is there already: choose another name", str(file))
    partial = file.with_name(f"{file.name}.part")
    try:
        partial.touch(0o600, exist_ok=False)
        with partial.open("w", encoding="utf-8") as output:
            yield output
        partial.rename(file)
    finally:
        partial.unlink(missing_ok=True)
