"""`python -m benchmarks.masking`: what it costs to mask a line of the log, and to follow how somebody speaks.

The peer is what a line costs without masking: structlog's own work for one line as JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection

from ai_server import resources
from ai_server.brain.personality import Adaptation
from ai_server.brain.tones import Tones
from ai_server.masking import Masking
from ai_server.memory.personalities import Personalities, Traits
from ai_server.memory.storage.database import Database
from ai_server.memory.turns import Turn
from ai_server.protocol.reply import Reply
from ai_server.telemetry import logs
from benchmarks.figures import Figure

_LINES = {
    "a line without a number": "the broker is gone: trying again soon",
    "a line with ids and times": "request 550e8400-e29b-41d4-a716-446655440000 of rover-20260311 expired after 30 s",
    "a line with a phone number": "call me at (202) 456-1414",
    "a line with a card": "my card is 4111 1111 1111 1111",
    "4,000 characters": "turn 90 degrees, said Ada at 17:30. " * 111,
}


def main() -> None:
    """Print the table; see `--help`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2000)
    rounds = parser.parse_args().rounds
    began = time.perf_counter()
    masking = Masking(("US",))
    masking.load()
    loaded_ms = (time.perf_counter() - began) * 1000
    unmasked = _times(_unmasked_line(), rounds)
    taken = {f"to mask {name}": _times(partial(masking.mask, words), rounds) for name, words in _LINES.items()}
    taken["to follow how somebody speaks"] = asyncio.run(_drift(rounds))
    table = Table("what", "p50 us", "p99 us", "p50 to a line", title=f"{rounds} rounds")
    for what, samples in {"a line of the log, unmasked": unmasked, **taken}.items():
        p50, p99 = (Figure.of([samples], percent).value for percent in (50, 99))
        table.add_row(what, f"{p50:.1f}", f"{p99:.1f}", f"x{p50 / Figure.of([unmasked]).value:.2f}")
    Console().print(table)
    Console().print(f"once, to load what knows phone numbers: {loaded_ms:.0f} ms")


def _times(work: Callable[[], object], runs: int) -> list[float]:
    took = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1e6)
    return took


class _Unmasked(Masking):
    def mask_all(self, value: Any) -> Any:
        return value


def _unmasked_line() -> Callable[[], object]:
    logs.configure("info", "json", io.StringIO(), _Unmasked(()))
    log = structlog.get_logger("ai_server.benchmark")
    return partial(log.info, "the broker is gone: trying again soon", attempt=3)


async def _drift(runs: int) -> list[float]:
    with tempfile.TemporaryDirectory() as folder:
        database = await Database.open(Path(folder) / "naila.db")
        tones = Tones.load(resources.config_dir() / "tones")
        kept = Personalities(database, max_kept=1000)
        middle = Traits(0.5, 0.5, 0.5, 0.5, 0.5)
        adaptation = Adaptation(kept, tones=lambda: tones, traits=lambda _: middle, enabled=True)
        reply = Reply(request_id="q", device_id="rover", text="", source="llm", language="en")
        words = "Could you please tell me what time it is in Tokyo, my dear robot?"
        at = datetime.now(UTC)

        def work(connection: Connection) -> list[float]:
            numbers = iter(range(runs))

            def turn() -> None:
                said = Turn(at=at + timedelta(hours=next(numbers)), words=words, reply=reply, user_id="ada")
                adaptation.drift(connection, said)

            return _times(turn, runs)

        try:
            return await database.run(work)
        finally:
            await database.close()


if __name__ == "__main__":
    main()
