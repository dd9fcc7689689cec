"""Checking what the model wants the body to do against what the body declared."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ai_server.brain.body import Body
from ai_server.llm.chat import ActionCall
from ai_server.protocol.device import ActionDeclaration

_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def objection(call: ActionCall, declared: Sequence[ActionDeclaration]) -> str | None:
    """Return why an action must not leave the brain; None where it is just what the robot declared."""
    return Body(declared).objection(call)


def unsaid_number(call: ActionCall, words: str) -> str | None:
    """Return why an action's number must not leave the brain: the person said numbers, and not this one.

    For small models, which copy badly; larger ones may turn "1.5 metres" into 150 cm.
    """
    said = {float(number) for number in _NUMBER.findall(words)}
    for name, value in call.arguments.items():
        if isinstance(value, int | float) and not isinstance(value, bool) and said and value not in said:
            return f"{call.name}.{name}: the person did not say {value}"
    return None
