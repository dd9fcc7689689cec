"""A long reply in parts, for a robot that can take only so many bytes at once."""

from __future__ import annotations

import re
from itertools import count

import pydantic_core

from ai_server.protocol.reply import Outgoing, Reply
from ai_server.protocol.terms import Emotion, FinishReason

_SENTENCE_END = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’»)\]]*+\s+|(?<![。！？])[。！？]++[”’」』）]*+\s*|\n+")  # noqa: RUF001
_WORD_END = re.compile(r"\s+")

_WIDEST_CHARACTER = 6
"""Bytes of one character in JSON, at most: a control character, such as `\\u0001`."""

_TEXT_SHARE = 4
"""What may be left out is left out where the text would get less than this part of the bytes."""


class ReplyTooLargeError(Exception):
    """Not one character of a reply fits a payload of so many bytes; the message says how many it takes."""


class ReplyPart(Outgoing):
    """One part of a long reply; the texts of all parts, one after another, are the text of the reply.

    Attributes:
        request_id: of the reply.
        part: from 1.
        parts: how many there are.
        text: this part's words, with the white space between them and the next part's.
        finish_reason: of the reply; None where there is no room for it.
        emotion: of the reply; None where there is no room for it: it is the first to be left out.
    """

    request_id: str
    part: int
    parts: int
    text: str
    finish_reason: FinishReason | None = None
    emotion: Emotion | None = None


def split_reply(reply: Reply, max_bytes: int) -> list[bytes]:
    """Return the payloads of a reply, none of more than `max_bytes`: the whole reply where it fits, else its parts.

    A part ends with a sentence if it can, else with a word, else with a character.

    Raises:
        ReplyTooLargeError: if a part has no room for words: `max_bytes` is small and the `request_id` long.
    """
    whole = reply.to_json()
    if len(whole) <= max_bytes:
        return [whole]
    for digits in count(1):
        widest = 10**digits - 1
        frame = _frame(reply, widest, max_bytes)
        texts = cut_text(reply.text, max_bytes - len(frame.to_json()))
        if len(texts) <= widest:
            break
    parts = len(texts)
    return [
        frame.model_copy(update={"part": part, "parts": parts, "text": text}).to_json()
        for part, text in enumerate(texts, start=1)
    ]


def _frame(reply: Reply, widest: int, max_bytes: int) -> ReplyPart:
    """Return a part without text, with as much beside it as leaves enough room."""
    bare = ReplyPart(request_id=reply.request_id, part=widest, parts=widest, text="")
    with_reason = bare.model_copy(update={"finish_reason": reply.finish_reason})
    whole = with_reason.model_copy(update={"emotion": reply.emotion})
    for frame in (whole, with_reason):
        if max_bytes - len(frame.to_json()) >= max(max_bytes // _TEXT_SHARE, _WIDEST_CHARACTER):
            return frame
    needed = len(bare.to_json()) + _WIDEST_CHARACTER
    if needed > max_bytes:
        raise ReplyTooLargeError(
            f"a part of the reply to {reply.request_id!r} takes {needed} bytes before its first word, and the robot's "
            f"max_payload_bytes is {max_bytes}: raise it, or choose shorter ids"
        )
    return bare


def cut_text(text: str, room: int) -> list[str]:
    """Cut a text so that each piece takes at most `room` bytes as JSON; one empty piece where there is no text."""
    widths = [len(pydantic_core.to_json(character)) - 2 for character in text]
    pieces = []
    start = 0
    while start < len(text):
        end = _border(text, start, _reach(widths, start, room))
        pieces.append(text[start:end])
        start = end
    return pieces or [""]


def _reach(widths: list[int], start: int, room: int) -> int:
    """Return how far one gets from `start` with so many bytes."""
    end = start
    while end < len(widths) and widths[end] <= room:
        room -= widths[end]
        end += 1
    return end


def _border(text: str, start: int, end: int) -> int:
    """Return where to cut at or before `end`: after a sentence, else after a word, else there."""
    if end == len(text):
        return end
    for border in (_SENTENCE_END, _WORD_END):
        ends = [found.end() for found in border.finditer(text, start, end)]
        if ends:
            return ends[-1]
    return end
