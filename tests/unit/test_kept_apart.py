"""What one person said to one robot is in nobody else's prompt, however they take turns."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime, timedelta

from ai_server.brain.known import Known
from ai_server.brain.listening import Listening
from ai_server.brain.opening import Moment, Openings
from ai_server.brain.past import Past, Pasts
from ai_server.brain.prompt import messages
from ai_server.brain.recall import Recall, line_of
from ai_server.brain.reflection import Reflection
from ai_server.brain.robots import Robots
from ai_server.llm.chat import Message, conversation_id
from ai_server.memory.facts import Facts, NewFact
from ai_server.memory.search.search import Search
from ai_server.memory.storage.database import Database
from ai_server.memory.summaries import Summaries
from ai_server.memory.turns import Turn, Turns
from ai_server.protocol.reply import Reply
from ai_server.protocol.utterance import Utterance

ROBOTS = ("rover", "owl")
PEOPLE = (None, "ada", "bob")
SECRET = re.compile(r"secret-of-(\w+)")
SYSTEM = Message("system", "You are Naila.")
STEPS = 160


def owner(device_id: str, user_id: str | None) -> str:
    return f"{device_id}_{user_id or 'nobody'}"


class House:
    """Two robots and three people, who do what a random number says."""

    def __init__(self, database: Database, seed: int) -> None:
        self.random = random.Random(seed)
        self.now = datetime(2026, 3, 2, 8, tzinfo=UTC)
        self.turns = Turns(database, pause=timedelta(minutes=30), now=self.clock)
        self.summaries = Summaries(database)
        known = Known(
            name=lambda *_: None,
            facts=Facts(database),
            summaries=self.summaries,
            personality=self.manner,
            now=self.clock,
        )
        self.pasts = Pasts(
            turns=self.turns, history_tokens=300, known=known, recall=Recall(Search(database), self.clock, timeout_s=10)
        )
        robots = Robots(max_robots=4, max_sensors=4)
        openings = Openings(robots=robots, failures=lambda _: (), read=self.pasts.read, now=self.clock)
        self.openings = openings
        self.listening = Listening(openings.open, self.read_ahead)
        self.reflection = Reflection(
            turns=self.turns,
            summaries=self.summaries,
            model=None,
            finder=None,
            busy=lambda: False,
            forget=lambda _: None,
            history_tokens=300,
            now=self.clock,
        )
        self.newest: dict[str, Turn] = {}
        self.prompts: list[tuple[str, str]] = []
        self.count = 0

    def clock(self) -> datetime:
        return self.now

    async def manner(self, device_id: str, user_id: str | None, since: datetime) -> str:
        return f"With secret-of-{owner(device_id, user_id)} you are warm."

    def read_ahead(self, partial: Utterance, moment: Moment, past: Past) -> None:
        self.check(partial, line_of(moment.facts, past.gone.text, ()), past)

    def check(self, utterance: Utterance, facts: str, past: Past) -> None:
        prompt = messages(SYSTEM, past.turns, facts, utterance.text, past.known.text)
        name = conversation_id(utterance.device_id, utterance.user_id)
        self.prompts.append((name, "\n".join(message.content for message in prompt)))
        told = set(SECRET.findall(self.prompts[-1][1]))
        assert told <= {owner(utterance.device_id, utterance.user_id)}, f"{name} is told {told}"

    def said(self) -> Utterance:
        self.count += 1
        device_id, user_id = self.random.choice(ROBOTS), self.random.choice(PEOPLE)
        words = f"I like the box {self.count % 7} of secret-of-{owner(device_id, user_id)} very much"
        return Utterance(device_id=device_id, request_id=f"q{self.count}", text=words, user_id=user_id)

    async def answer(self, utterance: Utterance) -> None:
        opening = self.listening.end(utterance.device_id, utterance.user_id)
        opening = opening or self.openings.open(utterance.device_id, utterance.user_id)
        past = await opening.past or Past()
        recalled = await self.pasts.recall(utterance, "en", past)
        facts = line_of(opening.moment.facts, past.gone.text, recalled)
        self.check(utterance, facts, past)
        last = await self.pasts.last(utterance)
        assert last is None or set(SECRET.findall(last.text)) <= {owner(utterance.device_id, utterance.user_id)}
        fact = NewFact("user", "likes", f"{self.count % 5} {utterance.text}", utterance.text, 0.9, "rule")
        reply = Reply(
            request_id=utterance.request_id,
            device_id=utterance.device_id,
            text=f"Box of {utterance.text}",
            source="llm",
            timestamp=self.now,
        )
        turn = Turn(
            at=self.now,
            words=utterance.text,
            reply=reply,
            facts=facts,
            user_id=utterance.user_id,
            person_emotion=self.random.choice(["sad", "happy", None]),
            learned=(fact,) if self.random.random() < 0.2 else (),
        )
        await self.turns.add(turn)
        self.newest[utterance.device_id] = turn

    async def step(self) -> None:
        """Do something of what happens in a house."""
        self.now += timedelta(seconds=self.random.choice([5, 20, 60, 60, 600]))
        chance = self.random.random()
        utterance = self.said()
        if chance < 0.5:
            await self.answer(utterance)
        elif chance < 0.8:
            self.listening.hear(utterance.model_copy(update={"is_final": False}))
        elif chance < 0.84:
            self.listening.stop(utterance.device_id)
        elif chance < 0.88 and (turn := self.newest.get(utterance.device_id)):
            cancelled = turn.reply.model_copy(update={"finish_reason": "cancelled"})
            await self.turns.cancel(Turn(at=turn.at, words=turn.words, reply=cancelled, user_id=turn.user_id), [])
        elif chance < 0.92:
            await self.turns.reset(utterance.device_id, self.random.choice([None, utterance.user_id or ""]))
            self.listening.stop(utterance.device_id)
        elif chance < 0.95:
            self.pasts.forget()
        elif chance < 0.98:
            await self.reflection.step()
        else:
            self.now += timedelta(hours=2)


async def test_nobody_is_told_what_somebody_else_said(database: Database) -> None:
    house = House(database, seed=7)
    for _ in range(STEPS):
        await house.step()
    own = [name for name, prompt in house.prompts if SECRET.search(prompt.rpartition("\n")[0])]
    assert len(own) > STEPS / 4, "prompts tell of the past at all"
    assert len(set(own)) == len(ROBOTS) * len(PEOPLE)
