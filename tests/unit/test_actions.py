from __future__ import annotations

import pytest

from ai_server.brain.actions import objection, unsaid_number
from ai_server.llm.chat import ActionCall
from ai_server.protocol.device import ActionDeclaration, ParameterSet

ROVER = tuple(
    ActionDeclaration(name=name, parameters=ParameterSet.model_validate({"properties": properties}))
    for name, properties in (
        ("wave", {}),
        (
            "move",
            {
                "direction": {"type": "string", "enum": ["forward", "backward"]},
                "distance_cm": {"type": "integer", "minimum": 1, "maximum": 200},
            },
        ),
        ("say", {"words": {"type": "string", "maxLength": 5}}),
        ("speed", {"metres": {"type": "number", "minimum": 0.1, "maximum": 2.5}, "careful": {"type": "boolean"}}),
    )
)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("wave", {}),
        ("move", {"direction": "forward", "distance_cm": 200}),
        ("say", {"words": "hello"}),
        ("speed", {"metres": 2, "careful": True}),
    ],
)
def test_what_the_robot_declared_passes(name, arguments):
    assert objection(ActionCall(name, arguments), ROVER) is None


@pytest.mark.parametrize(
    ("name", "arguments", "named"),
    [
        ("fly", {}, "no such action"),
        ("wave", {"arm": "left"}, "arm"),
        ("move", {"direction": "forward"}, "distance_cm"),
        ("move", {"direction": "up", "distance_cm": 5}, "direction: 'up'"),
        ("move", {"direction": "forward", "distance_cm": 201}, "201"),
        ("move", {"direction": "forward", "distance_cm": 0}, "0"),
        ("move", {"direction": "forward", "distance_cm": 5.5}, "5.5"),
        ("move", {"direction": "forward", "distance_cm": True}, "True"),
        ("move", {"direction": "forward", "distance_cm": "5"}, "'5'"),
        ("say", {"words": "too long"}, "too long"),
        ("speed", {"metres": 0.05, "careful": True}, "0.05"),
        ("speed", {"metres": 1, "careful": 1}, "careful"),
    ],
)
def test_anything_else_is_named(name, arguments, named):
    reason = objection(ActionCall(name, arguments), ROVER)
    assert reason is not None
    assert reason.startswith(name)
    assert named in reason


@pytest.mark.parametrize(
    ("words", "distance", "passes"),
    [
        ("go 40 cm forward", 40, True),
        ("go 40 cm forward", 100, False),
        ("go 1.5 forward", 1.5, True),
        ("go forward", 100, True),
        ("go half a metre forward", 50, True),
        ("go 5 or 50 forward", 50, True),
    ],
)
def test_a_small_model_acts_on_no_number_but_those_that_were_said(words, distance, passes):
    reason = unsaid_number(ActionCall("move", {"direction": "forward", "distance_cm": distance}), words)
    assert (reason is None) == passes
