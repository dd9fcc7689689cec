from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_server.llm.chat import ActionCall, Delta, EmotionTag, Sentence
from ai_server.llm.reply import ReplyEvent, ReplyParser

# ruff: noqa: RUF001

MOVE = '{"action": "move", "direction": "forward", "distance_cm": 50}'
MOVED = ActionCall("move", {"direction": "forward", "distance_cm": 50})
WAVED = ActionCall("wave", {})


@dataclass
class Parsed:
    """What a whole reply gave."""

    events: list[ReplyEvent]
    text: str
    malformed: int

    @property
    def emotion(self) -> str:
        tags = [event for event in self.events if isinstance(event, EmotionTag)]
        assert self.events[0] is tags[0]
        assert len(tags) == 1
        return tags[0].emotion

    @property
    def spoken(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, Delta))

    @property
    def complete(self) -> list[str | ActionCall]:
        """The sentences and actions, in order."""
        kept = [event for event in self.events if isinstance(event, Sentence | ActionCall)]
        return [event.text if isinstance(event, Sentence) else event for event in kept]


def parse(raw: str, size: int = 10_000, *, truncated: bool = False) -> Parsed:
    parser = ReplyParser()
    events = [event for at in range(0, len(raw), size) for event in parser.feed(raw[at : at + size])]
    events += parser.close(truncated=truncated)
    return Parsed(events, parser.text, parser.malformed)


def test_a_reply_becomes_its_emotion_words_and_actions() -> None:
    reply = parse(f"[happy] On my way! Half a metre.\n{MOVE}")
    assert reply.events == [
        EmotionTag("happy"),
        Delta("On my way! Half a metre."),
        Sentence("On my way!"),
        Sentence("Half a metre."),
        MOVED,
    ]
    assert reply.text == "On my way! Half a metre."


def test_events_come_as_soon_as_they_are_certain() -> None:
    parser = ReplyParser()
    assert parser.feed("[hap") == []
    assert parser.feed("py]") == [EmotionTag("happy")]
    assert parser.feed(" On") == [Delta("On")]
    assert parser.feed(" my way") == [Delta(" my way")]
    assert parser.feed("! ") == [Delta("!"), Sentence("On my way!")]
    assert parser.feed('Half\n{"action"') == [Delta(" Half"), Sentence("Half")]
    assert parser.feed(': "wave"') == []
    assert parser.feed("}") == [WAVED]
    assert parser.close(truncated=False) == []


@pytest.mark.parametrize(
    ("raw", "emotion"),
    [
        ("[sad] Hi", "sad"),
        ("  [ Happy ]Hi", "happy"),
        ("\n**[ANGRY]** Hi", "angry"),
        ("*[surprised]* Hi", "surprised"),
        ("[*sad*] Hi", "sad"),
        ("[emotion: happy]\nHi", "happy"),
        ("[neutral] Hi", "neutral"),
        ("[excited] Hi", "neutral"),
        ("[] Hi", "neutral"),
        ("Hi", "neutral"),
    ],
)
@pytest.mark.parametrize("size", [1, 100])
def test_the_tag_is_read_and_never_spoken(raw: str, emotion: str, size: int) -> None:
    reply = parse(raw, size)
    assert reply.emotion == emotion
    assert reply.text == reply.spoken == "Hi"


@pytest.mark.parametrize("raw", ["", "  ", "[hap", "**", "[happy]", "[happy]\n\n"])
def test_a_reply_without_words_still_has_one_emotion(raw: str) -> None:
    reply = parse(raw)
    assert [type(event) for event in reply.events] == [EmotionTag]
    assert reply.text == ""


def test_a_bracket_that_is_no_tag_is_spoken() -> None:
    words = "[this is a long remark in brackets that never was a tag] Hi"
    assert parse(words).text == words
    assert parse("*waves* Hi").text == "Hi"


def test_white_space_is_collapsed_but_for_line_ends() -> None:
    assert parse("[sad]  One  two \n\n three\t four \n").text == "One two\nthree four"


@pytest.mark.parametrize("size", [1, 2, 1000])
def test_words_after_an_action_are_words(size: int) -> None:
    reply = parse(f'[happy] Watch me\n{MOVE}\nThere I am. \n{{"action": "wave"}}\nBye', size)
    assert reply.complete == ["Watch me", MOVED, "There I am.", WAVED, "Bye"]
    assert reply.text == reply.spoken == "Watch me\nThere I am.\nBye"


