"""A process that stores is killed at any instant: what it was promised is there, and nothing is there by half."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from contextlib import closing
from pathlib import Path

from ai_server.memory.storage import sqlite
from tests.killable import Killable, require_sound

KILLS = 8

Promises = dict[str, set[str]]


def store_until_killed(path: Path, first: int, seconds: float, promises: Promises) -> None:
    process = Killable("tests.storing", str(path), str(first))
    process.wait_for()
    time.sleep(seconds)
    process.keep(promises)


def stored(path: Path) -> Promises:
    queries = {
        "inbox": "SELECT request_id FROM inbox",
        "turns": "SELECT request_id FROM turns",
        "undelivered": "SELECT request_id FROM outbox WHERE kind = 'reply' AND delivered_at IS NULL",
    }
    require_sound(path)
    with closing(sqlite.connect_to_read(path)) as connection:
        return {name: {row[0] for row in connection.execute(query)} for name, query in queries.items()}


def test_killed_at_any_instant_each_accepted_utterance_waits_or_is_answered_and_published(tmp_path: Path) -> None:
    path, rng = tmp_path / "naila.db", random.Random(7)
    promises: Promises = defaultdict(set)
    for kill in range(KILLS):
        store_until_killed(path, kill * 1_000_000, rng.uniform(0, 0.3), promises)
        found = stored(path)
        assert promises["accepted"] <= found["inbox"] | found["turns"]
        assert not found["inbox"] & found["turns"]
        assert promises["answered"] <= found["turns"]
        assert found["turns"] - promises["marking"] <= found["undelivered"], "what no one was told of goes out again"
        assert not promises["marked"] & found["undelivered"]
    assert not list(tmp_path.glob("*damaged*"))
    assert len(promises["marked"]) > KILLS
