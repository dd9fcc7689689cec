"""The catalogue of models: what it offers, and what it says of a name or an entry that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from ai_server import resources
from ai_server.llm.catalogue import Catalogue, CatalogueError, read_catalogue

ENTRY = """
[[models]]
name = "small"
title = "A small model"
repo = "somebody/small-GGUF"
file = "small.gguf"
size_bytes = 1_000
parameters = "1 M"
licence = "MIT"
memory_bytes = 2_000
hardware = "Anything."
"""


@pytest.fixture
def shipped() -> Catalogue:
    return read_catalogue(resources.models_dir() / "catalogue.toml")


def write(directory: Path, text: str) -> Path:
    path = directory / "catalogue.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_llama_3_1_8b_instruct_q4_k_m_comes_first(shipped: Catalogue) -> None:
    first = shipped.models[0]
    assert first.file == "Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf"
    assert first.size_bytes == 4_920_739_232


def test_names_and_files_are_unique(shipped: Catalogue) -> None:
    assert len({model.name for model in shipped.models}) == len(shipped.models)
    assert len({model.file for model in shipped.models}) == len(shipped.models)


def test_every_download_names_its_licence_and_where_to_read_it(shipped: Catalogue) -> None:
    downloads = [model for model in shipped.models if not model.embedded]
    assert downloads
    assert all(model.licence and model.licence_url for model in downloads)


def test_a_model_needs_more_memory_than_its_file_is_long(shipped: Catalogue) -> None:
    assert all(model.memory_bytes > model.size_bytes for model in shipped.models)


def test_the_embedded_model_is_the_one_that_travels_with_the_package(shipped: Catalogue) -> None:
    embedded = [model for model in shipped.models if model.embedded]
    assert [model.file for model in embedded] == [resources.embedded_model().name]


def test_a_model_is_found_by_its_name(shipped: Catalogue) -> None:
    assert shipped.find("llama-3.2-1b").file == "Llama-3.2-1B-Instruct-Q4_K_M.gguf"


def test_a_misspelt_name_is_answered_with_the_nearest(shipped: Catalogue) -> None:
    with pytest.raises(CatalogueError, match=r"'llama3\.1-8b'.*did you mean llama-3\.1-8b\?"):
        shipped.find("llama3.1-8b")


def test_a_strange_name_is_answered_with_all_there_are(tmp_path: Path) -> None:
    catalogue = read_catalogue(write(tmp_path, ENTRY))
    with pytest.raises(CatalogueError, match=r"No model is called 'qqq': there are small\."):
        catalogue.find("qqq")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("size_bytes = 1_000", "size_bytes = 0"), r"models\.0\.size_bytes"),
        (("size_bytes = 1_000\n", ""), r"models\.0\.size_bytes: Field required"),
        (('file = "small.gguf"', 'file = "../small.gguf"'), r"models\.0\.file"),
        (('repo = "somebody/small-GGUF"', 'repo = "small-GGUF"'), r"models\.0\.repo"),
        (('licence = "MIT"', 'licence = "MIT"\nsha256 = "00"'), r"models\.0\.sha256: Extra inputs"),
    ],
)
def test_a_wrong_entry_is_refused_with_its_place(tmp_path: Path, change: tuple[str, str], fault: str) -> None:
    with pytest.raises(CatalogueError, match=fault):
        read_catalogue(write(tmp_path, ENTRY.replace(*change)))


def test_a_catalogue_that_is_not_toml_is_refused_with_its_path(tmp_path: Path) -> None:
    path = write(tmp_path, "models = [")
    with pytest.raises(CatalogueError, match=str(path)):
        read_catalogue(path)


def test_a_missing_catalogue_is_refused_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="no-such"):
        read_catalogue(tmp_path / "no-such.toml")
