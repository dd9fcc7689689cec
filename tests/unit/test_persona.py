from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from ai_server import resources
from ai_server.brain.persona import Persona
from ai_server.configfile import ConfigError
from ai_server.llm.chat import ChatRequest, Finished, Message
from ai_server.llm.fallback import Fallback, Voice, WrittenAnswers
from ai_server.memory.personalities import Traits
from ai_server.protocol.terms import EMOTIONS

PERSONAS = resources.config_dir() / "personas"
ANSWERS = resources.config_dir() / "phrases" / "fallback"


def test_naila_is_who_the_embedded_model_was_taught_to_be() -> None:
    naila = Persona.load(PERSONAS, "naila")
    assert (naila.name, naila.character) == ("Naila", "a small friendly robot")
    assert naila.style
    assert naila.languages[0] == "en"


@pytest.mark.parametrize("name", ["naila", "ollie", "nabu"])
@pytest.mark.parametrize("emotion", EMOTIONS)
async def test_every_shipped_persona_has_something_to_say_without_a_model(name: str, emotion: str) -> None:
    persona = Persona.load(PERSONAS, name)
    answers = WrittenAnswers.load(ANSWERS).with_own(persona.fallback, persona.languages[0])
    fallback = Fallback(lambda _: Voice(persona.name, answers), rng=random.Random(0))
    asked = ChatRequest("q1", "r1", (Message("user", "words"),), emotion=emotion)
    finished = [event async for event in fallback.stream(asked)][-1]
    assert isinstance(finished, Finished)
    assert finished.text


@pytest.mark.parametrize("name", ["naila", "ollie", "nabu"])
def test_every_shipped_persona_shows_how_it_speaks(name: str) -> None:
    persona = Persona.load(PERSONAS, name)
    assert persona.style
    assert 4 <= len(persona.examples) <= 6
    assert {"sad", "happy", "angry"} <= {each.facts.removeprefix("person feels ") for each in persona.examples}


def test_the_own_answers_of_a_persona_are_read() -> None:
    assert any("eight arms" in answer for answer in Persona.load(PERSONAS, "ollie").fallback["greeting"].neutral)


def test_a_persona_has_its_traits_and_the_middle_of_those_it_does_not_name(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("name = 'A'\ncharacter = 'a robot'\n[traits]\nwarmth = 1\nhumour = 0.2")
    assert Persona.load(tmp_path, "mine").traits.values == Traits(1.0, 0.5, 0.5, 0.2, 0.5)
    assert Persona.load(PERSONAS, "nabu").traits.directness > Persona.load(PERSONAS, "ollie").traits.directness


def test_examples_are_shown_as_turns_below_a_heading() -> None:
    persona = Persona.model_validate(
        {
            "name": "Ada",
            "character": "a robot",
            "examples": [
                {"facts": "Monday 08:05; sees a cup", "person": "Hi!", "answer": "[happy] Hello."},
                {"person": "Bye.", "answer": "[sad] Oh. See you."},
            ],
        }
    )
    assert persona.show_examples() == (
        "How Ada talks\n"
        "Person: [Monday 08:05; sees a cup] Hi!\n"
        "Ada: [happy] Hello.\n"
        "Person: Bye.\n"
        "Ada: [sad] Oh. See you."
    )


def test_without_examples_nothing_is_shown() -> None:
    assert Persona(name="Ada", character="a robot").show_examples() == ""


def test_the_persona_that_the_documentation_writes_is_right(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "personas.md").read_text()
    (written,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "anne.toml").write_text(written)
    anne = Persona.load(tmp_path, "anne")
    assert (anne.name, len(anne.examples), list(anne.fallback)) == ("Anne", 3, ["conversation"])
    assert {f"`{key}`" for key in ("name", "character", "style", "default_emotion", "languages")} <= set(
        re.findall(r"`\w+`", page)
    )


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
        (
            "name = 'A'\ncharacter = 'a robot'\nlanguages = ['english!']",
            "languages.0: must be a language tag",
        ),
        ("name = 'A'\ncharacter = 'a robot'\nlanguages = 'en'", "languages: must be a list in square brackets"),
        ("name = 'A'\ncharacter = 'a robot'\nlanguages = []", "languages: "),
        ("name = 'A'\ncharacter = 'a robot'\nstyles = 'x'", "styles is not known here; did you mean style?"),
        (
            "name = 'A'\ncharacter = 'a robot'\n[fallback.greeting]\nneutral = ['Hi']",
            "fallback.greeting.neutral.0: must",
        ),
        ("name = 'A'\ncharacter = 'a robot'\n[traits]\nwarmth = 1.5", "traits.warmth: Input should be less than or"),
        (
            "name = 'A'\ncharacter = 'a robot'\n[traits]\nwarmth = -0.1",
            "traits.warmth: Input should be greater than or",
        ),
        ("name = 'A'\ncharacter = 'a robot'\n[traits]\nwarmth = nan", "traits.warmth: Input should be"),
        (
            "name = 'A'\ncharacter = 'a robot'\n[traits]\nwarmth = '0.5'",
            "traits.warmth: Input should be a valid number",
        ),
        (
            "name = 'A'\ncharacter = 'a robot'\n[traits]\nhumor = 0.5",
            "traits.humor is not known here; did you mean humour?",
        ),
        ("name = 'A'\ncharacter = 'a robot'\ntraits = 0.5", "traits: must be a table"),
    ],
)
def test_a_wrong_persona_is_refused_with_the_key(tmp_path: Path, content: str, complaint: str) -> None:
    (tmp_path / "mine.toml").write_text(content)
    with pytest.raises(ConfigError) as caught:
        Persona.load(tmp_path, "mine")
    assert f"{tmp_path / 'mine.toml'}: {complaint}" in str(caught.value)


