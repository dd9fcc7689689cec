"""Which entries of the index fit a query, and how well."""

from __future__ import annotations

import heapq
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, Select, bindparam, select

from ai_server.memory.schema import facts, search_entries, turns
from ai_server.memory.search.index import TERM_LETTERS, LookUp, Owners, newest
from ai_server.memory.search.query import Query, Word

_NEWEST, _NEWEST_OF_OTHERS = 100, 50
"""So many entries are looked at for a word, and for each other one that may be meant, the newest: a word that more have
says little of any of them."""

_TOGETHER = 100
"""So many are looked at that have two frequent words of the query at once, however old they are."""

_CANDIDATES = 24
_FACTS = 16

_NOMINAL_ENTRIES = 1000
"""In place of how many entries a person has, for how much a word says by how many have it: counting takes long."""

_FACT = 1.2
"""A fact counts so much more: it was worth keeping."""

_ANSWER = 1.2
"""So does what has a time or a number where the question is after one."""

_REPLY = 0.6
"""A word in a reply counts so much of what it does in the person's own words."""

_QUESTION, _REPLY_TERM, _ANSWERED_QUESTION = 0.2, 0.2, 0.8
"""So does one in a question, which says nothing itself; it counts more for each term that the reply adds, up to 0.8."""

_FURTHER_SENSES = 0.3
"""So do the further senses of a word that an entry has, beside the best one."""

_BY_SOUND = 0.5
_UNKNOWN = 0.5
"""How much a word of the query counts that no entry has, beside one that a single entry has."""

_RECENCY = 0.1
_RECENCY_DAYS = 60.0
"""What is new counts a tenth more; half of that is left after so many days."""

_SHORT = 12
_LENGTH = 0.01
"""An entry counts so much less for each term beyond the first `_SHORT`: more of it is about other things."""


@dataclass(frozen=True, slots=True)
class Found:
    """A turn or a fact.

    Attributes:
        kind: which of them.
        id: of its row in that table.
        at: when it was said, in UTC.
        device_id: the robot that heard it.
        user_id: who said it; empty for somebody whom the robot did not know.
        text: the person's words, or the fact in a sentence.
        reply: what the robot answered; empty for a fact.
        score: how well it fits, the higher the better; to be compared within one answer alone.
    """

    kind: Literal["turn", "fact"]
    id: int
    at: datetime
    device_id: str
    user_id: str
    text: str
    reply: str
    score: float


@dataclass(frozen=True, slots=True)
class Ranked:
    """An entry that has words of a query.

    Attributes:
        entry_id: of its row.
        found: what it is of.
        relevance: the part of the query that it has, by how much the words say, from 0 to about 1.
        turn_id: of the turn, or of the one that the fact was said in; None where that is gone.
        reason: the digests of the query that it has.
    """

    entry_id: int
    found: Found
    relevance: float
    turn_id: int | None
    reason: frozenset[str]


_WORD = re.compile(r"\w+")

ENTRIES = (
    select(
        search_entries.c.id,
        search_entries.c.terms,
        search_entries.c.said,
        search_entries.c.replied,
        search_entries.c.asks,
        turns.c.id.label("turn_id"),
        turns.c.at,
        turns.c.device_id,
        turns.c.user_id,
        turns.c.words,
        turns.c.text,
        facts.c.id.label("fact_id"),
        facts.c.turn_id.label("fact_turn_id"),
        facts.c.learned_at,
        facts.c.device_id.label("fact_device_id"),
        facts.c.user_id.label("fact_user_id"),
        facts.c.text.label("fact_text"),
    )
    .select_from(search_entries)
    .outerjoin(turns, turns.c.id == search_entries.c.turn_id)
    .outerjoin(facts, facts.c.id == search_entries.c.fact_id)
    .where(search_entries.c.id.in_(bindparam("ids", expanding=True)))
)
"""Everything that is needed of the entries `ids`."""


