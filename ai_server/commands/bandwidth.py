"""How fast this host reads memory: no token is generated faster than the weights are read."""

from __future__ import annotations

import threading
import time

import numpy as np

_ROUNDS = 5
_ROUND_S = 0.2


def read_bandwidth(size: int, threads: int) -> float:
    """Read a buffer over and over, each thread its part, and return the bytes a second of the best of five rounds.

    A buffer that fits the processor's cache stays there, as weights of that size would. Takes a second.

    Args:
        size: of the buffer, in bytes.
        threads: that read at once.
    """
    parts = np.array_split(np.ones(max(threads, size // 8), dtype=np.int64), threads)
    return max(_one_round(parts) for _ in range(_ROUNDS))


def _one_round(parts: list[np.ndarray]) -> float:
    rates = [0.0] * len(parts)
    together = threading.Barrier(len(parts))

    def read(number: int) -> None:
        together.wait()
        began, passes = time.perf_counter(), 0
        while (elapsed := time.perf_counter() - began) < _ROUND_S or not passes:
            np.bitwise_or.reduce(parts[number])  # without the GIL, and much faster than memory
            passes += 1
        rates[number] = passes * parts[number].nbytes / elapsed

    readers = [threading.Thread(target=read, args=(number,)) for number in range(len(parts))]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    return sum(rates)
