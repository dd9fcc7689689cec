"""The recipe of the embedded model, in a folder with a recipe that is over at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from ai_server.commands.training import recipe_folder, run_recipe


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shared, since making an environment takes seconds."""
    folder = tmp_path_factory.mktemp("recipe")
    (folder / "run.py").write_text("import sys; print(sys.prefix, *sys.argv[1:]); sys.exit(3)")
    return folder


def test_the_recipe_runs_in_an_environment_of_its_own_with_the_options_that_were_given(folder: Path, capfd):
    (folder / "requirements.txt").write_text("")
    assert run_recipe(folder, ["--minutes", "5"]) == 3
    said, _ = capfd.readouterr()
    assert said.splitlines()[-1] == f"{folder / 'out' / 'venv'} --minutes 5"


def test_what_cannot_be_installed_ends_it(folder: Path, capfd):
    (folder / "requirements.txt").write_text("no-such-package==1\n")
    assert run_recipe(folder, []) not in {0, 3}
    assert "could not be installed" in capfd.readouterr().err


def test_without_the_source_there_is_nothing_to_train_with(tmp_path: Path, capfd):
    assert run_recipe(tmp_path, []) == 1
    assert "comes with NAILA's source" in capfd.readouterr().err


def test_the_recipe_is_where_the_command_looks():
    assert (recipe_folder() / "run.py").is_file()
