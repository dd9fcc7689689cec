"""The turns in which facts were said, or told back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, or_, select

from ai_server.memory.facts import ANY
from ai_server.memory.privacy.mentions import Mention
from ai_server.memory.privacy.selected import chunks
from ai_server.memory.schema import fact_turns, facts, turns
from ai_server.memory.storage.database import Database

_READ_AT_ONCE = 200
_WORD = re.compile(r"\w")


class Sayings:
    """What goes with facts that are named by their ids.

    Replies that tell one back word for word are found by looking through all there is, in small reads, so that turns
    are stored in between. It is found after the facts are gone, too.

    Args:
        ids: of the facts.

    Attributes:
        facts: those, with those whose place they took, and what else was learnt in the same turns of the same words.
        turns: in which they were said, or told back.
    """

    def __init__(self, ids: Iterable[int]) -> None:
        self.facts: set[int] = set()
        self.turns: set[int] = set()
        self._named = frozenset(ids)
        self._sentences: dict[int, _Sentence] = {}
        self._seen = 0

    @classmethod
    async def of(cls, database: Database, ids: Iterable[int]) -> Sayings:
        """Look through all there is now.

        Raises:
            DatabaseError: if the database refused.
        """
        sayings = cls(ids)
        await sayings.look_on(database)
        return sayings

    async def look_on(self, database: Database, before: datetime | None = None) -> None:
        """Look through what came since; what was said at a moment or after it is left out.

        Raises:
            DatabaseError: if the database refused.
        """
        while await database.read(partial(self._look, before=before)):
            pass

    def catch_up(self, connection: Connection) -> None:
        """Look through what came since."""
        while self._look(connection):
            pass

    def _look(self, connection: Connection, before: datetime | None = None) -> bool:
        """Look through some more turns; False where there were none."""
        if not self._named:
            return False
        self._read_facts(connection)
        rows = connection.execute(
            select(turns.c.id, turns.c.at, turns.c.device_id, turns.c.user_id, turns.c.words, turns.c.text)
            .where(turns.c.id > self._seen)
            .order_by(turns.c.id)
            .limit(_READ_AT_ONCE)
        ).all()
        for row in rows:
            texts = f"{row.words}\n{row.text}".casefold()
            is_in_time = before is None or row.at < before
            if is_in_time and any(
                sentence.is_in((row.device_id, row.user_id), texts) for sentence in self._sentences.values()
            ):
                self.turns.add(row.id)
            self._seen = row.id
        return bool(rows)

    def _read_facts(self, connection: Connection) -> None:
        """Read what the facts say, in which turns that was said, and what else was learnt there of the same words."""
        named = _with_history(connection, self._named)
        said_in: set[int] = set()
        for some in chunks(named):
            rows = connection.execute(select(facts).where(facts.c.id.in_(some))).mappings()
            self._sentences.update((row["id"], _Sentence.of(row)) for row in rows)
            of_facts = select(fact_turns.c.turn_id).where(fact_turns.c.fact_id.in_(some))
            said_in.update(connection.execute(of_facts).scalars())
        self.facts |= named
        self.turns |= said_in
        mentions = [mention for number in named if (mention := self._sentences[number].mention)]
        for some in chunks(said_in):
            beside = select(facts).join(fact_turns, fact_turns.c.fact_id == facts.c.id)
            for row in connection.execute(beside.where(fact_turns.c.turn_id.in_(some))).mappings():
                if any(mention.is_in(row["subject"], row["value"], row["text"]) for mention in mentions):
                    self.facts.add(row["id"])


@dataclass(frozen=True, slots=True)
class _Sentence:
    """What a fact says; `person` is the robot and the person whom it is told, None for everybody."""

    pattern: re.Pattern[str]
    mention: Mention | None
    person: tuple[str, str] | None

    @classmethod
    def of(cls, fact: Mapping[Any, Any]) -> _Sentence:
        words = fact["text"].strip().rstrip(".!").casefold()
        pattern = re.compile(rf"(?<!\w){re.escape(words)}(?!\w)" if words else r"(?!)")
        mention = Mention(fact["value"]) if fact["value"] != ANY and _WORD.search(fact["value"]) else None
        return cls(pattern, mention, None if fact["household"] else (fact["device_id"], fact["user_id"]))

    def is_in(self, person: tuple[str, str], texts: str) -> bool:
        return self.person in {None, person} and self.pattern.search(texts) is not None


def _with_history(connection: Connection, ids: Iterable[int]) -> set[int]:
    """Return facts, of those that there are, and those whose place they took."""
    found: set[int] = set()
    newer = set(ids)
    while newer:
        query = select(facts.c.id).where(or_(facts.c.id.in_(newer), facts.c.superseded_by.in_(newer)))
        newer = set(connection.execute(query).scalars()) - found
        found |= newer
    return found
