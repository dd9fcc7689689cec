from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ai_server.llm.sentences import SentenceCutter, ends_sentence

# ruff: noqa: RUF001


def cut(text: str, size: int | None = None) -> list[str]:
    """All sentences of a text, fed in pieces of `size` characters."""
    cutter = SentenceCutter()
    size = size or max(1, len(text))
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    return [sentence for piece in pieces for sentence in cutter.feed(piece)] + cutter.close()


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("On my way! Half a metre.", ["On my way!", "Half a metre."]),
        ("Really?! Yes.", ["Really?!", "Yes."]),
        ("Hmm... let me think… Done.", ["Hmm...", "let me think…", "Done."]),
        ("It is 3.5 metres. Far.", ["It is 3.5 metres.", "Far."]),
        ("Wait 5. Then go.", ["Wait 5.", "Then go."]),
        ("Dr. Smith met Mrs. Jones. Good.", ["Dr. Smith met Mrs. Jones.", "Good."]),
        ("Take fruit, e.g. apples. Good.", ["Take fruit, e.g. apples.", "Good."]),
        ("J. R. Tolkien wrote it. So do I. Really.", ["J. R. Tolkien wrote it.", "So do I.", "Really."]),
        ("It is 5 p.m. today. Late.", ["It is 5 p.m. today.", "Late."]),
        ("It is 5 p.m. The sun sets.", ["It is 5 p.m.", "The sun sets."]),
        ("Apples, pears, etc. And more.", ["Apples, pears, etc.", "And more."]),
        ("1. Stand up. 2. Walk.", ["1. Stand up.", "2. Walk."]),
        ("First line\nsecond line", ["First line", "second line"]),
        ("At 5 p.m.\nThen go", ["At 5 p.m.", "Then go"]),
        ('"Hello!" he said. (Quietly.) Yes', ['"Hello!"', "he said.", "(Quietly.)", "Yes"]),
        ("你好。我是奈拉！「真的？」好。", ["你好。", "我是奈拉！", "「真的？」", "好。"]),
        ("OK!好的。", ["OK!", "好的。"]),
        ("¿Qué tal? Bien.", ["¿Qué tal?", "Bien."]),
        ("Look at www.example.org now", ["Look at www.example.org now"]),
        ("-- !? Hello.", ["-- !? Hello."]),
        ("Hello.  \n  \n", ["Hello."]),
        ("   ", []),
        ("😊", []),
    ],
)
@pytest.mark.parametrize("size", [None, 1, 3])
def test_sentences_end_where_a_voice_pauses(text: str, sentences: list[str], size: int | None) -> None:
    assert cut(text, size) == sentences


def test_a_sentence_is_given_as_soon_as_the_next_character_shows_that_it_ended() -> None:
    cutter = SentenceCutter()
    assert cutter.feed("On my way!") == []
    assert cutter.feed(" ") == ["On my way!"]


def test_a_line_end_gives_the_sentence_at_once() -> None:
    assert SentenceCutter().feed("On my way\n") == ["On my way"]


def test_only_the_first_sentence_may_end_early_at_a_comma() -> None:
    long = "There is a very small light in my head today, and I like it, and it likes me."
    assert cut(long + " " + long) == [
        "There is a very small light in my head today,",
        "and I like it, and it likes me.",
        long,
    ]


def test_a_short_first_clause_stays_with_its_sentence() -> None:
    assert cut("Well, hello there. Nice day.") == ["Well, hello there.", "Nice day."]


def test_a_long_first_clause_in_chinese_is_given_early() -> None:
    assert cut("今天早上我看见了一只很小的猫，它在睡觉。") == ["今天早上我看见了一只很小的猫，", "它在睡觉。"]


def test_the_rest_is_the_whole_unfinished_sentence() -> None:
    cutter = SentenceCutter()
    cutter.feed("Done. There is a very small light in my head")
    assert cutter.rest == "There is a very small light in my head"


@pytest.mark.parametrize("text", ["Hello.", "Really?!", '"Yes!"', "好。", "So do I.", "and so on, etc."])
def test_these_break_off_after_a_full_sentence(text: str) -> None:
    assert ends_sentence(text)


@pytest.mark.parametrize("text", ["", "Hello", "It is 3.", "Ask Dr.", "said J.", "a, b,"])
def test_these_may_break_off_within_a_sentence(text: str) -> None:
    assert not ends_sentence(text)


_prose = st.text(st.sampled_from("aB3I .,!?…\n。，！好p.m)\"'—"), max_size=120)


@given(st.one_of(_prose, st.text(max_size=80)), st.data())
@example("Hello there, this is a long first clause for once, dear. Yes.", None)
def test_sentences_do_not_depend_on_the_chunks(text: str, data: st.DataObject | None) -> None:
    size = data.draw(st.integers(1, 7)) if data else 2
    assert cut(text, size) == cut(text)


@given(st.one_of(_prose, st.text(max_size=80)))
def test_joined_sentences_lose_no_words(text: str) -> None:
    def letters(words: str) -> str:
        return "".join(filter(str.isalnum, words))

    assert letters("".join(cut(text))) == letters(text)
