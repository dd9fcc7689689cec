"""Starts programs of ours as forks of a process that has imported them already: imports are most of a short run.

What runs is the same, from its `__main__` on, in a process of its own with its own environment, folder and output.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]

_AT_START = ("PYTHON", "LD_", "OPENBLAS", "OMP_")
"""Variables that begin so are read when a process begins: where they differ, there is nothing to fork."""

_IMPORTED = (
    "ai_server.cli",
    "ai_server.lifecycle",
    "ai_server.house",
    "alembic.command",
    "alembic.config",
    "ai_server.brain.open_meteo",
    "httpx2",
    "py3langid.langid",
)
"""What the daemon imports, at its start or soon after."""


class Forked:
    """A running fork, as `subprocess.Popen` has it."""

    def __init__(self, server: ForkServer, pid: int) -> None:
        self.pid = pid
        self._server = server

    def poll(self) -> int | None:
        """Return its exit code, negative for a signal; None while it runs."""
        return self._server.exit_code(self.pid, 0.0)

    def wait(self, timeout: float) -> int:
        """Return its exit code once it has ended."""
        give_up = time.monotonic() + timeout
        while (code := self._server.exit_code(self.pid, max(0.0, give_up - time.monotonic()))) is None:
            if time.monotonic() >= give_up:
                raise subprocess.TimeoutExpired(f"the fork {self.pid}", timeout)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class ForkServer:
    """The process that has imported everything; it ends with the one that started it."""

    def __init__(self) -> None:
        self._end, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-m", "tests.forkserver", str(theirs.fileno())]
            self._process = subprocess.Popen(
                command, cwd=ROOT, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
            )
        self._heard = b""
        self._exits: dict[int, int] = {}
        self._started: list[int] = []

    def close(self) -> None:
        """End it; what was forked goes on."""
        self._end.close()
        self._process.wait(10)

    def start(
        self,
        program: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        log: Path,
        errors: Path | None = None,
        stdin: str = "",
    ) -> Forked:
        """Run what `python PROGRAM` would, `-m MODULE` or a file.

        What it says is added to `log`, of what is wrong to `errors` where that is another file; it is told `stdin`.
        """
        files = [str(log), str(errors or log)]
        for file in files:
            Path(file).touch()
        order = {"program": program, "cwd": str(cwd), "env": dict(env), "files": files, "stdin": stdin}
        self._end.sendall(json.dumps(order).encode() + b"\n")
        while not self._started:
            self._hear(60.0)
        return Forked(self, self._started.pop())

    def run(
        self, program: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdin: str = "", timeout: float
    ) -> subprocess.CompletedProcess[str]:
        """Run it to its end, as `subprocess.run` does."""
        with tempfile.TemporaryDirectory() as folder:
            said, errors = Path(folder, "stdout"), Path(folder, "stderr")
            code = self.start(program, cwd=cwd, env=env, log=said, errors=errors, stdin=stdin).wait(timeout)
            return subprocess.CompletedProcess(program, code, said.read_text(), errors.read_text())

    def exit_code(self, pid: int, timeout_s: float) -> int | None:
        """Return the exit code of a fork; None if it runs still after that time, or another one has ended."""
        if pid not in self._exits:
            self._hear(timeout_s)
        return self._exits.get(pid)

    def _hear(self, timeout_s: float) -> None:
        if not select.select([self._end], [], [], timeout_s)[0]:
            return
        heard = self._end.recv(65536)
        if not heard:
            raise RuntimeError(f"the fork server has ended with {self._process.wait()}")
        *lines, self._heard = (self._heard + heard).split(b"\n")
        for line in lines:
            pid, code = json.loads(line)
            if code is None:
                self._started.append(pid)
            else:
                self._exits[pid] = code


@functools.cache
def forkserver() -> ForkServer:
    """Return the one of this process."""
    server = ForkServer()
    atexit.register(server.close)
    return server


def can_fork(program: Sequence[str], env: Mapping[str, str]) -> bool:
    """Say whether a fork would run a program just as a new process would."""
    names = {name for name in (*env, *os.environ) if name.startswith(_AT_START)}
    return program[0] in {"-m", "-P"} and all(env.get(name) == os.environ.get(name) for name in names)


def _serve(end: socket.socket) -> list[str]:
    """Fork for every order; return in the fork, with the arguments that it was given, or exit when orders end."""
    wake, woken = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    heard = b""
    while True:
        ready = select.select([end.fileno(), wake], [], [])[0]
        if wake in ready:
            os.read(wake, 4096)
            _tell_exits(end)
        if end.fileno() not in ready:
            continue
        received = end.recv(65536)
        if not received:
            os._exit(0)
        *orders, heard = (heard + received).split(b"\n")
        for order in orders:
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for descriptor in (wake, woken):
                    os.close(descriptor)
                end.close()
                return _become(json.loads(order))
            end.sendall(json.dumps([pid, None]).encode() + b"\n")


def _tell_exits(end: socket.socket) -> None:
    with contextlib.suppress(ChildProcessError):
        while (exited := os.waitpid(-1, os.WNOHANG))[0]:
            end.sendall(json.dumps([exited[0], os.waitstatus_to_exitcode(exited[1])]).encode() + b"\n")


def _become(order: dict[str, Any]) -> list[str]:
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    time.tzset()
    for standard, file in enumerate(order["files"], 1):
        opened = os.open(file, os.O_WRONLY | os.O_APPEND)
        os.dup2(opened, standard)
        os.close(opened)
    told, telling = os.pipe()
    os.write(telling, order["stdin"].encode())
    os.close(telling)
    os.dup2(told, 0)
    os.close(told)
    return list(order["program"])


def _import_all() -> None:
    for module in _IMPORTED:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()


def _run(program: list[str]) -> None:
    option, what, *arguments = program
    sys.argv = [what, *arguments]
    if option == "-m":
        sys.path[0] = ""
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(what, run_name="__main__")


if __name__ == "__main__":
    _import_all()
    with socket.socket(fileno=int(sys.argv[1])) as _end:
        _program = _serve(_end)
    _run(_program)
