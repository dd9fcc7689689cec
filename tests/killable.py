"""A program of ours that says in lines what it has done, to be killed at any instant."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import closing
from pathlib import Path

from ai_server.memory.storage import sqlite
from tests.forkserver import ROOT, forkserver

PATIENCE_S = 60.0


class Killable:
    """`python -m` with these arguments, in a process of its own from now on."""

    def __init__(self, *arguments: str) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._said, self._wrong = Path(self._folder.name, "stdout"), Path(self._folder.name, "stderr")
        program = ("-m", *arguments)
        self._process = forkserver().start(program, cwd=ROOT, env=os.environ, log=self._said, errors=self._wrong)

    def wait_for(self, beginning: str = "", *, lines: int = 1) -> None:
        """Wait until it has said so many lines, of those with that beginning."""
        give_up = time.monotonic() + PATIENCE_S
        while sum(line.startswith(beginning) for line in self._lines()) < lines:
            assert self._process.poll() is None, f"it has ended: {self._wrong.read_text()}"
            assert time.monotonic() < give_up, f"it has said {self._lines()} alone: {self._wrong.read_text()}"
            time.sleep(0.005)

    def kill(self) -> list[str]:
        """Kill it, where it has not ended yet; return all its whole lines."""
        self._process.kill()
        self._process.wait(PATIENCE_S)
        lines = self._lines()
        self._folder.cleanup()
        return lines

    def keep(self, promises: dict[str, set[str]]) -> None:
        """Kill it, and add to its promises: each line says what, then of which."""
        for line in self.kill():
            what, *names = line.split()
            promises[what].update(names)

    def _lines(self) -> list[str]:
        # The last line may be half of one.
        return self._said.read_text().split("\n")[:-1]


def require_sound(path: Path) -> None:
    """Fail unless a database's file is whole."""
    with closing(sqlite.connect_to_read(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
