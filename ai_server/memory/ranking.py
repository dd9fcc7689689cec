"""Which entries of the index fit a query, and how well."""

from __future__ import annotations

import heapq
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, Select, bindparam, select

from ai_server.memory.query import Query, Word
from ai_server.memory.schema import facts, search_entries, turns
from ai_server.memory.search_index import TERM_LETTERS, Owners, newest_with

_NEWEST = 200
"""So many entries are looked at for one word, the newest: one that more have says little of any of them."""

_TOGETHER = 100
"""So many are looked at that have two frequent words of the query at once, however old they are."""

_CANDIDATES = 40

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
        facts_of: whose facts to look through however many newer turns have the same words.
    """
    words = [_look_up(connection, each, owners) for each in query.words]
    best = _promising(connection, words, owners)
    if facts_of is not None and best:
        best += newest_with(connection, [_digests(words)], facts_of, _CANDIDATES)
    if not best:
        return []
    rows = connection.execute(entries, {**values, "ids": best}).mappings().all()
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
    rows = {row["id"]: row for row in connection.execute(entries, {**values, "ids": ids}).mappings()}
    return [
        Ranked(each, found_of(rows[each], 0.0), 0.0, _turn_id(rows[each]), frozenset()) for each in ids if each in rows
    ]


def found_of(row: Mapping[Any, Any], score: float) -> Found:
    """Return what a row of `ENTRIES` holds."""
    if row["fact_id"] is None:
        turn = (row["turn_id"], row["at"], row["device_id"], row["user_id"], row["words"], row["text"])
        return Found("turn", *turn, score)
    fact = (row["fact_id"], row["learned_at"], row["fact_device_id"], row["fact_user_id"], row["fact_text"])
    return Found("fact", *fact, "", score)


@dataclass(frozen=True, slots=True)
class _Sense:
    """What the index has of one sense of a word."""

    digests: tuple[str, ...]
    weight: float
    entry_ids: Sequence[int]


@dataclass(frozen=True, slots=True)
class _Word:
    senses: tuple[_Sense, ...]
    weight: float


def _look_up(connection: Connection, word: Word, owners: Owners) -> _Word:
    senses = [_sense(connection, each.digests, each.worth, owners) for each in word.senses]
    if word.heard is not None and not senses[0].entry_ids:
        senses.append(_sense(connection, (word.heard,), _BY_SOUND, owners))
    weight = max(each.weight for each in senses)
    return _Word(tuple(each for each in senses if each.entry_ids), weight or _UNKNOWN * math.log1p(_NOMINAL_ENTRIES))


def _sense(connection: Connection, digests: tuple[str, ...], worth: float, owners: Owners) -> _Sense:
    entry_ids = newest_with(connection, [digests], owners, _NEWEST)
    return _Sense(digests, worth * math.log1p(_NOMINAL_ENTRIES / len(entry_ids)) if entry_ids else 0.0, entry_ids)


def _promising(connection: Connection, words: Sequence[_Word], owners: Owners) -> list[int]:
    """Return the entries with the most of the words that say the most, as far as the index alone can tell."""
    promise: defaultdict[int, float] = defaultdict(float)
    for word in words:
        best: dict[int, float] = {}
        for sense in sorted(word.senses, key=lambda each: each.weight):
            best |= dict.fromkeys(sense.entry_ids, sense.weight)
        for entry_id, weight in best.items():
            promise[entry_id] += weight
    for entry_id, weight in _together(connection, words, owners):
        promise[entry_id] += weight
    return heapq.nlargest(_CANDIDATES, promise, key=lambda entry_id: (promise[entry_id], entry_id))


def _together(connection: Connection, words: Sequence[_Word], owners: Owners) -> Iterable[tuple[int, float]]:
    """Return entries that have two frequent words, which may be older than the newest with one of them."""
    senses = [each for word in words for each in word.senses[:1] if len(each.entry_ids) == _NEWEST][:2]
    if len(senses) < 2:
        return []
    entry_ids = newest_with(connection, [each.digests for each in senses], owners, _TOGETHER)
    seen = {*senses[0].entry_ids, *senses[1].entry_ids}
    return [(entry_id, sum(each.weight for each in senses)) for entry_id in entry_ids if entry_id not in seen]


def _digests(words: Sequence[_Word]) -> list[str]:
    return [digest for word in words for sense in word.senses for digest in sense.digests]


@dataclass(frozen=True, slots=True)
class _Judge:
    """What an entry is rated by."""

    words: Sequence[_Word]
    weight: float
    answer: frozenset[str]
    now: datetime

    def ranked(self, row: Mapping[Any, Any]) -> Ranked:
        is_fact = row["fact_id"] is not None
        said, length = _said(row)
        relevance = sum(_part(word, said) for word in self.words) / self.weight
        score = relevance * self._recency(row["learned_at"] if is_fact else row["at"])
        score /= 1 + _LENGTH * max(0, length - _SHORT)
        if is_fact:
            score *= _FACT
        if self.answer and self._may_answer(row["fact_text"] if is_fact else f"{row['words']} {row['text']}"):
            score *= _ANSWER
        return Ranked(row["id"], found_of(row, score), relevance, _turn_id(row), self._reason(said))

    def _recency(self, at: datetime) -> float:
        days = max(0.0, (self.now - at).total_seconds()) / 86400
        return float(1 + _RECENCY * 0.5 ** (days / _RECENCY_DAYS))

    def _may_answer(self, text: str) -> bool:
        return any(each in self.answer or each[0].isdecimal() for each in _WORD.findall(text.lower()))

    def _reason(self, said: Mapping[str, float]) -> frozenset[str]:
        return frozenset(
            digest for word in self.words for sense in word.senses for digest in sense.digests if digest in said
        )


def _turn_id(row: Mapping[Any, Any]) -> int | None:
    turn_id: int | None = row["turn_id"] if row["fact_id"] is None else row["fact_turn_id"]
    return turn_id


def _said(row: Mapping[Any, Any]) -> tuple[dict[str, float], int]:
    """Return what each term of an entry is worth by where it stands, and how many there are but for the sounds."""
    terms = [term[:TERM_LETTERS] for term in row["terms"].split()]
    end_of_words, length = row["said"], row["said"] + row["replied"]
    own = min(_ANSWERED_QUESTION, _QUESTION + _REPLY_TERM * row["replied"]) if row["asks"] else 1.0
    heard, replied = dict.fromkeys(terms[length:], own), dict.fromkeys(terms[end_of_words:length], _REPLY)
    return heard | replied | dict.fromkeys(terms[:end_of_words], own), length


def _part(word: _Word, said: Mapping[str, float]) -> float:
    """Return how much of a word's weight an entry has: that of its best sense, and some of the others'."""
    parts = [sense.weight * max(said.get(digest, 0.0) for digest in sense.digests) for sense in word.senses]
    if not parts:
        return 0.0
    best = max(parts)
    return min(word.weight, best + _FURTHER_SENSES * (sum(parts) - best))
