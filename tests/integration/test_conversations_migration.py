"""Conversations that were a robot's become those of the people whom it spoke with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from ai_server.memory import migrations
from tests.migrating import KINDS, fresh, upgrade

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
SAID = [(1, None, 10), (1, "ada", 20), (1, None, 5), (2, "ada", 7), (2, "bob", 8), (2, "ada", 9), (3, "bob", 1)]
"""Of each turn the conversation, who spoke, and how many tokens of history it was."""


@pytest.fixture(params=KINDS)
def connection(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Connection]:
    with fresh(request.param, request, tmp_path) as connection:
        yield connection


def fill(connection: sa.Connection) -> None:
    """Store two conversations of the rover and one of the owl, as version 0008 did."""
    old = sa.MetaData()
    old.reflect(connection)
    for number, device_id in enumerate(["rover", "rover", "owl"], 1):
        row = {"device_id": device_id, "started_at": AT + timedelta(hours=number)}
        connection.execute(old.tables["conversations"].insert().values(row))
    texts = dict.fromkeys(("words", "facts", "text", "emotion", "intent", "language", "source", "finish_reason"), "x")
    numbers = dict.fromkeys(("prompt_tokens", "cached_tokens", "completion_tokens"), 0)
    times = dict.fromkeys(("confidence", "queue_ms", "total_ms"), 0.0)
    ends = {1: 0, 2: 0, 3: 0}
    for number, (conversation, user_id, tokens) in enumerate(SAID, 1):
        ends[conversation] += tokens
        row = {
            "conversation_id": conversation,
            "device_id": "owl" if conversation == 3 else "rover",
            "request_id": f"q{number}",
            "at": AT + timedelta(hours=conversation, minutes=number),
            "replied_at": AT + timedelta(hours=conversation, minutes=number),
            "user_id": user_id,
            "history_tokens": tokens,
            "history_end": ends[conversation],
            "actions": [],
            **texts,
            **numbers,
            **times,
        }
        connection.execute(old.tables["turns"].insert().values(row))


def test_each_persons_turns_are_in_conversations_of_their_own_of_which_the_newest_goes_on(
    connection: sa.Connection,
) -> None:
    upgrade(connection, "0008")
    fill(connection)
    upgrade(connection, migrations.HEAD)
    new = sa.MetaData()
    new.reflect(connection, only=["conversations", "turns"])
    turns, conversations = new.tables["turns"], new.tables["conversations"]
    found = connection.execute(sa.select(turns).order_by(turns.c.request_id)).all()
    assert [row.user_id for row in found] == [user_id or "" for _, user_id, _ in SAID]
    assert [row.history_end for row in found] == [10, 20, 15, 7, 8, 16, 1]
    of = {row.id: row for row in connection.execute(sa.select(conversations))}
    assert all(of[row.conversation_id].user_id == row.user_id for row in found)
    assert all(of[row.conversation_id].device_id == row.device_id for row in found)
    together = [(found[a].conversation_id == found[b].conversation_id) for a, b in ((0, 2), (3, 5), (1, 3), (4, 6))]
    assert together == [True, True, False, False]
    newest = {(row.device_id, row.user_id): row.id for row in sorted(of.values(), key=lambda row: row.id)}
    assert newest["rover", "ada"] == found[3].conversation_id
    goes_on = [of[row.conversation_id].ended_at is None for row in found]
    assert goes_on == [False, False, False, True, True, True, True]


def test_who_set_a_reminder_and_which_turn_said_a_fact_is_told_by_the_turns(connection: sa.Connection) -> None:
    upgrade(connection, "0008")
    fill(connection)
    upgrade(connection, "0014")
    old = sa.MetaData()
    old.reflect(connection)
    common = {"kind": "timer", "language": "en", "elapsed": True}
    for device_id, minutes in (("rover", 60 + 2), ("rover", 60 + 50), ("owl", 60 + 2)):
        row = {"device_id": device_id, "set_at": AT + timedelta(minutes=minutes), **common}
        connection.execute(old.tables["reminders"].insert().values(row))
    texts = dict.fromkeys(("device_id", "user_id", "subject", "kind", "value", "text", "source"), "x")
    for turn_id in (2, None):
        row = {**texts, "household": False, "confidence": 1.0, "learned_at": AT, "turn_id": turn_id}
        connection.execute(old.tables["facts"].insert().values(row))
    upgrade(connection, "0015")
    assert connection.execute(sa.text("SELECT user_id FROM reminders ORDER BY id")).scalars().all() == ["ada", "", ""]
    assert connection.execute(sa.text("SELECT fact_id, turn_id FROM fact_turns")).all() == [(1, 2)]
