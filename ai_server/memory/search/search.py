"""Finding what was said and is known: for a prompt, and for people who ask."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection, Select, and_, bindparam, func, or_, select, union

from ai_server.memory.schema import conversations, facts, search_entries, turns
from ai_server.memory.search import index as search_index
from ai_server.memory.search.embeddings import Embeddings
from ai_server.memory.search.index import Owners
from ai_server.memory.search.query import Query
from ai_server.memory.search.ranking import ENTRIES, Found, Ranked, by_id, rank
from ai_server.memory.search.terms import prepare
from ai_server.memory.storage.database import Database, DatabaseError

__all__ = ["Found", "Search"]

log = structlog.get_logger(__name__)

_RELEVANT = 0.22
"""The part of a query, weighed by how much its words say, that an entry must have to be worth a prompt's tokens."""

_SAME_REASON = 0.7
"""How much less each further turn counts that was found by the same words: it tells a prompt little more."""

_MEANING_TIMEOUT_S = 0.1
_NEAREST = 10
_FUSION = 60
"""Of reciprocal rank fusion: 1 / (60 + rank), summed (Cormack, Clarke and Buettcher, SIGIR 2009)."""

_AT_ONCE = 20
"""So many entries are indexed before something is looked for, where that is not done yet."""

_BESIDE_OTHERS = 4
"""So many are indexed in one transaction, a millisecond's worth: a turn that is stored waits for no more."""

_MERGED_AFTER = 2000
"""The index is merged after so many entries: that writes all of it anew, some 65 bytes for each entry there is."""

_IDLE_S = 1.0
_BETWEEN_S = 0.05
_RETRY_S = 30.0

_HAS_NO_END = 2**31 - 1
"""Above every id."""

_OWN_TURN = and_(turns.c.device_id == bindparam("of_device"), turns.c.user_id == bindparam("of_user"))
_OWN_FACT = and_(facts.c.device_id == bindparam("of_device"), facts.c.user_id == bindparam("of_user"))
_RECALLED = ENTRIES.where(
    or_(
        # what a robot says of its own accord, such as a reminder, answers nobody
        and_(search_entries.c.turn_id < bindparam("before_turn"), _OWN_TURN, turns.c.words != ""),
        and_(
            search_entries.c.fact_id.is_not(None),
            or_(_OWN_FACT, facts.c.household),
            facts.c.superseded_at.is_(None),
            func.coalesce(facts.c.turn_id, 0) < bindparam("before_turn"),
        ),
    )
)

_ROBOTS_OF = union(
    *(select(table.c.device_id).where(table.c.user_id == bindparam("of_user")) for table in (conversations, facts))
)


