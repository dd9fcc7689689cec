"""How the brain says something that nobody asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from sqlalchemy import Connection

from ai_server.brain.skills.skill import Answer


class Speaker(Protocol):
    """Has robots speak of their own accord."""

    async def say(
        self,
        device_id: str,
        answer: Answer,
        *,
        user_id: str = "",
        intent: str,
        request_id: str,
        language: str,
        within: Callable[[Connection], bool],
    ) -> bool:
        """Say something to a person at a robot, once; when this returns it is on the disk, on its way.

        Args:
            device_id: the robot that speaks.
            answer: what it says, and does with it.
            user_id: to whom, so that nobody else is told of it later; empty for whoever is there.
            intent: what the reply is said to be.
            request_id: the reply's; under one that the robot spoke under before, nothing is said.
            language: what it is said in, a primary tag of BCP 47.
            within: writes, in the transaction that stores the reply, what it settles; where it returns False, having
                written nothing, nothing is said.

        Returns:
            Whether it was said.

        Raises:
            DatabaseError: if the database refused: nothing is said or settled.
        """
        ...
