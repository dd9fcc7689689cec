from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_server.brain.body import Body
from ai_server.brain.grammar import reply_grammar
from ai_server.llm.chat import ActionCall
from ai_server.protocol.device import ActionDeclaration, Capabilities
from ai_server.protocol.terms import EMOTIONS
from tests.declared import DECLARATIONS, is_valid, random_action


def action(name: str, *, description: str = "", confirm: bool = False, **properties: object) -> ActionDeclaration:
    return ActionDeclaration.model_validate(
        {"name": name, "description": description, "confirm": confirm, "parameters": {"properties": properties}}
    )


WAVE = action("wave")
MOVE = action(
    "move",
    description="drive",
    direction={"type": "string", "enum": ["forward", "backward"]},
    distance_cm={"type": "integer", "minimum": 1, "maximum": 200},
)
SAY = action("say", words={"type": "string", "maxLength": 5})
SPEED = action("speed", metres={"type": "number", "minimum": 0.1, "maximum": 2.5}, careful={"type": "boolean"})
CUT = action("cut", description="cut  the\nrope", confirm=True)
SHOW = action("show", emotion={"type": "string", "enum": ["neutral", "happy", "sad"]})
ROVER = Body([WAVE, MOVE, SAY, SPEED])


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("wave", {}),
        ("move", {"direction": "forward", "distance_cm": 200}),
        ("say", {"words": "hello"}),
        ("say", {"words": ""}),
        ("speed", {"metres": 2, "careful": True}),
    ],
)
def test_what_the_robot_declared_passes(name, arguments):
    assert ROVER.objection(ActionCall(name, arguments)) is None


