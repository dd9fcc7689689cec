"""How loud and how fast a robot speaks, and in which language: by its own actions, and kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ai_server.llm.chat import ActionCall
from ai_server.memory.storage.database import Database
from ai_server.memory.voice import Voice, Voices
from tests.asking import Asker, declared, standing_database

VOLUME = {"name": "set_volume", "type": "integer", "minimum": 0, "maximum": 30}
RATE = {"name": "speech_rate", "type": "number", "minimum": 0.5, "maximum": 2.0}
LANGUAGE = {"name": "set_language", "type": "string", "enum": ["en-GB", "de-DE"]}
BODY = declared({"name": "wave"}, VOLUME, RATE, LANGUAGE)


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with standing_database(tmp_path_factory.mktemp("asker")) as database:
        yield database


@pytest.fixture
def asker(standing: Database) -> Asker:
    return Asker(standing)


async def test_a_volume_is_carried_to_the_robot_in_its_own_range(asker: Asker) -> None:
    answer = await asker.ask("volume_set", body=BODY, level=40)
    assert (answer.text, answer.calls) == (
        "My volume is at 40 percent now.",
        (ActionCall("set_volume", {"value": 12}),),
    )
    assert asker.voices.of("r1") == Voice(volume=40)
    assert BODY.objection(answer.calls[0]) is None


async def test_louder_and_quieter_go_by_steps_to_the_ends_of_the_range(asker: Asker) -> None:
    levels = []
    for change in ("up", "up", "down"):
        await asker.ask("volume_set", body=BODY, change=change)
        levels.append(asker.voices.of("r1").volume)
    assert levels == [60, 70, 60]
    await asker.ask("volume_set", body=BODY, level=95)
    await asker.ask("volume_set", body=BODY, change="up")
    assert asker.voices.of("r1").volume == 100
    loudest = await asker.ask("volume_set", body=BODY, change="up")
    assert (loudest.text, loudest.calls) == ("I cannot speak any louder.", ())
    await asker.ask("volume_set", body=BODY, level=0)
    assert (await asker.ask("volume_set", body=BODY, change="down")).text == "I cannot speak any quieter."


async def test_the_rate_has_a_range_of_its_own(asker: Asker) -> None:
    answer = await asker.ask("speech_rate_set", body=BODY, change="up")
    assert answer.text == "Okay, I speak faster now."
    assert answer.calls == (ActionCall("speech_rate", {"value": 1.4}),)
    assert (await asker.ask("speech_rate_set", body=BODY, level=0)).calls[0].arguments == {"value": 0.5}
    assert (await asker.ask("speech_rate_set", body=BODY, change="down")).text == "I cannot speak any slower."
    assert asker.voices.of("r1") == Voice(rate=0)


@pytest.mark.parametrize("level", [-5, 0, 33, 50, 99.6, 100, 250])
async def test_a_level_never_leaves_what_the_robot_declared(asker: Asker, level: float) -> None:
    for intent in ("volume_set", "speech_rate_set"):
        (call,) = (await asker.ask(intent, body=BODY, level=level)).calls
        assert BODY.objection(call) is None
    assert 0 <= (asker.voices.of("r1").volume or 0) <= 100


async def test_a_level_that_nobody_said_is_asked_for(asker: Asker) -> None:
    assert "from 0 to 100" in (await asker.ask("volume_set", body=BODY)).text
    assert "from 0 to 100" in (await asker.ask("speech_rate_set", body=BODY)).text
    assert asker.voices.of("r1") == Voice()


@pytest.mark.parametrize(
    "action",
    [
        {"name": "speaker_volume_level", "type": "integer", "minimum": 0, "maximum": 9},
        {"name": "setVolume", "type": "number", "minimum": 0, "maximum": 1},
        {
            "name": "audio",
            "description": "Set the volume of the loudspeaker.",
            "type": "integer",
            "minimum": 0,
            "maximum": 9,
        },
    ],
)
async def test_an_action_tells_by_its_name_or_description_that_it_sets_the_volume(
    asker: Asker, action: dict[str, Any]
) -> None:
    assert len((await asker.ask("volume_set", body=declared({"name": "wave"}, action), level=50)).calls) == 1


@pytest.mark.parametrize(
    "action",
    [
        {"name": "set_volume"},
        {"name": "volume", "type": "boolean"},
        {"name": "set_volume", "type": "integer", "minimum": 0, "maximum": 9, "confirm": True},
        {
            "name": "set_speed",
            "description": "How fast the wheels turn.",
            "type": "integer",
            "minimum": 0,
            "maximum": 9,
        },
        {"name": "pump_volume", "type": "integer", "minimum": 0, "maximum": 9},
        {"name": "pour", "description": "Pour this volume of tea.", "type": "integer", "minimum": 0, "maximum": 9},
        {"name": "fill_tank", "description": "Fill in so many litres.", "type": "integer", "minimum": 0, "maximum": 9},
    ],
)
async def test_without_a_fitting_action_a_robot_says_that_it_cannot(asker: Asker, action: dict[str, Any]) -> None:
    body = declared(action)
    volume, rate = (
        await asker.ask("volume_set", body=body, level=5),
        await asker.ask("speech_rate_set", body=body, level=5),
    )
    assert (volume.text, volume.calls) == ("My volume cannot be changed from here.", ())
    assert (rate.text, rate.calls) == ("How fast I speak cannot be changed from here.", ())
    assert asker.voices.of("r1") == Voice()


async def test_a_language_is_answered_in_itself_and_told_to_the_robot(asker: Asker) -> None:
    answer = await asker.ask("language_set", body=BODY, language="en", slots={"language": "de"})
    assert answer.calls == (ActionCall("set_language", {"value": "de-DE"}),)
    assert "Deutsch" in answer.text
    assert asker.voices.of("r1") == Voice(language="de")


async def test_a_language_needs_no_action(asker: Asker) -> None:
    answer = await asker.ask("language_set", body=BODY, slots={"language": "fr-CA"})
    assert (answer.text, answer.calls) == ("Okay, we speak French from now on.", ())
    assert asker.voices.of("r1").language == "fr"


async def test_a_robot_answers_again_in_whichever_language_it_is_spoken_to_in(asker: Asker) -> None:
    await asker.ask("language_set", slots={"language": "de"})
    answer = await asker.ask("language_set", language="de", slots={"language": "auto"})
    assert answer.text == "Okay, ich antworte in der Sprache, die du sprichst."
    assert asker.voices.of("r1").language is None


async def test_a_language_that_the_robot_does_not_speak_is_refused(asker: Asker) -> None:
    assert (await asker.ask("language_set", slots={"language": "tlh"})).text == "I do not speak tlh."
    assert (await asker.ask("language_set", slots={})).text == "I did not catch which language."
    assert asker.voices.of("r1") == Voice()


async def test_a_voice_is_kept_over_a_restart(asker: Asker, standing: Database) -> None:
    await asker.ask("volume_set", body=BODY, level=40)
    await asker.ask("language_set", slots={"language": "es"})
    voices = Voices(standing, max_robots=3)
    await voices.load()
    assert voices.of("r1") == Voice(volume=40, language="es")


async def test_a_voice_that_cannot_be_stored_is_set_all_the_same_and_says_so(database: Database) -> None:
    asker = Asker(database)
    await database.close()
    answer = await asker.ask("volume_set", body=BODY, level=40)
    assert len(answer.calls) == 1
    assert answer.text.endswith("I could not write that down, so I may forget it.")
