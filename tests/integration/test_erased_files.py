"""What is erased is in no byte of the database's files, wherever a process was killed; and nothing else is missing."""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
import time
from collections import defaultdict
from contextlib import closing
from pathlib import Path

from sqlalchemy import func, select

from ai_server.memory.privacy.selection import Selection
from ai_server.memory.schema import erasures, facts, turns
from ai_server.memory.storage import sqlite
from ai_server.memory.storage.database import Database
from tests.erasing import an_erasure
from tests.filled_memory import FilledMemory, fact
from tests.forkserver import ROOT, forkserver
from tests.killable import Killable, require_sound
from tests.migrated import new_database

KILLS = 3
WORDS = tuple(f"quixotic{number}" for number in range(4))


def left_of(word: str, directory: Path) -> dict[str, int]:
    """How often a word is in each file, in capitals or not, in UTF-8 and UTF-16."""
    spellings = [re.escape(word.encode(encoding)) for encoding in ("utf-8", "utf-16-le", "utf-16-be")]
    pattern = re.compile(b"(?:" + b"|".join(spellings) + rb")(?!\d)", re.IGNORECASE)
    counts = {path.name: len(pattern.findall(path.read_bytes())) for path in directory.iterdir()}
    return {name: count for name, count in counts.items() if count}


async def test_no_byte_is_left_of_what_is_erased_of_pages_that_were_split_and_filled_again(tmp_path: Path):
    rng = random.Random(3)
    database = await new_database(tmp_path / "naila.db")
    memory, erasure = FilledMemory(database), an_erasure(database)
    for number in range(250):
        word = rng.choice(WORDS)
        text = f"I said {word}. " + "blah " * int(rng.expovariate(1 / 40)) + "long " * (900 * (number % 50 == 0))
        learned = [fact(f"{word} {number}", kind=f"k{number % 40}")] if rng.random() < 0.3 else []
        await memory.say(text, f"You said {word}.", user_id=rng.choice(["ada", "bob"]), learned=learned)
        if number % 40 == 0:
            await erasure.erase(Selection(about=f"k{number}", user_id="bob"), by="test")
    for word in WORDS:
        assert left_of(word, tmp_path)
        erased = await erasure.erase(Selection(about=word), by="test")
        assert erased.turns > 20
        assert left_of(word, tmp_path) == {}
    await database.close()
    require_sound(tmp_path / "naila.db")


async def test_no_byte_is_left_of_a_fact_that_is_named_nor_of_the_turns_that_said_it_or_told_it_back(tmp_path: Path):
    database = await new_database(tmp_path / "naila.db")
    memory = FilledMemory(database)
    learned = [fact("You like quixotic0.", kind="likes", value="quixotic0")]
    await memory.say("I like quixotic0", learned=learned)
    await memory.summarise("She likes quixotic0.")
    await memory.say("What do I like?", "You like quixotic0.", user_id="ada")
    await memory.say("I said that I like quixotic0", learned=learned)
    await memory.say("I like quixotic1", learned=[fact("You like quixotic1.", kind="likes", value="quixotic1")])
    assert left_of("quixotic0", tmp_path)
    erased = await an_erasure(database).erase(Selection(facts=frozenset({1})), by="test")
    assert (erased.turns, erased.facts, erased.scrubbed) == (3, 1, True)
    assert left_of("quixotic0", tmp_path) == {}
    assert left_of("quixotic1", tmp_path)
    await database.close()
    require_sound(tmp_path / "naila.db")


async def test_while_somebody_reads_the_files_keep_it_and_not_longer(tmp_path: Path):
    database = await new_database(tmp_path / "naila.db")
    memory, erasure = FilledMemory(database), an_erasure(database)
    await memory.say("A quixotic0 idea")
    with closing(sqlite.connect_to_read(tmp_path / "naila.db")) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM turns").fetchone() == (1,)
        erased = await erasure.erase(Selection(about="quixotic0"), by="test")
        assert (erased.turns, erased.scrubbed) == (1, False)
        seen = await erasure.resume()
        assert seen
        assert left_of("quixotic0", tmp_path)
    assert await erasure.resume(seen) == set()
    assert left_of("quixotic0", tmp_path) == {}
    assert await memory.column("erasures.id") == []
    await database.close()


def test_killed_before_the_files_are_scrubbed_the_next_start_scrubs_them(tmp_path: Path):
    path = tmp_path / "naila.db"
    arguments = ("-m", "tests.erasing", str(path), "0", "quixotic0")
    killed = forkserver().run(arguments, cwd=ROOT, env=os.environ, timeout=60)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert left_of("quixotic0", tmp_path), "there is something to scrub"
    asyncio.run(finish(path))
    assert left_of("quixotic0", tmp_path) == {}


async def finish(path: Path) -> list[str]:
    """Do what a start does, twice, as a minute apart; return the requests of all turns."""
    database = await Database.open(path)
    erasure = an_erasure(database)
    assert await erasure.resume(await erasure.resume()) == set()
    requests = await database.read(lambda connection: list(connection.execute(select(turns.c.request_id)).scalars()))
    pending = select(func.count()).select_from(erasures)
    assert await database.read(lambda connection: connection.execute(pending).scalar_one()) == 0
    orphans = select(func.count()).select_from(facts).where(facts.c.turn_id.is_(None))
    assert await database.read(lambda connection: connection.execute(orphans).scalar_one()) == 0
    await database.close()
    return requests


def test_killed_at_any_instant_an_erasure_is_whole_or_not_begun_and_a_sweep_goes_on(tmp_path: Path):
    path, rng = tmp_path / "naila.db", random.Random(11)
    promises: dict[str, set[str]] = defaultdict(set)
    for kill in range(KILLS):
        run_until_killed(path, 1000 * (kill + 1), rng.uniform(0, 0.4), promises)
        requests = asyncio.run(finish(path))
        require_sound(path)
        stored: dict[str, int] = defaultdict(int)
        for request in requests:
            stored[request.partition("-")[0]] += 1
        for word in promises["said"]:
            kept = promises["said"] - promises["erasing"]
            allowed = {4} if word in kept else {0} if word in promises["erased"] else {0, 4}
            assert stored[word] in allowed, word
            if stored[word] == 0:
                assert left_of(word, tmp_path) == {}
    assert len(promises["erased"]) >= KILLS
    assert promises["swept"]


def run_until_killed(path: Path, first: int, seconds: float, promises: dict[str, set[str]]) -> None:
    process = Killable("tests.erasing", str(path), str(first))
    process.wait_for("erased")
    time.sleep(seconds)
    process.keep(promises)
