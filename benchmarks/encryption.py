"""What encryption adds to storing a turn: `python -m benchmarks.encryption [--turns 400]`.

The same turns, with their publications, go into a file that is encrypted and into one that is not, by turns, so that
whatever else the host does slows both. A commit is on the disk when its time is taken.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from ai_server.memory.storage.database import Database
from ai_server.memory.storage.keys import Key
from ai_server.memory.storage.sqlite_file import SqliteFile
from ai_server.memory.turns import Turn, Turns
from ai_server.memory.undelivered import NewPublication
from ai_server.protocol.reply import Reply

KEY = Key("0123456789abcdef" * 4)
AIM_MS = 1.0
WORDS = "Tell me a story about the lighthouse keeper and the three gulls that he fed every morning. "
PUBLICATION = NewPublication(topic="naila/ai/responses/text/rover", payload=bytes(800), kind="reply")


async def measure(directory: Path, turns: int) -> dict[str, list[float]]:
    """Return the milliseconds of each turn's transaction, by kind of file."""
    plain = await Database.open(SqliteFile(directory / "plain.db"))
    encrypted = await Database.open(SqliteFile(directory / "encrypted.db", KEY))
    kinds = {"plain": plain, "encrypted": encrypted}
    for number in range(turns):
        for database in kinds.values():
            await Turns(database).add(turn(number), [PUBLICATION])
    times = {name: list(database.write_ms) for name, database in kinds.items()}
    for database in kinds.values():
        await database.close()
    return times


def turn(number: int) -> Turn:
    reply = Reply(request_id=f"q{number}", device_id="rover", text=WORDS * 2, source="llm")
    return Turn(at=datetime.now(UTC), words=WORDS, reply=reply, user_id="ada")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=400, help="how many are stored in each file, up to 1,000")
    turns: int = parser.parse_args().turns
    with tempfile.TemporaryDirectory() as directory:
        times = asyncio.run(measure(Path(directory), turns))
    print("| storing a turn | plain, ms | encrypted, ms | ratio |\n|---|---|---|---|")
    for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        plain, encrypted = (sorted(times[kind])[int(share * (turns - 1))] for kind in ("plain", "encrypted"))
        print(f"| {name} | {plain:.2f} | {encrypted:.2f} | {encrypted / plain:.2f} |")
    more = median(after - before for before, after in zip(times["plain"], times["encrypted"], strict=True))
    print(f"\nThe same turn took {more:.2f} ms more, in the median; the aim is less than {AIM_MS:g} ms.")


if __name__ == "__main__":
    main()
