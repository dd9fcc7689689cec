"""The `naila` command. What a subcommand needs is imported when it runs, so that help comes at once."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from ai_server import __version__
from ai_server.commands import facts, intents, models
from ai_server.commands.chat import chat_command
from ai_server.commands.memory.app import memory, personality
from ai_server.settings import Settings, SettingsError, load_settings

app = typer.Typer(
    name="naila",
    help="The brain of small robots: hears them over MQTT, answers with words, an emotion and actions.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(facts.app, name="facts")
app.add_typer(intents.app, name="intents")
app.add_typer(models.app, name="models")
app.add_typer(memory, name="memory")
app.add_typer(personality, name="personality")
app.command("chat")(chat_command)


def _version(wanted: bool) -> None:  # noqa: FBT001  Typer passes it so
    if wanted:
        typer.echo(f"naila {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """The brain of small robots: hears them over MQTT, answers with words, an emotion and actions."""


EnvFile = Annotated[Path, typer.Option("--env-file", help="The file with settings; the environment wins over it.")]


@app.command()
def run(env_file: EnvFile = Path(".env")) -> None:
    """Serve robots on the broker that the settings name, until SIGTERM or Ctrl-C."""
    began = time.monotonic()
    settings = _settings(env_file)
    from ai_server.lifecycle import serve

    raise typer.Exit(serve(settings, began))


@app.command()
def demo(env_file: EnvFile = Path(".env")) -> None:
    """Try it: a demo broker, the brain, and a chat with a simulated robot. Piped lines are said one by one."""
    from ai_server.commands.demo import run_demo

    raise typer.Exit(run_demo(_settings(env_file)))


@app.command()
def why(
    request_id: Annotated[
        str | None, typer.Argument(help="The turn's request_id.", show_default="the last turn")
    ] = None,
    *,
    device: Annotated[str | None, typer.Option(help="The robot's id.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
    env_file: EnvFile = Path(".env"),
) -> None:
    """Tell why a turn was answered as it was: intent, rule, memory, prompt and timings."""
    from ai_server.commands.why import tell

    raise typer.Exit(tell(_settings(env_file), request_id, device, as_json=as_json))


@app.command()
def doctor(env_file: EnvFile = Path(".env")) -> None:
    """Look at all that the brain needs, a line each, and say how to mend what is wrong."""
    from ai_server.commands.doctor import examine

    raise typer.Exit(examine(env_file))


@app.command()
def bench(
    env_file: EnvFile = Path(".env"),
    *,
    seconds: Annotated[float, typer.Option(min=0, help="Repeat each measure until it has taken so long.")] = 4,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Measure how close this host gets to its physical limit with the configured model; stop the daemon before."""
    from ai_server.commands.bench import run_bench

    raise typer.Exit(run_bench(_settings(env_file), seconds=seconds, as_json=as_json))


@app.command()
def graph() -> None:
    """Print the brain's graph as Mermaid."""
    from ai_server.commands.graph import mermaid

    typer.echo(mermaid())


def _settings(env_file: Path) -> Settings:
    try:
        return load_settings(env_file)
    except SettingsError as error:
        for problem in error.problems:
            typer.echo(problem, err=True)
        typer.echo("naila was not started; .env.example documents every setting.", err=True)
        raise typer.Exit(2) from None


def main() -> None:
    """Run the command line."""
    sys.exit(app())
