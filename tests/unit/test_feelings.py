from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from ai_server import resources
from ai_server.brain.feelings import Feelings
from ai_server.brain.language import NAMES
from ai_server.configfile import ConfigError
from ai_server.protocol.terms import EMOTIONS
from tests.felt import ENGLISH, OTHERS, lines

FOLDER = resources.config_dir() / "feelings"
SIGNS = "happy = [':)']\nsad = [':(']\nangry = ['>:(']\nsurprised = [':O']\n"


@pytest.fixture(scope="module")
def feelings() -> Feelings:
    return Feelings.load(FOLDER)


def own(folder: Path, content: str) -> Feelings:
    """Feelings of one file of an owner's own, `xx`."""
    (folder / "signs.toml").write_text(SIGNS)
    (folder / "xx.toml").write_text(content)
    return Feelings.load(folder)


def test_feelings_are_told_from_150_english_sentences_with_few_mistakes(feelings: Feelings) -> None:
    cases = [(feeling, sentence) for feeling, text in ENGLISH.items() for sentence in lines(text)]
    told = [(feeling, feelings.of(sentence, "en")) for feeling, sentence in cases]
    right = sum(found == feeling for feeling, found in told)
    precision = right / sum(found is not None for _, found in told)
    recall = right / sum(feeling != "none" for feeling, _ in told)
    print(f"{len(cases)} sentences: precision {precision:.1%}, recall {recall:.1%}")
    assert len(cases) == 150
    assert precision >= 0.9
    assert recall >= 0.7


@pytest.mark.parametrize("language", OTHERS)
def test_feelings_are_told_in_the_other_languages(feelings: Feelings, language: str) -> None:
    cases = [line.split("|") for line in lines(OTHERS[language])]
    told = {sentence: feelings.of(sentence, language) or "none" for _, sentence in cases}
    assert told == {sentence: feeling for feeling, sentence in cases}


def test_every_language_has_its_file() -> None:
    assert {path.stem for path in FOLDER.glob("*.toml")} == {*NAMES, "signs"}
    assert OTHERS.keys() | {"en"} == NAMES.keys()


@pytest.mark.parametrize(
    "words",
    [
        "I'm not angry",
        "I am never sad",
        "not bad",
        "if I am sad I sing",
        "are you sad",
        "the battery is dead",
        "happy birthday",
        "my dog is dead tired",
        "say wow",
        "do not be sad",
        "I'm afraid I have to go",
        "",
        "!!!",
        "turn left",
    ],
)
def test_words_that_only_look_like_a_feeling_tell_none(feelings: Feelings, words: str) -> None:
    assert feelings.of(words, "en") is None


def test_no_happiness_is_sadness(feelings: Feelings) -> None:
    assert feelings.of("I am not happy", "en") == "sad"
    assert feelings.of("I don't think I am happy", "en") == "sad"


def test_a_negation_reaches_no_further_than_its_part_of_the_sentence(feelings: Feelings) -> None:
    assert feelings.of("I'm not sad, I'm angry", "en") == "angry"
    assert feelings.of("don't worry I am happy", "en") == "happy"


def test_what_follows_a_but_counts_more(feelings: Feelings) -> None:
    assert feelings.of("I was excited, I am happy but now I am so sad", "en") == "sad"


def test_a_mild_word_counts_only_with_stress(feelings: Feelings) -> None:
    assert feelings.of("that is great", "en") is None
    assert feelings.of("that is great!", "en") == "happy"
    assert feelings.of("that is so great", "en") == "happy"
    assert feelings.of("is that so great?", "en") is None


def test_signs_tell_the_feeling_in_every_language_and_words_outweigh_them(feelings: Feelings) -> None:
    assert feelings.of("see you 😊", "en") == "happy"
    assert feelings.of("ok :(", "de") == "sad"
    assert feelings.of("hoe laat is het 😡", "nl") == "angry"
    assert feelings.of("I am so happy 😭", "en") == "happy"
    assert feelings.of("note:our list (a:c)", "en") is None


def test_capitals_and_curly_apostrophes_make_no_difference(feelings: Feelings) -> None:
    assert feelings.of("I’M SO HAPPY", "en") == "happy"  # noqa: RUF001


def test_a_language_without_a_file_tells_nothing_by_its_words(feelings: Feelings) -> None:
    assert feelings.of("I am so happy", "nl") is None


def test_owners_can_add_a_language(tmp_path: Path) -> None:
    content = (
        "negations = ['nie']\n[lists]\nek = '(ek is|ek voel)'\n[happy]\nphrases = ['<ek> [baie] (bly|gelukkig)']\n"
    )
    feelings = own(tmp_path, content)
    assert feelings.of("Ek is baie gelukkig vandag", "xx") == "happy"
    assert feelings.of("Ek is hier", "xx") is None


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("[happy]\nphrases = ['<am> glad']", "there is no list <am>"),
        ("[happy]\nphrases = ['(glad']", "a bracket is not closed"),
        ("[glad]\nphrases = ['glad']", "glad is not known"),
        ("negations = 'not'", "negations"),
        ("[happy\n", "is not TOML"),
    ],
)
def test_a_wrong_file_is_refused_by_name(tmp_path: Path, content: str, complaint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        own(tmp_path, content)
    assert complaint in str(caught.value)
    assert "xx.toml" in str(caught.value)


def test_signs_are_needed(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"signs\.toml: cannot be read"):
        Feelings.load(tmp_path)


def test_only_the_five_emotions_are_told(feelings: Feelings) -> None:
    sentences: Mapping[str, str] = ENGLISH
    told = {feelings.of(line, "en") for text in sentences.values() for line in lines(text)}
    assert told <= {None, *EMOTIONS[1:]}
