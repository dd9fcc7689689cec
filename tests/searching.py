"""A process that stores, changes and deletes turns and indexes them without end, until it is killed.

`python -m tests.searching DATABASE` says a line for each turn that is stored for good.
"""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path

from sqlalchemy import Connection, delete, select, update

from ai_server.memory.schema import turns
from ai_server.memory.search.search import Search
from ai_server.memory.storage.database import Database
from ai_server.memory.turns import Turn, Turns
from ai_server.protocol.reply import Reply


async def store(path: Path) -> None:
    """Keep storing, changing and deleting, with the index being caught up with at the same time."""
    database = await Database.open(path)
    search = Search(database)

    async def index() -> None:
        while True:
            await search.catch_up()
            await search.merge()
            await asyncio.sleep(0)

    indexing = asyncio.create_task(index())
    for number in count():
        reply = Reply(request_id=f"q{number}", device_id="rover", text=f"reply{number}", source="llm", language="en")
        await Turns(database).add(Turn(at=datetime.now(UTC), words=f"kept{number} word", user_id="ada", reply=reply))
        await database.run(partial(_change, number))
        os.write(1, f"{number}\n".encode())
    await indexing


def _change(number: int, connection: Connection) -> None:
    """Delete every third turn, and put other words into every fourth."""
    of_turn = turns.c.request_id == f"q{number}"
    if number % 3 == 0:
        connection.execute(delete(turns).where(of_turn))
    elif number % 4 == 0:
        words = connection.execute(select(turns.c.words).where(of_turn)).scalar_one()
        connection.execute(update(turns).where(of_turn).values(words=f"{words} changed"))


if __name__ == "__main__":
    asyncio.run(store(Path(sys.argv[1])))
