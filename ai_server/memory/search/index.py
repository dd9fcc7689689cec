"""The index of what was said and is known: how it is kept in step, and what is looked up in it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from ai_server.memory.schema import facts, search_entries, turns
from ai_server.memory.search.kinds import SELF, kinds_told
from ai_server.memory.search.terms import forms, is_question, sound, telling_words
from ai_server.memory.search.topics import topics_told
from ai_server.memory.search.vocabulary import LANGUAGES

_HOUSEHOLD = "0000000000"
"""In place of an owner's digest: what everybody may know. No digest of an owner has a zero."""

_FACT = "0"
"""After an owner's digest: a fact of theirs, so that facts can be looked up alone."""

TERM_LETTERS = 8
_OWNER_LETTERS = 5
"""Of five bits each. What two owners share by chance is told apart by their names."""

_AT_ONCE = 50
"""So many entries one call indexes where nobody waits for it."""

_MERGED_PAGES = 32
"""So many pages of 4 KB one call merges, a few milliseconds' worth."""

_PENDING = (
    select(
        search_entries.c.id,
        turns.c.device_id,
        turns.c.user_id,
        turns.c.language,
        turns.c.words,
        turns.c.text,
        facts.c.id.label("fact_id"),
        facts.c.device_id.label("fact_device_id"),
        facts.c.user_id.label("fact_user_id"),
        facts.c.household,
        facts.c.subject,
        facts.c.kind,
        facts.c.value,
        facts.c.text.label("fact_text"),
    )
    .select_from(search_entries)
    .outerjoin(turns, turns.c.id == search_entries.c.turn_id)
    .outerjoin(facts, facts.c.id == search_entries.c.fact_id)
    .where(search_entries.c.terms.is_(None))
    .order_by(search_entries.c.id.desc())
    .limit(bindparam("at_once"))
)
_IS_BEHIND = select(search_entries.c.id).where(search_entries.c.terms.is_(None)).limit(1)
_INDEX = update(search_entries).where(search_entries.c.id == bindparam("of_id"))

_MERGE = "INSERT INTO search_index (search_index, rank) VALUES ('merge', ?)"
_CHANGES = "SELECT total_changes()"
_MERGED = 2
"""Changes that a merge makes which had something to merge (section "The merge Command" of sqlite.org/fts5.html)."""

_NEWEST_IN_SQLITE = (
    "SELECT * FROM (SELECT ?, rowid FROM search_index WHERE search_index MATCH ? ORDER BY rowid DESC LIMIT ?)"
)
_NEWEST_IN_POSTGRESQL = (
    # Else the planner walks back over all entries and takes each one's terms apart, to find the newest without sorting.
    "(WITH found AS MATERIALIZED (SELECT %s::integer AS place, id FROM search_entries "
    "WHERE array_to_tsvector(string_to_array(terms, ' ')) @@ %s::tsquery) "
    "SELECT place, id FROM found ORDER BY id DESC LIMIT %s)"
)


@dataclass(frozen=True, slots=True)
class Owners:
    """Whose entries are looked through.

    Attributes:
        digests: of a robot and a person, of their facts, of the household; or of a robot, or empty for everybody.
        is_prefix: whether the owners' digests only begin so.
    """

    digests: tuple[str, ...]
    is_prefix: bool = False

    @classmethod
    def of_person(cls, device_id: str, user_id: str) -> Owners:
        """Return what one person said to one robot."""
        return cls((owner(device_id, user_id),))

    @classmethod
    def of_facts(cls, device_id: str, user_id: str) -> Owners:
        """Return the facts of one person with one robot, and those of the household."""
        return cls((owner(device_id, user_id) + _FACT, _HOUSEHOLD))

    @classmethod
    def of_people(cls, people: Iterable[tuple[str, str]]) -> Owners:
        """Return what some people said to some robots, their facts, and the household's."""
        return cls((*(owner(*each) for each in people), _HOUSEHOLD), is_prefix=True)

    @classmethod
    def of_robot(cls, device_id: str | None) -> Owners:
        """Return what everybody said to a robot, or to one that begins alike; None for all robots."""
        return cls(("",) if device_id is None else (_digest(device_id, _OWNER_LETTERS), _HOUSEHOLD), is_prefix=True)


def refresh(connection: Connection, at_once: int = _AT_ONCE) -> int:
    """Index what was written and is not indexed yet, newest first, within the caller's transaction.

    Args:
        connection: in a transaction that may write.
        at_once: how many entries at most.

    Returns:
        How many were indexed.
    """
    rows = connection.execute(_PENDING, {"at_once": at_once}).mappings().all()
    if rows:
        connection.execute(_INDEX, [_indexed(row) for row in rows])
    return len(rows)


def is_behind(connection: Connection) -> bool:
    """Say whether something was written and is not indexed yet."""
    return connection.execute(_IS_BEHIND).first() is not None


def merge(connection: Connection, *, everything: bool = False) -> bool:
    """Merge some of the parts that the index on SQLite is written in: each is looked through by itself.

    Args:
        connection: in a transaction that may write.
        everything: merge all parts into one; for the first call of several.

    Returns:
        Whether there may be more to merge, which another call does.
    """
    if connection.dialect.name != "sqlite":
        return False
    before = connection.exec_driver_sql(_CHANGES).scalar_one()
    connection.exec_driver_sql(_MERGE, (-_MERGED_PAGES if everything else _MERGED_PAGES,))
    return int(connection.exec_driver_sql(_CHANGES).scalar_one()) - int(before) >= _MERGED


