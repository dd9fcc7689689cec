"""Which persona each robot speaks with."""

from __future__ import annotations

from collections import OrderedDict

from ai_server.brain.robots import Robot
from ai_server.memory.personas import ChosenPersonas


class RobotPersonas:
    """The persona that a robot's `control` chose, else the one that its `capabilities` name.

    Choices outlive restarts, and are kept of at most `max_robots` robots, the newest choices.
    """

    def __init__(self, chosen: ChosenPersonas, *, max_robots: int) -> None:
        self._stored = chosen
        self._max_robots = max_robots
        self._chosen: OrderedDict[str, str] = OrderedDict()
        """The oldest choice comes first."""

    async def load(self) -> None:
        """Take in what was chosen before the start.

        Raises:
            DatabaseError: if it cannot be read.
        """
        self._chosen = OrderedDict(reversed(await self._stored.load()))

    async def choose(self, device_id: str, persona: str | None) -> None:
        """Have a robot speak with a persona from its next turn on; None leaves it to its `capabilities` again.

        Raises:
            DatabaseError: if the choice cannot be stored; the one before holds then.
        """
        await self._stored.keep(device_id, persona)
        self._chosen.pop(device_id, None)
        if persona is None:
            return
        self._chosen[device_id] = persona
        if len(self._chosen) > self._max_robots:
            self._chosen.popitem(last=False)

    def of(self, robot: Robot) -> str | None:
        """Return the name of the persona that a robot is to speak with; None for the default one."""
        return self._chosen.get(robot.device_id) or robot.capabilities.persona
