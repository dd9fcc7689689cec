"""`naila models`: which models there are, downloading, checking and examining one, and training the embedded one."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from ai_server import resources
from ai_server.llm import verification
from ai_server.llm.catalogue import Catalogue, CatalogueError, CatalogueModel, read_catalogue
from ai_server.settings import Settings, SettingsError, load_settings

app = typer.Typer(help="List, download, verify, examine and train language models.", no_args_is_help=True)

_Directory = Annotated[
    Path | None,
    typer.Option(help="Where downloaded models are kept.", show_default="models in NAILA_DATA_DIR", file_okay=False),
]
_COLUMNS = ("name", "size", "memory", "state", "parameters", "hardware")


@app.command("list")
def list_models(directory: _Directory = None) -> None:
    """Show the models that NAILA knows: size, least free memory, what hardware each wants, and which are here.

    Where the output is not a terminal, each model is one line with its fields separated by tabs.
    """
    catalogue = _catalogue()
    kept_in = _directory(directory)
    rows = [_row(model, kept_in) for model in catalogue.models]
    if not sys.stdout.isatty():
        for row in [_COLUMNS, *rows]:
            typer.echo("\t".join(row))
        return
    _print_table(rows)
    typer.echo(f"Downloaded models are kept in {kept_in}")


@app.command()
def pull(
    name: Annotated[str, typer.Argument(help="A name that `naila models list` shows.")], directory: _Directory = None
) -> None:
    """Download a model and compare it with the hub's SHA-256.

    A download that stopped is continued. A model that is here and verified is left as it is.
    HF_TOKEN is sent to the hub where it is set, HF_ENDPOINT chooses another hub.
    """
    from ai_server.llm import download

    model = _find(_catalogue(), name)
    if model.embedded:
        typer.echo(f"{name} travels with NAILA and is used when LLM_MODEL_PATH is empty: there is nothing to download.")
        return
    kept_in = _directory(directory)
    typer.echo(f"{model.title}, under the {model.licence} ({model.licence_url})")
    try:
        verified = download.pull(model, kept_in, say=typer.echo)
    except download.DownloadError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        _fail(f"Stopped. `naila models pull {name}` continues where it stopped.", exit_code=130)
    path = kept_in / model.file
    typer.echo(f"Verified: {path} (SHA-256 {verified.sha256})")
    typer.echo("To use it, put this line into .env:")
    typer.echo(f"LLM_MODEL_PATH={_quoted(path)}")


@app.command()
def verify(
    name: Annotated[str | None, typer.Argument(help="A model's name.", show_default="every model that is here")] = None,
    directory: _Directory = None,
) -> None:
    """Compare models with what was verified when they were downloaded. Exits with 1 where one is missing or damaged.

    A downloaded model is compared byte for byte, by its SHA-256. The embedded one is checked to be a whole GGUF file.
    """
    catalogue = _catalogue()
    kept_in = _directory(directory)
    if name is not None:
        chosen = [_find(catalogue, name)]
    else:
        chosen = [model for model in catalogue.models if model.embedded or _path(model, kept_in).exists()]
    results = [_verify(model, kept_in) for model in chosen]
    if not all(results):
        raise typer.Exit(1)


@app.command("eval")
def examine(
    model: Annotated[
        str | None,
        typer.Argument(help="A model's name, or a GGUF file.", show_default="the embedded model"),
    ] = None,
    directory: _Directory = None,
    *,
    sets: Annotated[
        Path | None, typer.Option(help="The folder of the sets.", show_default="models/train/eval of the source tree")
    ] = None,
    temperature: Annotated[float, typer.Option(min=0, max=2, help="0 takes the likeliest token.")] = 0,
    grammar: Annotated[bool, typer.Option(help="Replies follow the grammar of the robot's body.")] = True,
    distances: Annotated[bool, typer.Option("--distances", help="Ask after long conversations, too.")] = False,
    wrong: Annotated[bool, typer.Option("--wrong", help="Show the replies that are wrong.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures and all replies as JSON.")] = False,
) -> None:
    """Examine a model on fixed sets: everyday talk, actions, memory, and what its sensors say.

    The sets, and the rubric that they are judged by, are in models/train/eval of the source tree.
    """
    from ai_server.commands.examination import Conditions, default_sets, run_examination

    path = _chosen(model, directory)
    conditions = Conditions(sets or default_sets(), temperature, grammar=grammar, distances=distances)
    raise typer.Exit(run_examination(path, _settings(), conditions, wrong=wrong, as_json=as_json))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def train(context: typer.Context) -> None:
    """Train the embedded model again: dialogues, vocabulary, network and the GGUF file, on two cores in an hour or two.

    PyTorch goes into an environment of its own, models/train/out/venv. Options after `--` are those of
    models/train/run.py: `naila models train -- --help` shows them, and models/train/README.md explains the recipe.
    """
    from ai_server.commands.training import recipe_folder, run_recipe

    raise typer.Exit(run_recipe(recipe_folder(), context.args))


def _verify(model: CatalogueModel, directory: Path) -> bool:
    path = _path(model, directory)
    try:
        if model.embedded:
            verification.verify_gguf(path)
            typer.echo(f"{model.name}: a whole GGUF file, SHA-256 {verification.sha256_of(path)}")
        else:
            found = verification.verify(path)
            typer.echo(
                f"{model.name}: as downloaded from {found.repo} on {found.verified_at:%Y-%m-%d %H:%M} UTC, "
                f"SHA-256 {found.sha256}"
            )
    except verification.VerificationError as error:
        typer.echo(f"{model.name}: {_mend(model, error)}", err=True)
        return False
    return True


def _mend(model: CatalogueModel, error: Exception) -> str:
    if model.embedded:
        return f"it travels with NAILA, and its file is missing or damaged: install NAILA again. ({error})"
    return f"{error} `naila models pull {model.name}` mends it."


def _catalogue() -> Catalogue:
    try:
        return read_catalogue(resources.models_dir() / "catalogue.toml")
    except CatalogueError as error:
        _fail(str(error))


def _find(catalogue: Catalogue, name: str) -> CatalogueModel:
    try:
        return catalogue.find(name)
    except CatalogueError as error:
        _fail(str(error), exit_code=2)


def _directory(given: Path | None) -> Path:
    if given is not None:
        return given.expanduser().absolute()
    return _settings().data_dir / "models"


def _settings() -> Settings:
    try:
        return load_settings()
    except SettingsError as error:
        _fail(str(error), exit_code=2)


def _chosen(model: str | None, directory: Path | None) -> Path:
    """Return the file of a model that was named, or given by its path."""
    if model is None:
        return resources.embedded_model()
    if model.endswith(".gguf"):
        return Path(model).expanduser().absolute()
    return _path(_find(_catalogue(), model), _directory(directory))


def _path(model: CatalogueModel, directory: Path) -> Path:
    return (resources.models_dir() if model.embedded else directory) / model.file


def _row(model: CatalogueModel, directory: Path) -> tuple[str, ...]:
    path = _path(model, directory)
    size = path.stat().st_size if path.exists() else model.size_bytes
    return (
        model.name,
        _gigabytes(size),
        _gigabytes(model.memory_bytes),
        _state(model, path),
        model.parameters,
        model.hardware,
    )


def _state(model: CatalogueModel, path: Path) -> str:
    if model.embedded:
        return "embedded" if path.exists() else "missing"
    if not path.exists():
        return _unfinished(model, path.parent)
    try:
        recorded = verification.recall(path)
    except verification.VerificationError:
        recorded = None
    if recorded is None:
        return "not verified"
    return "verified" if recorded.size_bytes == path.stat().st_size else "damaged"


def _unfinished(model: CatalogueModel, directory: Path) -> str:
    from ai_server.llm.download import downloaded_bytes

    done = downloaded_bytes(model, directory)
    return f"{100 * done // model.size_bytes} % downloaded" if done else "not here"


def _print_table(rows: list[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(show_lines=True)
    for column in _COLUMNS:
        table.add_column(column.capitalize(), no_wrap=column != "hardware")
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"


def _quoted(path: Path) -> str:
    text = str(path)
    if re.fullmatch(r"[\w./+@:-]+", text):
        return text
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _fail(message: str, exit_code: int = 1) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(exit_code)
