"""The skills as a language model sees them: beside the robot's actions, and called in the same way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ai_server.brain.signatures import signature
from ai_server.protocol.device import Parameter

_PATTERN_LENGTH = 10
"""Characters of a text with a `pattern`: a date has so many, a time of the day fewer."""

_HEADING = (
    "Skills, called as actions are. A parameter with a ? may be left out. What a skill finds is said for you, after "
    "your words: do not make it up, and do not announce it."
)


@dataclass(frozen=True, slots=True)
class Tool:
    """A skill that a model may call.

    Attributes:
        parameters: by their names, in the order in which they are written.
        optional: those that may be left out.
    """

    name: str
    description: str
    parameters: Mapping[str, Parameter]
    optional: frozenset[str]


def tools_of(described: Iterable[Mapping[str, Any]]) -> tuple[Tool, ...]:
    """Return the tools of what `Skills.tools` describes."""
    return tuple(_tool(each) for each in described)


def tool_lines(tools: Iterable[Tool]) -> str:
    """Return the list of skills for a prompt."""
    return "\n".join([_HEADING, *map(_line, tools)])


def _tool(described: Mapping[str, Any]) -> Tool:
    schema = described["parameters"]
    parameters = {name: _parameter(each) for name, each in schema["properties"].items()}
    return Tool(described["name"], described["description"], parameters, frozenset(parameters) - {*schema["required"]})


def _parameter(schema: Mapping[str, Any]) -> Parameter:
    known = {key: value for key, value in schema.items() if key != "pattern"}
    return Parameter.model_validate({**known, "maxLength": _PATTERN_LENGTH} if "pattern" in schema else known)


def _line(tool: Tool) -> str:
    shown = {f"{name}?" if name in tool.optional else name: each for name, each in tool.parameters.items()}
    return f"{signature(tool.name, shown)} - {tool.description}"
