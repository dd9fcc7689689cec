from __future__ import annotations

from collections import Counter

import pytest

from ai_server.brain.language import NAMES, Languages, name, primary
from tests.utterances import UTTERANCES, utterances


@pytest.fixture(scope="module")
def languages() -> Languages:
    return Languages("en")


def test_what_the_message_says_wins(languages: Languages) -> None:
    assert languages.of("de", "what time is it", "fr") == "de"
    assert languages.of("pt-BR", "bom dia", None) == "pt"
    assert languages.of("nl", "hoe laat is het", None) == "nl"


def test_a_message_whose_language_is_undetermined_says_nothing(languages: Languages) -> None:
    assert languages.of("und", "wie spät ist es", None) == "de"


def test_ten_languages_have_their_utterances_and_names() -> None:
    assert UTTERANCES.keys() == NAMES.keys()
    assert Counter(language for language, _ in utterances()) == dict.fromkeys(NAMES, 20)


def test_short_utterances_are_told_or_left_open_and_hardly_ever_taken_for_another_language(
    languages: Languages,
) -> None:
    right, wrong = 0, []
    for language, words in utterances():
        told = languages.of(None, words, "en")
        right += told == language
        if told not in (language, "en"):
            wrong.append((language, words, told))
    print(f"told rightly: {right} of 200; taken for another: {wrong}")
    assert right >= 190
    assert len(wrong) <= 1


@pytest.mark.parametrize("words", ["ok", "no", "hm", "Anna", "12", "?", "", "😊", "Paris", "robot", "super"])
@pytest.mark.parametrize("last", ["de", "it"])
def test_short_or_doubtful_words_keep_the_last_language(languages: Languages, words: str, last: str) -> None:
    assert languages.of(None, words, last) == last


def test_without_a_last_language_doubtful_words_are_taken_for_the_personas(languages: Languages) -> None:
    assert Languages("fr-CA").of(None, "ok", None) == "fr"


def test_a_language_that_is_not_told_by_its_words_is_kept(languages: Languages) -> None:
    assert languages.of(None, "hoe laat is het nu eigenlijk", "nl") == "nl"
    assert languages.of(None, "котра година зараз", "uk") == "uk"
    assert languages.of(None, "今日は元気ですか", "nl") == "ja"


def test_a_conversation_in_japanese_goes_on_where_there_are_signs_alone(languages: Languages) -> None:
    assert languages.of(None, "今何時", "ja") == "ja"
    assert languages.of(None, "今何時", "en") == "zh"


def test_the_script_of_most_letters_counts(languages: Languages) -> None:
    assert languages.of(None, "was bedeutet 你好 auf Deutsch", "en") == "de"
    assert languages.of(None, "我喜欢 jazz", "en") == "zh"


def test_the_case_of_letters_does_not_matter(languages: Languages) -> None:
    assert languages.of(None, "WIE SPÄT IST ES", "en") == "de"


def test_languages_have_english_names() -> None:
    assert name("de") == "German"
    assert name("nl") == "Dutch"
    assert name("tlh") == "tlh"
    assert primary("zh-Hant-TW") == "zh"
