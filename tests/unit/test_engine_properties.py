"""The engine on a runner that keeps account of every cell: any series of commands, steps and failures.

A reply that comes to its end must be what the fake model makes of its prompt alone, and every request must get exactly
one final signal.
"""

from __future__ import annotations

from unittest import mock

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ai_server.llm.chat import Message, Sampling
from ai_server.llm.engine.cache import Cache
from ai_server.llm.engine.engine import Engine
from ai_server.llm.engine.pace import StepPace
from ai_server.llm.engine.runner import DecodeError
from ai_server.llm.engine.speculation import Acceptance
from ai_server.llm.engine.spill import SpillStore
from ai_server.llm.wire import Begun, Done, Failed, Generate, Listen, Prepare, Refused, Text
from tests.fake_runner import FakeRunner, FakeTemplate, reply_to

ROBOTS = st.sampled_from("ABC")
WORDS = st.text("abcdefgh", min_size=1, max_size=9)
SYSTEMS = st.sampled_from(["", "a", "abcdefg", "abcdhgfe" * 2, "hg" * 6, "c", "d", "e", "f", "g", "h"])
RARELY = st.integers(0, 9).map(lambda number: number == 9)
ENDLESS = 3000


class Robots(RuleBasedStateMachine):
    """Robots that talk, are interrupted and forgotten, on a host where everything is scarce."""

    @initialize(
        cells=st.sampled_from([48, 64, 96, 400]),
        can_shift=st.booleans(),
        can_share=st.sampled_from([True, True, True, False]),
        parallel=st.integers(1, 4),
        memory=st.sampled_from([0, 600, 100_000]),
        batch_size=st.sampled_from([12, 16, 64]),
        draft=st.sampled_from([0, 2, 8]),
        prefixes=st.sampled_from([2, 8]),
    )
    def begin(self, cells, can_shift, can_share, parallel, memory, batch_size, draft, prefixes):
        self.most_prefixes = mock.patch("ai_server.llm.engine.cache.MOST_PREFIXES", prefixes)
        self.most_prefixes.start()
        self.runner = FakeRunner(
            cells=cells,
            context_size=48,
            batch_size=batch_size,
            sequences=8 + parallel * 3,
            can_shift=can_shift,
            can_share=can_share,
        )
        spills = SpillStore(memory_bytes=memory, disk_bytes=0, directory=None, key=b"")
        self.cache = Cache(self.runner, spills)
        pace = StepPace(100, budget_s=0.1, reading_s=0.1)
        template = FakeTemplate(self.runner.vocabulary)
        self.engine = Engine(self.runner, template, self.cache, pace, parallel=parallel)
        self.engine._acceptance = Always(draft)
        self.requests: dict[int, Generate] = {}
        self.prompts: dict[int, list[int]] = {}
        self.texts: dict[int, str] = {}
        self.ends: dict[int, Done | Failed | Refused] = {}
        self.begun: set[int] = set()
        self.histories: dict[str, list[Message]] = {}
        self.failures = 0

    @rule(robot=ROBOTS, system=SYSTEMS, words=WORDS, max_tokens=st.integers(1, 20), changes=RARELY)
    def submit(self, robot, system, words, max_tokens, changes):
        history = self.histories.setdefault(robot, [])
        if not history or changes:
            history[:] = [Message("system", system)]
        history.append(Message("user", words))
        request = Generate(
            id=len(self.requests) + 1,
            conversation_id=robot,
            messages=tuple(history),
            sampling=Sampling(temperature=0),
            max_tokens=max_tokens,
        )
        self.requests[request.id] = request
        self.texts[request.id] = ""
        self.engine.submit(request)

    @rule(robot=ROBOTS, words=WORDS, rests=st.booleans())
    def talk(self, robot, words, rests):
        """A whole turn."""
        self.submit(robot, "", words, 12, changes=False)
        number = len(self.requests)
        for _ in range(ENDLESS):
            if number in self.ends and not (rests and self.engine.busy):
                return
            self.do_step()
        raise AssertionError(f"{number} is not answered")

    @rule(robot=ROBOTS, system=SYSTEMS, words=WORDS)
    def listen(self, robot, system, words):
        history = self.histories.get(robot) or [Message("system", system)]
        self.engine.listen(Listen(robot, (*history, Message("user", words))))

    @rule(system=SYSTEMS)
    def prepare(self, system):
        self.engine.prepare(Prepare((Message("system", system),)))

    @rule(robot=ROBOTS, now=RARELY)
    def forget(self, robot, now):
        if now:
            self.engine.forget(robot)
            self.histories.pop(robot, None)

    @rule(number=st.integers(1, 30))
    def cancel(self, number):
        self.engine.cancel(number)

    @rule(count=st.sampled_from([1, 2, 5, 20, 100]))
    def step(self, count):
        for _ in range(count):
            self.do_step()

    @rule(invalid=st.booleans(), times=st.integers(1, 3), now=RARELY)
    def fail(self, invalid, times, now):
        if now:
            self.failures += 1
            self.runner.failures = [DecodeError("broken", invalid=invalid)] * times

    @rule(works=st.integers(0, 3).map(bool))
    def decode_together(self, works):
        self.runner.together = works
        self.failures += not works and not self.runner.can_share  # such a model takes that for a lost context

    def do_step(self):
        for signal in self.engine.step():
            match signal:
                case Begun():
                    assert signal.id not in self.begun
                    assert 0 <= signal.cached_tokens < signal.prompt_tokens
                    self.begun.add(signal.id)
                case Text():
                    assert signal.id not in self.ends
                    self.texts[signal.id] += signal.text
                case Done() | Failed() | Refused():
                    assert signal.id not in self.ends
                    self.ends[signal.id] = signal
                    self.hear(signal)
        for reply in self.engine._active:
            self.prompts[reply.request.id] = reply.prompt.tokens

    def hear(self, end):
        """Check a reply, and take it into the history."""
        request, text = self.requests[end.id], self.texts[end.id]
        if end.id in self.prompts and isinstance(end, Done):
            sizes = {"max_tokens": request.max_tokens, "context_size": self.runner.context_size}
            expected, reason = reply_to(self.prompts[end.id], **sizes)
            if end.reason == reason:
                assert text == expected
            else:
                assert expected.startswith(text)
                assert end.reason == "cancelled" or (end.reason == "length" and self.is_scarce())
        history = self.histories.get(request.conversation_id, [])
        if history and request.messages[-1] is history[-1]:
            history.append(Message("assistant", text))

    def is_scarce(self) -> bool:
        """Whether there can be too few cells for what runs: no prefix could be shared."""
        return self.runner.cells < 400

    @invariant()
    def every_prefix_that_is_used_is_kept(self):
        if hasattr(self, "engine"):
            assert all(
                self.cache.has(each.prefix) for each in self.cache._conversations.values() if each.prefix is not None
            )

    @invariant()
    def the_cache_is_what_it_says(self):
        if not hasattr(self, "engine"):
            return
        prefixes = [prefix.sequence for prefix in self.cache._prefixes.values()]
        resident = [each.sequence for each in self.cache._conversations.values() if each.sequence]
        known = self.cache._free + prefixes + resident
        assert sorted(sequence.id for sequence in known) == list(self.runner.sequences)
        for sequence in known:
            self.runner.verify(sequence)
        assert not any(sequence.tokens for sequence in self.cache._free)
        assert self.runner.cells_used <= self.cache.cells_used

    def teardown(self):
        if not hasattr(self, "engine"):
            return
        self.most_prefixes.stop()
        for _ in range(ENDLESS):
            if not self.engine.busy:
                break
            self.do_step()
        assert not self.engine.busy
        self.do_step()
        assert self.ends.keys() == self.requests.keys()
        assert self.failures or not any(isinstance(end, Failed) for end in self.ends.values())
        for robot in "ABC":
            self.engine.forget(robot)
        assert not self.cache._conversations
        assert self.cache.cells_used == sum(len(each.sequence.tokens) for each in self.cache._prefixes.values())
        self.engine.close()
        assert self.runner.cells_used == 0
        assert self.runner.closed


class Always(Acceptance):
    """Drafts as many tokens as are asked for."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._count = count

    def length(self, most, cost) -> int:
        return min(self._count, most)


TestRobots = Robots.TestCase
TestRobots.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
