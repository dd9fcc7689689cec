"""`python -m tests.reflecting PATH`: reflects on what a database holds until there is nothing more to do, then says so.

Whoever starts it may kill it at any instant.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path

from ai_server import resources
from ai_server.brain.facts.by_model import ModelFacts
from ai_server.brain.facts.rules import FactRules
from ai_server.brain.reflection import Reflection
from ai_server.llm.chat import ChatEvent, ChatRequest, Finished, Started
from ai_server.memory.storage.database import Database
from ai_server.memory.summaries import Summaries
from ai_server.memory.turns import Turns

LATER = datetime(2026, 3, 2, tzinfo=UTC)
DONE = "nothing more to do"


class SlowModel:
    """Takes its time, and finds that every pet is a cat's brother."""

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        yield Started("llm")
        await asyncio.sleep(0.01)
        asked = request.messages[0].content
        if request.grammar is None:
            yield Finished("stop", "The person spoke of pets.")
            return
        lines = asked.rpartition("The lines:\n")[2].splitlines()
        found = (
            f'{{"line": {number}, "who": "user", "kind": "likes", "value": "{line.rsplit(None, 1)[1]}"}}'
            for number, line in enumerate(lines[:8], 1)
        )
        yield Finished("stop", f"[{', '.join(found)}]")


def reflection(database: Database) -> Reflection:
    rules = FactRules.load(resources.config_dir() / "facts")
    return Reflection(
        turns=Turns(database, now=lambda: LATER),
        summaries=Summaries(database),
        model=SlowModel(),
        finder=ModelFacts(lambda: rules),
        busy=lambda: False,
        forget=lambda _: None,
        history_tokens=200,
        now=lambda: LATER,
    )


async def main(path: Path) -> None:
    database = await Database.open(path)
    reflects = reflection(database)
    print("begun", flush=True)
    while await reflects.step():
        pass
    await database.close()
    print(DONE, flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
