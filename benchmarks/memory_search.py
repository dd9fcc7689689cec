"""`python -m benchmarks.memory_search`: how long recall for a prompt takes, in milliseconds, with many turns stored.

Two databases are built: one in which many people have a hundred turns each, and one in which one person has them all,
the worst there is. The words are drawn as in speech (a few in every turn, most seldom), so that some are in thousands
of turns. The peers are asked in the same file for the same words: a scan of that person's turns with `LIKE`, and a
plain FTS5 index over everybody's words, ranked by its own `bm25` and then narrowed to the person.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeAlias

from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection, insert, text

from ai_server.memory.schema import conversations, turns
from ai_server.memory.search import index as search_index
from ai_server.memory.search.search import Search
from ai_server.memory.storage.database import Database
from benchmarks.figures import Figure
from tests.recall_history import questions, turn_row

_AIM_MS = 5.0
_VOCABULARY = 20_000
_WORDS_OF_A_TURN = 12
_TURNS_OF_A_PERSON = 100
_AT_ONCE = 1000
_PEER_ROUNDS = 20
_NOW = datetime(2026, 5, 3, 12, tzinfo=UTC)

Person: TypeAlias = tuple[str, str]
Peer: TypeAlias = Callable[[Connection, Person, str], object]


def main() -> None:
    """Print the table; see `--help`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=100_000, help="stored turns")
    parser.add_argument("--rounds", type=int, default=2000, help="recalls measured")
    options = parser.parse_args()
    table = Table("stored turns", "of whom", "what", "p50", "p95", "p99", "ratio of p99", title="ms until it is found")
    crowd = [(f"robot{number}", f"person{number}") for number in range(max(1, options.turns // _TURNS_OF_A_PERSON))]
    for of_whom, people in ((f"{len(crowd)} people", crowd), ("one person", [("rover", "ada")])):
        asyncio.run(_measure(table, of_whom, people, options.turns, options.rounds))
    Console().print(table)
    Console().print(f"aim: p99 of recall at most {_AIM_MS:g} ms")


async def _measure(table: Table, of_whom: str, people: list[Person], count: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = await Database.open(Path(folder) / "naila.db")
        chance = random.Random(1)
        began = time.perf_counter()
        await _build(database, people, count, chance)
        each_ms = (time.perf_counter() - began) * 1000 / count
        asked = [(chance.choice(people), words) for words in itertools.islice(_queries(chance), rounds)]
        search = Search(database)
        ours = await _timed(asked, lambda person, words: search.recall(*person, words, language="en", limit=3))
        table.add_row(*_cells(count, of_whom, "recall", ours, ours))
        for what, peer in (("LIKE, the person's turns", _like), ("plain FTS5, bm25", _plain_fts)):
            read = partial(_read, database, peer)
            table.add_row(*_cells(count, of_whom, what, await _timed(asked[:_PEER_ROUNDS], read), ours))
        table.add_row(str(count), of_whom, "storing and indexing a turn, mean", f"{each_ms:.2f}", "", "", "")
        await database.close()


async def _read(database: Database, peer: Peer, person: Person, words: str) -> object:
    return await database.read(lambda connection: peer(connection, person, words))


def _cells(count: int, of_whom: str, what: str, samples: list[float], ours: list[float]) -> tuple[str, ...]:
    figures = [Figure.of([samples], percent).value for percent in (50, 95, 99)]
    ratio = f"x{figures[-1] / Figure.of([ours], 99).value:.1f}"
    return str(count), of_whom, what, *(f"{each:.2f}" for each in figures), ratio


async def _timed(asked: list[tuple[Person, str]], find: Callable[[Person, str], Awaitable[object]]) -> list[float]:
    for person, words in asked[:50]:
        await find(person, words)
    samples = []
    for person, words in asked:
        began = time.perf_counter()
        await find(person, words)
        samples.append((time.perf_counter() - began) * 1000)
    return samples


async def _build(database: Database, people: list[Person], count: int, chance: random.Random) -> None:
    def begin(connection: Connection) -> int:
        connection.execute(text("CREATE VIRTUAL TABLE plain USING fts5(words, device_id UNINDEXED, user_id UNINDEXED)"))
        rows = insert(conversations).values(device_id="rover", user_id="ada", started_at=_NOW)
        return int(connection.execute(rows.returning(conversations.c.id)).scalar_one())

    conversation = await database.run(begin)
    draw = _speaker(chance)
    for first in range(1, count + 1, _AT_ONCE):
        numbers = range(first, min(first + _AT_ONCE, count + 1))
        rows = [
            turn_row(
                number, conversation, *chance.choice(people), draw(), draw(), _NOW - timedelta(minutes=count - number)
            )
            for number in numbers
        ]
        if first + _AT_ONCE > count:
            await Search(database).merge()  # as `Search.run` does now and then, never with the newest
        await database.run(partial(_store, rows))


def _store(rows: list[dict[str, object]], connection: Connection) -> None:
    connection.execute(insert(turns), rows)
    connection.execute(
        text("INSERT INTO plain (rowid, words, device_id, user_id) VALUES (:id, :words, :device_id, :user_id)"), rows
    )
    while search_index.refresh(connection):
        pass


def _speaker(chance: random.Random) -> Callable[[], str]:
    """Return what makes a sentence of words as frequent as Zipf's law says, those of the questions among them."""
    known = sorted(
        {word for each in questions("recall_questions") for word in each.question.lower().strip("?").split()}
    )
    words = known + ["".join(chance.choices("abcdefghijklmnoprstuvw", k=7)) for _ in range(_VOCABULARY)]
    weights = list(itertools.accumulate(1 / rank for rank in range(1, len(words) + 1)))
    return lambda: " ".join(chance.choices(words, cum_weights=weights, k=_WORDS_OF_A_TURN))


def _queries(chance: random.Random) -> Iterator[str]:
    asked = [each.question for each in questions("recall_questions") if each.language == "en"]
    while True:
        yield chance.choice(asked)


def _like(connection: Connection, person: Person, words: str) -> object:
    tests = " OR ".join(f"words LIKE :word{number}" for number, _ in enumerate(words.split()))
    values = {f"word{number}": f"%{word}%" for number, word in enumerate(words.strip("?").split())}
    query = f"SELECT * FROM turns WHERE device_id = :device AND user_id = :user AND ({tests}) ORDER BY id DESC LIMIT 3"
    return connection.execute(text(query), {"device": person[0], "user": person[1], **values}).all()


def _plain_fts(connection: Connection, person: Person, words: str) -> object:
    match = " OR ".join(f'"{word}"' for word in words.replace('"', "").strip("?").split())
    query = (
        "SELECT rowid FROM plain WHERE plain MATCH :match AND device_id = :device AND user_id = :user "
        "ORDER BY bm25(plain) LIMIT 3"
    )
    return connection.execute(text(query), {"match": match, "device": person[0], "user": person[1]}).all()


if __name__ == "__main__":
    main()
