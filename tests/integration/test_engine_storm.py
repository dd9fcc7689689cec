"""Thousands of things in any order, on cells for three conversations: nothing may be lost, leak or come out wrong."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import llama_cpp
import numpy as np

from ai_server.llm.chat import Message, Sampling
from ai_server.llm.engine.engine import Engine
from ai_server.llm.engine.runner import Part
from ai_server.llm.engine.sequence import Sequence
from ai_server.llm.engine.work import Reply
from ai_server.llm.wire import Done, Failed, Refused
from ai_server.protocol.terms import FinishReason
from tests.engines import Bench, bench
from tests.model_variants import shallow

OPERATIONS = 10_000
CLEAR = 0.15
END = -1
"""Stands for any token that ends a reply."""

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

    def __init__(self, bench: Bench, seed: int, *, always: dict[str, object] | None = None) -> None:
        self.bench = bench
        self.always = always or {}
        self.random = random.Random(seed)
        self.talks = {robot: self.new_talk() for robot in ROBOTS}
        self.extra: list[int] = []

    def new_talk(self) -> Talk:
        return Talk(self.random.choice(SYSTEMS))

    def words(self, most: int = 8) -> str:
        return " ".join(self.random.choices(WORDS, k=self.random.randint(1, most)))

    def operate(self) -> None:
        operations = [self.submit, self.step, self.cancel, self.listen, self.forget, self.prepare, self.reset]
        self.random.choices(operations, [10, 60, 6, 6, 2, 2, 2])[0]()

    def submit(self) -> None:
        robot, talk = self.random.choice(list(self.talks.items()))
        self.settle(talk)
        words = Message("user", self.words(most=self.random.choices([8, 40, 400], [96, 2, 2])[0]))
        messages = [talk.system, *talk.messages, words]
        sampling = Sampling(temperature=self.random.choice([0, 1]), seed=self.random.randint(0, 9))
        changes = {
            "sampling": sampling,
            "max_tokens": self.random.randint(1, 8),
            "grammar": self.random.choices([None, 'root ::= [a-z ]+ "."', "root ::= nowhere"], [8, 1, 1])[0],
            "timeout_s": self.random.choice([None, None, None, 0.002]),
            "stop": self.random.choice([(), (), ("the",)]),
        }
        number = self.bench.submit(robot, messages, **{**changes, **self.always})
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


def small(directory: Path, model: Path | None = None) -> AbstractContextManager[Bench]:
    """Little room in the cache, in memory and on disk."""
    return bench(
        model,
        context_size=160,
        cells=512,
        batch_size=32,
        parallel=3,
        spill_bytes=800_000,
        spill_disk_bytes=1_600_000,
        spill_directory=directory,
    )


def test_ten_thousand_operations_leave_no_sequence_and_no_cell_behind(tmp_path):
    with small(tmp_path / "spills", shallow(tmp_path)) as running:
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


def test_every_reply_of_a_storm_is_what_the_model_makes_of_its_prompt_alone(tmp_path, monkeypatch):
    """Also where the context is lost now and then.

    Where tokens were moved up to trim a conversation, what stays was computed in the presence of what went: so none are
    moved here. A token that trails by less than `CLEAR` is a tie that fell the other way, in a cache in another order.
    """
    replies: list[tuple[list[int], list[int]]] = []
    finish = Engine._finish

    def note(engine: Engine, reply: Reply, reason: FinishReason) -> None:
        prompt = reply.prompt.tokens
        replies.append((prompt, reply.tokens[len(prompt) :] + [END] * reply.ended))
        finish(engine, reply, reason)

    with small(tmp_path) as running:
        running.runner.can_shift = False
        monkeypatch.setattr(Engine, "_finish", note)
        always = {"sampling": Sampling(temperature=0), "grammar": None, "stop": ()}
        storm = Storm(running, seed=2, always=always)
        for count in range(1500):
            storm.operate()
            if count % 300 == 299:
                running.fail_next_decode()
        running.rest()
        seen = running.engine.statistics()
        assert min(seen.rebuilds, seen.restored_tokens, seen.accepted_tokens) > 0
    assert sum(bool(reply) for _, reply in replies) > 100

    with bench(batch_size=32) as fresh:
        late = {number: trails for number, each in enumerate(replies) if (trails := trailing(fresh, *each)) > CLEAR}
    assert late == {}


def trailing(fresh: Bench, prompt: list[int], reply: list[int]) -> float:
    """How far a token of the reply trails the likeliest one at most, where an empty cache has read what precedes it."""
    runner, sequence = fresh.runner, Sequence(1)
    ends = [number for number in range(runner.vocabulary.size) if runner.vocabulary.piece(number) is None]
    most = 0.0
    for at in range(0, len(prompt), 32):
        part = Part(sequence, prompt[at : at + 32], outputs=1)
        runner.decode([part])
    for token in reply:
        row = llama_cpp.llama_get_logits_ith(runner._context, part.row)
        logits = np.ctypeslib.as_array(row, (runner.vocabulary.size,))
        most = max(most, float(logits.max() - logits[ends if token == END else token].max()))
        if token == END:
            break
        part = Part(sequence, [token], outputs=1)
        runner.decode([part])
    runner.cut(sequence, 0)
    return most
