"""Ten thousand things in any order, on cells for two long conversations: nothing may be lost, nothing may leak."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

from ai_server.llm.chat import Message, Sampling
from ai_server.llm.wire import Done, Failed, Refused
from tests.engines import Bench, bench

OPERATIONS = 10_000
ROBOTS = [f"robot-{number}" for number in range(12)]
SYSTEMS = [
    Message("system", "You are NAILA, a small friendly robot. " + more)
    for more in ("Be short.", "Be kind and sing a lot. " * 2, "Actions: none")
] + [Message("system", f"You are number {number}. Say so.") for number in range(8)]
WORDS = ["hello", "robot", "tell", "me", "who", "you", "can", "do", "move", "wave", "blue", "sing", "song", "trains"]


@dataclass
class Talk:
    """One robot's conversation as the daemon knows it."""

    system: Message
    messages: list[Message] = field(default_factory=list)
    request: int | None = None


class Storm:
    """Operations by chance, from one seed."""

    def __init__(self, bench: Bench, seed: int) -> None:
        self.bench = bench
        self.random = random.Random(seed)
        self.talks = {robot: self.new_talk() for robot in ROBOTS}
        self.extra: list[int] = []

    def new_talk(self) -> Talk:
        return Talk(self.random.choice(SYSTEMS))

    def words(self, most: int = 8) -> str:
        return " ".join(self.random.choices(WORDS, k=self.random.randint(1, most)))

    def operate(self) -> None:
        operations = [self.submit, self.step, self.cancel, self.listen, self.forget, self.prepare, self.reset]
        self.random.choices(operations, [14, 60, 7, 10, 1, 1, 1])[0]()

    def submit(self) -> None:
        robot, talk = self.random.choice(list(self.talks.items()))
        self.settle(talk)
        words = Message("user", self.words(most=self.random.choices([8, 40, 400], [96, 2, 2])[0]))
        messages = [talk.system, *talk.messages, words]
        sampling = Sampling(temperature=self.random.choice([0, 1]), seed=self.random.randint(0, 9))
        number = self.bench.submit(
            robot,
            messages,
            sampling=sampling,
            max_tokens=self.random.randint(1, 8),
            grammar=self.random.choices([None, 'root ::= [a-z ]+ "."', "root ::= nowhere"], [8, 1, 1])[0],
            timeout_s=self.random.choice([None, None, None, 0.002]),
            stop=self.random.choice([(), (), ("the",)]),
        )
        if talk.request is None:
            talk.messages.append(words)
            talk.request = number
        else:
            self.extra.append(number)

    def settle(self, talk: Talk) -> None:
        """Take the reply that is over into the conversation."""
        answer = self.bench.answers.get(talk.request)
        if answer and answer.end:
            talk.messages.append(Message("assistant", answer.text))
            talk.request = None

    def step(self) -> None:
        for _ in range(self.random.randint(1, 2)):
            self.bench.step()

    def cancel(self) -> None:
        numbers = [talk.request for talk in self.talks.values() if talk.request] + self.extra[-3:] + [10**9]
        self.bench.engine.cancel(self.random.choice(numbers))

    def listen(self) -> None:
        robot, talk = self.random.choice(list(self.talks.items()))
        self.settle(talk)
        self.bench.listen(robot, [talk.system, *talk.messages, Message("user", self.words())])

    def forget(self) -> None:
        robot = self.random.choice(ROBOTS)
        self.bench.engine.forget(robot)
        if self.talks[robot].request is None:
            self.talks[robot] = self.new_talk()

    def reset(self) -> None:
        """Another system message, or none of the old turns."""
        talk = self.random.choice(list(self.talks.values()))
        self.settle(talk)
        if self.random.random() < 0.5:
            talk.system = self.random.choice(SYSTEMS)
        elif talk.request is None:
            talk.messages.clear()

    def prepare(self) -> None:
        self.bench.prepare(self.random.choice(SYSTEMS))


def test_ten_thousand_operations_leave_no_sequence_and_no_cell_behind(tmp_path):
    with bench(
        context_size=160,
        cells=512,
        batch_size=32,
        parallel=3,
        spill_bytes=800_000,
        spill_disk_bytes=1_600_000,
        spill_directory=tmp_path,
    ) as running:
        storm = Storm(running, seed=1)
        for count in range(OPERATIONS):
            storm.operate()
            if count % 50 == 0:
                running.check()
        running.rest()
        running.check()
        assert all(answer.end for answer in running.answers.values())
        ends = Counter(type(answer.end) for answer in running.answers.values())
        assert ends.keys() == {Done, Failed, Refused}
        seen = running.engine.statistics()
        assert min(seen.restored_tokens, seen.reused_tokens, seen.accepted_tokens, seen.spilled_disk_bytes) > 0
        assert (seen.spills_refused, seen.rebuilds) == (0, 0)

        for robot in ROBOTS:
            running.engine.forget(robot)
        running.check()
        cache = running.cache
        assert cache._conversations == {}
        assert cache.cells_used == sum(len(prefix.tokens) for prefix in cache._prefixes.values())
        while cache.evict():
            pass
        running.check()
        assert cache.cells_used == 0
