"""`python -m ai_server.llm.engine FD`: the engine process; FD is its end of a socket pair with the daemon."""

from __future__ import annotations

import importlib.util
import sys


def main() -> None:
    """Serve the daemon until it closes its end or dies."""
    leave_out_classes()
    from ai_server.llm.engine.server import serve

    serve(int(sys.argv[1]))


def leave_out_classes() -> None:
    """Let `from llama_cpp import llama_cpp` import the C API alone.

    The package imports its Python classes first, which cost the engine 4 MB and some time, and which it has no
    use for. Must be called before anything imports llama_cpp.
    """
    if spec := importlib.util.find_spec("llama_cpp"):
        sys.modules["llama_cpp"] = importlib.util.module_from_spec(spec)


if __name__ == "__main__":
    main()
