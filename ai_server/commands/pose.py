"""A body that exists in words only: it moves about in a small room, and bumps into its walls."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from ai_server.protocol.action import ActionResult
from ai_server.protocol.reply import ActionMessage

TO_WALL_CM = 150.0
"""From the middle of the room, where the body starts, to each of its four walls."""

_NOTHING_CM = 1e-6


@dataclass(frozen=True, slots=True)
class Deed:
    """What a body did, or did not.

    Attributes:
        action: what it was told.
        words: for people, such as "rover moves forward 50 cm".
        status: what it answers the brain.
        detail: why, where it is not `done`.
    """

    action: ActionMessage
    words: str
    status: Literal["done", "failed", "refused"] = "done"
    detail: str | None = None

    @property
    def result(self) -> ActionResult:
        """What goes to the brain."""
        return ActionResult(command_id=self.action.command_id, status=self.status, detail=self.detail)


class SimulatedBody:
    """Performs every action at once.

    Attributes:
        x: centimetres to the right of the middle of the room.
        y: centimetres ahead of it.
        heading: degrees, clockwise from ahead.
        lamp: its colour.
    """

    def __init__(self, name: str) -> None:
        self.x = 0.0
        self.y = 0.0
        self.heading = 0
        self.lamp = "off"
        self._name = name

    def perform(self, action: ActionMessage) -> Deed:
        """Do what an action says, unless it is too late for it."""
        if action.expires_at is not None and datetime.now(UTC) > action.expires_at:
            return Deed(action, f"{self._name} leaves {action.action} be: it came too late", "refused", "too late")
        match action.action, action.arguments:
            case "move", {"direction": str(direction), "distance_cm": int(distance)}:
                return self._move(action, direction, distance)
            case "turn", {"direction": str(direction), "degrees": int(degrees)}:
                self.heading = (self.heading + (degrees if direction == "right" else -degrees)) % 360
                words = f"turns {direction} {degrees} degrees"
            case "light", {"color": str(color)}:
                self.lamp = color
                words = f"sets its lamp to {color}"
            case "look", {"direction": str(direction)}:
                words = f"looks {direction}"
            case "wave" | "stop", _:
                words = f"{action.action}s"
            case _:
                words = " ".join(["does", action.action, *map(str, action.arguments.values())])
        return Deed(action, f"{self._name} {words}")

    def _move(self, action: ActionMessage, direction: str, distance: int) -> Deed:
        radians = math.radians(self.heading + (180 if direction == "backward" else 0))
        right, ahead = math.sin(radians), math.cos(radians)
        free = min(_to_wall(self.x, right), _to_wall(self.y, ahead))
        moved = min(float(distance), free)
        self.x += moved * right
        self.y += moved * ahead
        words = f"{self._name} moves {direction} {moved:.0f} cm"
        if moved < distance:
            return Deed(action, f"{words} and hits the wall", "failed", f"wall after {moved:.0f} cm")
        return Deed(action, words)


def _to_wall(position: float, step: float) -> float:
    """Return how far a body gets that comes nearer to one of two walls by `step` centimetres a centimetre."""
    if abs(step) < _NOTHING_CM:
        return math.inf
    return max(0.0, (math.copysign(TO_WALL_CM, step) - position) / step)