@pytest.mark.parametrize(
    "raw",
    [
        f"[happy] Off I go.\n```json\n{MOVE}\n```",
        f"[happy] Off I go.\n```\n{MOVE}\n```\n",
        f"[happy] Off I go.\n``` {MOVE}```",
        f"[happy] Off I go. {MOVE}",
        '[happy] Off I go.\n{\n  "action": "move",\n  "direction": "forward",\n  "distance_cm": 50\n}\n',
    ],
)
@pytest.mark.parametrize("size", [1, 1000])
def test_fences_and_other_layouts_of_an_action_are_tolerated(raw: str, size: int) -> None:
    reply = parse(raw, size)
    assert reply.complete == ["Off I go.", MOVED]
    assert reply.text == reply.spoken == "Off I go."
    assert reply.malformed == 0


@pytest.mark.parametrize(
    "broken",
    [
        '{"action": "move"',
        '{"action": "move",}',
        '{"direction": "forward"}',
        '{"action": 5}',
        '{"action": ""}',
        "{}",
        '{"action": "move", "distance_cm": NaN}',
        '{"action": "move", "distance_cm": 1e999}',
        '{"action": ' + "[" * 3000 + "]" * 3000 + "}",
    ],
)
@pytest.mark.parametrize("size", [1, 1000])
def test_a_broken_action_is_dropped_and_counted(broken: str, size: int) -> None:
    reply = parse(f"[sad] Before.\n{broken}\nAfter.", size)
    assert reply.malformed == 1
    assert reply.text == reply.spoken == "Before.\nAfter."
    assert reply.complete == ["Before.", "After."]


def test_braces_and_quotes_inside_strings_do_not_end_an_action() -> None:
    reply = parse(r'[sad] {"action": "say", "text": "a } \" { \\", "more": {"a": 1}} Done')
    assert reply.complete == [ActionCall("say", {"text": 'a } " { \\', "more": {"a": 1}}), "Done"]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("[sad] I see. It is not your fau", "I see."),
        ("[sad] I see. It is 3.", "I see."),
        ("[sad] I see. It is so.", "I see. It is so."),
        ("[sad] I see it is not", "I see it is not"),
        ('[sad] I see\n{"action": "wa', "I see"),
        ('[sad] I see\n{"action": "wave"}\nand th', "I see"),
        ("[sad] There is a very small light in my head today, and I li", None),
    ],
)
@pytest.mark.parametrize("size", [1, 1000])
def test_truncated_words_end_at_the_last_full_sentence_if_there_is_one(raw: str, text: str | None, size: int) -> None:
    reply = parse(raw, size, truncated=True)
    assert reply.text == (text or raw.removeprefix("[sad] "))
    assert " ".join(part for part in reply.complete if isinstance(part, str)) == reply.text


def test_what_was_cut_off_is_not_given_as_a_sentence() -> None:
    assert parse("[sad] I see. It is not", truncated=True).complete == ["I see."]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("**Bold**, ***both***, __this__, ~~gone~~ and *so* _on_.", "Bold, both, this, gone and so on."),
        ("# Heading\n## Two\nText", "Heading\nTwo\nText"),
        ("- one\n* two\n+ three\n• four\n1. five\n- [x] six", "one\ntwo\nthree\nfour\n1. five\nsix"),
        ("> quoted\n---\n***\nEnd", "quoted\nEnd"),
        ("| name | age |\n|:---|---:|\n| Ada | 36 |\nDone", "name, age\nAda, 36\nDone"),
        ("See [the docs](https://example.org/a_b 'Docs') now.", "See the docs now."),
        ("Say `hello` and it`s ``fine``.", "Say hello and it's fine."),
        ("Look:\n```python\nprint({'a': 1})\n```\nThere.", "Look:\nThere."),
        ("```\nIn a fence.\n```\nOut of it.", "In a fence.\nOut of it."),
        ("<b>Bold</b> <a href='x'>link</a><br/>", "Bold link"),
        ("A backslash \\* before a star.", "A backslash * before a star."),
    ],
)
@pytest.mark.parametrize("size", [1, 1000])
def test_markdown_is_taken_off_and_its_words_are_kept(raw: str, text: str, size: int) -> None:
    reply = parse(f"[happy] {raw}", size)
    assert reply.text == reply.spoken == text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("*waves happily* Hello! *tilts head* How are you?", "Hello! How are you?"),
        ("*Smiles warmly* Hello. (laughs) Yes (*giggles*).", "Hello. Yes."),
        ("I like it (smiles). [laughs] It is fun [happy].", "I like it. It is fun."),
        ("_wiggles its antennae_\nHere I am!", "Here I am!"),
        ("(smiling softly) Good night *yawns", "Good night"),
        ("*lächelt* Hallo! (winkt) Gut.", "Hallo! Gut."),
        ("*sonríe* ¡Hola! (se ríe) Bien.", "¡Hola! Bien."),
        ("（微笑）你好！*挥手*我是奈拉。", "你好！我是奈拉。"),
        ("(にっこり)こんにちは！", "こんにちは！"),
        ("(웃으며) 안녕하세요!", "안녕하세요!"),
        ("*улыбается* Привет! (смеётся) Да.", "Привет! Да."),
    ],
)
@pytest.mark.parametrize("size", [1, 1000])
def test_stage_directions_are_not_spoken(raw: str, text: str, size: int) -> None:
    reply = parse(f"[happy] {raw}", size)
    assert reply.text == reply.spoken == text


