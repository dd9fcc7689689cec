"""Finding what was said and is known: for a prompt, and for people who ask."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, and_, or_, true

from ai_server.memory import search_index
from ai_server.memory.database import Database
from ai_server.memory.query import Query
from ai_server.memory.ranking import Found, Ranked, rank
from ai_server.memory.schema import facts, search_entries, turns
from ai_server.memory.search_index import Owners

__all__ = ["Found", "Search"]

_RELEVANT = 0.22
"""The part of a query, weighed by how much its words say, that an entry must have to be worth a prompt's tokens."""

_SAME_REASON = 0.7
"""How much less each further turn counts that was found by the same words: it tells a prompt little more."""


class Search:
    """Looks through what was said and is known. Every method can raise `DatabaseError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def recall(
        self,
        device_id: str,
        user_id: str | None,
        words: str,
        *,
        language: str = "",
        limit: int = 3,
        before_turn: int | None = None,
    ) -> list[Found]:
        """Return what serves to answer somebody: what they said to this robot, and facts of theirs and the household.

        The best comes first. What fits too little is left out, as are facts that hold no more; of a fact and the turn
        that it was said in, the better one is returned.

        Args:
            device_id: the robot that is spoken to.
            user_id: who speaks; None for somebody whom the robot does not know.
            words: what they say.
            language: in which language of BCP 47; empty where that is not known.
            limit: how many to return at most.
            before_turn: the id of a turn; it and those after it, with their facts, are left out.
        """
        person = (device_id, user_id or "")
        owners, facts_of = Owners.of_person(*person), Owners.of_facts(*person)
        allowed = and_(_is_of(*person), _serves_a_prompt(before_turn))

        def work(connection: Connection) -> list[Found]:
            ranked = rank(connection, Query.of(words, language), owners, allowed, facts_of=facts_of)
            relevant = [each for each in ranked if each.relevance >= _RELEVANT]
            return [each.found for each in _varied(_once_each(relevant))][:limit]

        return await self._database.read(work)

    async def find(
        self, query: str, *, device_id: str | None = None, user_id: str | None = None, limit: int = 20
    ) -> list[Found]:
        """Return what people look for, the best first; facts that hold no more are among it.

        Args:
            query: words in any language.
            device_id: what this robot heard, and the household's facts; None for all robots.
            user_id: what this person said, '' for whoever the robots did not know, and the household's facts; None for
                all people.
            limit: how many to return at most.
        """
        owners = Owners.within(device_id, user_id)
        allowed = _is_of(device_id, user_id)
        ranked = await self._database.read(lambda connection: rank(connection, Query.of(query, ""), owners, allowed))
        return [each.found for each in ranked[:limit]]

    async def catch_up(self) -> int:
        """Index what was written and never indexed, by an older version, say, or an import; return how much."""
        indexed = newly = await self._database.run(search_index.refresh)
        while newly:
            newly = await self._database.run(search_index.refresh)
            indexed += newly
        return indexed


def _is_of(device_id: str | None, user_id: str | None) -> ColumnElement[bool]:
    of_turns = true() if device_id is None else turns.c.device_id == device_id
    of_facts = true() if device_id is None else facts.c.device_id == device_id
    if user_id is not None:
        of_turns, of_facts = and_(of_turns, turns.c.user_id == user_id), and_(of_facts, facts.c.user_id == user_id)
    is_turn = search_entries.c.turn_id.is_not(None)
    return or_(and_(is_turn, of_turns), and_(~is_turn, or_(of_facts, facts.c.household)))


def _serves_a_prompt(before_turn: int | None) -> ColumnElement[bool]:
    holds = or_(search_entries.c.fact_id.is_(None), facts.c.superseded_at.is_(None))
    if before_turn is None:
        return holds
    is_before = or_(search_entries.c.turn_id.is_(None), search_entries.c.turn_id < before_turn)
    was_before = or_(facts.c.turn_id.is_(None), facts.c.turn_id < before_turn)
    return and_(holds, is_before, was_before)


def _once_each(ranked: Iterable[Ranked]) -> list[Ranked]:
    kept: list[Ranked] = []
    for each in ranked:
        if each.turn_id is None or each.turn_id not in {other.turn_id for other in kept}:
            kept.append(each)
    return kept


def _varied(ranked: Iterable[Ranked]) -> list[Ranked]:
    """Order entries anew so that turns found by the same words make room; each fact is worth telling."""
    seen: Counter[frozenset[tuple[str, ...]]] = Counter()
    rated: list[tuple[float, Ranked]] = []
    for each in ranked:
        is_turn = each.found.kind == "turn"
        rated.append((each.found.score * _SAME_REASON ** (seen[each.reason] if is_turn else 0), each))
        seen[each.reason] += is_turn
    return [each for _, each in sorted(rated, key=lambda pair: pair[0], reverse=True)]
