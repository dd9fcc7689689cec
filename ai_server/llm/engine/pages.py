"""The memory that the system gives the engine: in pages of which size, and when it goes back."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_PR_SET_THP_DISABLE = 41  # linux/prctl.h


def small_pages() -> None:
    """Have memory in pages of 4 KiB from now on, also where malloc asks for larger ones; Linux alone has both.

    In a page of 2 MiB a few bytes take all of it.
    """
    _leave_out_huge_pages(left_out=True)


@contextmanager
def huge_pages() -> Iterator[None]:
    """Let what is allocated and filled meanwhile have pages of 2 MiB where malloc asks for them (`ENVIRONMENT`)."""
    _leave_out_huge_pages(left_out=False)
    try:
        yield
    finally:
        _leave_out_huge_pages(left_out=True)


def give_memory_back() -> None:
    """Give what is free to the system; of C libraries, glibc alone can."""
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)


def _leave_out_huge_pages(*, left_out: bool) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_THP_DISABLE, int(left_out), 0, 0, 0)
