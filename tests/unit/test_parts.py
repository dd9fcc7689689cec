from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_server.protocol.device import MIN_PAYLOAD_BYTES
from ai_server.protocol.parts import ReplyPart, ReplyTooLargeError, split_reply
from ai_server.protocol.reply import Reply

MADE_UP_ID = "0" * 32
"""As long as a `request_id` that the brain makes up."""


def _reply(text: str, **fields: Any) -> Reply:
    default: dict[str, Any] = {"request_id": "9a41c07e", "device_id": "r1", "source": "llm", "emotion": "happy"}
    return Reply(text=text, timestamp=datetime(2026, 11, 21, tzinfo=UTC), **default | fields)


def _parts(reply: Reply, max_bytes: int) -> list[ReplyPart]:
    payloads = split_reply(reply, max_bytes)
    assert all(len(payload) <= max_bytes for payload in payloads)
    parts = [ReplyPart.model_validate_json(payload) for payload in payloads]
    assert [part.part for part in parts] == list(range(1, len(parts) + 1))
    assert {part.parts for part in parts} == {len(parts)}
    assert {part.request_id for part in parts} == {reply.request_id}
    assert "".join(part.text for part in parts) == reply.text
    return parts


def test_a_reply_that_fits_is_sent_whole():
    reply = _reply("Hello.")
    assert split_reply(reply, len(reply.to_json())) == [reply.to_json()]


def test_a_reply_whose_words_fit_is_one_part_without_its_figures():
    (part,) = _parts(_reply("Hello."), 200)
    assert (part.text, part.emotion, part.finish_reason) == ("Hello.", "happy", "stop")


def test_parts_end_with_sentences():
    text = 'I drove to the door. "Is it open?" I asked myself! It was not, sadly… So I came back to you.\nHere I am.'
    assert [part.text for part in _parts(_reply(text), 140)] == [
        'I drove to the door. "Is it open?" ',
        "I asked myself! It was not, sadly… ",
        "So I came back to you.\nHere I am.",
    ]


def test_a_sentence_that_is_too_long_is_cut_between_words():
    text = "one two three four five six seven eight nine ten eleven twelve thirteen"
    parts = [part.text for part in _parts(_reply(text), 130)]
    assert len(parts) > 2
    assert all(part.endswith(" ") for part in parts[:-1])


def test_a_word_that_is_too_long_is_cut_between_characters():
    assert len(_parts(_reply("ü" * 200), 150)) > 4


def test_sentences_end_without_blanks_where_the_script_has_none():
    parts = [part.text for part in _parts(_reply("我开到门口。门没有开。所以我回来了。我在这里。"), 160)]
    assert len(parts) > 1
    assert all(part[-1] == "。" for part in parts)


def test_an_empty_reply_has_one_part():
    (part,) = _parts(_reply("", finish_reason="expired"), 150)
    assert (part.text, part.finish_reason) == ("", "expired")


def test_more_than_nine_parts_have_room_for_their_numbers():
    assert len(_parts(_reply("word " * 400), 140)) > 9
    assert len(_parts(_reply("word " * 4000), 140)) > 99


@pytest.mark.parametrize(
    ("max_bytes", "left_out"), [(160, set()), (125, {"emotion"}), (100, {"emotion", "finish_reason"})]
)
def test_what_matters_least_is_left_out_first(max_bytes, left_out):
    for part in _parts(_reply("Some words that are long enough. " * 8, finish_reason="cancelled"), max_bytes):
        assert {name for name in ("emotion", "finish_reason") if getattr(part, name) is None} == left_out


def test_the_smallest_limit_that_a_robot_may_set_has_room_for_words():
    assert len(_parts(_reply("Hello there, how are you today? " * 10, request_id=MADE_UP_ID), MIN_PAYLOAD_BYTES)) < 15


@pytest.mark.parametrize("text", ["Hello " * 100, ""])
def test_an_id_that_leaves_no_room_is_refused_by_name(text):
    with pytest.raises(ReplyTooLargeError, match="max_payload_bytes is 128"):
        split_reply(_reply(text, request_id="i" * 128), 128)


def test_a_run_of_full_stops_is_cut_in_no_time():
    assert _parts(_reply("." * 100_000), 1000)


_TEXTS = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"]),
        st.sampled_from('aé。！ \n\t"\\\x00\x1f\x7f😀👩\u200d👩\ufe0f字.!?'),  # noqa: RUF001
    ),
    max_size=600,
)


@given(_TEXTS, st.integers(MIN_PAYLOAD_BYTES, 700), st.text('q"\\ä😀', min_size=1, max_size=20))
def test_the_parts_of_any_text_fit_and_make_it_up_again(text, max_bytes, request_id):
    reply = _reply(text, request_id=request_id)
    try:
        payloads = split_reply(reply, max_bytes)
    except ReplyTooLargeError:
        assert len(json.dumps(request_id, ensure_ascii=False).encode()) > max_bytes - 70
        return
    assert all(len(payload) <= max_bytes for payload in payloads)
    decoded = [json.loads(payload.decode("utf-8")) for payload in payloads]
    assert "".join(part["text"] for part in decoded) == text
    assert all(part["text"] for part in decoded) or len(decoded) == 1