@pytest.mark.parametrize(
    "words",
    [
        "(by the way) I like it (a lot).",
        "2 * 3 = 6, 2*3*4 = 24 and 2 ** 3 = 8.",
        "5 > 3, 3 < 5 and x<y.",
        "-5 degrees, about ~3 more.",
        "Ask [Anna] about it.",
        "I saw three things (waves, wind and sand) there.",
        "It is 21 °C, 50 % and ½ of № 1 → fine.",
        "My name is snake_case_name.",
        "#1 of 10: it is 10:30, not 10:45;",
        "Is it (maybe?) so (5%)?",
        "Use A|B or C/D.",
        "Ça va ? Oui !",
    ],
)
@pytest.mark.parametrize("size", [1, 1000])
def test_what_only_looks_like_markdown_or_a_stage_direction_is_kept(words: str, size: int) -> None:
    assert parse(f"[happy] {words}", size).text == words


def test_stressed_words_are_kept() -> None:
    assert parse("I *really* like it. *Really* good! *I mean it.* *真的*很好").text == (
        "I really like it. Really good! I mean it. 真的很好"
    )


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("Nice 😊! Good 👍🏽, 👩\u200d💻 and 🇩🇪 too ❤️.", "Nice! Good, and too."),
        ("ok :) yes ;-) fine :D <3 xD", "ok yes fine"),
        ("(^_^) Hello (T_T)", "Hello"),
        ("1️⃣ Step one ★", "1 Step one"),
        ("Hi😊there 🎉", "Hi there"),
        ("- 🎉 Party", "Party"),
        ("नमस्ते, क्या आप ठीक हैं?", "नमस्ते, क्या आप ठीक हैं?"),
    ],
)
@pytest.mark.parametrize("size", [1, 1000])
def test_emoji_and_emoticons_are_not_spoken(raw: str, text: str, size: int) -> None:
    reply = parse(f"[happy] {raw}", size)
    assert reply.text == reply.spoken == text


def test_an_emoji_in_place_of_a_full_stop_ends_the_sentence() -> None:
    assert parse("[happy] I am so glad 😊 What about you?").complete == ["I am so glad", "What about you?"]


@pytest.mark.parametrize(
    "call",
    [
        '{"name": "move", "arguments": {"direction": "forward", "distance_cm": 50}}',
        '{"name": "move", "parameters": {"direction": "forward", "distance_cm": 50}}',
        '{"action": "move", "arguments": {"direction": "forward", "distance_cm": 50}}',
        r'{"name": "move", "arguments": "{\"direction\": \"forward\", \"distance_cm\": 50}"}',
        '{"type": "function", "function": {"name": "move", "arguments": {"direction": "forward", "distance_cm": 50}}}',
        f'{{"tool_calls": [{MOVE}]}}',
        f"[{MOVE}]",
        f"[\n  {MOVE}\n]",
        f"<tool_call>\n{MOVE}\n</tool_call>",
        f"<|python_tag|>{MOVE}",
        f"[TOOL_CALLS] [{MOVE}]",
        '<function=move>{"direction": "forward", "distance_cm": 50}</function>',
        f"```json\n[{MOVE}]\n```",
        f"```json {MOVE}```",
    ],
)
@pytest.mark.parametrize("size", [1, 1000])
def test_the_tool_calls_of_other_models_become_actions(call: str, size: int) -> None:
    reply = parse(f"[happy] Off I go.\n{call}\nDone.", size)
    assert reply.complete == ["Off I go.", MOVED, "Done."]
    assert reply.text == reply.spoken == "Off I go.\nDone."
    assert reply.malformed == 0


