"""`naila intents eval`, on small files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ai_server.commands.intents import app

PHRASES = """
intents:
  - {intent: lamp, phrases: [lamp on]}
  - {intent: door, phrases: [open the door]}
"""
LINES = [
    {"text": "lamp on", "intent": "lamp"},
    {"text": "qwertz", "intent": "lamp"},
    {"text": "Open the door!", "intent": "door"},
    {"text": "zxcvb", "intent": "conversation"},
    {"text": "Lamp on.", "intent": "conversation"},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "intents"
    folder.mkdir()
    (folder / "en.yaml").write_text(PHRASES)
    return folder


def evaluate(folder: Path, lines: str, *options: str) -> Result:
    file = folder.parent / "utterances.jsonl"
    file.write_text(lines)
    return CliRunner().invoke(app, [str(file), "--folder", str(folder), *options])


def test_precision_recall_false_triggers_and_times_are_told(folder: Path) -> None:
    result = evaluate(folder, "\n".join(map(json.dumps, LINES)), "--json")
    figures = json.loads(result.stdout)
    rows = {row.pop("intent"): row for row in figures["intents"]}
    assert rows["lamp"] == {"of": 2, "recall": 0.5, "precision": 0.5, "false_triggers": 1}
    assert rows["door"] == {"of": 1, "recall": 1.0, "precision": 1.0, "false_triggers": 0}
    assert rows["conversation"]["recall"] == 0.5
    assert (figures["recognised"], figures["false_triggers"]) == (pytest.approx(2 / 3), 0.5)
    assert 0 < figures["p50_ms"] <= figures["p99_ms"]


def test_the_table_names_each_intent_and_the_aims(folder: Path) -> None:
    result = evaluate(folder, "\n".join(map(json.dumps, LINES)))
    assert result.exit_code == 0
    for words in (
        "lamp",
        "door",
        "skill intents recognised: 66.7%",
        "conversation that triggers a skill: 50.0%",
        "p99",
    ):
        assert words in result.stdout


@pytest.mark.parametrize(
    ("lines", "options", "complaint"),
    [
        ('{"text": "hi", "intent": "greeting"}\n{"text": "hi"}', [], "line 2: Object missing required field `intent`"),
        ("", [], "there is nothing in it"),
        ('{"text": "hi", "intent": "greeting"}', ["--language", "xx"], "there are no phrases of 'xx'"),
    ],
)
def test_what_cannot_be_measured_is_refused_with_the_reason(
    folder: Path, lines: str, options: list[str], complaint: str
) -> None:
    result = evaluate(folder, lines, *options)
    assert result.exit_code == 1
    assert complaint in result.stderr


def test_a_wrong_phrase_file_is_named_with_its_line(folder: Path) -> None:
    (folder / "en.yaml").write_text("intents:\n  - intent: lamp\n")
    result = evaluate(folder, json.dumps(LINES[0]))
    assert result.exit_code == 1
    assert "en.yaml: line 2: intents.0.phrases is missing" in result.stderr
