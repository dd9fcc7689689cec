"""A house in which people say what is theirs to robots, and whatever leaves it for the model is looked at.

The house is the daemon's own, on a real database; only the broker is not there, and the model is `Edge`.
"""

from __future__ import annotations

import asyncio
import random
import re
import string
import time
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import select

from ai_server import house, resources
from ai_server.brain.characters import CharacterFiles
from ai_server.brain.reflection import CONVERSATION
from ai_server.llm.chat import ChatEvent, ChatRequest, Delta, Finished, ListenRequest, Message, Sampling, Started
from ai_server.llm.manner import Manner
from ai_server.llm.service import EngineState
from ai_server.memory.accepted import Arrival
from ai_server.memory.privacy.erasure import RECALLED
from ai_server.memory.privacy.selection import Selection
from ai_server.memory.schema import turns
from ai_server.memory.storage.database import Database
from ai_server.mqtt.connection import Connection, Publication
from ai_server.mqtt.inbox import InboxFullError, Waiting
from ai_server.mqtt.options import BrokerOptions
from ai_server.protocol.utterance import Utterance
from ai_server.settings import Settings
from ai_server.telemetry.condition import Condition
from ai_server.telemetry.loop_lag import LoopLag
from ai_server.telemetry.meters import Meters
from ai_server.telemetry.systemd import Notifier
from tests.daemons import CACHE

ROBOTS = ("rover", "owl", "hawk")
PEOPLE = (None, "ada", "bob")
HOUSEHOLD = "household"
SECRET = re.compile("zq[a-z]{8}", re.IGNORECASE)
MANNER = Manner("system", Sampling(), 64)

Owner = str
"""The id of a conversation, or `HOUSEHOLD`."""


def owner_of(device_id: str, user_id: str | None) -> Owner:
    return f"{device_id}/{user_id}" if user_id else device_id


@dataclass
class Secrets:
    """Words that nobody says but whose they are."""

    random: random.Random
    owners: dict[str, Owner] = field(default_factory=dict)
    of: dict[Owner, list[str]] = field(default_factory=lambda: defaultdict(list))

    def new(self, owner: Owner) -> str:
        word = "zq" + "".join(self.random.choices(string.ascii_lowercase, k=8))
        self.owners[word] = owner
        self.of[owner].append(word)
        return word

    def known(self, owner: Owner) -> str | None:
        return self.random.choice(self.of[owner]) if self.of[owner] else None

    def owners_in(self, text: str) -> set[Owner]:
        return {self.owners[word.lower()] for word in SECRET.findall(text)}


class Edge:
    """Takes the place of the engine: says again what it is told, and looks at it."""

    state = EngineState(status="loaded")

    def __init__(self, secrets: Secrets) -> None:
        self.crossings: list[str] = []
        self.seen: Counter[str] = Counter()
        self.forgotten: set[str] = set()
        self._secrets = secrets

    async def wait_loaded(self) -> None:
        pass

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        self._look("asked", request.conversation_id, request.messages)
        yield Started("llm")
        await asyncio.sleep(0)
        said = request.messages[-1].content.rpartition("\n")[2]
        yield Delta(f"You said: {said}.")
        await asyncio.sleep(0)
        yield Finished("stop", f"You said: {said}.")

    def listen(self, request: ListenRequest) -> None:
        self._look("listened", request.conversation_id, request.messages)

    def prepare(self, system: Message) -> None:
        self._look("prepared", "", [system])

    def forget(self, conversation_id: str) -> None:
        self.seen["forgot"] += 1

    def forget_all(self) -> None:
        self.seen["forgot all"] += 1

    def _look(self, how: str, name: str, messages: Sequence[Message]) -> None:
        text = "\n".join(message.content for message in messages)
        self.seen[how] += 1
        self.seen["recalled"] += RECALLED in messages[-1].content
        self.seen["known"] += len(messages) > 1 and messages[1].role == "system"
        owners = self._secrets.owners_in(text)
        self.seen["of the household"] += HOUSEHOLD in owners
        own = owners - {HOUSEHOLD}
        if len(own) > 1 if name == CONVERSATION else not own <= {name}:
            self.crossings.append(f"{how} as {name}: {owners}")
        if late := {word.lower() for word in SECRET.findall(text)} & self.forgotten:
            self.crossings.append(f"{how} as {name}: {late} was forgotten")


@cache
def character_files() -> CharacterFiles:
    """Read once: nothing changes in them."""
    return CharacterFiles(resources.config_dir(), persona="naila", prompt="system", cache=CACHE)


