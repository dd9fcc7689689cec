"""What the shipped model must do, on a few cases each; `naila models eval` scores it on more."""

from __future__ import annotations

import re

import pytest

from ai_server.llm.chat import Delta, EmotionTag
from ai_server.llm.reply import ReplyParser
from tests.model.conftest import MODEL, actions

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
    ["hello", "what is this?", "tell me a joke", "MOVE!!!", "i feel down", "asdf qwer", "你好", "who won", "turn left"],
)
def test_every_reply_starts_with_an_emotion(robot, words):
    assert TAG.match(robot().hears(words))


@pytest.mark.parametrize("words", ["hello", "my dog died", "wave", "i won the lottery", "what can you do?", "asdf"])
def test_the_emotion_is_known_before_the_first_word_and_with_the_token_that_closes_its_tag(robot, words):
    parser, emotion_at, word_at = ReplyParser(), None, None
    pieces = robot().hears_by_token(words)
    for number, piece in enumerate(pieces):
        for event in parser.feed(piece):
            if isinstance(event, EmotionTag):
                emotion_at = number
            elif isinstance(event, Delta) and word_at is None:
                word_at = number
    closing = next(number for number, piece in enumerate(pieces) if "]" in piece)
    assert emotion_at == closing
    assert word_at is not None
    assert emotion_at < word_at


@pytest.mark.parametrize("name", ["Naila", "Ollie", "Nabu", "Zorbix"])
def test_it_says_the_name_of_its_prompt(robot, name):
    assert name in robot(name).hears("what is your name?")


def test_it_lists_what_its_body_can_do(robot):
    reply = robot().hears("what can you do?")
    assert "move" in reply
    assert "wave" in reply


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("move forward 73 cm", {"action": "move", "direction": "forward", "distance_cm": 73}),
        ("please go back 20 centimetres", {"action": "move", "direction": "backward", "distance_cm": 20}),
        ("Turn left 135 degrees.", {"action": "turn", "direction": "left", "degrees": 135}),
        ("give us a wave", {"action": "wave"}),
        ("make your light blue", {"action": "light", "color": "blue"}),
        ("can you wave?", {"action": "wave"}),
        ("turn right 40 degrees, it's getting late", {"action": "turn", "direction": "right", "degrees": 40}),
    ],
)
def test_a_request_becomes_its_action_with_the_number_that_was_said(robot, words, expected):
    assert actions(robot().hears(words)) == [expected]


def test_of_two_things_that_are_asked_it_does_both_in_their_order(robot):
    move, wave = {"action": "move", "direction": "forward", "distance_cm": 30}, {"action": "wave"}
    assert actions(robot().hears("wave and then move forward 30 cm")) == [wave, move]
    assert actions(robot().hears("move forward 30 cm and then wave")) == [move, wave]


def test_it_reads_the_list_of_actions_rather_than_remembering_one(robot):
    body = "Actions:\nspin(direction: left|right, degrees: 1..360)\nbeep(times: 1..9)\nlamp(color: pink|orange|off)"
    assert actions(robot(body=body).hears("set the lamp to pink")) == [{"action": "lamp", "color": "pink"}]
    assert actions(robot(body=body).hears("spin right 90 degrees")) == [
        {"action": "spin", "direction": "right", "degrees": 90}
    ]


@pytest.mark.parametrize(
    "words",
    [
        "don't move",
        "please do not turn left 90 degrees",
        "the road turns left after the bridge",
        "i waved at my neighbour",
        "my brother can turn very fast",
        "can you fly?",
        "hello",
        "i am sad",
    ],
)
def test_words_that_ask_for_no_action_get_none(robot, words):
    assert actions(robot().hears(words)) == []


def test_without_a_body_it_refuses_in_words(robot):
    reply = robot(body="Actions: none").hears("move forward 20 cm")
    assert actions(reply) == []
    assert re.search("cannot|sorry|wish", reply)


@pytest.mark.parametrize("battery", [7, 38, 93])
def test_it_reads_the_battery_from_the_newest_line(robot, battery):
    talk = robot(moment="Monday 08:00; battery 55%")
    talk.hears("hello")
    assert str(battery) in talk.hears("how much battery do you have?", f"Monday 08:02; battery {battery}%")


def test_it_tells_the_time_and_the_temperature_of_the_moment(robot):
    talk = robot(moment="Thursday 03:08; battery 50%; temperature 17.4 C")
    assert "03:08" in talk.hears("what time is it?")
    assert "17.4" in talk.hears("how warm is it here?")


def test_it_does_not_make_up_a_reading(robot):
    assert not re.search(r"\d", robot(moment="Monday 08:00").hears("how much battery do you have?"))


@pytest.mark.parametrize("name", ["Ingrid", "Tariq", "Beatrix"])
def test_it_remembers_a_name_two_turns_later(robot, name):
    talk = robot()
    talk.hears(f"My name is {name}.")
    talk.hears("what do you like to do?")
    talk.hears("tell me a fact")
    assert name in talk.hears("what is my name?")


def test_the_sad_are_comforted_and_the_happy_celebrated_with(robot):
    assert robot().hears("i feel sad today").startswith("[sad]")
    assert robot().hears("i passed my exam!").startswith("[happy]")


def test_it_says_that_it_does_not_know(robot):
    assert re.search("know|small|sorry|hard", robot().hears("what do you know about quantum chemistry?"))