@pytest.mark.parametrize("size", [1, 1000])
def test_several_tool_calls_in_an_array_become_actions_in_their_order(size: int) -> None:
    reply = parse(f'[{MOVE}, {{"name": "wave", "arguments": {{}}}}]', size)
    assert reply.complete == [MOVED, WAVED]


@pytest.mark.parametrize(
    "stray",
    ['["a", "b"]', '[{"a": 1}]', '{"name": "Ada", "age": 36}', '[{"action": "wave"}, 5, {}]', '{"tool_calls": []}'],
)
@pytest.mark.parametrize("size", [1, 1000])
def test_json_that_names_no_action_is_dropped(stray: str, size: int) -> None:
    reply = parse(f"[sad] Before.\n{stray}\nAfter.", size)
    assert reply.complete == ["Before.", "After."]
    assert reply.malformed == 1


def test_code_that_a_model_calls_a_tool_with_is_not_spoken() -> None:
    assert parse("[sad] Before.\n<|python_tag|>move.call(distance_cm=50)\nAfter.").text == "Before.\nAfter."


def test_what_is_no_mark_up_after_all_is_given_back_in_order() -> None:
    words = "I am <not sure, (and you? [or they"
    assert parse(f"[sad] {words}").text == words


def test_words_wait_only_while_they_can_still_be_no_words() -> None:
    parser = ReplyParser()
    assert parser.feed("[happy] Well *") == [EmotionTag("happy"), Delta("Well")]
    assert parser.feed("so") == []
    assert parser.feed("* ") == [Delta(" so")]
    assert parser.feed("(" + "very " * 30) != []


_raw = st.one_of(
    st.text(max_size=80),
    st.lists(
        st.sampled_from(
            [
                "[",
                "happy",
                "]",
                "*",
                " ",
                "\n",
                "{",
                "}",
                '"',
                "```",
                "json",
                MOVE,
                '{"action": "wave"}',
                "Hi",
                ". ",
                "好。",
                *"()<>_|#-:`~",
                "](",
                "😊",
                "smiles",
                "<|python_tag|>",
                "</x>",
            ]
        ),
        max_size=30,
    ).map("".join),
)


@given(_raw, st.integers(1, 9), st.booleans())
def test_the_result_does_not_depend_on_the_chunks(raw: str, size: int, truncated: bool) -> None:
    whole, chunked = parse(raw, truncated=truncated), parse(raw, size, truncated=truncated)
    assert chunked.emotion == whole.emotion
    assert chunked.spoken == whole.spoken
    assert chunked.complete == whole.complete
    assert (chunked.text, chunked.malformed) == (whole.text, whole.malformed)


@given(_raw, st.booleans())
def test_the_words_hold_no_json_and_the_sentences_are_the_words(raw: str, truncated: bool) -> None:
    reply = parse(raw, truncated=truncated)
    sentences = "".join(part for part in reply.complete if isinstance(part, str))
    assert "{" not in reply.spoken
    assert "action" not in reply.spoken or "action" in raw.replace(MOVE, "").replace('{"action": "wave"}', "")
    assert reply.spoken.startswith(reply.text)
    assert [c for c in sentences if c.isalnum()] == [c for c in reply.text if c.isalnum()]


@given(
    st.lists(
        st.sampled_from(["Hi", "So", " ", " ", "\n", ". ", "😊", "*so* ", "*waves* ", "(ok) ", "**b** ", "- ", "5"])
    )
)
def test_the_text_of_a_reply_reads_the_same_in_the_history(pieces: list[str]) -> None:
    text = parse("[happy] " + "".join(pieces)).text
    assert parse(f"[happy] {text}").text == text
