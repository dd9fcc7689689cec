"""What llama.cpp computes with: its library ggml, and that one's devices."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any, Literal, TypeAlias, cast

from llama_cpp._ggml import libggml

from ai_server.llm.wire import DeviceInfo

DeviceKind: TypeAlias = Literal["gpu", "igpu", "accel"]

# ggml_backend_dev_type of ggml/include/ggml-backend.h; 0 is the CPU
_KINDS: dict[int, DeviceKind] = {1: "gpu", 2: "igpu", 3: "accel"}


def build() -> str:
    """Return which build of ggml this is, as it says itself: what one has saved, another may not understand."""
    version, commit = (_function(name, ctypes.c_char_p)().decode() for name in ("ggml_version", "ggml_commit"))
    return f"ggml {version} ({commit})"


def list_devices() -> tuple[DeviceInfo, ...]:
    """Return the GPUs and accelerators that this build of llama.cpp sees, with what memory is free now."""
    count = _function("ggml_backend_dev_count", ctypes.c_size_t)()
    get = _function("ggml_backend_dev_get", ctypes.c_void_p, ctypes.c_size_t)
    kind = _function("ggml_backend_dev_type", ctypes.c_int, ctypes.c_void_p)
    devices = [get(index) for index in range(count)]
    return tuple(_describe(device, _KINDS[kind(device)]) for device in devices if kind(device) in _KINDS)


def _describe(device: int, kind: DeviceKind) -> DeviceInfo:
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    size = ctypes.POINTER(ctypes.c_size_t)
    _function("ggml_backend_dev_memory", None, ctypes.c_void_p, size, size)(device, free, total)
    name = _function("ggml_backend_dev_name", ctypes.c_char_p, ctypes.c_void_p)(device)
    description = _function("ggml_backend_dev_description", ctypes.c_char_p, ctypes.c_void_p)(device)
    return DeviceInfo(
        name=name.decode(errors="replace"),
        description=description.decode(errors="replace"),
        kind=kind,
        memory_total=total.value,
        memory_free=free.value,
    )


def _function(name: str, result: type | None, *arguments: type) -> Callable[..., Any]:
    function: Any = getattr(libggml, name)
    function.restype, function.argtypes = result, arguments
    return cast("Callable[..., Any]", function)
