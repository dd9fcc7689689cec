"""`python launcher.py NAME NTH run`: `naila run` that is killed with SIGKILL at its NTH reach of the failpoint NAME."""

from __future__ import annotations

import itertools
import os
import signal
import sys
from typing import Any

from ai_server import cli, failpoints


def program(name: str, nth: int = 1) -> tuple[str, ...]:
    """Return what Python has to run; -P keeps the files beside this one from being imported.

    Raises:
        ValueError: if there is no such failpoint.
    """
    if name not in failpoints.NAMES:
        raise ValueError(f"{name} is none of the failpoints {failpoints.NAMES}")
    return "-P", __file__, name, str(nth)


def arm(name: str, nth: int) -> None:
    """Have this process killed when it reaches a failpoint for the `nth` time."""
    reaches = itertools.count(1)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == failpoints.EVENT and arguments == (name,) and next(reaches) == nth:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


if __name__ == "__main__":
    _, armed, count, *arguments = sys.argv
    arm(armed, int(count))
    sys.argv = ["naila", *arguments]
    cli.main()
