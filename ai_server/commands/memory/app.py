"""The commands `naila memory` and `naila personality`; what one needs is imported when it runs."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ai_server.memory.privacy.selection import Selection
    from ai_server.settings import Settings

memory = typer.Typer(help="See, correct, export and erase what the robots remember.", no_args_is_help=True)
personality = typer.Typer(
    help="See how far robots have drifted from their personas, and reset it.", no_args_is_help=True
)

_NOTHING_FOUND = 1
_TYPED_WRONG = 2
_REFUSED = 3

Robot = Annotated[str | None, typer.Option("--robot", help="Of this robot alone.")]
Person = Annotated[
    str | None, typer.Option("--person", help="Of this person alone (user_id); - for those whom robots do not know.")
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since", help="From then on: 2026-05-03, 2026-05-03T18:00, today, yesterday, or 12h, 3d, '2 weeks' ago."
    ),
]
Until = Annotated[str | None, typer.Option("--until", help="Before then, written like --since.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=100_000, help="At most so many.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON: a line each, or one document.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]
EnvFile = Annotated[Path, typer.Option("--env-file", help="The file with settings; the environment wins over it.")]
_ENV = Path(".env")


@memory.command("list")
def list_conversations(
    *,
    robot: Robot = None,
    person: Person = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    as_json: AsJson = False,
    env_file: EnvFile = _ENV,
) -> None:
    """List conversations by robot and person, the one spoken in last first."""
    from ai_server.commands.memory.reading import list_conversations as work

    selection = _selection(robot, person, since, until)
    _run(env_file, lambda settings: work(settings, selection, limit, as_json=as_json))


@memory.command()
def search(
    words: Annotated[list[str], typer.Argument(help="What to look for.")],
    *,
    robot: Robot = None,
    person: Person = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 20,
    as_json: AsJson = False,
    env_file: EnvFile = _ENV,
) -> None:
    """Find turns and facts by words, the best first."""
    from ai_server.commands.memory.reading import search as work

    selection = _selection(robot, person, since, until)
    _run(env_file, lambda settings: work(settings, " ".join(words), selection, limit, as_json=as_json))


@memory.command()
def show(
    number: Annotated[str, typer.Argument(metavar="ID", help="c12, t812 or f17, as list, facts and search show it.")],
    *,
    as_json: AsJson = False,
    env_file: EnvFile = _ENV,
) -> None:
    """Show a conversation, a turn or a fact whole, with what belongs to it."""
    from ai_server.commands.memory.choosing import typed_id
    from ai_server.commands.memory.reading import show as work

    kind, row_id = typed_id(number)
    _run(env_file, lambda settings: work(settings, kind, row_id, as_json=as_json))


@memory.command()
def facts(
    *,
    robot: Robot = None,
    person: Person = None,
    since: Since = None,
    until: Until = None,
    superseded: Annotated[bool, typer.Option("--superseded", help="Those that hold no more, too.")] = False,
    limit: Limit = 200,
    as_json: AsJson = False,
    env_file: EnvFile = _ENV,
) -> None:
    """List what is known of people for good, the newest first."""
    from ai_server.commands.memory.reading import list_facts as work

    selection = _selection(robot, person, since, until)
    _run(env_file, lambda settings: work(settings, selection, limit, superseded=superseded, as_json=as_json))


@memory.command()
def correct(
    number: Annotated[str, typer.Argument(metavar="ID", help="A fact: f17.")],
    value: Annotated[str, typer.Argument(help="What is right.")],
    *,
    text: Annotated[
        str | None,
        typer.Option(help="The sentence to tell it back with.", show_default="the old one with the new value in it"),
    ] = None,
    as_json: AsJson = False,
    env_file: EnvFile = _ENV,
) -> None:
    """Correct a fact; what it was before is kept as its history."""
    from ai_server.commands.memory.writing import correct as work

    row_id = _fact_id(number)
    _run(env_file, lambda settings: work(settings, row_id, value, text, as_json=as_json))


@memory.command()
def remember(
    text: Annotated[str, typer.Argument(help="A sentence.")],
    *,
    robot: Annotated[str, typer.Option("--robot", help="The robot that is to know it.")],
    person: Annotated[str | None, typer.Option("--person", help="The person it is about (user_id).")] = None,
    household: Annotated[bool, typer.Option("--household", help="All robots are to know it, for everybody.")] = False,
    as_json: AsJson = False,
    env_file: EnvFile = _ENV,
) -> None:
    """Have a robot know something for good."""
    from ai_server.commands.memory.writing import remember as work

    user_id = None if person == "-" else person
    _run(env_file, lambda settings: work(settings, robot, user_id, text, household=household, as_json=as_json))


@memory.command()
def forget(
    numbers: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Facts: f17.")] = None,
    *,
    robot: Robot = None,
    person: Person = None,
    about: Annotated[str | None, typer.Option("--about", help="What speaks of all of these words.")] = None,
    since: Since = None,
    until: Until = None,
    everything: Annotated[bool, typer.Option("--everything", help="All of all robots.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
    env_file: EnvFile = _ENV,
) -> None:
    """Erase for good, from everything that holds it; shows first how much that is, and asks."""
    from ai_server.commands.memory.writing import forget as work

    selection, ids = _selection(robot, person, since, until, about), frozenset(map(_fact_id, numbers or ()))
    if [not selection.is_everything, bool(ids), everything].count(True) != 1:
        raise typer.BadParameter(
            "say what to forget: --robot, --person, --about, --since, --until, or else ids of facts, or --everything"
        )
    selection = replace(selection, facts=ids)
    _run(env_file, lambda settings: work(settings, selection, everything=everything, sure=yes, as_json=as_json))


@memory.command()
def export(
    file: Annotated[
        Path | None, typer.Argument(help="A new file; - as none.", show_default="the standard output", dir_okay=False)
    ] = None,
    *,
    robot: Robot = None,
    person: Person = None,
    about: Annotated[str | None, typer.Option("--about", help="What speaks of all of these words.")] = None,
    since: Since = None,
    until: Until = None,
    env_file: EnvFile = _ENV,
) -> None:
    """Write what is remembered as JSON lines, which `naila memory import` takes."""
    from ai_server.commands.memory.writing import export as work

    selection = _selection(robot, person, since, until, about)
    _run(env_file, lambda settings: work(settings, selection, None if file == Path("-") else file))


@memory.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="JSON lines of an export.", exists=True, dir_okay=False)],
    *,
    robot: Annotated[str | None, typer.Option("--robot", help="Into this robot, instead of the file's.")] = None,
    person: Annotated[str | None, typer.Option("--person", help="Into this person, instead of the file's.")] = None,
    as_json: AsJson = False,
    env_file: EnvFile = _ENV,
) -> None:
    """Take in an export; what is known already stays as it is."""
    from ai_server.commands.memory.writing import import_file as work

    user_id = "" if person == "-" else person
    _run(env_file, lambda settings: work(settings, file, robot, user_id, as_json=as_json))


@memory.command()
def backup(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="The file; one that is there is replaced.",
            show_default="by the date, in NAILA_BACKUP_DIR",
            dir_okay=False,
        ),
    ] = None,
    *,
    as_json: AsJson = False,
    env_file: EnvFile = _ENV,
) -> None:
    """Write a copy of the whole database, as it is at one moment; the daemon may run."""
    from ai_server.commands.memory.keeping import write_backup as work

    _run(env_file, lambda settings: work(settings, file, as_json=as_json))


@memory.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A backup.", exists=True, dir_okay=False)],
    *,
    yes: Yes = False,
    as_json: AsJson = False,
    env_file: EnvFile = _ENV,
) -> None:
    """Put a backup in the database's place, while the daemon is stopped."""
    from ai_server.commands.memory.keeping import bring_back as work

    _run(env_file, lambda settings: work(settings, file, sure=yes, as_json=as_json))


