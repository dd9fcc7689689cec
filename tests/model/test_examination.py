"""A small examination of the shipped model by `naila models eval`; the whole sets take minutes."""

from __future__ import annotations

import fcntl
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ai_server.commands.examination import default_sets
from tests.model.conftest import MODEL

EVERY = 15
"""One case in so many is asked."""
PATIENCE_S = 500
"""An examination takes seconds; where training has the machine it takes minutes."""
MEASURES = {
    "everyday: sensible": "everyday",
    "exact action": "actions",
    "unasked actions": "negatives",
    "name and preference recall": "recall",
    "facts": "facts",
}

pytestmark = pytest.mark.timeout(2 * PATIENCE_S)


def part_of_sets(folder: Path, every: int) -> Path:
    """Write one case in so many of each set into a folder."""
    for source in default_sets().glob("*.json*"):
        lines = source.read_text().splitlines()
        chosen = lines if source.suffix == ".json" else lines[::every]
        (folder / source.name).write_text("\n".join(chosen))
    return folder


@pytest.fixture(scope="module")
def folder(shared_directory: Path) -> Path:
    """A part of the sets, for all of the processes that tests run in."""
    folder = shared_directory / "eval"
    folder.mkdir(exist_ok=True)
    return folder


def examine(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ai_server", "models", "eval", str(MODEL), "--sets", str(folder), *options]
    alone = {**os.environ, "LLM_THREADS": "1"}
    return subprocess.run(command, env=alone, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


@pytest.fixture(scope="module")
def figures(folder: Path) -> Mapping[str, Any]:
    """What a small examination found, made by whichever process comes first."""
    kept = folder / "figures"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            outcome = examine(part_of_sets(folder, EVERY), "--json")
            assert outcome.returncode == 0, outcome.stderr
            kept.write_text(outcome.stdout)
    found: Mapping[str, Any] = json.loads(kept.read_text())
    return found


def share(figures: Mapping[str, Any], measure: str) -> float:
    (row,) = (row for row in figures["measures"] if row["measure"] == measure)
    return float(row["share"])


def test_every_case_is_asked_once(figures, folder):
    asked = [reply["id"] for reply in figures["replies"]]
    ids = [json.loads(line)["id"] for name in MEASURES.values() for line in (folder / f"{name}.jsonl").open()]
    assert asked == ids
    assert {row["measure"]: row["of"] for row in figures["measures"]} == {
        **{measure: len((folder / f"{name}.jsonl").read_text().splitlines()) for measure, name in MEASURES.items()},
        "well-formed replies": len(ids),
    }


def test_the_figures_follow_from_the_replies(figures):
    for row in figures["measures"]:
        faults = [reply["fault"] for reply in figures["replies"] if reply["measure"] == row["measure"]]
        if faults:
            wrong = sum(fault is not None for fault in faults)
            assert row["count"] == (wrong if row["measure"] == "unasked actions" else len(faults) - wrong)


def test_under_the_grammar_every_reply_is_well_formed(figures):
    assert share(figures, "well-formed replies") == 1


def test_it_answers_as_a_robot_does(figures):
    assert share(figures, "everyday: sensible") >= 0.6
    assert share(figures, "facts") >= 0.8
    assert share(figures, "name and preference recall") >= 0.75
    assert share(figures, "exact action") >= 0.5


def test_the_table_names_every_measure_and_the_wrong_replies_come_below_it(tmp_path):
    outcome = examine(part_of_sets(tmp_path, 60), "--no-grammar", "--wrong")
    assert outcome.returncode == 0, outcome.stderr
    table, _, below = outcome.stdout.rpartition("┘")
    assert all(measure in table for measure in MEASURES)
    shown = re.findall(r"^  (\w+)-\d+ ", below, re.MULTILINE)
    assert set(shown) <= set(MEASURES.values())
    assert "without a grammar" in table
