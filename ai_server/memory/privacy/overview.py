"""What an owner sees of the memory: conversations, turns and facts with what belongs to them, and how much there is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from ai_server.memory.facts import Fact
from ai_server.memory.privacy.mentions import Mention
from ai_server.memory.privacy.selection import Selection
from ai_server.memory.schema import conversations, embeddings, erasures, facts, search_entries, summaries, turns
from ai_server.memory.storage.rows import read_rows
from ai_server.memory.turns import Turn, turn_of

_READ_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class ConversationLine:
    """A conversation in a list.

    Attributes:
        user_id: empty for somebody whom the robot does not know.
        ended_at: None while it goes on.
        last_at: when something was said last.
        turns: how many.
        last_words: what the person said last; empty where the robot alone spoke.
    """

    id: int
    device_id: str
    user_id: str
    started_at: datetime
    ended_at: datetime | None
    last_at: datetime
    turns: int
    last_words: str


@dataclass(frozen=True, slots=True)
class Summary:
    """What was said in some turns of a conversation, in short; `made_by` is `model` or `extract`."""

    id: int
    from_turn_id: int
    to_turn_id: int
    text: str
    made_by: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class StoredTurn:
    """A turn with its ids, and the facts that were learnt from it."""

    id: int
    conversation_id: int
    turn: Turn
    facts: Sequence[Fact] = ()


@dataclass(frozen=True, slots=True)
class WholeConversation:
    """A conversation with its turns and summaries, both oldest first."""

    conversation: ConversationLine
    turns: Sequence[StoredTurn]
    summaries: Sequence[Summary]


@dataclass(frozen=True, slots=True)
class WholeFact:
    """A fact with its history.

    Attributes:
        fact: the one that was asked for.
        history: all that took the place of another, it among them, oldest first.
        turn: in which it was said; None where that is gone, or there was none.
    """

    fact: Fact
    history: Sequence[Fact]
    turn: StoredTurn | None


@dataclass(frozen=True, slots=True)
class RobotCount:
    """How much is remembered of one robot; `people` are those whom it knows."""

    device_id: str
    people: int
    conversations: int
    turns: int
    facts: int
    oldest: datetime | None
    newest: datetime | None


@dataclass(frozen=True, slots=True)
class IndexCount:
    """What search finds things by: entries, those of them that are `pending`, and embeddings."""

    entries: int
    pending: int
    embeddings: int


def conversations_of(connection: Connection, selection: Selection, limit: int) -> list[ConversationLine]:
    """Return the conversations with turns of a selection (its `about` aside), the one spoken in last first."""
    return _lines(connection, selection.limits(turns, "at"), limit)


def turn_with(connection: Connection, number: int) -> StoredTurn | None:
    """Return a turn by its id; None where there is none."""
    found = _turns(connection, turns.c.id == number)
    return found[0] if found else None


def conversation_with(connection: Connection, number: int) -> WholeConversation | None:
    """Return a conversation by its id; None where there is none, or nothing was said in it."""
    lines = _lines(connection, [turns.c.conversation_id == number], 1)
    if not lines:
        return None
    said = _turns(connection, turns.c.conversation_id == number)
    columns = (summaries.c[name] for name in Summary.__slots__)
    query = select(*columns).where(summaries.c.conversation_id == number).order_by(summaries.c.id)
    return WholeConversation(lines[0], said, read_rows(connection, summaries, query, {}, lambda row: Summary(**row)))


def fact_with(connection: Connection, number: int) -> WholeFact | None:
    """Return a fact by its id; None where there is none."""
    found = _facts(connection, select(facts).where(facts.c.id == number))
    if not found:
        return None
    fact = found[0]
    turn = turn_with(connection, fact.turn_id) if fact.turn_id is not None else None
    return WholeFact(fact, _history(connection, fact), turn)


def facts_of(connection: Connection, selection: Selection, *, superseded: bool, limit: int) -> list[Fact]:
    """Return the facts of a selection (its `about` aside), the newest first; `superseded`: what holds no more, too."""
    query = select(facts).where(*selection.limits(facts, "learned_at"))
    if not superseded:
        query = query.where(facts.c.superseded_at.is_(None))
    return _facts(connection, query.order_by(facts.c.learned_at.desc(), facts.c.id.desc()).limit(limit))


def robots(connection: Connection) -> list[RobotCount]:
    """Return how much is remembered of each robot, the one with most turns first."""
    of_turns = select(
        turns.c.device_id,
        func.count(func.distinct(func.nullif(turns.c.user_id, ""))),
        func.count(func.distinct(turns.c.conversation_id)),
        func.count(),
        func.min(turns.c.at),
        func.max(turns.c.at),
    ).group_by(turns.c.device_id)
    of_facts = select(facts.c.device_id, func.count()).group_by(facts.c.device_id)
    known = {row[0]: row[1] for row in connection.execute(of_facts.where(facts.c.superseded_at.is_(None)))}
    counts = [
        RobotCount(device_id, people, in_conversations, count, known.pop(device_id, 0), oldest, newest)
        for device_id, people, in_conversations, count, oldest, newest in connection.execute(of_turns)
    ]
    counts += [RobotCount(device_id, 0, 0, 0, count, None, None) for device_id, count in known.items()]
    return sorted(counts, key=lambda each: (-each.turns, each.device_id))


def count_rows(connection: Connection) -> dict[str, int]:
    """Return how many conversations, turns, facts (that hold, and that hold no more) and summaries there are."""
    holds = facts.c.superseded_at.is_(None)
    queries: Mapping[str, Select[Any]] = {
        "conversations": select(func.count()).select_from(conversations),
        "turns": select(func.count()).select_from(turns),
        "facts": select(func.count()).select_from(facts).where(holds),
        "superseded_facts": select(func.count()).select_from(facts).where(~holds),
        "summaries": select(func.count()).select_from(summaries),
    }
    return {name: _count(connection, query) for name, query in queries.items()}


def count_unfinished(connection: Connection) -> int:
    """Return how many erasures have gone from the tables, and not from everything else yet."""
    return _count(connection, select(func.count()).select_from(erasures))


def index_of(connection: Connection) -> IndexCount:
    """Return how much search can find."""
    pending = select(func.count()).select_from(search_entries).where(search_entries.c.terms.is_(None))
    return IndexCount(
        entries=_count(connection, select(func.count()).select_from(search_entries)),
        pending=_count(connection, pending),
        embeddings=_count(connection, select(func.count()).select_from(embeddings)),
    )


def sample(connection: Connection, selection: Selection, limit: int) -> list[StoredTurn]:
    """Return the newest turns of a selection."""
    mention = Mention(selection.about) if selection.about is not None else None
    query = select(turns).where(*selection.limits(turns, "at")).order_by(turns.c.id.desc())
    rows = connection.execute(query.execution_options(yield_per=_READ_AT_ONCE)).mappings()
    found: list[StoredTurn] = []
    for row in rows:
        if mention is None or mention.is_in(row["words"], row["text"]):
            found.append(_stored(row))
        if len(found) == limit:
            break
    return found


def _lines(connection: Connection, conditions: Sequence[ColumnElement[bool]], limit: int) -> list[ConversationLine]:
    """Return the conversations with turns for which the conditions hold, the one spoken in last first."""
    counted = (
        select(
            turns.c.conversation_id,
            func.count().label("turns"),
            func.max(turns.c.at).label("last_at"),
            func.max(turns.c.id).label("last_id"),
        )
        .where(*conditions)
        .group_by(turns.c.conversation_id)
        .subquery()
    )
    query = (
        select(
            *(conversations.c[name] for name in ("id", "device_id", "user_id", "started_at", "ended_at")),
            counted.c.last_at,
            counted.c.turns,
            turns.c.words.label("last_words"),
        )
        .select_from(counted)
        .join(conversations, conversations.c.id == counted.c.conversation_id)
        .join(turns, turns.c.id == counted.c.last_id)
        .order_by(counted.c.last_id.desc())
        .limit(limit)
    )
    return read_rows(connection, conversations, query, {}, lambda row: ConversationLine(**row))


def _history(connection: Connection, fact: Fact) -> list[Fact]:
    """Return a fact with those whose place it took, and those that took its own, oldest first."""
    chain = {fact.id: fact}
    wanted = [fact]
    while wanted:
        each = wanted.pop()
        replaced = select(facts).where((facts.c.superseded_by == each.id) | (facts.c.id == each.superseded_by))
        new = [other for other in _facts(connection, replaced) if other.id not in chain]
        chain |= {other.id: other for other in new}
        wanted += new
    return sorted(chain.values(), key=lambda each: (each.learned_at, each.id))


def _turns(connection: Connection, condition: ColumnElement[bool]) -> list[StoredTurn]:
    """Return turns with the facts that were learnt from them, oldest first."""
    learnt = _facts(connection, select(facts).join(turns, turns.c.id == facts.c.turn_id).where(condition))
    of_turn: dict[int | None, list[Fact]] = defaultdict(list)
    for fact in learnt:
        of_turn[fact.turn_id].append(fact)
    found = read_rows(connection, turns, select(turns).where(condition).order_by(turns.c.id), {}, _stored)
    return [replace(each, facts=of_turn[each.id]) for each in found]


def _stored(row: Mapping[Any, Any]) -> StoredTurn:
    return StoredTurn(row["id"], row["conversation_id"], turn_of(row))


def _count(connection: Connection, query: Select[Any]) -> int:
    return int(connection.execute(query).scalar_one())


def _facts(connection: Connection, query: Select[Any]) -> list[Fact]:
    return read_rows(connection, facts, query, {}, lambda row: Fact(**row))
