from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_server import resources
from ai_server.brain.body import Body
from ai_server.brain.direct import read_command
from ai_server.brain.intent.classifier import IntentClassifier
from ai_server.llm.chat import ActionCall
from ai_server.protocol.device import Capabilities
from tests.daemons import CACHE
from tests.declared import DECLARATIONS, is_valid

_INTEGER = {"type": "integer", "minimum": 1, "maximum": 200}
_SIDES = {"type": "string", "enum": ["left", "right"]}


def _body(**actions: Mapping[str, Any]) -> Body:
    declared = [{"name": name, "parameters": {"properties": properties}} for name, properties in actions.items()]
    return Body(Capabilities.model_validate({"actions": declared}).actions)


ROVER = _body(
    move={"direction": {"type": "string", "enum": ["forward", "backward"]}, "distance_cm": _INTEGER},
    turn={"direction": _SIDES, "degrees": {"type": "integer", "minimum": 1, "maximum": 180}},
    wave={},
    openGripper={},
    wait_for={"seconds": {"type": "number", "minimum": 0.5, "maximum": 600}},
    head_light={"state": {"type": "boolean"}},
    led={"colour": {"type": "string", "enum": ["red", "warm_white"]}, "level": _INTEGER},
    say={"words": {"type": "string", "maxLength": 40}},
    blink={"times": {"type": "integer", "minimum": 1, "maximum": 9}},
    raise_arm={},
    stop={},
)


@functools.cache
def shipped() -> IntentClassifier:
    return IntentClassifier.load(resources.config_dir() / "intents", names=["Naila"], cache=CACHE)


def read(words: str, body: Body = ROVER, language: str = "en", called: str = "") -> ActionCall | None:
    return read_command(words, body, shipped().commands(language), datetime.now(UTC), called=called)


@pytest.mark.parametrize(
    ("words", "name", "arguments"),
    [
        ("turn left 90 degrees", "turn", {"direction": "left", "degrees": 90}),
        ("Turn right by forty-five degrees, please!", "turn", {"direction": "right", "degrees": 45}),
        ("please turn 90 degrees to the left", "turn", {"direction": "left", "degrees": 90}),
        ("move forward fifty centimetres", "move", {"direction": "forward", "distance_cm": 50}),
        ("move 1.5 metres backward", "move", {"direction": "backward", "distance_cm": 150}),
        ("Naila, wave", "wave", {}),
        ("could you wave now, Naila", "wave", {}),
        ("open gripper", "openGripper", {}),
        ("please open the gripper", "openGripper", {}),
        ("open the other gripper", None, {}),
        ("wait for 2 minutes", "wait_for", {"seconds": 120.0}),
        ("head light on", "head_light", {"state": True}),
        ("led warm white 20", "led", {"colour": "warm_white", "level": 20}),
        ("led red level 20", "led", {"colour": "red", "level": 20}),
        ("stop", "stop", {}),
        ("turn left", None, {}),  # how far?
        ("turn left 900 degrees", None, {}),
        ("turn left 90 centimetres", None, {}),
        ("turn left right 90 degrees", None, {}),
        ("turn left 90 degrees and then wave", None, {}),
        ("do not turn left 90 degrees", None, {}),
        ("my wave", None, {}),
        ("wave at me when i come home", None, {}),
        ("the road turns left 90 degrees", None, {}),
        ("say hello", None, {}),
        ("move forward half a metre", "move", {"direction": "forward", "distance_cm": 50}),
        ("move forward 50", "move", {"direction": "forward", "distance_cm": 50}),
        ("move 20 inches forward", None, {}),  # 50.8 cm, and whole ones are wanted
        ("wait for a minute and a half", "wait_for", {"seconds": 90.0}),
        ("blink three times", "blink", {"times": 3}),
        ("raise your arm", "raise_arm", {}),
        ("robot, would you please turn left 90 degrees right now", "turn", {"direction": "left", "degrees": 90}),
        ("right, turn 90 degrees", None, {}),
        ("turn 90 degrees if you can't turn left", None, {}),
        ("i want to turn left 90 degrees", None, {}),
        ("are you able to turn left 90 degrees", None, {}),
        ("did you turn left 90 degrees", None, {}),
        ("never turn left 90 degrees", None, {}),
        ("turn left 90 degrees, no", None, {}),
        ("blink half", None, {}),
        ("", None, {}),
        ("please", None, {}),
    ],
)
def test_a_command_is_an_action_only_where_it_says_all_of_it_and_nothing_else(
    words: str, name: str | None, arguments: Mapping[str, Any]
) -> None:
    expected = ActionCall(name, dict(arguments)) if name else None
    assert read(words) == expected