def rank(
    connection: Connection,
    query: Query,
    owners: Owners,
    entries: Select[Any],
    values: Mapping[str, Any],
    *,
    facts_of: Owners | None = None,
    at_least: int = 0,
) -> list[Ranked]:
    """Return the entries that fit a query, the best first.

    A word says the more the fewer entries have it, as in BM25 (Robertson and Zaragoza, 2009): ln(1 + N / n). What is
    in the person's own words counts more than what is in a reply, and a question less than both. Where no entry has a
    word, those count whose words sound like it.

    Args:
        connection: to read from.
        query: what to look for.
        owners: whose entries to look through.
        entries: `ENTRIES` where the names are the right ones, whatever the index says.
        values: of that statement's parameters.
        facts_of: whose facts to look through besides, which are few and must not be lost among many turns.
        at_least: how many to return, where so many fit.
    """
    words, of_facts = _look_up(connection, query.words, owners, facts_of, at_least)
    ids = _promising(connection, words, owners, at_least) + of_facts
    if not ids:
        return []
    rows = [_Entry._make(row) for row in connection.execute(entries, {**values, "ids": ids}).all()]
    if facts_of is not None:
        words = _with_facts(words, [each for each in rows if each.is_fact])
    judge = _Judge(words, sum(each.weight for each in words), query.answer, datetime.now(UTC))
    return sorted(map(judge.ranked, rows), key=lambda each: (each.found.score, each.entry_id), reverse=True)


def by_id(connection: Connection, ids: Sequence[int], entries: Select[Any], values: Mapping[str, Any]) -> list[Ranked]:
    """Return the entries with some ids, in their order; those that `entries` leaves out are left out.

    Args:
        connection: to read from.
        ids: of the entries.
        entries: as for `rank`.
        values: of that statement's parameters.
    """
    rows = map(_Entry._make, connection.execute(entries, {**values, "ids": ids}).all())
    found = {each.id: Ranked(each.id, each.found(0.0), 0.0, each.said_in, frozenset()) for each in rows}
    return [found[each] for each in ids if each in found]


class _Entry(NamedTuple):
    """A row of `ENTRIES`."""

    id: int
    terms: str
    said: int
    replied: int
    asks: bool
    turn_id: int | None
    at: datetime
    device_id: str
    user_id: str
    words: str
    text: str
    fact_id: int | None
    fact_turn_id: int | None
    learned_at: datetime
    fact_device_id: str
    fact_user_id: str
    fact_text: str

    @property
    def is_fact(self) -> bool:
        return self.fact_id is not None

    @property
    def said_in(self) -> int | None:
        return self.fact_turn_id if self.is_fact else self.turn_id

    @property
    def length(self) -> int:
        """How many terms it has but for the sounds."""
        return self.said + self.replied

    def worths(self) -> dict[str, float]:
        """Return what each term is worth by where it stands."""
        terms = [term[:TERM_LETTERS] for term in self.terms.split()]
        own = min(_ANSWERED_QUESTION, _QUESTION + _REPLY_TERM * self.replied) if self.asks else 1.0
        worths = dict.fromkeys(terms, own)
        if self.replied:
            worths |= dict.fromkeys(terms[self.said : self.length], _REPLY)
        return worths

    def found(self, score: float) -> Found:
        if self.fact_id is not None:
            whose = (self.fact_device_id, self.fact_user_id)
            return Found("fact", self.fact_id, self.learned_at, *whose, self.fact_text, "", score)
        turn_id = self.turn_id or 0
        return Found("turn", turn_id, self.at, self.device_id, self.user_id, self.words, self.text, score)


@dataclass(frozen=True, slots=True)
class _Sense:
    """What the index has of one sense of a word.

    Attributes:
        digests: of its terms.
        worth: as of the query's.
        count: how many entries have it, as far as that was counted.
        entry_ids: the newest of them.
    """

    digests: tuple[str, ...]
    worth: float
    count: int
    entry_ids: Sequence[int]

    @property
    def weight(self) -> float:
        return self.worth * math.log1p(_NOMINAL_ENTRIES / self.count) if self.count else 0.0


@dataclass(frozen=True, slots=True)
class _Word:
    senses: tuple[_Sense, ...]
    weights: tuple[float, ...]
    weight: float

    @classmethod
    def of(cls, senses: Sequence[_Sense]) -> _Word:
        weights = tuple(each.weight for each in senses)
        return cls(tuple(senses), weights, max(weights) or _UNKNOWN * math.log1p(_NOMINAL_ENTRIES))


def _look_up(
    connection: Connection, words: Sequence[Word], owners: Owners, facts_of: Owners | None, at_least: int
) -> tuple[list[_Word], list[int]]:
    """Return what the index has of each word, and the facts that have one of them."""
    senses = [sense for word in words for sense in word.senses]
    lookups = [
        LookUp([each.digests], owners, max(at_least, _NEWEST if each.worth == 1 else _NEWEST_OF_OTHERS))
        for each in senses
    ]
    if facts_of is not None and senses:
        digests = {digest for each in senses for digest in each.digests} | {each.heard for each in words if each.heard}
        lookups.append(LookUp([digests], facts_of, _FACTS))
    ids = newest(connection, lookups)
    of_facts = ids.pop() if len(ids) > len(senses) else []
    found = iter([_Sense(each.digests, each.worth, len(of), of) for each, of in zip(senses, ids, strict=True)])
    of_words = [[next(found) for _ in word.senses] for word in words]
    _add_sounds(connection, words, of_words, owners)
    return [_Word.of(each) for each in of_words], of_facts


