"""What a robot's body can do, in each form in which the brain needs it: prompt, grammar, tools, checks and face."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

from pydantic import JsonValue

from ai_server.brain.grammar import reply_grammar
from ai_server.brain.signatures import signature
from ai_server.brain.tools import Tool
from ai_server.llm.chat import ActionCall
from ai_server.protocol.device import ActionDeclaration, Parameter
from ai_server.protocol.terms import EMOTIONS, Emotion

_NAME_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_STOP = frozenset({"stop", "halt"})
_STOPPING = _STOP | {"emergency", "all", "everything", "moving", "movement", "motor", "motors"}


class Body:
    """The actions that a robot declared; what is derived from them is derived once.

    The action that shows an emotion, its face, is the brain's own to move, so the model is not offered it: the first
    whose one parameter is an `enum` of two or more of the five emotions and nothing else, without `confirm`.

    The action that stops it at once is the first that has no parameters and no `confirm`, and a name such as `stop`,
    `emergency_stop`, `halt` or `stop_motors`.

    Attributes:
        actions: all that were declared.
        face: the one that shows an emotion; None where there is none.
        stop: the one that stops the body; None where there is none.
        offered: those that the model may use.
    """

    def __init__(self, actions: Sequence[ActionDeclaration] = ()) -> None:
        self.actions = tuple(actions)
        self.face = next(filter(_shows_emotions, self.actions), None)
        self.stop = next(filter(_stops, self.actions), None)
        self.offered = tuple(action for action in self.actions if action is not self.face)
        self._named = {action.name: action for action in self.actions}
        self._grammars: dict[tuple[int, tuple[str, ...]], str] = {}

    def lines(self, *, descriptions: bool) -> str:
        """Return the list of actions for a prompt; the embedded model was taught the one without descriptions."""
        if not self.offered:
            return "Actions: none"
        return self._described if descriptions else self._plain

    def grammar(self, max_actions: int, skills: Sequence[Tool] = ()) -> str:
        """Return the GBNF of a reply with at most so many of the offered actions and skills, from its rule `root`.

        Of two things of one name, the body's is meant.
        """
        own = {action.name for action in self.offered}
        others = [skill for skill in skills if skill.name not in own]
        key = (max_actions, tuple(skill.name for skill in others))
        if key not in self._grammars:
            self._grammars[key] = reply_grammar(self.offered, max_actions, others)
        return self._grammars[key]

    @cached_property
    def tools(self) -> tuple[dict[str, Any], ...]:
        """The offered actions as function schemas in the form of OpenAI's `tools`, for models that take those."""
        return tuple(map(_tool, self.offered))

    def declaration(self, name: str) -> ActionDeclaration | None:
        """Return what the robot declared of an action; None where it did not."""
        return self._named.get(name)

    def objection(self, call: ActionCall) -> str | None:
        """Return why an action must not leave the brain; None where it is just what the robot declared."""
        action = self.declaration(call.name)
        if action is None:
            return f"{call.name}: the robot declared no such action"
        wanted = action.parameters.properties
        if call.arguments.keys() != wanted.keys():
            return f"{call.name}: its parameters are {sorted(wanted)}, not {sorted(call.arguments)}"
        for name, parameter in wanted.items():
            if not _fits(call.arguments[name], parameter):
                return f"{call.name}.{name}: {call.arguments[name]!r} is not what the robot declared"
        return None

    def face_for(self, emotion: Emotion) -> ActionCall | None:
        """Return the action that shows an emotion, or `neutral` where the face has no other; None without a face."""
        if self.face is None:
            return None
        ((name, parameter),) = self.face.parameters.properties.items()
        shown = next((each for each in (emotion, "neutral") if each in parameter.enum), None)
        return ActionCall(self.face.name, {name: shown}) if shown else None

    @cached_property
    def _plain(self) -> str:
        return _listed(map(_signature, self.offered))

    @cached_property
    def _described(self) -> str:
        return _listed(map(_description, self.offered))


def _shows_emotions(action: ActionDeclaration) -> bool:
    if action.confirm or len(action.parameters.properties) != 1:
        return False
    (parameter,) = action.parameters.properties.values()
    return len(parameter.enum) > 1 and set(parameter.enum) <= set(EMOTIONS)


def spoken_name(name: str) -> tuple[str, ...]:
    """Return the words of a name: `turn_left` and `turnLeft` are "turn left"."""
    return tuple(part.lower() for part in _NAME_PART.findall(name))


def _stops(action: ActionDeclaration) -> bool:
    name = frozenset(spoken_name(action.name))
    return bool(name & _STOP) and name <= _STOPPING and not action.parameters.properties and not action.confirm


def _listed(lines: Iterable[str]) -> str:
    return "\n".join(["Actions:", *lines])


def _description(action: ActionDeclaration) -> str:
    description = " ".join(action.description.split())
    return f"{_signature(action)} - {description}" if description else _signature(action)


def _signature(action: ActionDeclaration) -> str:
    return signature(action.name, action.parameters.properties)


def _tool(action: ActionDeclaration) -> dict[str, Any]:
    properties = action.parameters.properties
    function = {
        "name": action.name,
        "description": action.description,
        "parameters": {
            "type": "object",
            "properties": {name: _schema(parameter) for name, parameter in properties.items()},
            "required": list(properties),
            "additionalProperties": False,
        },
    }
    return {"type": "function", "function": function}


def _schema(parameter: Parameter) -> dict[str, JsonValue]:
    schema = parameter.model_dump(mode="json", by_alias=True, exclude_unset=True)
    low, high = parameter.range
    return schema | {"minimum": low, "maximum": high} if parameter.type == "integer" else schema


def _fits(value: JsonValue, parameter: Parameter) -> bool:
    match parameter.type:
        case "boolean":
            return isinstance(value, bool)
        case "string":
            return isinstance(value, str) and _text_fits(value, parameter)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool) and _lies_within(value, parameter)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool) and _lies_within(value, parameter)


def _text_fits(value: str, parameter: Parameter) -> bool:
    return value in parameter.enum if parameter.enum else len(value) <= parameter.max_length


def _lies_within(value: float, parameter: Parameter) -> bool:
    return parameter.minimum <= value <= parameter.maximum