@memory.command()
def rekey(
    new_key: Annotated[
        Path | None,
        typer.Argument(
            help="The file with the new key (openssl rand -hex 32).",
            show_default="that of NAILA_DATABASE_KEY_FILE",
            resolve_path=True,
        ),
    ] = None,
    *,
    plain: Annotated[bool, typer.Option("--plain", help="Have it encrypted no more.")] = False,
    as_json: AsJson = False,
    env_file: EnvFile = _ENV,
) -> None:
    """Encrypt the database, for the first time or with another key, while the daemon is stopped."""
    from ai_server.commands.memory.keeping import change_key as work

    if plain and new_key is not None:
        raise typer.BadParameter("--plain goes without a new key")
    _run(env_file, lambda settings: work(settings, new_key, plain=plain, as_json=as_json))


@memory.command()
def stats(*, as_json: AsJson = False, env_file: EnvFile = _ENV) -> None:
    """Show how much is remembered, of which robot, since when, and how it is kept."""
    from ai_server.commands.memory.reading import show_stats as work

    _run(env_file, lambda settings: work(settings, as_json=as_json))


@memory.command()
def audit(*, limit: Limit = 50, as_json: AsJson = False, env_file: EnvFile = _ENV) -> None:
    """Show who read, exported, changed or erased something, the newest first."""
    from ai_server.commands.memory.reading import show_audit as work

    _run(env_file, lambda settings: work(settings, limit, as_json=as_json))


