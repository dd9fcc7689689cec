"""The tone of what is said, by the shipped files and by an owner's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from ai_server import resources
from ai_server.brain.tones import Tones
from ai_server.configfile import ConfigError
from ai_server.memory.personalities import Traits

FOLDER = resources.config_dir() / "tones"

SAID = """
en | Could you please tell me the time, sir? | formality+
en | Good evening. I would like to know whether it will rain. | formality+
en | May I ask you something? | formality+
en | yo dude, what's up? | formality-
en | gimme the weather, bro | formality-
en | You can be less formal with me. | formality-
en | Thanks, that was kind of you | warmth+
en | I love you, Naila | warmth+
en | you're so sweet | warmth+
en | How are you today? | warmth+
en | Shut up, you stupid robot | warmth-
en | you are so annoying | warmth-
en | Let's go, come on | energy+
en | Woohoo, we did it | energy+
en | I am so tired today | energy-
en | Speak more quietly, the baby is sleeping | energy-
en | Tell me a good joke | humour+
en | hahaha, that is funny | humour+
en | Make us laugh | humour+
en | Stop joking | humour-
en | That was not funny | humour-
en | turn left now | directness+
en | stop | directness+
en | Keep it short and get to the point | directness+
en | I was wondering if you know what a quark is | directness-
en | Tell me more about the moon, in detail | directness-
en | What is the capital of France? |
en | It is raining in Paris |
en | I don't love you |
en | My brother lives in Rome |
es | ¿Podría decirme la hora, por favor? | formality+
es | Buenas tardes, señor robot | formality+
es | oye tío, qué hora es | formality-
es | Muchas gracias | warmth+
es | Te quiero mucho | warmth+
es | Cállate, robot tonto | warmth-
es | Estoy muy cansada | energy-
es | Vamos, date prisa | energy+
es | Cuéntame un chiste | humour+
es | jajaja, qué gracioso | humour+
es | Deja de bromear | humour-
es | gira a la derecha | directness+
es | Ve al grano | directness+
es | Me preguntaba si sabes qué es un quark | directness-
es | ¿Cuál es la capital de Francia? |
de | Könnten Sie mir bitte sagen, wie spät es ist? | formality+
de | Guten Tag, mein Herr | formality+
de | Ey Alter, was geht ab | formality-
de | Danke, du bist wirklich lieb | warmth+
de | Ich hab dich lieb | warmth+
de | Halt die Klappe, du doofer Roboter | warmth-
de | Ich bin total müde | energy-
de | Los geht's, beeil dich | energy+
de | Erzähl mir einen Witz | humour+
de | hahaha, das ist lustig | humour+
de | Das war nicht lustig | humour-
de | dreh dich nach links | directness+
de | Fass dich bitte kurz | directness+
de | Ich wollte fragen, ob du weißt, was ein Quark ist |
de | Vielleicht könntest du das Licht ausmachen | directness-
de | Wie heißt die Hauptstadt von Frankreich? |
fr | Merci beaucoup |
fr | C'est super ! | energy+
fr | je t'aime ❤ | warmth+
ja | 面白い😂 | humour+
el | ΓΡΗΓΟΡΑ ΕΔΩ | energy+
"""


@pytest.fixture(scope="module")
def tones() -> Tones:
    return Tones.load(FOLDER)


def shown(tone: Traits) -> str:
    """Write a tone as `warmth+ humour-`."""
    return " ".join(f"{trait}{'+' if value > 0 else '-'}" for trait, value in tone._asdict().items() if value)


def case(line: str) -> tuple[str, str, str]:
    language, words, expected = (part.strip() for part in line.split("|"))
    return language, words, expected


def test_the_tone_is_told_from_written_sentences(tones: Tones) -> None:
    cases = [case(line) for line in SAID.strip().splitlines()]
    told = {words: shown(tones.of(words, language)) for language, words, _ in cases}
    assert told == {words: tone for _, words, tone in cases}


@pytest.mark.parametrize("words", ["", "42", "🙂", "...", "\n\n", "\x00", "¡¿"])
def test_what_says_nothing_has_no_tone(tones: Tones, words: str) -> None:
    for language in ("en", "es", "de", "xx", ""):
        assert tones.of(words, language) == Traits()


def test_who_talks_at_length_is_not_direct(tones: Tones) -> None:
    words = "the cat and " * 8 + "a dog"
    assert shown(tones.of(words, "en")) == "directness-"


def test_many_signs_of_one_trait_are_no_more_than_one(tones: Tones) -> None:
    assert tones.of("thanks thanks, thank you, I love you, you are so sweet", "en").warmth == 1.0


def test_signs_for_and_against_a_trait_cancel_out(tones: Tones) -> None:
    assert tones.of("thank you, now shut up", "en").warmth == 0.0


def test_an_owner_can_add_a_language(tmp_path: Path) -> None:
    (tmp_path / "signs.toml").write_text("")
    (tmp_path / "xx.toml").write_text('negations = ["ni"]\n[warmth]\nmore = ["bonvole (kara|amiko)"]\n')
    tones = Tones.load(tmp_path)
    assert shown(tones.of("Bonvole, kara", "xx")) == ""
    assert shown(tones.of("bonvole kara!", "xx")) == "warmth+ energy+"
    assert shown(tones.of("ni bonvole kara", "xx")) == ""
    assert shown(tones.of("bonvole kara", "en")) == ""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[warmht]\nmore = ["x"]', "did you mean warmth?"),
        ('[warmth]\nmuch = ["x"]', "warmth.much is not known here"),
        ('[warmth]\nmore = "x"', "must be a list in square brackets"),
        ('[warmth]\nmore = ["(a|b"]', "(a|b"),
        ('[warmth]\nmore = ["[a]"]', "would match silence"),
    ],
)
def test_a_mistake_in_a_file_is_named(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "signs.toml").write_text("")
    (tmp_path / "xx.toml").write_text(content)
    with pytest.raises(ConfigError) as refused:
        Tones.load(tmp_path)
    assert str(tmp_path / "xx.toml") in str(refused.value)
    assert message in str(refused.value)


def test_without_the_signs_nothing_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"signs\.toml"):
        Tones.load(tmp_path)
