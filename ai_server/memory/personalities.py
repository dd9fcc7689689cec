"""How far each robot's personality has drifted towards each person."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, insert, select, true, update

from ai_server.memory.schema import personalities
from ai_server.memory.storage.database import Database
from ai_server.memory.storage.rows import read_rows

_LEVELS = re.compile("[-=+]{5}")


class Traits(NamedTuple):
    """A number for each of the five traits of a personality."""

    warmth: float = 0.0
    energy: float = 0.0
    formality: float = 0.0
    humour: float = 0.0
    directness: float = 0.0


@dataclass(frozen=True, slots=True)
class Drift:
    """How far the traits have moved.

    Attributes:
        traits: the differences from the persona's.
        moved: how far, on the day of `at`, the traits moved that moved farthest, turn by turn; no less than 0.
        at: when they moved last.
    """

    traits: Traits
    moved: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a prompt said last of the levels of the traits, each `-` (low), `=` (middle) or `+` (high), in their order.

    Attributes:
        levels: with the drift.
        of_persona: those of the persona by itself, when that was said.
        at: since when it is said.
    """

    levels: str
    of_persona: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Personality:
    """What a robot's personality is like with one person.

    Attributes:
        user_id: the person; None for whoever the robot does not know.
        spoken: None where no prompt has said anything since it began to drift.
    """

    device_id: str
    user_id: str | None
    drift: Drift
    spoken: Spoken | None = None


_OF_PERSON = and_(
    personalities.c.device_id == bindparam("of_device"),
    personalities.c.user_id == bindparam("of_user"),
)
_FIND = select(personalities).where(_OF_PERSON)
_DROP = delete(personalities).where(_OF_PERSON)
_ADD = insert(personalities)
_SPEAK = update(personalities).where(_OF_PERSON)
_DROP_BEYOND = delete(personalities).where(
    personalities.c.id.not_in(
        select(personalities.c.id).order_by(personalities.c.id.desc()).limit(bindparam("at_most"))
    )
)


class Personalities:
    """The personalities of all robots, at most `max_kept` of them: those that drifted last.

    The methods that await can raise `DatabaseError`.
    """

    def __init__(self, database: Database, *, max_kept: int) -> None:
        self._database = database
        self._limit = {"at_most": max_kept}

    async def find(self, device_id: str, user_id: str | None) -> Personality | None:
        """Return what a robot is like with a person; None where it is as its persona is."""
        return await self._database.read(lambda connection: _find(connection, device_id, user_id))

    async def all(self, device_id: str | None = None, user_id: str | None = None) -> list[Personality]:
        """Return those of one robot, one person or everybody, those that drifted last first.

        An empty `user_id` is whoever a robot does not know.
        """
        query = select(personalities).where(_selected(device_id, user_id)).order_by(personalities.c.id.desc())
        return await self._database.read(
            lambda connection: read_rows(connection, personalities, query, {}, _personality)
        )

    async def reset(self, device_id: str | None = None, user_id: str | None = None) -> int:
        """Have one robot, one person or everybody begin again from the personas; return how many had drifted.

        An empty `user_id` is whoever a robot does not know.
        """
        query = delete(personalities).where(_selected(device_id, user_id))
        return await self._database.run(lambda connection: connection.execute(query).rowcount)

    async def speak(self, device_id: str, user_id: str | None, spoken: Spoken) -> None:
        """Keep what prompts say from now on."""
        row = {"levels": spoken.levels, "persona_levels": spoken.of_persona, "spoken_at": spoken.at}
        await self._database.run(lambda connection: connection.execute(_SPEAK.values(row), _person(device_id, user_id)))

    def change(
        self, connection: Connection, device_id: str, user_id: str | None, step: Callable[[Drift | None], Drift | None]
    ) -> None:
        """Put what `step` makes of a drift in its place, within the caller's transaction.

        It is given None where there is none yet, and nothing is stored where it returns None.
        """
        found = _find(connection, device_id, user_id)
        drift = step(found.drift if found else None)
        if drift is None:
            return
        connection.execute(_DROP, _person(device_id, user_id))
        spoken = found.spoken if found else None
        connection.execute(_ADD, _row(Personality(device_id, user_id, drift, spoken)))
        if found is None:
            connection.execute(_DROP_BEYOND, self._limit)


def _find(connection: Connection, device_id: str, user_id: str | None) -> Personality | None:
    found = read_rows(connection, personalities, _FIND, _person(device_id, user_id), _personality)
    return found[0] if found else None


def _person(device_id: str, user_id: str | None) -> dict[str, str]:
    return {"of_device": device_id, "of_user": user_id or ""}


def _selected(device_id: str | None, user_id: str | None) -> ColumnElement[bool]:
    return and_(
        true() if device_id is None else personalities.c.device_id == device_id,
        true() if user_id is None else personalities.c.user_id == user_id,
    )


def _row(personality: Personality) -> dict[str, Any]:
    drift, spoken = personality.drift, personality.spoken
    return {
        "device_id": personality.device_id,
        "user_id": personality.user_id or "",
        **drift.traits._asdict(),
        "moved": drift.moved,
        "updated_at": drift.at,
        "levels": spoken.levels if spoken else None,
        "persona_levels": spoken.of_persona if spoken else None,
        "spoken_at": spoken.at if spoken else None,
    }


def _personality(row: Mapping[Any, Any]) -> Personality:
    """Return what a row holds.

    Raises:
        ValueError: if it is nonsense; also TypeError.
    """
    traits = Traits(*(float(row[trait]) for trait in Traits._fields))
    drift = Drift(traits, float(row["moved"]), row["updated_at"])
    spoken = None
    if row["levels"] is not None:
        levels = (row["levels"], row["persona_levels"])
        if not all(map(_LEVELS.fullmatch, levels)):
            raise ValueError(f"no levels of traits: {levels}")
        spoken = Spoken(*levels, row["spoken_at"])
    return Personality(row["device_id"], row["user_id"] or None, drift, spoken)