@dataclass(frozen=True, slots=True)
class LookUp:
    """What to look up.

    Attributes:
        groups: of digests of terms; an entry must have one of each group.
        owners: whose entries.
        limit: so many of the newest.
    """

    groups: Sequence[Iterable[str]]
    owners: Owners
    limit: int


def newest(connection: Connection, lookups: Sequence[LookUp]) -> list[list[int]]:
    """Return for each of some look-ups the ids of the newest entries, newest first.

    One statement serves them all, as most of what a statement takes is not the index.
    """
    is_sqlite = connection.dialect.name == "sqlite"
    query, statement = (_fts5_query, _NEWEST_IN_SQLITE) if is_sqlite else (_tsquery, _NEWEST_IN_POSTGRESQL)
    found: list[list[int]] = [[] for _ in lookups]
    values = [value for place, each in enumerate(lookups) for value in (place, query(each), each.limit)]
    if lookups:
        all_of_them = " UNION ALL ".join([statement] * len(lookups))
        for place, entry_id in connection.exec_driver_sql(all_of_them, tuple(values)).all():
            found[place].append(entry_id)
    return found


@lru_cache(maxsize=1 << 15)
def term_digests(word: str, language: str) -> tuple[str, ...]:
    """Return the digests of the terms that a word is found by, to be continued by an owner's digest."""
    languages = (language,) if language else LANGUAGES
    return tuple(dict.fromkeys(_of_term(form) for each in languages for form in forms(word, each)))


def sound_digest(word: str) -> str | None:
    """Return the digest of how a word sounds; None for one that is too short."""
    heard = sound(word)
    return _of_term(f"~{heard}") if heard else None


def topic_digest(topic: str) -> str:
    """Return the digest of a topic or a kind."""
    return _of_term(f"#{topic}")


def primary_language(language: str) -> str:
    """Return the primary subtag of a language of BCP 47; empty where the language is not known."""
    primary = language.partition("-")[0].lower()
    return "" if primary == "und" else primary


@lru_cache(maxsize=1 << 12)
def owner(device_id: str, user_id: str) -> str:
    """Return the digest of a robot and a person."""
    return _digest(device_id, _OWNER_LETTERS) + _digest(user_id, _OWNER_LETTERS)


def _fts5_query(lookup: LookUp) -> str:
    star = " *" if lookup.owners.is_prefix else ""
    either = (" OR ".join(f'"{each}"{star}' for each in _terms(group, lookup.owners)) for group in lookup.groups)
    return " AND ".join(f"({each})" for each in either)


def _tsquery(lookup: LookUp) -> str:
    star = ":*" if lookup.owners.is_prefix else ""
    either = (" | ".join(f"'{each}'{star}" for each in _terms(group, lookup.owners)) for group in lookup.groups)
    return " & ".join(f"({each})" for each in either)


def _terms(group: Iterable[str], owners: Owners) -> Iterable[str]:
    return (f"{digest}{each}" for digest in group for each in owners.digests)


def _indexed(row: Mapping[Any, Any]) -> dict[str, Any]:
    return _of_turn(row) if row["fact_id"] is None else _of_fact(row)


def _of_turn(row: Mapping[Any, Any]) -> dict[str, Any]:
    language = primary_language(row["language"])
    whose = owner(row["device_id"], row["user_id"])
    said_words, replied_words = telling_words(row["words"], language), telling_words(row["text"], language)
    asks = is_question(row["words"], language)
    topics = (*topics_told(row["words"], language), *kinds_told(row["words"], language))
    return _entry(row["id"], _Words(said_words, replied_words, topics, language), whose, asks=asks)


def _of_fact(row: Mapping[Any, Any]) -> dict[str, Any]:
    whose = _HOUSEHOLD if row["household"] else owner(row["fact_device_id"], row["fact_user_id"]) + _FACT
    known = " ".join((row["fact_text"], row["subject"], row["kind"].replace("_", " "), row["value"]))
    topics = (*topics_told(known, ""), *dict.fromkeys((*kinds_told(row["fact_text"], ""), SELF)))
    return _entry(row["id"], _Words(telling_words(known, ""), (), topics, ""), whose, asks=False)


@dataclass(frozen=True, slots=True)
class _Words:
    said: Sequence[str]
    replied: Sequence[str]
    topics: Sequence[str]
    language: str


def _entry(entry_id: int, words: _Words, whose: str, *, asks: bool) -> dict[str, Any]:
    said = dict.fromkeys(digest for word in words.said for digest in term_digests(word, words.language))
    replied = dict.fromkeys(digest for word in words.replied for digest in term_digests(word, words.language))
    only_replied = [digest for digest in replied if digest not in said]
    heard = dict.fromkeys(digest for word in words.said if (digest := sound_digest(word)))
    digests = (*said, *only_replied, *heard, *map(topic_digest, words.topics))
    return {
        "of_id": entry_id,
        "terms": " ".join(f"{digest}{whose}" for digest in digests),
        "said": len(said),
        "replied": len(only_replied),
        "asks": asks,
    }


@lru_cache(maxsize=1 << 15)
def _of_term(term: str) -> str:
    return _digest(term, TERM_LETTERS)


def _digest(text: str, letters: int) -> str:
    hashed = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=letters).digest()
    return base64.b32encode(hashed).decode("ascii").lower()[:letters]
