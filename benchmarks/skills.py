"""`python -m benchmarks.skills`: how long skills take to answer, from the question to the words.

The peer is a millisecond: what the brain promises where no model is needed. A name is on the disk before it is told.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ai_server.brain.robots import Situation
from ai_server.memory.storage.database import Database
from benchmarks.figures import Figure
from tests.asking import Asker, declared

_PROMISED_MS = 1.0
_BODY = declared({"name": "set_volume", "type": "integer", "minimum": 0, "maximum": 30})

QUESTIONS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("time_query", "what time is it", {}),
    ("time_query", "what time is it in tokyo", {"place": "Tokyo"}),
    ("date_query", "how many days until christmas", {"date": "2026-12-25"}),
    ("date_query", "what's the date tomorrow", {}),
    ("calculation", "what is twelve times seven", {"expression": "twelve times seven"}),
    ("calculation", "square root of 2", {"expression": "square root of 2"}),
    ("dice_roll", "roll two d20", {}),
    ("sensor_query", "how full is your battery", {"sensor": "battery", "situation": Situation(battery_percent=55)}),
    ("capabilities_query", "what can you do", {"body": _BODY}),
    ("user_name_query", "who am i", {}),
    ("volume_set", "volume to 40 percent", {"level": 40, "body": _BODY}),
    ("user_name_set", "call me ada", {"name": "Ada"}),
)


def main() -> None:
    """Print the table; see `--help`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        taken = asyncio.run(_measure(Path(folder), options.rounds))
    table = Table("what is said", "p50 ms", "p99 ms", "p99 to 1 ms", title=f"{options.rounds} answers of each skill")
    for said, samples in taken.items():
        p50, p99 = (Figure.of([samples], percent).value for percent in (50, 99))
        table.add_row(said, f"{p50:.3f}", f"{p99:.3f}", f"{p99 / _PROMISED_MS:.2f}")
    Console().print(table)


async def _measure(folder: Path, rounds: int) -> dict[str, list[float]]:
    database = await Database.open(folder / "naila.db")
    asker = Asker(database)
    taken: dict[str, list[float]] = {text: [] for _, text, _ in QUESTIONS}
    for _ in range(rounds):
        for intent, text, known in QUESTIONS:
            began = time.perf_counter()
            await asker.ask(intent, text, **known)
            taken[text].append((time.perf_counter() - began) * 1000)
    await database.close()
    return taken


if __name__ == "__main__":
    main()
