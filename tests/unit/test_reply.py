from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_server.llm.chat import ActionCall, Delta, EmotionTag, Sentence
from ai_server.llm.reply import ReplyEvent, ReplyParser

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
    assert parse("*waves* Hi").text == "*waves* Hi"


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
            ]
        ),
        max_size=24,
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
