"""What the robots remember, shown; each look at it is noted in the audit log first."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from ai_server.commands.memory.asker import who
from ai_server.commands.memory.opening import NothingFoundError, visiting
from ai_server.commands.memory.showing import (
    person,
    print_fields,
    print_json,
    print_lines,
    print_table,
    short,
    size,
    when,
)
from ai_server.memory.facts import Fact
from ai_server.memory.personalities import Personalities, Traits
from ai_server.memory.privacy import overview
from ai_server.memory.privacy.audit import Audit
from ai_server.memory.privacy.overview import StoredTurn, WholeConversation, WholeFact
from ai_server.memory.privacy.selection import Selection
from ai_server.memory.search.ranking import Found
from ai_server.memory.search.search import Search
from ai_server.settings import Settings

_KINDS = {"c": "conversation", "t": "turn", "f": "fact"}


async def list_conversations(settings: Settings, selection: Selection, limit: int, *, as_json: bool) -> None:
    """Show conversations, the one spoken in last first."""
    async with visiting(settings) as database:
        lines = await database.read(lambda connection: overview.conversations_of(connection, selection, limit))
        await Audit(database).note(who(), "read", selection.scope, len(lines))
    _require(lines, "conversations", selection)
    if as_json:
        print_lines({**asdict(line), "id": f"c{line.id}"} for line in lines)
        return
    rows = [
        (
            f"c{line.id}",
            line.device_id,
            person(line.user_id),
            when(line.started_at),
            when(line.last_at),
            "ended" if line.ended_at else "",
            str(line.turns),
            short(line.last_words),
        )
        for line in lines
    ]
    print_table(("id", "robot", "person", "began", "last", "state", "turns", "last words"), rows, wide="last words")


async def list_facts(settings: Settings, selection: Selection, limit: int, *, superseded: bool, as_json: bool) -> None:
    """Show facts, the newest first."""
    async with visiting(settings) as database:
        facts = await database.read(
            lambda connection: overview.facts_of(connection, selection, superseded=superseded, limit=limit)
        )
        await Audit(database).note(who(), "read", f"facts of {selection.scope}", len(facts))
    _require(facts, "facts", selection)
    if as_json:
        print_lines(map(_fact_document, facts))
        return
    rows = [
        (f"f{fact.id}", fact.device_id, _whose(fact), when(fact.learned_at), fact.source, _certainty(fact), fact.text)
        for fact in facts
    ]
    print_table(("id", "robot", "person", "learnt", "by", "certainty", "fact"), rows, wide="fact")


async def search(settings: Settings, words: str, selection: Selection, limit: int, *, as_json: bool) -> None:
    """Show turns and facts that words are found in, the best first."""
    async with visiting(settings) as database:
        index = Search(database)
        await index.catch_up()
        best = await index.find(words, device_id=selection.device_id, user_id=selection.user_id, limit=sys.maxsize)
        found = [each for each in best if _is_within(selection, each.at)][:limit]
        await Audit(database).note(who(), "search", selection.scope, len(found))
    _require(found, f"turns or facts with {words!r}", selection)
    if as_json:
        print_lines({**asdict(each), "id": _found_id(each)} for each in found)
        return
    rows = [
        (_found_id(each), each.device_id, person(each.user_id), when(each.at), short(each.text), short(each.reply))
        for each in found
    ]
    print_table(("id", "robot", "person", "when", "said", "answered"), rows, wide="said")


async def show(settings: Settings, kind: str, row_id: int, *, as_json: bool) -> None:
    """Show a conversation, a turn or a fact (`kind` is its first letter) whole, with what belongs to it."""
    async with visiting(settings) as database:
        readers = {"c": overview.conversation_with, "t": overview.turn_with, "f": overview.fact_with}
        whole: Any = await database.read(lambda connection: readers[kind](connection, row_id))
        if whole is None:
            raise NothingFoundError(f"there is no {_KINDS[kind]} {kind}{row_id}: it may be forgotten")
        await Audit(database).note(who(), "read", f"{_KINDS[kind]} {kind}{row_id}", 1)
    match whole:
        case WholeConversation():
            _show_conversation(whole, as_json=as_json)
        case StoredTurn():
            print_json(_turn_document(whole)) if as_json else print_fields(_turn_fields(whole))
        case WholeFact():
            _show_fact(whole, as_json=as_json)


async def show_audit(settings: Settings, limit: int, *, as_json: bool) -> None:
    """Show who read, exported or erased something, the newest first."""
    async with visiting(settings) as database:
        entries = await Audit(database).newest(limit)
    if as_json:
        print_lines(map(asdict, entries))
        return
    rows = [(when(each.at), each.who, each.what, each.scope, str(each.count)) for each in entries]
    print_table(("when", "who", "what", "of", "count"), rows, wide="of")


async def show_stats(settings: Settings, *, as_json: bool) -> None:
    """Show how much is remembered; nobody's words are read."""
    async with visiting(settings) as database:
        counts = await database.read(overview.count_rows)
        robots = await database.read(overview.robots)
        index = await database.read(overview.index_of)
        place = database.place
        document: dict[str, Any] = {
            "database": "sqlite" if place.path else "postgresql",
            "place": str(place),
            "bytes": database.size_bytes,
            "encrypted": place.key is not None if place.path else None,
            **counts,
            "index": asdict(index),
            "robots": [asdict(robot) for robot in robots],
        }
    if as_json:
        print_json(document)
        return
    encryption = {True: "encrypted", False: "not encrypted", None: "the server's to encrypt"}[document["encrypted"]]
    print_fields(
        {
            "database": f"{document['database']} at {place}, {size(database.size_bytes)}, {encryption}",
            "conversations": str(counts["conversations"]),
            "turns": str(counts["turns"]),
            "facts": f"{counts['facts']}, and {counts['superseded_facts']} that hold no more",
            "summaries": str(counts["summaries"]),
            "index": f"{index.entries} entries, {index.pending} not indexed yet, {index.embeddings} embeddings",
        }
    )
    rows = [
        (
            robot.device_id,
            str(robot.people),
            str(robot.conversations),
            str(robot.turns),
            str(robot.facts),
            when(robot.oldest),
            when(robot.newest),
        )
        for robot in robots
    ]
    if rows:
        print_table(("robot", "people", "conversations", "turns", "facts", "oldest turn", "newest turn"), rows)