@personality.command("show")
def show_personalities(
    *, robot: Robot = None, person: Person = None, as_json: AsJson = False, env_file: EnvFile = _ENV
) -> None:
    """Show how far robots have drifted from their personas towards people."""
    from ai_server.commands.memory.reading import show_personalities as work

    selection = _selection(robot, person)
    _run(env_file, lambda settings: work(settings, selection, as_json=as_json))


@personality.command("reset")
def reset_personality(
    *, robot: Robot = None, person: Person = None, yes: Yes = False, as_json: AsJson = False, env_file: EnvFile = _ENV
) -> None:
    """Have robots be to people what their personas say."""
    from ai_server.commands.memory.writing import reset_personality as work

    selection = _selection(robot, person)
    _run(env_file, lambda settings: work(settings, selection, sure=yes, as_json=as_json))


def _fact_id(number: str) -> int:
    from ai_server.commands.memory.choosing import typed_id

    kind, row_id = typed_id(number)
    if kind != "f":
        raise typer.BadParameter(f"{number} is no fact: the ids of facts are like f17")
    return row_id


def _selection(
    robot: str | None,
    person: str | None,
    since: str | None = None,
    until: str | None = None,
    about: str | None = None,
) -> Selection:
    from ai_server.commands.memory.choosing import typed_moment
    from ai_server.memory.privacy.selection import Selection

    user_id = "" if person == "-" else person
    try:
        return Selection(robot, user_id, about, typed_moment(since), typed_moment(until))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _run(env_file: Path, work: Callable[[Settings], Coroutine[Any, Any, None]]) -> None:
    """Run a command, and leave with the exit code that says how it ended."""
    import asyncio

    from pydantic import ValidationError

    from ai_server.commands.memory.asking import NoAnswerError
    from ai_server.commands.memory.opening import NothingFoundError
    from ai_server.commands.memory.writing import RefusedError
    from ai_server.memory.storage.database import DatabaseError
    from ai_server.settings import SettingsError, load_settings
    from ai_server.telemetry import logs

    logs.configure("error", "console")
    try:
        asyncio.run(work(load_settings(env_file)))
    except SettingsError as error:
        _leave(str(error), _TYPED_WRONG)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        _leave(f"{'.'.join(map(str, first['loc']))}: {first['msg']}", _TYPED_WRONG)
    except NothingFoundError as error:
        _leave(str(error), _NOTHING_FOUND)
    except (DatabaseError, NoAnswerError, RefusedError, OSError) as error:
        _leave(str(error), _REFUSED)
    except KeyboardInterrupt:
        _leave("stopped", 130)


def _leave(why: str, exit_code: int) -> None:
    typer.echo(why, err=True)
    raise typer.Exit(exit_code)
