"""Which entries of the index fit a query, and how well."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, select

from ai_server.memory.query import Query, Word
from ai_server.memory.schema import facts, search_entries, turns
from ai_server.memory.search_index import TERM_LETTERS, Owners, newest_with

_NEWEST = 300
"""So many entries are looked at for one word, the newest: one that more have says little of any of them."""

_TOGETHER = 100
"""So many are looked at that have two frequent words of the query at once, however old they are."""

_CANDIDATES = 60

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
        reason: which words of the query it has, in which senses.
    """

    entry_id: int
    found: Found
    relevance: float
    turn_id: int | None
    reason: frozenset[tuple[str, ...]]


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
)
"""Everything that is needed of an entry."""


def rank(
    connection: Connection,
    query: Query,
    owners: Owners,
    allowed: ColumnElement[bool],
    *,
    facts_of: Owners | None = None,
    now: datetime | None = None,
) -> list[Ranked]:
    """Return the entries that fit a query, the best first.

    A word says the more the fewer entries have it, as in BM25 (Robertson and Zaragoza, 2009): ln(1 + N / n). What is
    in the person's own words counts more than what is in a reply, and a question less than both. Where no entry has a
    word, those count whose words sound like it.

    Args:
        connection: to read from.
        query: what to look for.
        owners: whose entries to look through.
        allowed: of the rows of `ENTRIES`: whose names are the right ones, whatever the index says.
        facts_of: whose facts to look through however many newer turns have the same words.
        now: from when recency is counted; the present if None.
    """
    words = [_look_up(connection, each, owners) for each in query.words]
    promise = _promise(words)
    for entry_id in _together(connection, words, owners):
        promise[entry_id] += sum(each.weight for each in _frequent(words))
    best = sorted(promise, key=lambda entry_id: (promise[entry_id], entry_id), reverse=True)[:_CANDIDATES]
    if not best:
        return []
    if facts_of is not None:
        best += newest_with(connection, [_digests(words)], facts_of, _CANDIDATES)
    rows = connection.execute(ENTRIES.where(search_entries.c.id.in_(best), allowed)).mappings()
    ranked = [_ranked(row, words, query.answer, now or datetime.now(UTC)) for row in rows]
    return sorted(ranked, key=lambda each: (each.found.score, each.entry_id), reverse=True)


def found_of(row: Mapping[Any, Any], score: float) -> Found:
    """Return what a row of `ENTRIES` holds."""
    if row["fact_id"] is None:
        return Found(
            "turn", row["turn_id"], row["at"], row["device_id"], row["user_id"], row["words"], row["text"], score
        )
    whose = (row["fact_device_id"], row["fact_user_id"])
    return Found("fact", row["fact_id"], row["learned_at"], *whose, row["fact_text"], "", score)


@dataclass(frozen=True, slots=True)
class _Sense:
    """What the index has of one sense of a word."""

    digests: tuple[str, ...]
    worth: float
    entry_ids: Sequence[int]

    @property
    def weight(self) -> float:
        return self.worth * math.log1p(_NOMINAL_ENTRIES / len(self.entry_ids)) if self.entry_ids else 0.0


@dataclass(frozen=True, slots=True)
class _Word:
    senses: tuple[_Sense, ...]

    @property
    def weight(self) -> float:
        return max(each.weight for each in self.senses) or _UNKNOWN * math.log1p(_NOMINAL_ENTRIES)


def _look_up(connection: Connection, word: Word, owners: Owners) -> _Word:
    senses = [
        _Sense(each.digests, each.worth, newest_with(connection, [each.digests], owners, _NEWEST))
        for each in word.senses
    ]
    if word.heard is not None and not senses[0].entry_ids:
        heard = (word.heard,)
        senses.append(_Sense(heard, _BY_SOUND, newest_with(connection, [heard], owners, _NEWEST)))
    return _Word(tuple(senses))


def _promise(words: Sequence[_Word]) -> defaultdict[int, float]:
    promise: defaultdict[int, float] = defaultdict(float)
    for word in words:
        best: dict[int, float] = {}
        for sense in sorted(word.senses, key=lambda each: each.weight):
            best |= dict.fromkeys(sense.entry_ids, sense.weight)
        for entry_id, weight in best.items():
            promise[entry_id] += weight
    return promise


def _together(connection: Connection, words: Sequence[_Word], owners: Owners) -> list[int]:
    """Return entries that have two frequent words, which may be older than the newest with one of them."""
    frequent = [each.senses[0].digests for each in _frequent(words)]
    return newest_with(connection, frequent, owners, _TOGETHER) if len(frequent) == 2 else []


def _frequent(words: Sequence[_Word]) -> list[_Word]:
    return [each for each in words if len(each.senses[0].entry_ids) == _NEWEST][:2]


def _digests(words: Sequence[_Word]) -> list[str]:
    return [digest for word in words for sense in word.senses for digest in sense.digests]


def _ranked(row: Mapping[Any, Any], words: Sequence[_Word], answer: re.Pattern[str] | None, now: datetime) -> Ranked:
    is_fact = row["fact_id"] is not None
    found = found_of(row, 0.0)
    entry = _Entry.of(row)
    relevance = sum(map(entry.part, words)) / sum(each.weight for each in words)
    recency = 1 + _RECENCY * 0.5 ** (max(0.0, (now - found.at).total_seconds()) / 86400 / _RECENCY_DAYS)
    score = relevance * recency / (1 + _LENGTH * max(0, entry.length - _SHORT))
    if is_fact:
        score *= _FACT
    if answer is not None and answer.search(f"{found.text} {found.reply}"):
        score *= _ANSWER
    turn_id = row["fact_turn_id"] if is_fact else row["turn_id"]
    return Ranked(row["id"], replace(found, score=score), relevance, turn_id, entry.reason(words))


@dataclass(frozen=True, slots=True)
class _Entry:
    """The terms of an entry, and what they are worth where they stand."""

    said: frozenset[str]
    replied: frozenset[str]
    heard: frozenset[str]
    worth_of_words: float

    @classmethod
    def of(cls, row: Mapping[Any, Any]) -> _Entry:
        terms = [term[:TERM_LETTERS] for term in row["terms"].split()]
        end_of_words, end_of_reply = row["said"], row["said"] + row["replied"]
        said, replied, heard = terms[:end_of_words], terms[end_of_words:end_of_reply], terms[end_of_reply:]
        question = min(_ANSWERED_QUESTION, _QUESTION + _REPLY_TERM * len(replied))
        return cls(frozenset(said), frozenset(replied), frozenset(heard), question if row["asks"] else 1.0)

    @property
    def length(self) -> int:
        return len(self.said) + len(self.replied)

    def part(self, word: _Word) -> float:
        """Return how much of a word's weight the entry has: that of its best sense, and some of the others'."""
        best, *others = sorted((self._worth(each.digests) * each.weight for each in word.senses), reverse=True)
        return min(word.weight, best + _FURTHER_SENSES * sum(others))

    def reason(self, words: Sequence[_Word]) -> frozenset[tuple[str, ...]]:
        """Return which senses it has."""
        return frozenset(each.digests for word in words for each in word.senses if self._worth(each.digests))

    def _worth(self, digests: tuple[str, ...]) -> float:
        if not self.said.isdisjoint(digests) or not self.heard.isdisjoint(digests):
            return self.worth_of_words
        return _REPLY if not self.replied.isdisjoint(digests) else 0.0
