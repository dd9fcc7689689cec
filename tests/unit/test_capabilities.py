from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ai_server.protocol.device import Capabilities, Parameter
from ai_server.protocol.errors import ErrorCode, ProtocolError
from ai_server.protocol.inbound import Packet, parse

TOPIC = "naila/devices/r1/capabilities"
PROPERTIES = {
    "direction": {"type": "string", "enum": ["forward", "backward"]},
    "distance_cm": {"type": "integer", "minimum": 1, "maximum": 200},
}


def declare(payload: dict[str, Any], **limits: int) -> Capabilities:
    inbound = parse(Packet(TOPIC, json.dumps(payload).encode()), 65_536, **limits)
    assert inbound is not None
    assert isinstance(inbound.message, Capabilities)
    return inbound.message


def refusal(payload: dict[str, Any], **limits: int) -> ProtocolError:
    with pytest.raises(ProtocolError) as caught:
        declare(payload, **limits)
    return caught.value


def body(parameter: Any = None, **parameters: Any) -> dict[str, Any]:
    """A body with the action `do`, whose parameters are `x` alone or as they are given."""
    schema = parameters or {"properties": {"x": parameter}}
    return {"actions": [{"name": "do", "parameters": schema}]}


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "object"},
        {"type": "object", "properties": PROPERTIES},
        {"properties": PROPERTIES, "required": ["distance_cm", "direction"]},
        {"properties": PROPERTIES, "additionalProperties": False, "title": "Move", "description": "drive"},
        {"$schema": "https://json-schema.org/draft/2020-12/schema", "properties": {}, "required": []},
        {"properties": {"x": {"type": "number", "minimum": -0.5, "maximum": 1, "title": "X", "description": "x"}}},
        {"properties": {"x": {"type": "string", "maxLength": 500}, "y": {"type": "boolean"}}},
        {"properties": {"x": {"type": "integer", "minimum": 0.5, "maximum": 1.5}}},
        {"properties": {"x": {"type": "number", "minimum": 0.1234, "maximum": 0.1241}}},
    ],
)
def test_a_schema_of_one_flat_object_is_taken(schema):
    assert declare({"actions": [{"name": "do", "parameters": schema}]}).actions


@pytest.mark.parametrize(
    ("parameter", "refused"),
    [
        ({"type": "integer", "minimum": 1}, "x: type integer needs minimum and maximum, and it has minimum"),
        ({"type": "number"}, "x: type number needs minimum and maximum, and it has neither"),
        ({"type": "string"}, "x: type string needs either enum or maxLength, and it has neither"),
        (
            {"type": "string", "maxLength": 9, "enum": ["a"]},
            "x: type string needs either enum or maxLength, and it has enum and maxLength",
        ),
        ({"type": "boolean", "maxLength": 5}, "x: type boolean needs nothing else, and it has maxLength"),
        ({"type": "integer", "minimum": 5, "maximum": 3}, "x: minimum 5 is above maximum 3"),
        ({"type": "integer", "minimum": 0.2, "maximum": 0.8}, "x: no integer lies between 0.2 and 0.8"),
        (
            {"type": "number", "minimum": 0.0001, "maximum": 0.0009},
            "x: no number of at most 3 decimal places lies between 0.0001 and 0.0009",
        ),
        ({"type": "number", "minimum": 0, "maximum": 1e13}, "x.maximum: Input should be less than or equal to 10"),
        ({"type": "integer", "minimum": "1", "maximum": 2}, "x.minimum: Input should be a valid number"),
        ({"type": "string", "enum": ["a", "b", "a"]}, "x: enum has 'a' twice"),
        ({"type": "string", "enum": []}, "x.enum: List should have at least 1 item"),
        ({"type": "string", "enum": ["a\nb"]}, "x.enum.0: must hold no control characters"),
        ({"type": "integer", "enum": [1, 2]}, "x.enum.0: Input should be a valid string"),
        ({"type": "string", "maxLength": 501}, "x.maxLength: Input should be less than or equal to 500"),
        ({"type": "object", "properties": {}}, "x.type: Input should be 'number', 'integer', 'string' or 'boolean'"),
        ({"type": ["integer", "null"]}, "x.type: Input should be 'number', 'integer', 'string' or 'boolean'"),
        ({"$ref": "#/$defs/x"}, "x.type: Field required"),
        *(
            ({"type": "boolean", keyword: None}, f"x.{keyword}: the brain would not honour this: leave it out")
            for keyword in ("pattern", "multipleOf", "default", "minLength", "exclusiveMaximum", "format", "const")
        ),
    ],
)
def test_a_parameter_that_the_brain_would_not_honour_is_refused_by_name(parameter, refused):
    error = refusal(body(parameter))
    assert error.code is ErrorCode.INVALID_FIELD
    assert str(error).startswith(f"actions.0.parameters.properties.{refused}")


