"""What comes of a robot's wish to forget what is its own, or to have it sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Literal

import pydantic_core

from ai_server.protocol.parts import ReplyTooLargeError, cut_text
from ai_server.protocol.reply import Outgoing

_WIDEST_PART = 999_999_999
_LEAST_ROOM = 32


class MemoryAnswer(Outgoing):
    """The payload of `naila/ai/responses/memory/{device_id}`.

    Attributes:
        command: of the control.
        request_id: of the control, where it had one.
        erased: after `forget`: how many of what.
        part: of an export, from 1.
        text: of an export: the texts of all parts, one after another, are its JSON lines.
        last: of an export: nothing follows.
    """

    command: Literal["forget", "export"]
    request_id: str | None = None
    erased: dict[str, int] | None = None
    part: int | None = None
    text: str | None = None
    last: bool | None = None


async def export_parts(
    lines: AsyncIterator[str], request_id: str | None, max_bytes: int
) -> AsyncIterator[MemoryAnswer]:
    """Pack lines into parts, none of more than `max_bytes`; the last one may be empty.

    Raises:
        ReplyTooLargeError: if a part has no room for text: `max_bytes` is small and the `request_id` long.
    """
    frame = MemoryAnswer(command="export", request_id=request_id, part=_WIDEST_PART, text="", last=False)
    room = max_bytes - len(frame.to_json())
    if room < _LEAST_ROOM:
        needed = len(frame.to_json()) + _LEAST_ROOM
        raise ReplyTooLargeError(
            f"a part of the export takes {needed} bytes, and the robot's max_payload_bytes is {max_bytes}: raise it, "
            "or choose a shorter request_id"
        )
    number, text, free = 1, "", room
    async for line in lines:
        for piece, width in _pieces(f"{line}\n", room):
            if width > free:
                yield frame.model_copy(update={"part": number, "text": text})
                number, text, free = number + 1, "", room
            text += piece
            free -= width
    yield frame.model_copy(update={"part": number, "text": text, "last": True})


def _pieces(line: str, room: int) -> list[tuple[str, int]]:
    """Return a line, or what it has to be cut into, with the bytes that each takes as JSON."""
    width = _width(line)
    if width <= room:
        return [(line, width)]
    return [(piece, _width(piece)) for piece in cut_text(line, room)]


def _width(text: str) -> int:
    return len(pydantic_core.to_json(text)) - 2
