"""The database on a disk that really is full: a tmpfs of two megabytes, which only a process of the test sees."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ai_server.memory.accepted import AcceptedUtterances, Arrival
from ai_server.memory.storage.database import Database, DatabaseError
from ai_server.memory.turns import Turn, Turns
from ai_server.memory.undelivered import NewPublication, Undelivered
from ai_server.protocol.reply import Reply
from ai_server.protocol.utterance import Utterance

ROOT = Path(__file__).parents[2]
PUBLICATION = NewPublication(topic="naila/ai/responses/text/rover", payload=b"{}" * 200, kind="reply")

Findings = dict[str, Any]


def arrival(number: int) -> Arrival:
    said = Utterance(device_id="rover", request_id=f"q{number}", text="Hello " * 50)
    return Arrival(utterance=said, arrived_at=datetime.now(UTC))


def turn(number: int) -> Turn:
    reply = Reply(request_id=f"q{number}", device_id="rover", text="Hello! " * 50, source="skill")
    return Turn(at=datetime.now(UTC), words="Hello " * 50, reply=reply)


def fill(directory: Path) -> Path:
    ballast = directory / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    assert shutil.disk_usage(directory).free == 0
    return ballast


async def refused_while_running(directory: Path) -> Findings:
    database = await Database.open(directory / "naila.db")
    accepted, turns = AcceptedUtterances(database), Turns(database)
    number, taken, answered, refusals = 0, [], [], []
    await accepted.accept([arrival(0)])
    await turns.add(turn(0), [PUBLICATION])
    ballast = fill(directory)
    while len(refusals) < 20:
        number += 1
        try:
            await accepted.accept([arrival(number)])
            taken.append(f"q{number}")
            await turns.add(turn(number), [PUBLICATION])
            answered.append(f"q{number}")
        except DatabaseError as error:
            refusals.append([error.what, error.passing, error.damaged])
    readable = (await turns.find("rover", "q0")) is not None
    still_full = database.last_error is not None
    ballast.unlink()
    await database.ping()
    recovered = database.last_error is None
    await accepted.accept([arrival(number + 1)])
    taken.append(f"q{number + 1}")
    return {
        "refusals": refusals,
        "readable": readable,
        "still_full": still_full,
        "recovered": recovered,
        **await stored_after_a_new_start(database, taken, answered),
    }


async def stored_after_a_new_start(database: Database, taken: list[str], answered: list[str]) -> Findings:
    await database.close()
    database = await Database.open(database.path)
    waiting = [each.utterance.request_id for each in await AcceptedUtterances(database).waiting()]
    published = [each.request_id for each in await Undelivered(database).after(0, 10_000)]
    kept = [await Turns(database).find("rover", each) is not None for each in answered]
    found = {
        "lost": [each for each in taken if each not in answered and each not in waiting],
        "kept": all(kept),
        "invented": [each for each in waiting if each not in taken],
        "published": published == ["q0", *answered],
        "set_aside": database.set_aside is not None,
    }
    await database.close()
    return found


async def started_on_a_full_disk(directory: Path) -> Findings:
    path = directory / "naila.db"
    database = await Database.open(path)
    await Turns(database).add(turn(0))
    await database.close()
    ballast = fill(directory)
    with pytest.raises(DatabaseError) as caught:
        await Database.open(path)
    ballast.unlink()
    database = await Database.open(path)
    found = {
        "what": caught.value.what,
        "passing": caught.value.passing,
        "turns": await Turns(database).count(),
        "set_aside": database.set_aside is not None,
    }
    await database.close()
    return found


async def begun_on_a_full_disk(directory: Path) -> Findings:
    ballast = fill(directory)
    with pytest.raises(DatabaseError) as caught:
        await Database.open(directory / "naila.db")
    ballast.unlink()
    await (await Database.open(directory / "naila.db")).close()
    return {"what": caught.value.what, "passing": caught.value.passing}


def on_a_small_disk(directory: Path, scenario: Callable[[Path], Coroutine[Any, Any, Findings]]) -> Findings:
    mounted = 'mount -t tmpfs -o size=2m,mode=700 tmpfs "$1" && exec "$0" -m tests.integration.test_full_disk "$2" "$1"'
    in_namespace = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mounted]
    command = [*in_namespace, sys.executable, str(directory), scenario.__name__]
    child = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert child.returncode == 0, child.stderr
    findings: Findings = json.loads(child.stdout.splitlines()[-1])
    return findings


def test_a_full_disk_refuses_by_name_loses_nothing_and_recovers_by_itself(tmp_path: Path) -> None:
    found = on_a_small_disk(tmp_path, refused_while_running)
    assert found.pop("refusals") == [["the disk is full", True, False]] * 20
    assert found == {
        "readable": True,
        "still_full": True,
        "recovered": True,
        "lost": [],
        "kept": True,
        "invented": [],
        "published": True,
        "set_aside": False,
    }


def test_a_start_on_a_full_disk_is_refused_by_name_and_succeeds_once_there_is_room(tmp_path: Path) -> None:
    found = on_a_small_disk(tmp_path, started_on_a_full_disk)
    assert found == {"what": "the disk is full", "passing": True, "turns": 1, "set_aside": False}


def test_a_first_start_on_a_full_disk_is_refused_by_name_and_succeeds_once_there_is_room(tmp_path: Path) -> None:
    found = on_a_small_disk(tmp_path, begun_on_a_full_disk)
    assert found == {"what": "the disk is full", "passing": True}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(globals()[sys.argv[1]](Path(sys.argv[2])))))
