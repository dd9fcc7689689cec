"""llama.cpp's log: warnings and errors become lines on stderr, and the errors of a load its reason."""

from __future__ import annotations

import ctypes
import sys

from llama_cpp import llama_cpp

# ggml_log_level of ggml/include/ggml.h
_WARNING = 3
_ERROR = 4
_CONTINUED = 5
_PREFIXES = {_WARNING: "warning", _ERROR: "error"}
_MISLEADING = "possible training context overflow"
"""Said where the cells of all conversations together are more than the model was trained on; each of them is not."""


class NativeLog:
    """Takes llama.cpp's log over, until another one does."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        """The error lines since `forget_errors`, oldest first."""
        self._level = 0
        self._line = ""
        callback = llama_cpp.llama_log_callback(self._take)
        # llama.cpp keeps no reference, and may call it as long as the process lives.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(callback))
        llama_cpp.llama_log_set(callback, ctypes.c_void_p(0))

    def forget_errors(self) -> None:
        """Begin to collect anew."""
        self.errors.clear()

    def _take(self, level: int, text: bytes, _user_data: object) -> None:
        if level != _CONTINUED:
            self._level, self._line = level, ""
        *lines, self._line = (self._line + text.decode("utf-8", errors="replace")).split("\n")
        for line in lines:
            self._put(line.strip())

    def _put(self, line: str) -> None:
        if self._level not in _PREFIXES or not line or line.endswith(_MISLEADING):
            return
        if self._level == _ERROR:
            self.errors.append(line)
        print(f"{_PREFIXES[self._level]}: {line}", file=sys.stderr, flush=True)  # noqa: T201