class Household:
    """People who speak with robots, all at once."""

    def __init__(self, built: house.House, edge: Edge, secrets: Secrets, rng: random.Random) -> None:
        self.house = built
        self.edge = edge
        self._secrets = secrets
        self._random = rng
        self._numbers = count(1)
        self._answered: list[asyncio.Future[Any]] = []

    async def act(self) -> None:
        """Do one of the things that happen, without waiting for what comes of it."""
        device_id, user_id = self._random.choice(ROBOTS), self._random.choice(PEOPLE)
        deeds = {
            self._speak: 40,
            self._begin_to_speak: 30,
            self._stop_speaking: 4,
            self._silence: 4,
            self._reset: 3,
            self._erase: 1,
            self._forget: 4,
            self._reflect: 4,
            self._rest: 10,
        }
        (deed,) = self._random.choices(list(deeds), list(deeds.values()))
        await deed(device_id, user_id)

    async def _speak(self, device_id: str, user_id: str | None) -> None:
        await self._say(device_id, user_id, self._words(owner_of(device_id, user_id)))

    async def _begin_to_speak(self, device_id: str, user_id: str | None) -> None:
        words = self._words(owner_of(device_id, user_id))
        self.house.dialogue.listen(self._utterance(device_id, user_id, words, is_final=False))

    async def _stop_speaking(self, device_id: str, _user_id: str | None) -> None:
        self.house.dialogue.stop_listening(device_id)

    async def _silence(self, device_id: str, _user_id: str | None) -> None:
        self._answered += self.house.dialogue.silence(device_id)

    async def _reset(self, device_id: str, _user_id: str | None) -> None:
        dialogue = self.house.dialogue
        self._answered.append(dialogue.reset(device_id, dialogue.silence(device_id)))

    async def _erase(self, device_id: str, user_id: str | None) -> None:
        await self.house.erasure.erase(Selection(device_id=device_id, user_id=user_id or ""), by="test")

    async def _forget(self, device_id: str, user_id: str | None) -> None:
        owner = owner_of(device_id, user_id)
        word = self._secrets.known(owner)
        if word is None:
            return
        await self.rest()
        self._secrets.of[owner].remove(word)
        if await self._say(device_id, user_id, f"forget what I said about {word}"):
            await self.rest()
            while self.house.dialogue.running:  # noqa: ASYNC110  the words are erased once the turn is on the disk
                await asyncio.sleep(0.001)
            self.edge.forgotten.add(word)

    async def _reflect(self, _device_id: str, _user_id: str | None) -> None:
        await self.house.reflection.step()

    async def _rest(self, _device_id: str, _user_id: str | None) -> None:
        await self.rest()

    async def rest(self) -> None:
        """Wait for all that was said to be answered."""
        answered, self._answered = self._answered, []
        if answered:
            await asyncio.wait(answered)

    def _words(self, owner: Owner) -> str:
        rng = self._random
        old = self._secrets.known(owner) or "it"
        if rng.random() < 0.02:
            return f"remember for all of us that the code is {self._secrets.new(HOUSEHOLD)}"
        if rng.random() < 0.5:
            return rng.choice(
                [
                    f"what did I say about {old}?",
                    f"tell me more about {old}",
                    "what do you know about me?",
                    "what is my name?",
                    "say that again",
                    "and what else?",
                ]
            )
        new = self._secrets.new(owner)
        return rng.choice(
            [
                f"I like {new}",
                f"my favourite colour is {new}",
                f"remember that the keys are in {new}",
                f"yesterday I was in {new} with my sister and we had tea",
                f"I told my friend about {new} and about {old}",
                f"my name is {new}",
            ]
        )

    async def _say(self, device_id: str, user_id: str | None, words: str) -> bool:
        """Say something as the intake takes it in; False where the robot's line is full."""
        said = self._utterance(device_id, user_id, words)
        try:
            self.house.dialogue.reserve(said)
            inbox = self.house.intake._inbox
            await inbox.store([Arrival(utterance=said, arrived_at=datetime.now(UTC))])
        except InboxFullError:
            return False
        waiting = Waiting(said, time.monotonic(), self.house.dialogue._epochs.now())
        self.house.dialogue.hear(waiting)
        self._answered.append(waiting.answered)
        return True

    def _utterance(self, device_id: str, user_id: str | None, words: str, *, is_final: bool = True) -> Utterance:
        return Utterance(
            device_id=device_id,
            request_id=f"q{next(self._numbers)}",
            text=words,
            user_id=user_id,
            is_final=is_final,
            ttl_ms=600_000,
        )


@asynccontextmanager
async def a_household(directory: Path, seed: int) -> AsyncIterator[Household]:
    """Build the house on a fresh database."""
    rng = random.Random(seed)
    secrets = Secrets(rng)
    edge = Edge(secrets)
    settings = Settings(naila_data_dir=directory, naila_queue_total=64, naila_queue_per_device=16)
    connection = Connection(
        options=BrokerOptions("127.0.0.1"),
        subscriptions=(),
        will=Publication("naila/ai/status", b""),
        on_connected=lambda: None,
    )
    database = await Database.open(directory / "naila.db")
    ground = house.Ground(
        settings=settings,
        connection=connection,
        engine=edge,
        manner=MANNER,
        database=database,
        files=character_files(),
        languages=None,
        meters=Meters(),
        lag=LoopLag(),
        condition=Condition(Notifier(None), None),
    )
    built = house.build(ground)
    built.brain._pasts._recall._timeout_s = 10  # a busy host recalls, too
    household = Household(built, edge, secrets, rng)
    try:
        yield household
        await household.rest()
        await _look_at_what_is_stored(database, household, secrets)
    finally:
        await database.close()


async def _look_at_what_is_stored(database: Database, household: Household, secrets: Secrets) -> None:
    """What is stored with a turn reaches later prompts: it is of the same person, too."""
    query = select(turns.c.device_id, turns.c.user_id, turns.c.words, turns.c.text, turns.c.facts, turns.c.trace)
    for row in await database.read(lambda connection: connection.execute(query).all()):
        owner = owner_of(row.device_id, row.user_id)
        if not secrets.owners_in(f"{row.words} {row.text} {row.facts} {row.trace}") <= {owner, HOUSEHOLD}:
            household.edge.crossings.append(f"stored of {owner}")
