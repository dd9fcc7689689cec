from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_server.protocol.memory import MemoryAnswer, export_parts
from ai_server.protocol.parts import ReplyTooLargeError

LINES = st.lists(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=200), max_size=8)


async def iterate(lines: Sequence[str]) -> AsyncIterator[str]:
    for line in lines:
        yield line


async def parts_of(lines: Sequence[str], max_bytes: int, request_id: str | None = "e1") -> list[MemoryAnswer]:
    return [part async for part in export_parts(iterate(lines), request_id, max_bytes)]


@given(LINES, st.integers(150, 600))
async def test_the_texts_of_all_parts_are_the_lines_and_no_part_is_too_long(lines, max_bytes):
    parts = await parts_of(lines, max_bytes)
    assert "".join(part.text or "" for part in parts) == "".join(f"{line}\n" for line in lines)
    assert all(len(part.to_json()) <= max_bytes for part in parts)
    assert [part.part for part in parts] == list(range(1, len(parts) + 1))
    assert [part.last for part in parts] == [False] * (len(parts) - 1) + [True]


async def test_short_lines_travel_together():
    lines = [json.dumps({"number": number}) for number in range(20)]
    assert len(await parts_of(lines, 4096)) == 1


async def test_an_export_of_nothing_has_one_empty_part():
    (part,) = await parts_of([], 200)
    assert (part.text, part.last) == ("", True)


async def test_a_payload_without_room_for_text_is_told_with_what_to_do():
    with pytest.raises(ReplyTooLargeError, match="raise it, or choose a shorter request_id"):
        await parts_of(["hello"], 150, "q" * 128)