@pytest.mark.parametrize(
    ("schema", "refused"),
    [
        ({"properties": PROPERTIES, "required": ["direction"]}, "parameters: required leaves out distance_cm"),
        ({"properties": {}, "required": ["speed"]}, "parameters: required names 'speed'"),
        ({"type": "array"}, "parameters.type: Input should be 'object'"),
        ({"properties": {}, "additionalProperties": True}, "parameters.additionalProperties: Input should be False"),
        ({"properties": {}, "oneOf": []}, "parameters.oneOf: the brain would not honour this"),
        ({"properties": {}, "$defs": {}}, "parameters.$defs: the brain would not honour this"),
        ({"properties": {"a b": {"type": "boolean"}}}, "parameters.properties.a b.[key]: String should match"),
        ({"properties": {"action": {"type": "boolean"}}}, "parameters.properties.action.[key]: is the key under"),
        ({"properties": {f"p{n}": {"type": "boolean"} for n in range(17)}}, "parameters.properties: Dictionary should"),
    ],
)
def test_parameters_that_are_no_flat_object_of_required_ones_are_refused_by_name(schema, refused):
    error = refusal(body(**schema))
    assert error.code is ErrorCode.INVALID_FIELD
    assert str(error).startswith(f"actions.0.{refused}")


@pytest.mark.parametrize(
    ("payload", "refused"),
    [
        ({"actions": [{"name": "wave"}, {"name": "nod"}, {"name": "wave"}]}, "actions: wave is declared twice"),
        ({"actions": [{"name": "action"}]}, "actions.0.name: is the key under which a reply names its action"),
        ({"actions": [{"name": "cut", "confrim": True}]}, "actions.0.confrim: the brain would not honour this"),
        ({"actions": [{"name": "cut", "confirm": "yes"}]}, "actions.0.confirm: Input should be a valid boolean"),
        ({"persona": "../naila"}, "persona: String should match pattern"),
        ({"persona": "p" * 33}, "persona: String should match pattern"),
        ({"max_payload_bytes": 127}, "max_payload_bytes: Input should be greater than or equal to 128"),
    ],
)
def test_what_else_is_wrong_with_a_declaration_is_named(payload, refused):
    error = refusal(payload)
    assert error.code is ErrorCode.INVALID_FIELD
    assert str(error).startswith(refused)


def test_a_robot_may_name_its_persona_and_send_fields_of_its_own():
    assert declare({"persona": "ollie", "colour": "blue"}) == Capabilities(persona="ollie")


def test_more_actions_than_the_setting_allows_are_refused_by_a_code_of_their_own():
    actions = [{"name": f"trick_{number}"} for number in range(26)]
    assert len(declare({"actions": actions[:25]}).actions) == 25
    error = refusal({"actions": actions})
    assert (error.code, str(error)) == (
        ErrorCode.TOO_MANY_ACTIONS,
        "actions: 26 are declared, at most 25 are taken (NAILA_MAX_ACTIONS)",
    )
    assert refusal({"actions": actions[:3]}, max_actions=2).code is ErrorCode.TOO_MANY_ACTIONS
    assert len(declare({"actions": actions}, max_actions=26).actions) == 26


def test_a_body_that_is_too_much_to_read_is_refused():
    many = [
        {"name": f"do_{number}", "parameters": {"properties": {f"x{each}": {"type": "boolean"} for each in range(3)}}}
        for number in range(17)
    ]
    assert str(refusal({"actions": many})) == "actions: 51 parameters in all, at most 50 are taken"
    long = [{"name": f"say_{number}", "parameters": {"properties": {
        "x": {"type": "string", "maxLength": 500}}}} for number in range(7)]  # fmt: skip
    assert "enum values and maxLength come to 3500 characters in all" in str(refusal({"actions": long}))


@pytest.mark.parametrize(
    ("schema", "bounds"),
    [
        ({"type": "integer", "minimum": -3, "maximum": 7}, (-3, 7)),
        ({"type": "integer", "minimum": 0.5, "maximum": 7.9}, (1, 7)),
        ({"type": "number", "minimum": 0.1, "maximum": 2.25}, (100, 2250)),
        ({"type": "number", "minimum": -0.1234, "maximum": 0.0009}, (-123, 0)),
    ],
)
def test_a_range_is_known_to_the_last_decimal_place(schema, bounds):
    assert Parameter.model_validate(schema).range == bounds


def test_every_message_that_the_protocols_page_shows_is_one_that_robots_get():
    page = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text()
    section = page.partition("| `error_message` begins with |")[2].partition("\n\n")[0]
    shown = re.findall(r"^\| `(.*?)` \|", section, re.MULTILINE)
    told = [
        str(refusal(payload))
        for payload in (
            body({"type": "integer", "minimum": 1}),
            body({"type": "string"}),
            body({"type": "boolean", "enum": ["a"]}),
            body({"type": "integer", "minimum": 5, "maximum": 3}),
            body({"type": "integer", "minimum": 0.2, "maximum": 0.8}),
            body({"type": "number", "minimum": 0.0001, "maximum": 0.0009}),
            body({"type": "string", "enum": ["red", "red"]}),
            body({"type": "string", "maxLength": 5, "pattern": "a*"}),
            body({"type": "array"}),
            body(properties={"x": {"type": "boolean"}}, required=[]),
            body(properties={}, required=["y"]),
            {"actions": [{"name": "action"}]},
            {"actions": [{"name": "stop"}, {"name": "stop"}]},
            {"actions": [{"name": f"a{n}", "parameters": {"properties": {
                f"x{each}": {"type": "boolean"} for each in range(3)}}} for n in range(17)]},
            {"actions": [{"name": f"a{n}", "parameters": {"properties": {
                "x": {"type": "string", "maxLength": 500}}}} for n in range(7)]},
            {"actions": [{"name": f"a{n}"} for n in range(26)]},
        )
    ]  # fmt: skip
    assert shown == told
