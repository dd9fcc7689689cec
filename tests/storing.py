"""A process that stores without end and says what it was promised, line by line, until it is killed.

`python -m tests.storing DATABASE FIRST` numbers its requests from FIRST.
"""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from ai_server.memory.accepted import AcceptedUtterances, Arrival
from ai_server.memory.storage.database import Database
from ai_server.memory.turns import Turn, Turns
from ai_server.memory.undelivered import NewPublication, Undelivered
from ai_server.protocol.reply import Reply
from ai_server.protocol.utterance import Utterance

PUBLICATIONS = (
    NewPublication(topic="naila/devices/rover/actions/wave", payload=b"{}", kind="action"),
    NewPublication(topic="naila/ai/responses/text/rover", payload=b"{}", kind="reply"),
)


def say(what: str, *names: object) -> None:
    """Tell the test in one write, so that a line is whole or not there."""
    os.write(1, (" ".join(map(str, [what, *names])) + "\n").encode())


async def store(path: Path, first: int) -> None:
    """Accept, answer, cancel, deliver and sweep, some of it at the same time."""
    database = await Database.open(path)
    accepted, turns, undelivered = AcceptedUtterances(database), Turns(database), Undelivered(database)

    async def accept(requests: list[str]) -> None:
        said = [Utterance(device_id="rover", request_id=each, text="Hello") for each in requests]
        await accepted.accept([Arrival(utterance=each, arrived_at=datetime.now(UTC)) for each in said])
        say("accepted", *requests)

    async def answer(request_id: str) -> None:
        reply = Reply(request_id=request_id, device_id="rover", text="Hi", source="llm")
        stored = await turns.add(Turn(at=datetime.now(UTC), words="Hello", reply=reply), PUBLICATIONS) or []
        say("answered", request_id)
        if hash(request_id) % 3 == 0:
            cancelled = reply.model_copy(update={"finish_reason": "cancelled", "actions": []})
            stored = await turns.cancel(Turn(at=datetime.now(UTC), words="Hello", reply=cancelled), PUBLICATIONS[1:])
        say("marking", request_id)
        await undelivered.mark_delivered([each.id for each in stored])
        say("marked", request_id)

    for number in count(first, 4):
        requests = [f"q{each}" for each in range(number, number + 4)]
        await accept(requests)
        await asyncio.gather(*map(answer, requests[:3]), accept([f"late-{requests[0]}"]))
        if number % 10 == 0:
            await undelivered.sweep(datetime.now(UTC))


if __name__ == "__main__":
    asyncio.run(store(Path(sys.argv[1]), int(sys.argv[2])))
