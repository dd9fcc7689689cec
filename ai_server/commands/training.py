"""`naila models train`: the recipe of the embedded model, run in an environment of its own."""

from __future__ import annotations

import subprocess
import venv
from collections.abc import Sequence
from pathlib import Path

import typer

from ai_server import resources

_ENVIRONMENT = Path("out", "venv")


def recipe_folder() -> Path:
    """Return where the recipe is in a source tree."""
    return resources.models_dir() / "train"


def run_recipe(folder: Path, options: Sequence[str]) -> int:
    """Make the environment where it is missing, and run the recipe in it; return its exit code.

    Args:
        folder: of the recipe.
        options: those of its `run.py`.
    """
    script = folder / "run.py"
    if not script.is_file():
        typer.echo(f"There is no recipe at {folder}: it comes with NAILA's source, not with the package.", err=True)
        return 1
    python = folder / _ENVIRONMENT / "bin" / "python"
    if not python.exists():
        typer.echo(f"Making {folder / _ENVIRONMENT} with PyTorch, which takes some minutes and gigabytes.")
        venv.create(folder / _ENVIRONMENT, with_pip=True)
    requirements = folder / "requirements.txt"
    install = [str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(requirements)]
    if code := subprocess.run(install, check=False).returncode:
        typer.echo(f"{requirements} could not be installed: see above.", err=True)
        return code
    return subprocess.run([str(python), str(script), *options], check=False).returncode
