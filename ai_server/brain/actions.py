"""Checking what the model wants the body to do against what the body declared."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic import JsonValue

from ai_server.llm.chat import ActionCall
from ai_server.protocol.device import ActionDeclaration, Parameter

_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def objection(call: ActionCall, declared: Sequence[ActionDeclaration]) -> str | None:
    """Return why an action must not leave the brain; None where it is just what the robot declared."""
    action = next((action for action in declared if action.name == call.name), None)
    if action is None:
        return f"{call.name}: the robot declared no such action"
    wanted = action.parameters.properties
    if call.arguments.keys() != wanted.keys():
        return f"{call.name}: its parameters are {sorted(wanted)}, not {sorted(call.arguments)}"
    for name, parameter in wanted.items():
        if not _fits(call.arguments[name], parameter):
            return f"{call.name}.{name}: {call.arguments[name]!r} is not what the robot declared"
    return None


def unsaid_number(call: ActionCall, words: str) -> str | None:
    """Return why an action's number must not leave the brain: the person said numbers, and not this one.

    For small models, which copy badly; larger ones may turn "1.5 metres" into 150 cm.
    """
    said = {float(number) for number in _NUMBER.findall(words)}
    for name, value in call.arguments.items():
        if isinstance(value, int | float) and not isinstance(value, bool) and said and value not in said:
            return f"{call.name}.{name}: the person did not say {value}"
    return None


def _fits(value: JsonValue, parameter: Parameter) -> bool:
    match parameter.type:
        case "boolean":
            return isinstance(value, bool)
        case "string":
            return isinstance(value, str) and _text_fits(value, parameter)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool) and _in_range(value, parameter)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool) and _in_range(value, parameter)


def _text_fits(value: str, parameter: Parameter) -> bool:
    return value in parameter.enum if parameter.enum is not None else len(value) <= parameter.max_length


def _in_range(value: float, parameter: Parameter) -> bool:
    above = parameter.minimum is None or value >= parameter.minimum
    return above and (parameter.maximum is None or value <= parameter.maximum)
