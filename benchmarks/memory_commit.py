"""`python -m benchmarks.memory_commit`: how long it takes to store a turn, with what belongs to it, durably.

Each turn is a transaction that is on the disk before it ends: the turn, its publication and the facts that were learnt.
The database holds turns already; meanwhile it is indexed for the search, as in the daemon.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ai_server.memory.facts import NewFact
from ai_server.memory.privacy.retention import Retention
from ai_server.memory.search.search import Search
from ai_server.memory.storage.database import Database
from ai_server.memory.storage.keys import Key
from ai_server.memory.storage.sqlite_file import SqliteFile
from tests.filled_memory import fact, say_turn

AIM_MS = 5.0
_WORDS = "I went to the market with my sister this morning and we bought apples, cheese and a new lamp for the kitchen"
_REPLY = "How lovely! A new lamp makes a kitchen cosy. What will you cook with all that cheese?"


@dataclass(frozen=True)
class Setup:
    """How turns are stored.

    Attributes:
        what: in words.
        learned: facts of each turn.
        is_indexed: what is stored is indexed meanwhile.
        is_encrypted: the file is.
        is_swept: what is too old is swept out meanwhile.
    """

    what: str
    learned: int = 0
    is_indexed: bool = True
    is_encrypted: bool = False
    is_swept: bool = False


SETUPS = (
    Setup("a turn, not indexed", is_indexed=False),
    Setup("a turn"),
    Setup("a turn with a fact", learned=1),
    Setup("a turn with three facts", learned=3),
    Setup("a turn with a fact, encrypted", learned=1, is_encrypted=True),
    Setup("a turn with a fact, during a sweep", learned=1, is_swept=True),
)


async def measure(setup: Setup, directory: Path, *, stored: int, turns: int) -> list[float]:
    """Return how many milliseconds each turn took."""
    key = Key(secrets.token_hex(32)) if setup.is_encrypted else None
    database = await Database.open(SqliteFile(directory / "naila.db", key))
    indexing = asyncio.create_task(Search(database).run()) if setup.is_indexed else None
    long_ago = datetime.now(UTC) - timedelta(days=40)
    for number in range(stored):
        await _say(database, f"s{number}", _facts(number, setup.learned), at=long_ago if setup.is_swept else None)
    retention = Retention(database, 1 << 40, days=30 if setup.is_swept else 0)
    sweep = asyncio.create_task(retention.sweep())
    took = []
    for number in range(turns):
        began = time.perf_counter()
        await _say(database, f"q{number}", _facts(stored + number, setup.learned))
        took.append((time.perf_counter() - began) * 1000)
        await asyncio.sleep(0)
    await sweep
    if indexing:
        indexing.cancel()
        await asyncio.wait([indexing])
    await database.close()
    return took


async def _say(database: Database, request_id: str, learned: Sequence[NewFact], at: datetime | None = None) -> None:
    await say_turn(database, request_id, f"{_WORDS} {request_id}", _REPLY, learned=learned, at=at)


def _facts(number: int, count: int) -> list[NewFact]:
    return [fact(f"You like lamp {number % 97} of {each}.", kind=f"likes {number % 97}") for each in range(count)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stored", type=int, default=5000, help="turns that are there before")
    parser.add_argument("--turns", type=int, default=1000, help="turns that are measured")
    arguments = parser.parse_args()
    table = Table("stored durably", "p50, ms", "p99, ms", "most, ms", f"p99 of {AIM_MS:g} ms")
    for setup in SETUPS:
        with tempfile.TemporaryDirectory(dir=".") as directory:
            took = measure(setup, Path(directory), stored=arguments.stored, turns=arguments.turns)
            took_ms = sorted(asyncio.run(took))
        p50, p99 = took_ms[len(took_ms) // 2], took_ms[int(len(took_ms) * 0.99)]
        table.add_row(setup.what, f"{p50:.2f}", f"{p99:.2f}", f"{took_ms[-1]:.2f}", f"{p99 / AIM_MS:.0%}")
    Console().print(table)


if __name__ == "__main__":
    main()
