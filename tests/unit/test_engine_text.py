from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ai_server.llm.engine.text import TextStream


def stream(pieces: list[bytes], stop: tuple[str, ...] = ()) -> list[str]:
    text = TextStream(stop)
    shown = [text.feed(piece) for piece in pieces if not text.stopped]
    return [*shown, text.close()]


def test_a_character_in_three_tokens_appears_once_it_is_whole():
    assert stream([b"\xe2", b"\x82", b"\xac!"]) == ["", "", "€!", ""]


def test_half_a_character_at_the_end_becomes_a_replacement_character():
    assert stream([b"ab\xe2\x82"]) == ["ab", "\ufffd"]


def test_a_stop_string_across_three_tokens_is_never_shown():
    assert stream([b"Hi.", b" En", b"d of", b" it"], ("End of",)) == ["Hi.", " ", "", ""]


def test_what_began_like_a_stop_string_is_shown_once_it_is_none():
    assert stream([b"a <", b"|e", b"nd> b"], ("<|eot|>",)) == ["a ", "", "<|end> b", ""]


def test_what_is_held_back_at_the_end_is_shown():
    assert stream([b"a <|"], ("<|eot|>",)) == ["a ", "<|"]


def test_the_first_of_several_stop_strings_ends_the_text():
    assert stream([b"one two three"], ("three", "two")) == ["one ", ""]


def test_nothing_is_stopped_by_an_empty_stop_string():
    assert stream([b"a", b"b"], ("",)) == ["a", "b", ""]


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(data), *(at % (len(data) + 1) for at in cuts)})
    return [data[start:end] for start, end in pairwise(places)]


@given(
    text=st.text(alphabet="ab<é😀"),
    stop=st.text(alphabet="ab<é", min_size=1, max_size=4),
    cuts=st.lists(st.integers(0)),
)
def test_the_text_up_to_the_stop_string_does_not_depend_on_where_the_tokens_part(text, stop, cuts):
    assert "".join(stream(cut(text.encode(), cuts), (stop,))) == text.split(stop)[0]


@given(text=st.text(alphabet="ab<é", max_size=12), stop=st.text(alphabet="ab<é", min_size=1, max_size=4))
def test_no_more_is_held_back_than_could_begin_the_stop_string(text, stop):
    shown = stream([text.encode()], (stop,))
    if stop not in text:
        assert stop.startswith(shown[-1])