@pytest.mark.parametrize(
    ("name", "arguments", "named"),
    [
        ("fly", {}, "no such action"),
        ("wave", {"arm": "left"}, "arm"),
        ("move", {"direction": "forward"}, "distance_cm"),
        ("move", {"direction": "up", "distance_cm": 5}, "direction: 'up'"),
        ("move", {"direction": "", "distance_cm": 5}, "direction: ''"),
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
    reason = ROVER.objection(ActionCall(name, arguments))
    assert reason is not None
    assert reason.startswith(name)
    assert named in reason


@given(actions=DECLARATIONS.filter(bool), rng=st.integers().map(random.Random), other=st.data())
def test_what_is_no_valid_action_by_its_schema_is_objected_to(actions, rng, other):
    line = random_action(rng.choice(actions), rng)
    for name in list(line):
        if other.draw(st.booleans()):
            line[name] = other.draw(
                st.sampled_from([*line.values(), None, -1, 10**13, 0.5, True, "", "x" * 21, [], {}])
            )
    name, arguments = str(line["action"]), {name: value for name, value in line.items() if name != "action"}
    accepted = Body(actions).objection(ActionCall(name, arguments)) is None
    assert accepted == is_valid({"action": name, **arguments}, actions)


def test_the_lines_are_those_that_the_embedded_model_was_taught():
    assert Body([MOVE, SPEED, SAY, WAVE]).lines(descriptions=False) == (
        "Actions:\n"
        "move(direction: forward|backward, distance_cm: 1..200)\n"
        "speed(metres: 0.1..2.5, careful: true|false)\n"
        "say(words: text)\n"
        "wave()"
    )


@pytest.mark.parametrize(
    ("schema", "values"),
    [
        ({"type": "string", "enum": ["a", "b", "c"]}, "a|b|c"),
        ({"type": "integer", "minimum": 1, "maximum": 200}, "1..200"),
        ({"type": "integer", "minimum": -5, "maximum": 2_000_000}, "-5..2000000"),
        ({"type": "integer", "minimum": 0.5, "maximum": 9.5}, "1..9"),
        ({"type": "number", "minimum": 0.1, "maximum": 2.5}, "0.1..2.5"),
        ({"type": "number", "minimum": 0, "maximum": 1}, "0..1"),
        ({"type": "number", "minimum": -0.25, "maximum": 1e6}, "-0.25..1000000"),
        ({"type": "number", "minimum": 0.00004, "maximum": 10.1239}, "0.001..10.123"),
        ({"type": "string", "maxLength": 20}, "text"),
        ({"type": "boolean"}, "true|false"),
    ],
)
def test_each_kind_of_parameter_has_its_notation(schema, values):
    assert Body([action("do", x=schema)]).lines(descriptions=False) == f"Actions:\ndo(x: {values})"


def test_the_lines_for_large_models_say_what_each_action_does():
    assert Body([MOVE, CUT, WAVE]).lines(descriptions=True) == (
        "Actions:\nmove(direction: forward|backward, distance_cm: 1..200) - drive\ncut() - cut the rope\nwave()"
    )


@pytest.mark.parametrize("actions", [[], [SHOW]])
@pytest.mark.parametrize("descriptions", [False, True])
def test_a_body_with_nothing_to_offer_says_so(actions, descriptions):
    assert Body(actions).lines(descriptions=descriptions) == "Actions: none"


def test_an_action_that_asks_first_is_offered_like_any_other():
    body = Body([CUT])
    assert body.offered == (CUT,)
    assert '"{\\"action\\": \\"cut\\"' in body.grammar(3)


def test_the_grammar_is_that_of_what_is_offered_and_made_once():
    body = Body([SHOW, WAVE])
    assert body.grammar(2) == reply_grammar([WAVE], 2)
    assert body.grammar(2) is body.grammar(2)
    assert body.grammar(1) != body.grammar(2)


def test_the_tools_are_function_schemas_of_what_is_offered():
    assert Body([SHOW, MOVE]).tools == (
        {
            "type": "function",
            "function": {
                "name": "move",
                "description": "drive",
                "parameters": {
                    "type": "object",
                    "properties": {
                        "direction": {"type": "string", "enum": ["forward", "backward"]},
                        "distance_cm": {"type": "integer", "minimum": 1, "maximum": 200},
                    },
                    "required": ["direction", "distance_cm"],
                    "additionalProperties": False,
                },
            },
        },
    )


@given(actions=DECLARATIONS)
def test_the_tools_are_schemas_that_a_robot_could_declare(actions):
    body = Body(actions)
    functions = [tool["function"] for tool in body.tools]
    assert Body(Capabilities.model_validate({"actions": functions}).actions).grammar(3) == body.grammar(3)


@pytest.mark.parametrize(
    ("emotion", "shown"),
    [("neutral", "neutral"), ("happy", "happy"), ("sad", "sad"), ("angry", "neutral"), ("surprised", "neutral")],
)
def test_the_face_shows_an_emotion_or_is_neutral(emotion, shown):
    assert Body([WAVE, SHOW]).face_for(emotion) == ActionCall("show", {"emotion": shown})


def test_a_face_that_cannot_be_neutral_stays_as_it_is_where_it_has_no_such_emotion():
    body = Body([action("mood", of={"type": "string", "enum": ["happy", "sad"]})])
    assert body.face_for("happy") == ActionCall("mood", {"of": "happy"})
    assert body.face_for("angry") is None


def test_the_brains_own_move_of_the_face_is_valid():
    body = Body([SHOW])
    assert [body.objection(call) for emotion in EMOTIONS if (call := body.face_for(emotion))] == [None] * 5


@pytest.mark.parametrize(
    "no_face",
    [
        WAVE,
        MOVE,
        action("show", emotion={"type": "string", "enum": ["happy", "bored"]}),
        action("show", emotion={"type": "string", "enum": ["happy"]}),
        action("show", emotion={"type": "string", "enum": ["happy", "sad"]}, bright={"type": "boolean"}),
        action("show", confirm=True, emotion={"type": "string", "enum": ["happy", "sad"]}),
    ],
)
def test_what_is_no_face_is_offered_to_the_model(no_face):
    body = Body([no_face])
    assert body.face_for("happy") is None
    assert body.offered == (no_face,)


def test_the_first_of_two_faces_is_moved_and_the_other_one_offered():
    second = action("light", mood={"type": "string", "enum": ["happy", "sad"]})
    body = Body([SHOW, second])
    assert (body.face, body.offered) == (SHOW, (second,))


@pytest.mark.parametrize(
    ("name", "stops"),
    [("stop", True), ("emergency_stop", True), ("haltMotors", True), ("stop_all_motors", True), ("stop_music", False)],
)
def test_a_body_is_stopped_by_what_stops_all_of_it(name: str, stops: bool) -> None:
    body = Body(Capabilities.model_validate({"actions": [{"name": "wave"}, {"name": name}]}).actions)
    assert (body.stop.name if body.stop else None) == (name if stops else None)


@pytest.mark.parametrize(
    "stop",
    [
        {"name": "stop", "confirm": True},
        {"name": "stop", "parameters": {"properties": {"motor": {"type": "boolean"}}}},
    ],
)
def test_a_stop_that_needs_a_yes_or_a_value_stops_nothing_at_once(stop: dict[str, object]) -> None:
    assert Body(Capabilities.model_validate({"actions": [stop]}).actions).stop is None
