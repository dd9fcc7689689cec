"""Which entries of the index fit a query, and how well."""

from __future__ import annotations

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import repeat
from operator import itemgetter
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, Select, bindparam, select

from ai_server.memory.schema import facts, search_entries, turns
from ai_server.memory.search.index import TERM_LETTERS, LookUp, Owners, newest
from ai_server.memory.search.query import Query, Sense, Word

_NEWEST = 80
"""So many entries are looked at for a word, and for each other one that may be meant, the newest: a word that more have
says little of any of them."""

_TOGETHER = 50
"""So many are looked at that have two frequent words of the query at once, however old they are."""

_CANDIDATES = 24
_LOOK_UPS = 8
"""Of senses; further ones of a long question are judged by, but not looked up."""

_FACTS = 16

_NOMINAL_ENTRIES = 1000
"""In place of how many entries a person has, for how much a word says by how many have it: counting takes long."""

_FACT = 1.3
"""A fact counts so much more: it was worth keeping."""

_KIND = 1.3
"""So does what has a time, a number or a name where the question is after one, or is said of oneself."""

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
    words, of_facts = _look_up(connection, query, owners, facts_of, at_least)
    ids = [*dict.fromkeys(_promising(connection, words, query.kinds, owners, at_least) + of_facts)]
    if not ids:
        return []
    rows = [_Entry._make(row) for row in connection.execute(entries, {**values, "ids": ids}).all()]
    if facts_of is not None:
        words = _with_facts(words, [each for each in rows if each.is_fact])
    judge = _Judge(words, query.kinds, datetime.now(UTC))
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

    def worths(self, wanted: Container[str]) -> dict[str, float]:
        """Return what each wanted term that it has is worth by where it stands."""
        own = min(_ANSWERED_QUESTION, _QUESTION + _REPLY_TERM * self.replied) if self.asks else 1.0
        return {
            digest: _REPLY if self.said <= place < self.length else own
            for place, term in enumerate(self.terms.split())
            if (digest := term[:TERM_LETTERS]) in wanted
        }

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

    @classmethod
    def of(cls, sense: Sense, entry_ids: Sequence[int] | None) -> _Sense:
        """Return what was found; what was not looked up is taken for frequent."""
        return cls(sense.digests, sense.worth, _NEWEST if entry_ids is None else len(entry_ids), entry_ids or ())

    @property
    def weight(self) -> float:
        return self.worth * math.log1p(_NOMINAL_ENTRIES / self.count) if self.count else 0.0


@dataclass(frozen=True, slots=True)
class _Word:
    senses: tuple[_Sense, ...]
    weights: tuple[float, ...]
    weight: float
    anything: tuple[str, ...]
    is_telling: bool

    @classmethod
    def of(cls, word: Word, senses: Sequence[_Sense]) -> _Word:
        weights = tuple(each.weight for each in senses)
        weight = max(weights) or _UNKNOWN * math.log1p(_NOMINAL_ENTRIES)
        return cls(tuple(senses), weights, weight, word.anything, word.is_telling)

    def counting(self, counts: Mapping[str, int]) -> _Word:
        """Return it where some terms are in so many more entries."""
        senses = [replace(each, count=each.count + max(map(counts.__getitem__, each.digests))) for each in self.senses]
        weights = tuple(each.weight for each in senses)
        return replace(self, senses=tuple(senses), weights=weights, weight=max(weights) or self.weight)

    @property
    def is_frequent(self) -> bool:
        """Say whether more may fit it than were looked at."""
        return any(len(each.entry_ids) >= _NEWEST for each in self.senses)


def _look_up(
    connection: Connection, query: Query, owners: Owners, facts_of: Owners | None, at_least: int
) -> tuple[list[_Word], list[int]]:
    """Return what the index has of each word, and the facts that have one of them."""
    words = query.words
    senses = [sense for word in words for sense in word.senses]
    looked_up = set(sorted(range(len(senses)), key=lambda place: senses[place].rank)[:_LOOK_UPS])
    lookups = [LookUp([senses[place].digests], owners, max(at_least, _NEWEST)) for place in sorted(looked_up)]
    if facts_of is not None and senses:
        digests = {digest for each in words for digest in (*each.anything, *filter(None, [each.heard]))}
        lookups.append(LookUp([digests], facts_of, _FACTS))
    ids = newest(connection, lookups)
    of_facts = ids.pop() if len(ids) > len(looked_up) else []
    remaining = iter(ids)
    found = iter(
        [_Sense.of(each, next(remaining) if place in looked_up else None) for place, each in enumerate(senses)]
    )
    of_words = [[next(found) for _ in word.senses] for word in words]
    _add_sounds(connection, words, of_words, owners)
    return [_Word.of(word, senses) for word, senses in zip(words, of_words, strict=True)], of_facts


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