def example(**keys: str) -> str:
    return "[[examples]]\n" + "\n".join(f"{key} = {value!r}" for key, value in keys.items()) + "\n"


@pytest.mark.parametrize(
    ("examples", "complaint"),
    [
        (example(person="Hi"), "examples.0.answer is missing"),
        (example(answer="[happy] Hi"), "examples.0.person is missing"),
        (example(person="Hi", anser="[happy] Hi"), "examples.0.anser is not known here; did you mean answer?"),
        (example(person="Hi", answer="Hi"), "examples.0.answer: must be [emotion] and then words"),
        (example(person="Hi", answer="[glad] Hi"), "one of neutral, happy, sad, angry, surprised: '[glad] Hi'"),
        (example(person="Hi", answer="[happy]"), "examples.0.answer: must be [emotion] and then words"),
        (example(person="Hi", answer='[happy] Hi {"action": "wave"}'), "examples.0.answer: must be words alone"),
        (example(person="Hi", answer="[happy] **Hi** you"), "would be spoken as 'Hi you': write just that"),
        (example(person="Hi", answer="[happy] " + 300 * "a"), "examples.0.answer: String should have at most 300"),
        (example(person="", answer="[happy] Hi"), "examples.0.person: String should have at least 1"),
        (example(person="[Hi]", answer="[happy] Hi"), "examples.0.person: must be one line without the characters [ ]"),
        (example(person="Hi", answer="[happy] Hi", facts="[dark]"), "examples.0.facts: must be one line without"),
        (9 * example(person="Hi", answer="[happy] Hi"), "examples: must be at most 8, and there are 9"),
        ("[examples]\nperson = 'Hi'\nanswer = '[happy] Hi'", "examples: each begins with [[examples]]"),
    ],
)
def test_a_wrong_example_is_refused_with_the_key(tmp_path: Path, examples: str, complaint: str) -> None:
    (tmp_path / "mine.toml").write_text(f"name = 'A'\ncharacter = 'a robot'\n{examples}")
    with pytest.raises(ConfigError) as caught:
        Persona.load(tmp_path, "mine")
    assert complaint in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 2


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("default_emotion = 'glad'")
    with pytest.raises(ConfigError) as caught:
        Persona.load(tmp_path, "mine")
    assert len(str(caught.value).splitlines()) == 3