def _add_sounds(
    connection: Connection, words: Sequence[Word], of_words: Sequence[list[_Sense]], owners: Owners
) -> None:
    """Add what sounds like the words that nobody said."""
    unknown = [
        (word.heard, senses) for word, senses in zip(words, of_words, strict=True) if word.heard and not senses[0].count
    ]
    found = newest(connection, [LookUp([(heard,)], owners, _NEWEST) for heard, _ in unknown])
    for (heard, senses), ids in zip(unknown, found, strict=True):
        senses.append(_Sense((heard,), _BY_SOUND, len(ids), ids))


def _promising(connection: Connection, words: Sequence[_Word], owners: Owners, at_least: int) -> list[int]:
    """Return the entries with the most of the words that say the most, as far as the index alone can tell."""
    promise: defaultdict[int, float] = defaultdict(float)
    for word in words:
        best: dict[int, float] = {}
        for weight, sense in sorted(zip(word.weights, word.senses, strict=True), key=itemgetter(0)):
            best.update(dict.fromkeys(sense.entry_ids, weight))
        for entry_id, weight in best.items():
            promise[entry_id] += weight
    for entry_id, weight in _together(connection, words, owners):
        promise[entry_id] += weight
    return heapq.nlargest(max(at_least, _CANDIDATES), promise, key=promise.__getitem__)


def _together(connection: Connection, words: Sequence[_Word], owners: Owners) -> Iterable[tuple[int, float]]:
    """Return entries that have two frequent words, which may be older than the newest with one of them."""
    senses = [word.senses[0] for word in words if word.senses[0].count >= _NEWEST][:2]
    if len(senses) < 2:
        return []
    [entry_ids] = newest(connection, [LookUp([each.digests for each in senses], owners, _TOGETHER)])
    seen = {*senses[0].entry_ids, *senses[1].entry_ids}
    return [(entry_id, sum(each.weight for each in senses)) for entry_id in entry_ids if entry_id not in seen]


def _digests(words: Sequence[_Word]) -> list[str]:
    return [digest for word in words for sense in word.senses for digest in sense.digests]


def _with_facts(words: Sequence[_Word], known: Sequence[_Entry]) -> list[_Word]:
    """Count the facts that have a word, too."""
    if not known:
        return list(words)
    counts = Counter(term[:TERM_LETTERS] for each in known for term in each.terms.split())
    return [
        _Word.of([replace(each, count=each.count + max(map(counts.__getitem__, each.digests))) for each in word.senses])
        for word in words
    ]


@dataclass(frozen=True, slots=True)
class _Judge:
    """What an entry is rated by."""

    words: Sequence[_Word]
    weight: float
    answer: frozenset[str]
    now: datetime

    def ranked(self, entry: _Entry) -> Ranked:
        worths = entry.worths()
        relevance = sum(_part(word, worths) for word in self.words) / self.weight
        score = relevance * self._recency(entry.learned_at if entry.is_fact else entry.at)
        score /= 1 + _LENGTH * max(0, entry.length - _SHORT)
        if entry.is_fact:
            score *= _FACT
        if self.answer and self._may_answer(entry.fact_text if entry.is_fact else f"{entry.words} {entry.text}"):
            score *= _ANSWER
        reason = frozenset(digest for digest in _digests(self.words) if digest in worths)
        return Ranked(entry.id, entry.found(score), relevance, entry.said_in, reason)

    def _recency(self, at: datetime) -> float:
        days = max(0.0, (self.now - at).total_seconds()) / 86400
        return float(1 + _RECENCY * 0.5 ** (days / _RECENCY_DAYS))

    def _may_answer(self, text: str) -> bool:
        words = _WORD.findall(text.lower())
        return not self.answer.isdisjoint(words) or any(each[0].isdecimal() for each in words)


def _part(word: _Word, worths: Mapping[str, float]) -> float:
    """Return how much of a word's weight an entry has: that of its best sense, and some of the others'."""
    parts = [
        weight * max(worths.get(digest, 0.0) for digest in sense.digests)
        for sense, weight in zip(word.senses, word.weights, strict=True)
    ]
    best = max(parts)
    return min(word.weight, best + _FURTHER_SENSES * (sum(parts) - best))
