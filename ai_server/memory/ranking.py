"""Which entries of the index fit a query, and how well."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, select

from ai_server.memory.schema import facts, search_entries, turns
from ai_server.memory.search_index import (
    TERM_LETTERS,
    Owners,
    newest_with,
    primary_language,
    sound_digest,
    term_digests,
)
from ai_server.memory.terms import telling_words

_MAX_WORDS = 16
"""Of a query; the rest of a long one adds nothing."""

_NEWEST = 300
"""So many entries are looked at for one word, the newest: one that more have says little of any of them."""

_TOGETHER = 100
"""So many are looked at that have two frequent words of the query at once, however old they are."""

_CANDIDATES = 60

_NOMINAL_ENTRIES = 1000
"""In place of how many entries a person has, for how much a word says by how many have it: counting takes long."""

_IN_FACT = 1.2
_IN_WORDS = 1.0
_IN_REPLY = 0.6
_IN_QUESTION = 0.4
"""Who asked for something did not say it; the reply may have."""
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
    """

    entry_id: int
    found: Found
    relevance: float
    turn_id: int | None


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


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for, word by word; `of` makes it.

    Attributes:
        words: for each word the digests that it is found by.
        sounds: for each word the digest of how it sounds; None for one that is too short.
    """

    words: tuple[tuple[str, ...], ...]
    sounds: tuple[str | None, ...]

    @classmethod
    def of(cls, text: str, language: str) -> Query:
        """Take the first words of a text that say something; the language may be empty."""
        primary = primary_language(language)
        telling = telling_words(text, primary)[:_MAX_WORDS]
        return cls(tuple(term_digests(word, primary) for word in telling), tuple(map(sound_digest, telling)))


def rank(
    connection: Connection, query: Query, owners: Owners, allowed: ColumnElement[bool], now: datetime | None = None
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
        now: from when recency is counted; the present if None.
    """
    lookups = [_look_up(connection, *each, owners) for each in zip(query.words, query.sounds, strict=True)]
    promise = _promise(lookups)
    for entry_id in _together(connection, lookups, owners):
        promise[entry_id] += sum(sorted(each.weight for each in lookups if each.is_frequent)[-2:])
    best = sorted(promise, key=lambda entry_id: (promise[entry_id], entry_id), reverse=True)[:_CANDIDATES]
    if not best:
        return []
    rows = connection.execute(ENTRIES.where(search_entries.c.id.in_(best), allowed)).mappings()
    ranked = [_ranked(row, lookups, now or datetime.now(UTC)) for row in rows]
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
class _LookUp:
    """What the index has of one word: by the word itself, or, where nobody said it, by its sound."""

    digests: tuple[str, ...]
    by_sound: bool
    entry_ids: Sequence[int]

    @property
    def is_frequent(self) -> bool:
        return len(self.entry_ids) == _NEWEST

    @property
    def weight(self) -> float:
        if not self.entry_ids:
            return _UNKNOWN * math.log1p(_NOMINAL_ENTRIES)
        return math.log1p(_NOMINAL_ENTRIES / len(self.entry_ids))


def _look_up(connection: Connection, digests: tuple[str, ...], heard: str | None, owners: Owners) -> _LookUp:
    entry_ids = newest_with(connection, [digests], owners, _NEWEST)
    if entry_ids or heard is None:
        return _LookUp(digests, by_sound=False, entry_ids=entry_ids)
    return _LookUp((heard,), by_sound=True, entry_ids=newest_with(connection, [(heard,)], owners, _NEWEST))


def _promise(lookups: Sequence[_LookUp]) -> defaultdict[int, float]:
    promise: defaultdict[int, float] = defaultdict(float)
    for each in lookups:
        for entry_id in each.entry_ids:
            promise[entry_id] += each.weight
    return promise


def _together(connection: Connection, lookups: Sequence[_LookUp], owners: Owners) -> list[int]:
    """Return entries that have two frequent words, which may be older than the newest with one of them."""
    frequent = [each.digests for each in lookups if each.is_frequent][:2]
    return newest_with(connection, frequent, owners, _TOGETHER) if len(frequent) == 2 else []


def _ranked(row: Mapping[Any, Any], lookups: Sequence[_LookUp], now: datetime) -> Ranked:
    terms = [term[:TERM_LETTERS] for term in row["terms"].split()]
    end_of_words, end_of_reply = row["said"], row["said"] + row["replied"]
    said, replied, heard = {*terms[:end_of_words]}, {*terms[end_of_words:end_of_reply]}, {*terms[end_of_reply:]}
    in_words = _IN_QUESTION if row["asks"] else _IN_WORDS

    def part(each: _LookUp) -> float:
        if each.by_sound:
            return _BY_SOUND * in_words if not heard.isdisjoint(each.digests) else 0.0
        if not said.isdisjoint(each.digests):
            return in_words
        return _IN_REPLY if not replied.isdisjoint(each.digests) else 0.0

    relevance = sum(each.weight * part(each) for each in lookups) / sum(each.weight for each in lookups)
    is_fact = row["fact_id"] is not None
    at = row["learned_at"] if is_fact else row["at"]
    recency = 1 + _RECENCY * 0.5 ** (max(0.0, (now - at).total_seconds()) / 86400 / _RECENCY_DAYS)
    length = 1 + _LENGTH * max(0, end_of_reply - _SHORT)
    score = relevance * recency / length * (_IN_FACT if is_fact else 1.0)
    return Ranked(row["id"], found_of(row, score), relevance, row["fact_turn_id"] if is_fact else row["turn_id"])
