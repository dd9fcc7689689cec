"""The engine's process, from its first line to its last."""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import signal
import socket
import sys
from pathlib import Path

from llama_cpp import llama_cpp

from ai_server.llm.engine.channel import Channel, ChannelClosedError
from ai_server.llm.engine.log import NativeLog
from ai_server.llm.engine.loop import Loop
from ai_server.llm.engine.pages import small_pages

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_OOM_SCORE = Path("/proc/self/oom_score_adj")


def serve(file_descriptor: int) -> None:
    """Serve the daemon, whose other end of a socket pair this is, until it closes that or dies."""
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole terminal; stopping is for the daemon to say
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _die_with_parent()
    _die_first()
    small_pages()
    log = NativeLog()
    llama_cpp.llama_backend_init()
    with socket.socket(fileno=file_descriptor) as end:
        try:
            Loop(Channel(end), log).run()
        except ChannelClosedError:
            return
        finally:
            llama_cpp.llama_backend_free()


def _die_with_parent() -> None:
    """Be killed with the daemon, even inside a long native call; elsewhere than on Linux the closed socket ends it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _die_first() -> None:
    """Where memory runs out, have the kernel take the engine before the daemon: it is started again."""
    with contextlib.suppress(OSError):  # not on Linux, or forbidden
        _OOM_SCORE.write_text("500", encoding="ascii")
