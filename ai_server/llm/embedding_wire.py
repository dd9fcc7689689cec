"""What the daemon and the embedding process say to each other, over a socket pair: length-prefixed MessagePack."""

from __future__ import annotations

import msgspec

from ai_server.llm.wire import HEADER_BYTES


class Ready(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The model is loaded; its vectors have so many numbers."""

    dimension: int


class Vectors(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """One vector of length 1 for each text, one after the other, as little-endian halves."""

    halves: bytes


class Failed(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The model cannot be loaded, or a text not be embedded."""

    reason: str


Answer = Ready | Vectors | Failed
"""From the process to the daemon; a list of texts goes the other way."""

_encoder = msgspec.msgpack.Encoder()
_answers: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)
_texts = msgspec.msgpack.Decoder(list[str])


def packed(message: Answer | list[str]) -> bytes:
    """Return the bytes of one message: its length (32 bits, little endian), then MessagePack."""
    body = _encoder.encode(message)
    return len(body).to_bytes(HEADER_BYTES, "little") + body


def decode_answer(body: bytes) -> Answer:
    """Return what the process said.

    Raises:
        msgspec.MsgspecError: it is no answer.
    """
    return _answers.decode(body)


def decode_texts(body: bytes) -> list[str]:
    """Return what the daemon asked.

    Raises:
        msgspec.MsgspecError: it is no list of texts.
    """
    return _texts.decode(body)
