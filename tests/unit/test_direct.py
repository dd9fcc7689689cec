from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_server.brain.body import Body
from ai_server.brain.direct import read_command
from ai_server.llm.chat import ActionCall
from ai_server.protocol.device import Capabilities
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
    stop={},
)


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
        ("move forward half a metre", None, {}),
        ("", None, {}),
        ("please", None, {}),
    ],
)
def test_a_command_is_an_action_only_where_it_says_all_of_it_and_nothing_else(
    words: str, name: str | None, arguments: Mapping[str, Any]
) -> None:
    expected = ActionCall(name, dict(arguments)) if name else None
    assert read_command(words, ROVER, names=["Naila"]) == expected


def test_a_number_that_two_parameters_could_take_is_left_to_the_model() -> None:
    body = _body(reach={"x": _INTEGER, "y": _INTEGER})
    assert read_command("reach 10 20", body) is None
    assert read_command("reach x 10 y 20", body) == ActionCall("reach", {"x": 10, "y": 20})


def test_a_very_long_command_is_left_to_the_model() -> None:
    assert read_command("wave " + "please " * 20, ROVER) is None


@given(DECLARATIONS, st.text("abcdefgh xyz_0123456789.-", max_size=80))
def test_whatever_is_said_only_what_was_declared_comes_out(actions: Any, words: str) -> None:
    for text in (words, *(f"{action.name} {words}" for action in actions)):
        call = read_command(text, Body(actions))
        assert call is None or is_valid({"action": call.name, **call.arguments}, actions)