class Search:
    """Looks through what was said and is known. Every method but `run` can raise `DatabaseError`."""

    def __init__(self, database: Database, embeddings: Embeddings | None = None) -> None:
        """Look in a database; by meaning, too, where there are `embeddings` of it."""
        self._database = database
        self._embeddings = embeddings
        self._unmerged = 0

    async def run(self) -> None:
        """Index what is written, soon after, and make embeddings in what time is left, until cancelled."""
        await asyncio.to_thread(prepare)
        while True:
            pause = _IDLE_S
            try:
                await self.catch_up()
                if self._unmerged >= _MERGED_AFTER:
                    await self.merge()
                if self._embeddings is not None and await self._embeddings.fill():
                    pause = _BETWEEN_S
            except DatabaseError as error:
                log.warning("what was said is not indexed", reason=str(error))
                pause = _RETRY_S
            await asyncio.sleep(pause)

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
        values = {"of_device": device_id, "of_user": user_id or "", "before_turn": before_turn or _HAS_NO_END}
        near = await self._near(*person, words)

        def work(connection: Connection) -> list[Found]:
            ranked = rank(connection, Query.of(words, language), owners, _RECALLED, values, facts_of=facts_of)
            worded = _varied(_once_each(each for each in ranked if each.relevance >= _RELEVANT))
            meant = by_id(connection, near, _RECALLED, values) if near else []
            return [each.found for each in (_once_each(_fused(worded, meant)) if meant else worded)][:limit]

        return await self._read(work)

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
        entries = _entries_of(device_id, user_id)

        def work(connection: Connection) -> list[Found]:
            owners = _owners(connection, device_id, user_id)
            ranked = rank(connection, Query.of(query, ""), owners, entries, {}, at_least=limit)
            return [each.found for each in ranked[:limit]]

        return await self._read(work)

    async def catch_up(self) -> int:
        """Index what was written since, by whomever; return how much."""
        indexed = 0
        while await self._database.read(search_index.is_behind):
            indexed += await self._database.run_undurably(partial(search_index.refresh, at_once=_BESIDE_OTHERS))
        self._unmerged += indexed
        return indexed

    async def merge(self) -> None:
        """Merge the parts that the index is written in, so that it is looked through sooner; others come in between."""
        self._unmerged = 0
        more = await self._database.run_undurably(partial(search_index.merge, everything=True))
        while more:
            more = await self._database.run_undurably(search_index.merge)

    async def _near(self, device_id: str, user_id: str, words: str) -> list[int]:
        """Return what means the same, if the model says so in time: a reply does not wait for it."""
        if self._embeddings is None:
            return []
        try:
            async with asyncio.timeout(_MEANING_TIMEOUT_S):
                return await self._embeddings.nearest(device_id, user_id, words, _NEAREST)
        except TimeoutError:
            log.debug("recalled by words alone", reason="the embedding model takes too long")
            return []

    async def _read(self, work: Callable[[Connection], list[Found]]) -> list[Found]:
        """Read, anew where something was written a moment ago; what cannot be indexed now is for another time."""
        found, is_behind = await self._database.read(
            lambda connection: (work(connection), search_index.is_behind(connection))
        )
        if not is_behind:
            return found
        with suppress(DatabaseError):
            self._unmerged += await self._database.run(partial(search_index.refresh, at_once=_AT_ONCE))
        return await self._database.read(work)


def _owners(connection: Connection, device_id: str | None, user_id: str | None) -> Owners:
    if user_id is None:
        return Owners.of_robot(device_id)
    if device_id is not None:
        return Owners.of_people([(device_id, user_id)])
    robots = connection.execute(_ROBOTS_OF, {"of_user": user_id}).scalars()
    return Owners.of_people((each, user_id) for each in robots)


def _entries_of(device_id: str | None, user_id: str | None) -> Select[Any]:
    named = {"device_id": device_id, "user_id": user_id}
    either = [
        and_(table.c.id.is_not(None), *(table.c[name] == value for name, value in named.items() if value is not None))
        for table in (turns, facts)
    ]
    return ENTRIES.where(or_(*either, facts.c.household))


def _once_each(ranked: Iterable[Ranked]) -> list[Ranked]:
    kept: list[Ranked] = []
    seen: set[int | None] = set()
    for each in ranked:
        if each.turn_id is None or each.turn_id not in seen:
            kept.append(each)
        seen.add(each.turn_id)
    return kept


def _fused(worded: Sequence[Ranked], meant: Sequence[Ranked]) -> list[Ranked]:
    """Merge what was found by words and by meaning: by the ranks, as the scores cannot be compared."""
    scores: defaultdict[int, float] = defaultdict(float)
    for ranking in (worded, meant):
        for place, each in enumerate(ranking, 1):
            scores[each.entry_id] += 1 / (_FUSION + place)
    entries = {each.entry_id: each for each in (*meant, *worded)}
    best = sorted(scores, key=lambda entry_id: (scores[entry_id], entry_id), reverse=True)
    return [replace(entries[each], found=replace(entries[each].found, score=scores[each])) for each in best]


def _varied(ranked: Iterable[Ranked]) -> list[Ranked]:
    """Order entries anew so that turns found by the same words make room; each fact is worth telling."""
    seen: Counter[frozenset[str]] = Counter()
    rated: list[tuple[float, Ranked]] = []
    for each in ranked:
        is_turn = each.found.kind == "turn"
        rated.append((each.found.score * _SAME_REASON ** (seen[each.reason] if is_turn else 0), each))
        seen[each.reason] += is_turn
    return [each for _, each in sorted(rated, key=lambda pair: pair[0], reverse=True)]
