"""Whatever is done in whatever order, and wherever the process ends: storage does what a few dictionaries do."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Literal, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ai_server.memory.accepted import Acceptance, AcceptedUtterances, Arrival
from ai_server.memory.storage.database import Database
from ai_server.memory.turns import Turn, Turns
from ai_server.memory.undelivered import NewPublication, StoredPublication, Undelivered
from ai_server.protocol.reply import Reply
from ai_server.protocol.terms import FinishReason
from ai_server.protocol.utterance import Utterance

T = TypeVar("T")
Key = tuple[str, str]

DEVICES = st.sampled_from(["rover", "owl"])
REQUESTS = st.sampled_from(["q1", "q2", "q3"])
KEYS = st.tuples(DEVICES, REQUESTS)
DELIVERIES = st.sampled_from(["f1", "f2"])
KINDS = st.lists(st.sampled_from(["action", "reply"]), max_size=3)


@dataclass
class Model:
    """What must be stored."""

    waiting: dict[Key, str | None] = field(default_factory=dict)
    answered: dict[Key, tuple[str | None, str]] = field(default_factory=dict)
    undelivered: list[StoredPublication] = field(default_factory=list)
    delivered: set[int] = field(default_factory=set)
    newest_id: int = 0

    def accept(self, arrival: Arrival) -> tuple[str, str | None, bool]:
        device_id, request_id = arrival.utterance.device_id, arrival.utterance.request_id
        if arrival.redelivered and arrival.delivery:
            request_id = self._first_id(device_id, arrival.delivery) or request_id
        key = device_id, request_id
        if key in self.answered:
            return request_id, self.answered[key][1], False
        if key in self.waiting:
            return request_id, None, True
        self.waiting[key] = arrival.delivery
        return request_id, None, False

    def _first_id(self, device_id: str, delivery: str) -> str | None:
        waiting = [key for key, each in self.waiting.items() if (key[0], each) == (device_id, delivery)]
        answered = [key for key, (each, _) in self.answered.items() if (key[0], each) == (device_id, delivery)]
        return (waiting or answered or [(device_id, None)])[-1][1]


class Storage(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.directory = Path(tempfile.mkdtemp())
        self.model = Model()
        self.numbers = count()
        self.texts = count()

    @initialize()
    def open(self) -> None:
        self._open(self.directory / "0" / "naila.db")

    def teardown(self) -> None:
        self._do(self.database.close())
        self.runner.close()
        shutil.rmtree(self.directory)

    @rule(arrivals=st.lists(st.tuples(DEVICES, REQUESTS | DELIVERIES, st.booleans()), max_size=6))
    def accept(self, arrivals: list[tuple[str, str, bool]]) -> None:
        came = [self._arrival(*each) for each in arrivals]
        found = self._do(AcceptedUtterances(self.database).accept(came))
        assert [_summary(each) for each in found] == [self.model.accept(each) for each in came]

    @rule(key=KEYS, kinds=KINDS)
    def answer_any(self, key: Key, kinds: list[Literal["reply", "action"]]) -> None:
        self._answer(key, kinds)

    @rule(data=st.data(), kinds=KINDS)
    def answer_one_that_waits(self, data: st.DataObject, kinds: list[Literal["reply", "action"]]) -> None:
        if self.model.waiting:
            self._answer(data.draw(st.sampled_from(list(self.model.waiting))), kinds)

    @rule(key=KEYS, kinds=KINDS)
    def cancel(self, key: Key, kinds: list[Literal["reply", "action"]]) -> None:
        turn = self._turn(key, "cancelled")
        stored = self._do(Turns(self.database).cancel(turn, self._publications(kinds)))
        self.model.undelivered = [each for each in self.model.undelivered if (each.device_id, each.request_id) != key]
        self._has_answered(key, turn, stored)

    @rule(data=st.data())
    def deliver(self, data: st.DataObject) -> None:
        ids = [each.id for each in self.model.undelivered] + sorted(self.model.delivered)
        marked = data.draw(st.lists(st.sampled_from(ids), unique=True)) if ids else []
        self._do(Undelivered(self.database).mark_delivered(marked))
        self.model.undelivered = [each for each in self.model.undelivered if each.id not in marked]
        self.model.delivered.update(marked)

    @rule(device_id=DEVICES, request_id=REQUESTS | st.none())
    def drop_actions(self, device_id: str, request_id: str | None) -> None:
        dropped = [
            each
            for each in self.model.undelivered
            if each.kind == "action" and each.device_id == device_id and request_id in {None, each.request_id}
        ]
        assert self._do(Undelivered(self.database).drop_actions(device_id, request_id)) == len(dropped)
        self.model.undelivered = [each for each in self.model.undelivered if each not in dropped]

    @rule()
    def sweep(self) -> None:
        swept = self._do(Undelivered(self.database).sweep(datetime.now(UTC) + timedelta(minutes=1)))
        assert swept == len(self.model.delivered)
        self.model.delivered.clear()

    @rule(killed=st.booleans())
    def start_again(self, killed: bool) -> None:
        path = self.directory / str(next(self.numbers) + 1) / "naila.db"
        if killed:  # the next process finds what is in the files now
            shutil.copytree(self.database.path.parent, path.parent)
            self._do(self.database.close())
        else:
            self._do(self.database.close())
            shutil.copytree(self.database.path.parent, path.parent)
        self._open(path)

    @invariant()
    def what_is_stored_is_what_was_promised(self) -> None:
        waiting = self._do(AcceptedUtterances(self.database).waiting())
        assert [(each.utterance.device_id, each.utterance.request_id) for each in waiting] == list(self.model.waiting)
        assert [each.delivery for each in waiting] == list(self.model.waiting.values())
        undelivered = Undelivered(self.database)
        assert self._do(undelivered.after(0, 10_000)) == self.model.undelivered
        assert self._do(undelivered.count()) == len(self.model.undelivered)
        turns = Turns(self.database)
        assert self._do(turns.count()) == len(self.model.answered)
        for (device_id, request_id), (_, text) in self.model.answered.items():
            turn = self._do(turns.find(device_id, request_id))
            assert turn is not None
            assert turn.reply.text == text

    def _open(self, path: Path) -> None:
        self.database = self._do(Database.open(path))
        assert self.database.set_aside is None

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def _arrival(self, device_id: str, name: str, redelivered: bool) -> Arrival:
        own = name.startswith("q")
        request_id = name if own else f"made-{next(self.numbers)}"
        said = Utterance(device_id=device_id, request_id=request_id, text="Hello")
        delivery = None if own else name
        return Arrival(utterance=said, arrived_at=datetime.now(UTC), delivery=delivery, redelivered=redelivered)

    def _answer(self, key: Key, kinds: list[Literal["reply", "action"]]) -> None:
        turn = self._turn(key, "stop")
        stored = self._do(Turns(self.database).add(turn, self._publications(kinds)))
        assert (stored is None) == (key in self.model.answered)
        if stored is not None:
            self._has_answered(key, turn, stored)

    def _has_answered(self, key: Key, turn: Turn, stored: list[StoredPublication]) -> None:
        delivery = self.model.waiting.pop(key, None) or self.model.answered.get(key, (None, ""))[0]
        self.model.answered[key] = delivery, turn.reply.text
        for publication in stored:
            assert publication.id > self.model.newest_id
            self.model.newest_id = publication.id
        self.model.undelivered += stored

    def _turn(self, key: Key, reason: FinishReason) -> Turn:
        text = f"text {next(self.texts)}"
        reply = Reply(device_id=key[0], request_id=key[1], text=text, source="llm", finish_reason=reason)
        return Turn(at=datetime.now(UTC), words="Hello", reply=reply)

    def _publications(self, kinds: list[Literal["reply", "action"]]) -> list[NewPublication]:
        return [NewPublication(topic=f"topic/{kind}", payload=kind.encode(), kind=kind) for kind in kinds]


def _summary(acceptance: Acceptance) -> tuple[str, str | None, bool]:
    reply = acceptance.reply
    return acceptance.utterance.request_id, reply.text if reply else None, acceptance.waiting


TestStorage = Storage.TestCase
TestStorage.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
