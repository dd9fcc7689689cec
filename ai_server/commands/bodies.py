"""The bodies that a simulated robot can have: what each declares that it can do, as firmware would write it."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue


def _action(name: str, description: str, **parameters: JsonValue) -> JsonValue:
    return {"name": name, "description": description, "parameters": {"type": "object", "properties": parameters}}


def _one_of(*values: str) -> JsonValue:
    return {"type": "string", "enum": list(values)}


def _whole(minimum: int, maximum: int) -> JsonValue:
    return {"type": "integer", "minimum": minimum, "maximum": maximum}


BODIES: Mapping[str, Mapping[str, JsonValue]] = {
    "none": {"actions": []},
    "rover": {
        "actions": [
            _action("move", "drive", direction=_one_of("forward", "backward"), distance_cm=_whole(1, 200)),
            _action("turn", "turn on the spot", direction=_one_of("left", "right"), degrees=_whole(1, 360)),
            _action("light", "set the lamp", color=_one_of("red", "green", "blue", "white", "off")),
            _action("wave", "wave an arm"),
            _action("look", "turn the head", direction=_one_of("left", "right", "up", "down")),
            _action("stop", "stop all motion"),
        ]
    },
}
"""The capabilities message of each body by its name: `rover` drives, turns, lights, waves, looks and stops."""
