"""`python -m ai_server.llm.engine FD`: the engine process; FD is its end of a socket pair with the daemon."""

from __future__ import annotations

import ctypes
import faulthandler
import signal
import socket
import sys

import llama_cpp

from ai_server.llm.engine.channel import Channel, ChannelClosedError
from ai_server.llm.engine.log import NativeLog
from ai_server.llm.engine.loop import Loop

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> None:
    """Serve the daemon until it closes its end or dies."""
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole terminal; stopping is for the daemon to say
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _die_with_parent()
    log = NativeLog()
    llama_cpp.llama_backend_init()
    with socket.socket(fileno=int(sys.argv[1])) as end:
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


if __name__ == "__main__":
    main()
