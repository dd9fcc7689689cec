"""Which persona each robot speaks with."""

from __future__ import annotations

from ai_server.bounded import Newest
from ai_server.brain.robots import Robot
from ai_server.memory.personas import ChosenPersonas


class RobotPersonas:
    """The persona that a robot's `control` chose, else the one that its `capabilities` name.

    Choices outlive restarts, and are kept of at most `max_robots` robots, the newest choices.
    """

    def __init__(self, chosen: ChosenPersonas, *, max_robots: int) -> None:
        self._stored = chosen
        self._max_robots = max_robots
        self._chosen = Newest[str, str](max_robots)

    async def load(self) -> None:
        """Take in what was chosen before the start.

        Raises:
            DatabaseError: if it cannot be read.
        """
        self._chosen = Newest(self._max_robots, reversed(await self._stored.load()))

    async def choose(self, device_id: str, persona: str | None) -> None:
        """Have a robot speak with a persona from its next turn on; None leaves it to its `capabilities` again.

        Raises:
            DatabaseError: if the choice cannot be stored; the one before holds then.
        """
        await self._stored.keep(device_id, persona)
        if persona is None:
            self._chosen.pop(device_id, None)
        else:
            self._chosen[device_id] = persona

    def of(self, robot: Robot) -> str | None:
        """Return the name of the persona that a robot is to speak with; None for the default one."""
        return self._chosen.get(robot.device_id) or robot.capabilities.persona
