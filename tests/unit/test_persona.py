from __future__ import annotations

import random
from pathlib import Path

import pytest

from ai_server import resources
from ai_server.brain.persona import Persona
from ai_server.configfile import ConfigError
from ai_server.llm.chat import ChatRequest, Finished, Message
from ai_server.llm.fallback import Fallback, load_answers
from ai_server.protocol.terms import EMOTIONS

PERSONAS = resources.config_dir() / "personas"
ANSWERS = resources.config_dir() / "phrases" / "fallback.toml"


def test_naila_is_who_the_embedded_model_was_taught_to_be() -> None:
    naila = Persona.load(PERSONAS, "naila")
    assert (naila.name, naila.character) == ("Naila", "a small friendly robot")
    assert naila.style
    assert naila.languages[0] == "en"


@pytest.mark.parametrize("name", ["naila", "ollie", "nabu"])
@pytest.mark.parametrize("emotion", EMOTIONS)
async def test_every_shipped_persona_has_something_to_say_without_a_model(name: str, emotion: str) -> None:
    persona = Persona.load(PERSONAS, name)
    answers = load_answers(ANSWERS).with_own(persona.fallback)
    fallback = Fallback(answers, name=persona.name, rng=random.Random(0))
    asked = ChatRequest("q1", "r1", (Message("user", "words"),), emotion=emotion)
    finished = [event async for event in fallback.stream(asked)][-1]
    assert isinstance(finished, Finished)
    assert finished.text


def test_the_own_answers_of_a_persona_are_read() -> None:
    assert any("eight arms" in answer for answer in Persona.load(PERSONAS, "ollie").fallback["greeting"].neutral)
    assert Persona.load(PERSONAS, "naila").fallback == {}


def test_a_missing_persona_names_those_that_exist() -> None:
    with pytest.raises(ConfigError, match=r"no persona 'nobody'; those that exist: nabu, naila, ollie"):
        Persona.load(PERSONAS, "nobody")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("character = 'a robot'", "name is missing"),
        ("name = ''\ncharacter = 'a robot'", "name: "),
        ('name = "A\\nB"\ncharacter = "a robot"', "name: "),
        ("name = '[A]'\ncharacter = 'a robot'", "name: "),
        ("name = 'A'\ncharacter = 'a robot'\ndefault_emotion = 'glad'", "default_emotion: Input should be 'neutral'"),
        ("name = 'A'\ncharacter = 'a robot'\nlanguages = ['english!']", "languages.0: "),
        ("name = 'A'\ncharacter = 'a robot'\nlanguages = []", "languages: "),
        ("name = 'A'\ncharacter = 'a robot'\nstyles = 'x'", "styles is not known here; did you mean style?"),
        (
            "name = 'A'\ncharacter = 'a robot'\n[fallback.greeting]\nneutral = ['Hi']",
            "fallback.greeting.neutral.0: must",
        ),
    ],
)
def test_a_wrong_persona_is_refused_with_the_key(tmp_path: Path, content: str, complaint: str) -> None:
    (tmp_path / "mine.toml").write_text(content)
    with pytest.raises(ConfigError) as caught:
        Persona.load(tmp_path, "mine")
    assert f"{tmp_path / 'mine.toml'}: {complaint}" in str(caught.value)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("default_emotion = 'glad'")
    with pytest.raises(ConfigError) as caught:
        Persona.load(tmp_path, "mine")
    assert len(str(caught.value).splitlines()) == 3
