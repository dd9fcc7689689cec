"""`python -m ai_server.llm.engine FD`: the engine process; FD is its end of a socket pair with the daemon."""

from __future__ import annotations

import importlib.util
import sys
from typing import Final

_OWN_DIGESTS: Final = ("_md5", "_sha1", "_sha3")


def main() -> None:
    """Serve the daemon until it closes its end or dies."""
    leave_out_classes()
    leave_out_openssl()
    from ai_server.llm.engine.server import serve

    serve(int(sys.argv[1]))


def leave_out_classes() -> None:
    """Let `from llama_cpp import llama_cpp` import the C API alone.

    The package imports its Python classes first, which cost the engine 4 MB and some time, and which it has no
    use for. Must be called before anything imports llama_cpp.
    """
    if spec := importlib.util.find_spec("llama_cpp"):
        sys.modules["llama_cpp"] = importlib.util.module_from_spec(spec)


def leave_out_openssl() -> None:
    """Let `hashlib` take Python's own digests, which costs the engine 4 MB less than OpenSSL's.

    Some distributions build Python without its own: these keep OpenSSL's. Must be called before anything imports
    hashlib.
    """
    if all(importlib.util.find_spec(name) for name in _OWN_DIGESTS):
        sys.modules["_hashlib"] = None  # type: ignore[assignment]


if __name__ == "__main__":
    main()
