"""A process is killed at each step of a backup, a restore, a migration and a change of keys: nothing is lost."""

from __future__ import annotations

import os

import pytest

from ai_server.memory.storage.postgresql import PostgresqlServer
from tests.forkserver import ROOT, forkserver
from tests.postgresql import TestServer


def kills(work: str, *url: str) -> int:
    """Return how often the process was killed while it did this."""
    program = ("-m", "tests.killing", work, *url)
    run = forkserver().run(program, cwd=ROOT, env=os.environ, timeout=110)
    assert run.returncode == 0, run.stderr
    return int(run.stdout.splitlines()[-1])


@pytest.mark.parametrize(("work", "at_least"), [("rekey", 5), ("back_up", 3), ("restore", 6), ("migrate", 6)])
def test_killed_anywhere_a_file_keeps_everything_and_the_next_run_goes_on(work: str, at_least: int) -> None:
    assert kills(work) >= at_least


@pytest.mark.parametrize(("work", "at_least"), [("back_up", 2), ("restore", 3), ("migrate", 3)])
def test_killed_anywhere_a_server_keeps_everything_and_the_next_run_goes_on(
    server: TestServer, work: str, at_least: int
) -> None:
    place: PostgresqlServer = server.new(migrated=False)
    assert kills(work, server.url(place.url.database or "")) >= at_least
    server.drop(place)
