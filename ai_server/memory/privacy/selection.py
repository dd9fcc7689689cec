"""Which part of what is remembered is meant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Table, func

from ai_server.memory.privacy.mentions import Mention


@dataclass(frozen=True, slots=True)
class Selection:
    """A part of what is remembered: everything that is set must hold; where nothing is, all of it is meant.

    What is meant by `facts` is meant in any case, and alone where nothing else is set: these, the turns in which they
    were said or told back, and what `Sayings` finds beside.

    Attributes:
        device_id: of this robot.
        user_id: of this person; empty for whoever a robot does not know.
        about: what speaks of these words, as `Mention` finds them.
        since: from this moment on.
        until: before this moment.
        facts: the ids of facts.

    Raises:
        ValueError: `about` holds no word, a moment has no time zone, or `until` is not after `since`.
    """

    device_id: str | None = None
    user_id: str | None = None
    about: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    facts: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        if self.about is not None:
            Mention(self.about)
        for moment in (self.since, self.until):
            if moment is not None and moment.tzinfo is None:
                raise ValueError(f"{moment.isoformat()} has no time zone")
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise ValueError("until must be after since")

    @property
    def is_everything(self) -> bool:
        """Whether nothing is set."""
        return self == Selection()

    @property
    def is_of_facts_alone(self) -> bool:
        """Whether nothing but facts is set."""
        return bool(self.facts) and self == Selection(facts=self.facts)

    @property
    def is_whole(self) -> bool:
        """Whether it means all there is of robots or persons, whenever it was said and whatever it speaks of."""
        return (self.about, self.since, self.until) == (None, None, None) and not self.is_of_facts_alone

    @property
    def scope(self) -> str:
        """The same in words that quote nothing of what was said, for the audit log."""
        parts = []
        if self.device_id is not None:
            parts.append(f"robot {self.device_id}")
        if self.user_id is not None:
            parts.append(f"person {self.user_id}" if self.user_id else "whoever is not known")
        if self.about is not None:
            parts.append("by words")
        if self.since is not None:
            parts.append(f"since {self.since.astimezone(UTC).isoformat(timespec='seconds')}")
        if self.until is not None:
            parts.append(f"until {self.until.astimezone(UTC).isoformat(timespec='seconds')}")
        if self.facts:
            parts.append(f"facts {', '.join(map(str, sorted(self.facts)))}")
        return ", ".join(parts) or "everything"

    def limits(self, table: Table, moment: str | None = None) -> list[ColumnElement[bool]]:
        """Return what of this, but for the words, can be asked of a table's rows.

        Args:
            table: with a column `device_id`, and one `user_id` where a person can be asked for.
            moment: its column that tells when; None where the times are not asked of it.
        """
        limits: list[ColumnElement[bool]] = []
        if self.device_id is not None:
            limits.append(table.c.device_id == self.device_id)
        if self.user_id is not None and "user_id" in table.c:
            limits.append(func.coalesce(table.c.user_id, "") == self.user_id)
        if moment is not None and self.since is not None:
            limits.append(table.c[moment] >= self.since)
        if moment is not None and self.until is not None:
            limits.append(table.c[moment] < self.until)
        return limits
