"""Reads the JSON in a reply: an action in our own form, or a tool call as other models write it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from ai_server.llm.chat import ActionCall

_json = msgspec.json.Decoder(dict[str, Any] | list[Any])
_object = msgspec.json.Decoder(dict[str, Any])


class JsonEnd:
    """Follows JSON to its end.

    Attributes:
        open: the brackets and braces that are to be closed, the innermost last.
    """

    def __init__(self) -> None:
        self.open: list[str] = []
        self._in_string = False
        self._escaped = False

    def is_after(self, char: str) -> bool:
        """Read one more character; say whether it closes the first one."""
        if self._in_string:
            self._in_string = char != '"' or self._escaped
            self._escaped = char == "\\" and not self._escaped
            return False
        if char == '"':
            self._in_string = True
        elif char in "{[":
            self.open.append("}" if char == "{" else "]")
        elif self.open and char == self.open[-1]:
            self.open.pop()
        return not self.open


def calls(raw: str, tool: str | None = None) -> list[ActionCall] | None:
    """Return the actions that a JSON object or array names; None where it is broken or a part of it names none.

    Args:
        raw: `{"action": NAME, ...}`; `{"name": NAME, "arguments": {...}}`, with `function` for `name` and `parameters`
            for `arguments` too; `{"function": {...}}` or `{"tool_calls": [...]}` around those; or an array of these.
        tool: what is called, where that stood before the JSON; then an object may be the arguments alone.
    """
    try:
        found = [_call(each, tool) for each in _parts(_json.decode(raw))]
    except (msgspec.DecodeError, RecursionError):
        return None
    named = [call for call in found if call]
    return named if named and len(named) == len(found) else None


def _parts(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        for each in value:
            yield from _parts(each)
    elif not isinstance(value, dict):
        yield {}
    elif isinstance(value.get("tool_calls"), list):
        yield from _parts(value["tool_calls"])
    elif isinstance(value.get("function"), dict):
        yield value["function"]
    else:
        yield value


def _call(value: dict[str, Any], tool: str | None) -> ActionCall | None:
    action, wrapped = value.get("action"), _arguments(value)
    if isinstance(action, str) and action:
        rest = {key: each for key, each in value.items() if key != "action"}
        return ActionCall(action, wrapped if wrapped is not None and len(rest) == 1 else rest)
    name = value.get("name", value.get("function"))
    if isinstance(name, str) and name and wrapped is not None:
        return ActionCall(name, wrapped)
    return ActionCall(tool, value) if tool else None


def _arguments(value: dict[str, Any]) -> dict[str, Any] | None:
    arguments = value.get("arguments", value.get("parameters"))
    if isinstance(arguments, str):
        return _object.decode(arguments)
    return arguments if isinstance(arguments, dict) else None