def _promising(
    connection: Connection, words: Sequence[_Word], kinds: Sequence[str], owners: Owners, at_least: int
) -> list[int]:
    """Return the entries with the most of the words that say the most, as far as the index alone can tell."""
    promise: defaultdict[int, float] = defaultdict(float)
    fitting: defaultdict[int, int] = defaultdict(int)
    for word in words:
        best: dict[int, float] = {}
        for weight, sense in sorted(zip(word.weights, word.senses, strict=True), key=itemgetter(0)):
            best.update(dict.fromkeys(sense.entry_ids, weight))
        for entry_id, weight in best.items():
            fitting[entry_id] += 1
            promise[entry_id] += weight
    wanted = max(at_least, _CANDIDATES)
    if sum(count > 1 for count in fitting.values()) < wanted:
        for entry_id, weight in _together(connection, words, kinds, owners):
            promise.setdefault(entry_id, weight)
    return heapq.nlargest(wanted, promise, key=promise.__getitem__)


def _together(
    connection: Connection, words: Sequence[_Word], kinds: Sequence[str], owners: Owners
) -> Iterable[tuple[int, float]]:
    """Return entries that fit two frequent words, or one and the kinds, as they may be older than the newest of it."""
    frequent = sorted((each for each in words if each.is_frequent), key=lambda each: each.weight, reverse=True)[:2]
    if not frequent:
        return []
    groups = [each.anything for each in frequent]
    if len(groups) < 2:
        groups += [(kind,) for kind in kinds]
    if len(groups) < 2:
        return []
    [entry_ids] = newest(connection, [LookUp(groups, owners, _TOGETHER)])
    return zip(entry_ids, repeat(sum(min(each.weights) for each in frequent)))


def _with_facts(words: Sequence[_Word], known: Sequence[_Entry]) -> list[_Word]:
    """Count the facts that have a word, too."""
    if not known:
        return list(words)
    counts = Counter(term[:TERM_LETTERS] for each in known for term in each.terms.split())
    return [word.counting(counts) for word in words]


class _Judge:
    """Rates entries."""

    def __init__(self, words: Sequence[_Word], kinds: Sequence[str], now: datetime) -> None:
        self._kinds = kinds
        self._now = now
        self._weight = sum(word.weight for word in words if word.is_telling)
        self._fits: defaultdict[str, list[tuple[int, int, float]]] = defaultdict(list)
        for place, word in enumerate(words):
            for number, (sense, weight) in enumerate(zip(word.senses, word.weights, strict=True)):
                for digest in sense.digests:
                    self._fits[digest].append((place, number, weight))
        self._wanted = frozenset((*self._fits, *kinds))

    def ranked(self, entry: _Entry) -> Ranked:
        worths = entry.worths(self._wanted)
        relevance = self._relevance(worths)
        score = relevance * self._recency(entry.learned_at if entry.is_fact else entry.at)
        score /= 1 + _LENGTH * max(0, entry.length - _SHORT)
        if entry.is_fact:
            score *= _FACT
        score *= _KIND ** sum(each in worths for each in self._kinds)
        reason = frozenset(worths).difference(self._kinds)
        return Ranked(entry.id, entry.found(score), relevance, entry.said_in, reason)

    def _relevance(self, worths: Mapping[str, float]) -> float:
        """Return how much of the words an entry has: of each its best sense, and some of the others."""
        parts: defaultdict[int, dict[int, float]] = defaultdict(dict)
        for digest, worth in worths.items():
            for place, number, weight in self._fits.get(digest, ()):
                senses = parts[place]
                senses[number] = max(senses.get(number, 0.0), weight * worth)
        found = 0.0
        for senses in parts.values():
            best = max(senses.values())
            found += best + _FURTHER_SENSES * (sum(senses.values()) - best)
        return found / self._weight

    def _recency(self, at: datetime) -> float:
        days = max(0.0, (self._now - at).total_seconds()) / 86400
        return float(1 + _RECENCY * 0.5 ** (days / _RECENCY_DAYS))
