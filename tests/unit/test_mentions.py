from __future__ import annotations

import pytest

from ai_server.memory.privacy.mentions import Mention, strings_in


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("Tom", "I saw tom yesterday"),
        ("tom", "TOM!"),
        ("Tom", "That is Tom's bike."),
        ("Tom", "That is Tom\u2019s bike."),
        ("Tom's", "Where is Tom?"),
        ("Tom", "Toms Rad"),
        ("box", "two boxes"),
        ("José", "Jose called"),
        ("jose", "JOSÉ llamó"),
        ("Müller", "Herr Muller"),
        ("strasse", "die Straße"),
        ("blue box", "the box is blue"),
        ("the 3 keys", "3 of the keys"),
        ("o'brien", "Mrs O\u2019Brien"),
        ("Анна", "Это анна"),
        ("汤姆", "我昨天看见汤姆了"),
        ("たろう", "たろうさんが来た"),
        ("톰", "톰은 친구야"),
        ("ada@example.org", "write to ada@example.org"),
    ],
)
def test_words_are_found_however_they_are_written(words: str, text: str):
    assert Mention(words).is_in(text)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("Tom", "a tomato"),
        ("Tom", "the atom"),
        ("Tom", "Tomas"),
        ("Ann", "Anne"),
        ("new", "the newt"),
        ("blue box", "the blue book"),
        ("Tom", ""),
    ],
)
def test_other_words_are_not_taken_for_them(words: str, text: str):
    assert not Mention(words).is_in(text)


def test_several_texts_are_one():
    assert Mention("blue box").is_in("It is blue.", "The box?")


@pytest.mark.parametrize("words", ["", "  ", "?!", "'"])
def test_where_there_is_no_word_nothing_can_be_meant(words: str):
    with pytest.raises(ValueError, match="no word"):
        Mention(words)


def test_the_texts_of_a_value_are_its_keys_and_values_at_any_depth():
    assert list(strings_in({"a": ["b", {"c": "d"}, 1, None, ("e",)]})) == ["a", "b", "c", "d", "e"]
