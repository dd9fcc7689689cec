"""The arguments of a decode call."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Sequence

from llama_cpp import llama_cpp


class Batch:
    """Tokens of several sequences, in arrays that are allocated once. ctypes checks bounds, which llama.cpp does not.

    Attributes:
        native: what `llama_decode` takes.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._tokens = (llama_cpp.llama_token * size)()
        self._positions = (llama_cpp.llama_pos * size)()
        self._counts = (ctypes.c_int32 * size)(*[1] * size)
        self._ids = (llama_cpp.llama_seq_id * size)()
        self._logits = (ctypes.c_int8 * size)()
        id_type = ctypes.POINTER(llama_cpp.llama_seq_id)
        first, step = ctypes.addressof(self._ids), ctypes.sizeof(llama_cpp.llama_seq_id)
        self._id_rows = (id_type * size)(*[ctypes.cast(first + row * step, id_type) for row in range(size)])
        self.native = llama_cpp.llama_batch(
            n_tokens=0,
            token=self._tokens,
            pos=self._positions,
            n_seq_id=self._counts,
            seq_id=self._id_rows,
            logits=self._logits,
        )

    def fill(self, parts: Iterable[tuple[int, int, Sequence[int], int]]) -> list[int]:
        """Put the parts in, in place of what was in; return the row of the first logits of each.

        Args:
            parts: for each the sequence's id, the first position, the tokens, and how many of the last have logits.

        Raises:
            ValueError: they are more than the batch holds.
        """
        ctypes.memset(self._logits, 0, self.native.n_tokens)
        at, rows = 0, []
        for sequence_id, position, tokens, outputs in parts:
            end = at + len(tokens)
            if end > self._size:
                raise ValueError(f"{end} tokens do not fit a batch of {self._size}")
            self._tokens[at:end] = tokens
            self._positions[at:end] = range(position, position + len(tokens))
            self._ids[at:end] = (sequence_id,) * len(tokens)
            self._logits[end - outputs : end] = [1] * outputs
            rows.append(end - outputs)
            at = end
        self.native.n_tokens = at
        return rows
