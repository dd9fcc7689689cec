"""A process that stores, sweeps and erases without end, and says so line by line, until it is killed.

`python -m tests.erasing DATABASE FIRST` numbers its words from FIRST. With a third argument it says that word, erases
it, and is killed when that is on the disk and not out of the files yet.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from ai_server.memory.privacy.erasure import Erasure
from ai_server.memory.privacy.retention import Retention
from ai_server.memory.privacy.selection import Selection
from ai_server.memory.storage.database import Database
from tests.filled_memory import fact, say_turn
from tests.storing import say

DAYS = 30


async def refresh() -> None:
    """There is nothing in memory."""


def an_erasure(database: Database, *, killed: bool = False) -> Erasure:
    """Erases; where it is to be `killed`, between the tables and the files."""

    def forget(_device_id: str, _user_id: str | None) -> None:
        if killed:
            os.kill(os.getpid(), signal.SIGKILL)

    return Erasure(database, data_dir=database.place.directory, forget=forget, forget_all=lambda: None, refresh=refresh)


async def erase_and_die(path: Path, word: str) -> None:
    """Say a word, and be killed while it is erased."""
    database = await Database.open(path)
    await say_turn(database, f"q-{word}", f"I said {word}.", learned=[fact(f"It is {word}.")])
    await an_erasure(database, killed=True).erase(Selection(about=word), by="test")


async def store(path: Path, first: int) -> None:
    """Say words, some of them long ago; erase every third; sweep what is old."""
    database = await Database.open(path)
    erasure = an_erasure(database)
    await erasure.resume()
    retention = Retention(database, 1 << 30, days=DAYS)
    for number in count(first):
        word = f"quixotic{number}"
        for turn in range(4):
            learned = [fact(f"The word is {word}.", kind=f"k{number}")] if turn == 0 else []
            await say_turn(database, f"{word}-{turn}", f"I said {word}.", learned=learned)
        await say_turn(database, f"old-{number}", "Long ago", at=datetime.now(UTC) - timedelta(days=DAYS + 1))
        say("said", word)
        if number % 3 == 0:
            say("erasing", word)
            await erasure.erase(Selection(about=word), by="test")
            say("erased", word)
        if number % 5 == 0:
            await retention.sweep()
            say("swept", number)


if __name__ == "__main__":
    if len(sys.argv) > 3:
        asyncio.run(erase_and_die(Path(sys.argv[1]), sys.argv[3]))
    else:
        asyncio.run(store(Path(sys.argv[1]), int(sys.argv[2])))
