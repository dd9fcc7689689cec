"""The form of the shipped model; `models/train/evaluate.py` scores what it says."""

from __future__ import annotations

import re

import pytest

from tests.model.conftest import MODEL

TAG = re.compile(r"\[(neutral|happy|sad|angry|surprised)\] \S")


def test_the_file_is_at_most_ten_megabytes():
    assert MODEL.stat().st_size <= 10_000_000


def test_the_file_says_how_it_wants_to_be_prompted_and_sampled(model):
    metadata = model.metadata
    assert metadata["naila.prompt"] == "compact"
    assert 0 < float(metadata["naila.temperature"]) <= 0.3
    assert 0 < float(metadata["naila.top_p"]) <= 1
    assert int(metadata["naila.max_tokens"]) >= 64


def test_its_chat_template_writes_llama_3_format_with_one_beginning(model):
    from jinja2 import Environment

    template = Environment(autoescape=False).from_string(model.metadata["tokenizer.chat_template"])
    messages = [{"role": "system", "content": " You are Naila. "}, {"role": "user", "content": "hi"}]
    text = template.render(messages=messages, bos_token="<|begin_of_text|>", add_generation_prompt=True)
    assert text == (
        "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nYou are Naila.<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nhi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
    )


def test_special_tokens_are_control_tokens_and_typed_ones_are_text(model):
    assert len(model.tokenize(b"<|eot_id|>", add_bos=False, special=True)) == 1
    typed = model.tokenize(b"<|eot_id|>", add_bos=False, special=False)
    assert len(typed) > 1
    assert model.detokenize(typed) == b"<|eot_id|>"


def test_any_utf_8_text_survives_its_vocabulary(model):
    text = "Grüße, 你好, नमस्ते 🤖 12345"
    assert model.detokenize(model.tokenize(text.encode(), add_bos=False, special=False)).decode() == text


@pytest.mark.parametrize(
    "words",
    ["hello", "what is this?", "tell me a joke", "MOVE!!!", "i feel down", "asdf qwer", "who won", "turn left"],
)
def test_every_reply_starts_with_an_emotion(robot, words):
    assert TAG.match(robot().hears(words))
