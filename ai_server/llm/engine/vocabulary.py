"""Text to tokens and back."""

from __future__ import annotations

import ctypes
from functools import lru_cache

from llama_cpp import llama_cpp

_CACHED_TEXTS = 1024
_PIECE_BYTES = 256


class Vocabulary:
    """The vocabulary of a loaded model; must not be used after it is freed.

    Attributes:
        native: llama.cpp's own.
    """

    def __init__(self, model: llama_cpp.llama_model_p) -> None:
        self.native = llama_cpp.llama_model_get_vocab(model)
        self._pieces: dict[int, bytes | None] = {}
        self.size: int = llama_cpp.llama_vocab_n_tokens(self.native)
        self.bos: int | None = _token(llama_cpp.llama_vocab_bos(self.native))
        self.eos: int | None = _token(llama_cpp.llama_vocab_eos(self.native))
        self.adds_bos: bool = llama_cpp.llama_vocab_get_add_bos(self.native)
        # A conversation comes again with every turn, so most of its texts have been seen.
        self.tokenise = lru_cache(_CACHED_TEXTS)(self._tokenise)

    def text_of(self, token: int | None) -> str:
        """Return how a token is written in the vocabulary; nothing for None."""
        if token is None:
            return ""
        text: bytes = llama_cpp.llama_vocab_get_text(self.native, token)
        return text.decode("utf-8", errors="replace")

    def control_token(self, text: str) -> int | None:
        """Return the control token that is written so, or None."""
        tokens = self.tokenise(text, special=True)
        return tokens[0] if len(tokens) == 1 and llama_cpp.llama_vocab_is_control(self.native, tokens[0]) else None

    def piece(self, token: int) -> bytes | None:
        """Return the bytes that a generated token stands for, which may be part of a character; None where it ends."""
        try:
            return self._pieces[token]
        except KeyError:
            return self._pieces.setdefault(token, self._read_piece(token))

    def _tokenise(self, text: str, *, special: bool) -> tuple[int, ...]:
        """Return a text's tokens; only with `special` do the names of control tokens become control tokens."""
        data = text.encode("utf-8", errors="replace")
        room = len(data) + 2  # no token is shorter than a byte; some vocabularies put a space in front
        tokens = (llama_cpp.llama_token * room)()
        count = llama_cpp.llama_tokenize(self.native, data, len(data), tokens, room, False, special)  # noqa: FBT003
        if count < 0:
            raise ValueError(f"llama.cpp cannot tokenise a text of {len(data)} bytes")
        return tuple(tokens[:count])

    def _read_piece(self, token: int) -> bytes | None:
        if llama_cpp.llama_vocab_is_eog(self.native, token):
            return None
        buffer = ctypes.create_string_buffer(_PIECE_BYTES)
        length = llama_cpp.llama_token_to_piece(self.native, token, buffer, _PIECE_BYTES, 0, False)  # noqa: FBT003
        if length < 0:
            buffer = ctypes.create_string_buffer(-length)
            length = llama_cpp.llama_token_to_piece(self.native, token, buffer, -length, 0, False)  # noqa: FBT003
        return buffer.raw[:length]


def _token(token: int) -> int | None:
    return None if token == llama_cpp.LLAMA_TOKEN_NULL else token