SPANISH = [
    ("gira a la izquierda 90 grados", "turn", {"direction": "left", "degrees": 90}),
    ("Gira noventa grados a la derecha, por favor", "turn", {"direction": "right", "degrees": 90}),
    ("¿puedes girar a la izquierda cuarenta y cinco grados?", "turn", {"direction": "left", "degrees": 45}),
    ("Naila, muévete medio metro hacia adelante", "move", {"direction": "forward", "distance_cm": 50}),
    ("ve 1,5 metros hacia atrás ahora mismo", "move", {"direction": "backward", "distance_cm": 150}),
    ("espera dos minutos y medio", "wait_for", {"seconds": 150.0}),
    ("parpadea tres veces", "blink", {"times": 3}),
    ("levanta el brazo", "raise_arm", {}),
    ("abre la pinza", "openGripper", {}),
    ("saluda", "wave", {}),
    ("turn left 90 degrees", "turn", {"direction": "left", "degrees": 90}),
    ("gira a la izquierda", None, {}),
    ("gira 90", None, {}),
    ("gira a la izquierda 90 centímetros", None, {}),
    ("gira a la izquierda 900 grados", None, {}),
    ("no gires a la izquierda 90 grados", None, {}),
    ("no, gira a la izquierda 90 grados no", None, {}),
    ("giras a la izquierda 90 grados", None, {}),
    ("la calle gira a la izquierda 90 grados", None, {}),
    ("ayer giré a la izquierda 90 grados", None, {}),
    ("quiero girar a la izquierda 90 grados", None, {}),
    ("gira a la izquierda 90 grados y luego saluda", None, {}),
    ("mi hermano levanta el brazo", None, {}),
    ("si abre la pinza", None, {}),
    ("eres capaz de girar a la izquierda 90 grados", None, {}),
    ("saluda a mi madre", None, {}),
]
GERMAN = [
    ("dreh dich 90 Grad nach links", "turn", {"direction": "left", "degrees": 90}),
    ("Drehe dich bitte um fünfundvierzig Grad nach rechts!", "turn", {"direction": "right", "degrees": 45}),
    ("kannst du dich 90 Grad nach links drehen?", "turn", {"direction": "left", "degrees": 90}),
    ("Naila, fahr anderthalb Meter zurück", "move", {"direction": "backward", "distance_cm": 150}),
    ("fahr 1,5 m vor", "move", {"direction": "forward", "distance_cm": 150}),
    ("einen halben Meter vorwärts fahren", "move", {"direction": "forward", "distance_cm": 50}),
    ("warte zwei Minuten", "wait_for", {"seconds": 120.0}),
    ("blinzle 3 mal", "blink", {"times": 3}),
    ("heb den Arm", "raise_arm", {}),
    ("Könntest du den Greifer öffnen?", "openGripper", {}),
    ("wink mal", "wave", {}),
    ("Turn left 90 degrees, please", "turn", {"direction": "left", "degrees": 90}),
    ("dreh dich nach links", None, {}),
    ("dreh dich 90", None, {}),
    ("fahr 90 Grad vor", None, {}),
    ("dreh dich 900 Grad nach links", None, {}),
    ("dreh dich nicht 90 Grad nach links", None, {}),
    ("du drehst dich 90 Grad nach links", None, {}),
    ("ich möchte 90 Grad nach links drehen", None, {}),
    ("die Straße dreht 90 Grad nach links", None, {}),
    ("gestern musste ich den Greifer öffnen", None, {}),
    ("dreh dich 90 Grad nach links und wink dann", None, {}),
    ("wenn ich winke", None, {}),
    ("hast du dich 90 Grad nach links gedreht", None, {}),
    ("soll ich den Arm heben", None, {}),
    ("wink meiner Mutter", None, {}),
]


@pytest.mark.parametrize(
    ("language", "words", "name", "arguments"),
    [("es", *case) for case in SPANISH] + [("de", *case) for case in GERMAN],
)
def test_other_languages_have_words_for_what_is_declared_in_english(
    language: str, words: str, name: str | None, arguments: Mapping[str, Any]
) -> None:
    expected = ActionCall(name, dict(arguments)) if name else None
    assert read(words, language=language) == expected


def test_what_people_named_the_robot_is_a_courtesy() -> None:
    assert read("Pickle, wave") is None
    assert read("Pickle, wave", called="Pickle") == ActionCall("wave", {})


def test_words_that_could_be_two_actions_are_left_to_the_model() -> None:
    degrees = {"degrees": {"type": "integer", "minimum": 1, "maximum": 180}}
    body = _body(turn=degrees, spin=degrees)
    assert read("gira 90 grados", body, "es") is None
    assert read("gira 90 grados", _body(turn=degrees), "es") == ActionCall("turn", {"degrees": 90})


def test_the_rest_of_a_name_may_stand_after_a_parameter_but_in_its_order() -> None:
    body = _body(turn_left={"degrees": _INTEGER}, put_cup_on_plate={})
    assert read("turn 90 degrees to the left", body) == ActionCall("turn_left", {"degrees": 90})
    assert read("dreh dich 90 Grad nach links", body, "de") == ActionCall("turn_left", {"degrees": 90})
    assert read("put the plate on the cup", body) is None


def test_a_light_is_switched_as_people_say_it() -> None:
    body = _body(light={"state": {"type": "boolean"}})
    assert read("mach das Licht an", body, "de") == ActionCall("light", {"state": True})
    assert read("Licht aus!", body, "de") == ActionCall("light", {"state": False})


def test_in_a_language_without_words_for_commands_those_of_english_are_known() -> None:
    assert read("turn left 90 degrees", language="fr") == ActionCall("turn", {"direction": "left", "degrees": 90})


def test_a_number_that_two_parameters_could_take_is_left_to_the_model() -> None:
    body = _body(reach={"x": _INTEGER, "y": _INTEGER})
    assert read("reach 10 20", body) is None
    assert read("reach x 10 y 20", body) == ActionCall("reach", {"x": 10, "y": 20})


def test_a_very_long_command_is_left_to_the_model() -> None:
    assert read("wave " + "please " * 20) is None


@given(DECLARATIONS, st.text("abcdefgh xyz_0123456789.-", max_size=80))
def test_whatever_is_said_only_what_was_declared_comes_out(actions: Any, words: str) -> None:
    for text in (words, *(f"{action.name} {words}" for action in actions)):
        call = read(text, Body(actions))
        assert call is None or is_valid({"action": call.name, **call.arguments}, actions)
