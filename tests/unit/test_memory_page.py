"""What docs/memory.md shows is what the commands print; `python -m tests.unit.test_memory_page` writes it anew."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import re
import shlex
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import structlog
from typer.testing import CliRunner

from ai_server.cli import app
from ai_server.commands.memory import showing
from ai_server.settings import Settings
from ai_server.telemetry import logs
from tests.remembered import fill

PAGE = Path(__file__).parents[2] / "docs" / "memory.md"
SHOWN = re.compile(r"```console\n\$ naila (.*?)\n(.*?)```\n", re.DOTALL)
TODAY = re.compile(r"20\d\d-\d\d-\d\d \d\d:\d\d(?<!2026-05-\d\d \d\d:\d\d)")
NEWLY = "2026-05-04 09:30"
"""What stands on the page for the moment at which a command was run."""


@contextlib.contextmanager
def household(folder: Path) -> Iterator[None]:
    """Have the commands find a database in which little was said, and a terminal of 120 columns, in UTC."""
    with pytest.MonkeyPatch.context() as patch, contextlib.chdir(folder), structlog.testing.capture_logs():
        for name in Settings.model_fields:
            patch.delenv(name.upper(), raising=False)
        patch.setenv("NAILA_DATA_DIR", str(folder / "data"))
        patch.setenv("COLUMNS", "120")
        patch.setenv("TZ", "UTC")
        time.tzset()
        patch.setattr(showing, "is_terminal", lambda: True)
        patch.setenv("SUDO_USER", "ada")
        patch.setattr(pwd, "getpwuid", lambda _: SimpleNamespace(pw_name="naila"))
        patch.setattr(logs, "configure", lambda *_: None)
        (folder / "data").mkdir()
        (folder / "mnt" / "nas").mkdir(parents=True)
        asyncio.run(fill(folder / "data" / "naila.db"))
        yield
    time.tzset()


def fresh(page: str, folder: Path) -> str:
    """Return the page with what the commands print now, run one after the other."""

    def run(shown: re.Match[str]) -> str:
        typed = shown[1]
        arguments = [str(folder) + each if each.startswith("/") else each for each in shlex.split(typed)]
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, f"{typed}: {result.output}"
        printed = re.sub(r" +$", "", result.output, flags=re.MULTILINE)
        printed = printed.replace(str(folder / "data"), "/var/lib/naila").replace(str(folder), "")
        return f"```console\n$ naila {typed}\n{TODAY.sub(NEWLY, printed)}```\n"

    with household(folder):
        return SHOWN.sub(run, page)


def test_the_commands_print_what_the_page_shows(tmp_path):
    page = PAGE.read_text()
    assert _without_sizes(fresh(page, tmp_path)) == _without_sizes(page)


def _without_sizes(page: str) -> str:
    return re.sub(r"\d+\.\d [kM]B", "... MB", page)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        PAGE.write_text(fresh(PAGE.read_text(), Path(os.path.realpath(directory))))
