"""`python -m benchmarks.traced_engine TRACE FD`: the engine process, noting when it is inside llama.cpp.

TRACE is the file that it writes when it ends: `[name, start, end]` of every call of llama.cpp, of
`time.monotonic_ns()`.
"""

from __future__ import annotations

import json
import sys
import time
from _ctypes import CFuncPtr
from collections.abc import Callable
from pathlib import Path
from typing import Any

from llama_cpp import llama_cpp

from ai_server.llm.engine.server import serve

_Call = tuple[str, int, int]


def trace() -> list[_Call]:
    """Put a stopwatch around every function of llama.cpp, and return the list that it writes to."""
    calls: list[_Call] = []
    for name, function in vars(llama_cpp).items():
        if name.startswith("llama_") and isinstance(function, CFuncPtr):
            setattr(llama_cpp, name, _timed(name, function, calls))
    return calls


def _timed(name: str, function: Callable[..., Any], calls: list[_Call]) -> Callable[..., Any]:
    note, clock = calls.append, time.monotonic_ns

    def timed(*arguments: Any) -> Any:
        start = clock()
        result = function(*arguments)
        note((name, start, clock()))
        return result

    return timed


def main() -> None:
    """Serve as the engine does, then write down what was noted."""
    file = Path(sys.argv[1])
    calls = trace()
    try:
        serve(int(sys.argv[2]))
    finally:
        file.write_text(json.dumps(calls), encoding="ascii")


if __name__ == "__main__":
    main()