async def show_personalities(settings: Settings, selection: Selection, *, as_json: bool) -> None:
    """Show how far robots have drifted from their personas towards people."""
    async with visiting(settings) as database:
        kept = Personalities(database, max_kept=settings.naila_max_robots)
        found = await kept.all(selection.device_id, selection.user_id)
        await Audit(database).note(who(), "read", f"personalities of {selection.scope}", len(found))
    _require(found, "personalities that drifted", selection)
    if as_json:
        print_lines(
            {
                "device_id": each.device_id,
                "user_id": each.user_id or "",
                "traits": each.drift.traits._asdict(),
                "at": each.drift.at,
            }
            for each in found
        )
        return
    rows = [
        (each.device_id, person(each.user_id), *(f"{value:+.2f}" for value in each.drift.traits), when(each.drift.at))
        for each in found
    ]
    print_table(("robot", "person", *Traits._fields, "since"), rows)


def _is_within(selection: Selection, at: datetime) -> bool:
    return (selection.since is None or at >= selection.since) and (selection.until is None or at < selection.until)


def _require(found: Sequence[object], what: str, selection: Selection) -> None:
    if not found:
        where = "" if selection.is_everything else f" of {selection.scope}"
        raise NothingFoundError(f"nothing found: no {what}{where}")


def _show_conversation(whole: WholeConversation, *, as_json: bool) -> None:
    line = whole.conversation
    if as_json:
        document = {
            **asdict(line),
            "id": f"c{line.id}",
            "turns": [_turn_document(turn) for turn in whole.turns],
            "summaries": [asdict(summary) for summary in whole.summaries],
        }
        print_json(document)
        return
    ended = f", ended {when(line.ended_at)}" if line.ended_at else ""
    times = f"began {when(line.started_at)}{ended}"
    print_fields(
        {
            "conversation": f"c{line.id}, {line.device_id} with {person(line.user_id)}, {times}",
            "summary": whole.summaries[-1].text if whole.summaries else "",
        }
    )
    rows = [
        (f"t{each.id}", when(each.turn.at), each.turn.words, each.turn.person_emotion or "", _answered(each))
        for each in whole.turns
    ]
    print_table(("id", "when", "said", "felt", "answered"), rows, wide="answered")


