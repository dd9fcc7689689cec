from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import ai_server
from ai_server import failpoints
from ai_server.settings import Settings
from tests.faults import launcher

SOURCES = sorted(Path(ai_server.__file__).parent.rglob("*.py"))


def _calls(name: str) -> Iterator[ast.Call]:
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text())):
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Name | ast.Attribute) and name in {
                getattr(called, "id", ""),
                getattr(called, "attr", ""),
            }:
                assert isinstance(node, ast.Call)
                yield node


def test_nothing_in_the_program_can_arm_a_failpoint():
    assert not list(_calls("addaudithook"))
    assert not [field for field in Settings.model_fields if "fail" in field]


def test_each_failpoint_stands_at_one_place():
    names = [getattr(failpoints, call.args[0].id) for call in _calls("failpoint")]
    assert sorted(names) == sorted(failpoints.NAMES)


def test_a_failpoint_that_nobody_armed_does_nothing():
    for name in failpoints.NAMES:
        failpoints.failpoint(name)


@pytest.mark.parametrize(("nth", "code"), [(1, -9), (2, -9), (3, 0)])
def test_an_armed_failpoint_kills_at_the_reach_that_was_asked_for(nth: int, code: int):
    program = (
        "from tests.faults.launcher import arm; from ai_server.failpoints import failpoint;"
        f"arm('after_commit', {nth}); failpoint('after_commit'); failpoint('after_publish'); failpoint('after_commit')"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    assert subprocess.run([sys.executable, "-c", program], env=environment, check=False).returncode == code


def test_a_name_that_is_no_failpoint_is_refused():
    with pytest.raises(ValueError, match="no_such_place"):
        launcher.program("no_such_place")
