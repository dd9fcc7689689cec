"""Random declarations of bodies, replies that they allow, and a judge of what they do not."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from ai_server.protocol.device import ActionDeclaration, Capabilities, Parameter
from ai_server.protocol.terms import EMOTIONS

_NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,7}", fullmatch=True).filter(lambda name: name != "action")
_ENUM_VALUES = st.text(
    st.characters(categories=["L", "N", "P", "S"], include_characters=' "\\'), min_size=1, max_size=6
)
_BOUNDS = st.integers(-30, 30) | st.integers(-(10**12), 10**12)
_DECIMALS = st.decimals(-20, 20, places=2) | st.decimals(-(10**6), 10**6, places=4)

_SCHEMAS = st.one_of(
    st.tuples(_BOUNDS, _BOUNDS).map(lambda bounds: {"type": "integer", "minimum": min(bounds), "maximum": max(bounds)}),
    st.tuples(_DECIMALS, _DECIMALS)
    .filter(lambda bounds: abs(bounds[0] - bounds[1]) >= Decimal("0.001"))
    .map(lambda bounds: {"type": "number", "minimum": float(min(bounds)), "maximum": float(max(bounds))}),
    st.lists(_ENUM_VALUES, min_size=1, max_size=4, unique=True).map(lambda enum: {"type": "string", "enum": enum}),
    st.integers(1, 20).map(lambda length: {"type": "string", "maxLength": length}),
    st.just({"type": "boolean"}),
)

_ACTIONS = st.fixed_dictionaries(
    {
        "name": _NAMES,
        "parameters": st.fixed_dictionaries({"properties": st.dictionaries(_NAMES, _SCHEMAS, max_size=4)}),
        "confirm": st.booleans(),
    }
)

DECLARATIONS = st.lists(_ACTIONS, max_size=5, unique_by=lambda action: action["name"]).map(
    lambda actions: Capabilities.model_validate({"actions": actions}).actions
)
"""What random robots declare that their bodies can do."""


def is_valid(line: Mapping[str, Any], actions: Sequence[ActionDeclaration]) -> bool:
    """Judge an action by the JSON Schema that was declared."""
    action = next((each for each in actions if each.name == line.get("action")), None)
    if action is None:
        return False
    properties = action.parameters.model_dump(mode="json", by_alias=True, exclude_unset=True).get("properties", {})
    schema = {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}
    arguments = {name: value for name, value in line.items() if name != "action"}
    return bool(Draft202012Validator(schema).is_valid(arguments))


def random_reply(actions: Sequence[ActionDeclaration], max_actions: int, rng: random.Random) -> str:
    """Return a reply with declared actions, as a model that does everything right would write it."""
    words = rng.choice(["On my way!", "Hm… ok?", "Žluťoučký kůň 🐎.\nUnd los!", "x", "Is 5 > 3?  \n\nYes", "好的。"])
    chosen = [rng.choice(actions) for _ in range(rng.randint(0, max_actions if actions else 0))]
    lines = [json.dumps(random_action(action, rng), ensure_ascii=False) for action in chosen]
    return "\n".join([f"[{rng.choice(EMOTIONS)}] {words}", *lines])


def random_action(action: ActionDeclaration, rng: random.Random) -> dict[str, Any]:
    """Return what stands in a reply for an action with valid arguments."""
    properties = action.parameters.properties
    return {"action": action.name, **{name: _random_value(each, rng) for name, each in properties.items()}}


def _random_value(parameter: Parameter, rng: random.Random) -> Any:
    match parameter.type:
        case "boolean":
            return rng.random() < 0.5
        case "string" if parameter.enum:
            return rng.choice(parameter.enum)
        case "string":
            return "".join(rng.choice('ab "\\\n{}[]é🐎') for _ in range(rng.choice([0, parameter.max_length])))
    low, high = parameter.range
    units = rng.choice([low, high, rng.randint(low, high)])
    return units if parameter.type == "integer" else float(Decimal(units).scaleb(-parameter.places))