def _show_fact(whole: WholeFact, *, as_json: bool) -> None:
    fact = whole.fact
    if as_json:
        history = [_fact_document(each) for each in whole.history]
        said_in = _turn_document(whole.turn) if whole.turn else None
        print_json({**_fact_document(fact), "history": history, "said_in": said_in})
        return
    superseded = f"since {when(fact.superseded_at)}" if fact.superseded_at else ""
    print_fields(
        {
            "fact": f"f{fact.id}, {fact.device_id}, {_whose(fact)}",
            "text": fact.text,
            "about": f"{fact.subject}: {fact.kind} {fact.value}",
            "learnt": f"{when(fact.learned_at)} by {fact.source}, certainty {_certainty(fact)}",
            "holds no more": superseded,
            "said in": f't{whole.turn.id}: "{whole.turn.turn.words}"' if whole.turn else "",
        }
    )
    if len(whole.history) > 1:
        rows = [
            (
                f"f{each.id}",
                when(each.learned_at),
                each.text,
                f"until {when(each.superseded_at)}" if each.superseded_at else "holds",
            )
            for each in whole.history
        ]
        print_table(("id", "learnt", "fact", "holds"), rows, wide="fact")


def _turn_fields(stored: StoredTurn) -> dict[str, str]:
    turn, reply = stored.turn, stored.turn.reply
    timings = reply.timings
    return {
        "turn": f"t{stored.id} of c{stored.conversation_id}, {reply.device_id} with {person(turn.user_id)}",
        "when": when(turn.at),
        "said": turn.words,
        "felt": turn.person_emotion or "",
        "with": turn.facts,
        "answered": _answered(stored),
        "actions": ", ".join(action.action for action in reply.actions),
        "intent": f"{reply.intent}, {reply.language}, answered by {reply.source} ({reply.finish_reason})",
        "timings": f"waited {timings.queue_ms:.0f} ms, whole after {timings.total_ms:.0f} ms",
        "request": reply.request_id,
        "learnt": "\n".join(f"f{fact.id}: {fact.text}" for fact in stored.facts),
    }


def _turn_document(stored: StoredTurn) -> dict[str, Any]:
    turn = stored.turn
    return {
        "kind": "turn",
        "id": f"t{stored.id}",
        "conversation": f"c{stored.conversation_id}",
        "user_id": turn.user_id or "",
        "at": turn.at,
        "words": turn.words,
        "person_emotion": turn.person_emotion,
        "moment": turn.facts,
        "reply": turn.reply.model_dump(mode="json", exclude_none=True),
        "trace": dict(turn.trace),
        "learnt": [f"f{fact.id}" for fact in stored.facts],
    }


def _fact_document(fact: Fact) -> dict[str, Any]:
    links = {
        "id": f"f{fact.id}",
        "turn_id": None if fact.turn_id is None else f"t{fact.turn_id}",
        "superseded_by": None if fact.superseded_by is None else f"f{fact.superseded_by}",
    }
    return {**asdict(fact), **links}


def _answered(stored: StoredTurn) -> str:
    return f"[{stored.turn.reply.emotion}] {stored.turn.reply.text}"


def _found_id(found: Found) -> str:
    return f"{found.kind[0]}{found.id}"


def _whose(fact: Fact) -> str:
    return "everybody" if fact.household else person(fact.user_id)


def _certainty(fact: Fact) -> str:
    return f"{fact.confidence:.0%}"
