"""`naila facts eval`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ai_server.cli import app

SENTENCES = Path(__file__).parent / "facts" / "en.jsonl"


def test_the_table_tells_precision_recall_and_what_was_not_understood(tmp_path: Path) -> None:
    file = tmp_path / "said.jsonl"
    home = {"subject": "user", "kind": "home", "value": "Paris"}
    tea = {"subject": "user", "kind": "likes", "value": "tea"}
    lines = [{"text": "I like tea", "facts": [tea]}, {"text": "My home is Paris, they say", "facts": [home]}]
    file.write_text("\n".join(map(json.dumps, lines)))
    told = CliRunner().invoke(app, ["facts", "eval", str(file)])
    assert told.exit_code == 0
    assert "precision: 100.0%" in told.stdout
    assert "recall: 50.0%" in told.stdout
    assert "not as it should be: My home is Paris, they say" in told.stdout


def test_the_figures_come_as_json() -> None:
    told = CliRunner().invoke(app, ["facts", "eval", str(SENTENCES), "--json"])
    figures = json.loads(told.stdout)
    assert figures["precision"] > 0.9
    assert {"kind", "of", "precision", "recall"} == figures["kinds"][0].keys()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "there is nothing in it"),
        ('{"text": "hi"}', "line 1"),
        ("\n\nnonsense", "line 3"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_is_none_is_refused_in_one_line(tmp_path: Path, content: str | None, message: str) -> None:
    file = tmp_path / "said.jsonl"
    if content is not None:
        file.write_text(content)
    told = CliRunner().invoke(app, ["facts", "eval", str(file)])
    assert told.exit_code == 1
    assert message in told.stderr
    assert told.stderr.count("\n") == 1
