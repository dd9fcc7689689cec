"""The engine with the embedded model, in this process: for tests that look into its cache."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import llama_cpp

from ai_server import resources
from ai_server.llm.chat import Message, Sampling
from ai_server.llm.engine.cache import Cache
from ai_server.llm.engine.engine import Engine
from ai_server.llm.engine.log import NativeLog
from ai_server.llm.engine.pace import StepPace
from ai_server.llm.engine.runner import Runner
from ai_server.llm.engine.spill import SpillStore
from ai_server.llm.engine.template import ChatTemplate
from ai_server.llm.wire import AnySignal, Begun, Done, Failed, Generate, Listen, Load, Prepare, Refused, Text

SYSTEM = Message("system", "You are NAILA, a small friendly robot.")
GREEDY = Sampling(temperature=0)
FINAL = (Done, Failed, Refused)
MANY_STEPS = 20_000


@dataclass
class Answer:
    """What one request was answered with."""

    text: str = ""
    begun: Begun | None = None
    end: Done | Failed | Refused | None = None

    def take(self, signal: AnySignal) -> None:
        match signal:
            case Begun():
                assert self.begun is None
                self.begun = signal
            case Text():
                assert self.end is None
                self.text += signal.text
            case Done() | Failed() | Refused():
                assert self.end is None, "a request was answered twice"
                self.end = signal


@dataclass
class Bench:
    """An engine, and what it said."""

    engine: Engine
    runner: Runner
    cache: Cache
    template: ChatTemplate
    answers: dict[int, Answer] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def submit(self, conversation_id: str, messages: Sequence[Message], **changes: object) -> int:
        """Ask for a greedy reply; return the number of the request."""
        fields = {"sampling": GREEDY, "max_tokens": 40, **changes}
        request = Generate(id=next(self.numbers), conversation_id=conversation_id, messages=tuple(messages), **fields)
        self.answers[request.id] = Answer()
        self.engine.submit(request)
        return request.id

    def step(self) -> list[AnySignal]:
        signals = self.engine.step()
        for signal in signals:
            if (number := getattr(signal, "id", None)) is not None:
                self.answers[number].take(signal)
        return signals

    def finish(self, *numbers: int) -> list[Answer]:
        """Step until these requests are answered."""
        for _ in range(MANY_STEPS):
            if all(self.answers[number].end for number in numbers):
                return [self.answers[number] for number in numbers]
            self.step()
        raise AssertionError(f"{numbers} were not answered in {MANY_STEPS} steps")

    def ask(self, conversation_id: str, messages: Sequence[Message], **changes: object) -> Answer:
        (answer,) = self.finish(self.submit(conversation_id, messages, **changes))
        return answer

    def rest(self) -> None:
        """Step until there is nothing to do."""
        for _ in range(MANY_STEPS):
            if not self.engine.busy:
                return
            self.step()
        raise AssertionError(f"the engine is still busy after {MANY_STEPS} steps")

    def listen(self, conversation_id: str, messages: Sequence[Message]) -> None:
        self.engine.listen(Listen(conversation_id, tuple(messages)))

    def prepare(self, *messages: Message) -> None:
        self.engine.prepare(Prepare(messages))

    def fail_next_decode(self) -> None:
        """Have llama.cpp abort the next decode call: its return code is 2 then, with this context for good."""
        self._abort = llama_cpp.ggml_abort_callback(lambda _: True)
        llama_cpp.llama_set_abort_callback(self.runner._context, self._abort, None)

    def check(self) -> None:
        """Check that what we think is in the cache is what llama.cpp has there, and that nothing is lost."""
        cache, memory = self.cache, self.runner._memory
        prefixes = [prefix.sequence for prefix in cache._prefixes.values()]
        resident = [each.sequence for each in cache._conversations.values() if each.sequence]
        known = cache._free + prefixes + resident
        assert sorted(sequence.id for sequence in known) == list(self.runner.sequences)
        assert all(not sequence.tokens for sequence in cache._free)
        for sequence in known:
            assert llama_cpp.llama_memory_seq_pos_max(memory, sequence.id) == len(sequence.tokens) - 1
        assert llama_cpp.llama_memory_seq_pos_max(memory, 0) == -1
        assert cache.cells_used <= self.runner.cells


@contextmanager
def bench(
    path: Path | None = None,
    *,
    context_size: int = 2048,
    cells: int = 4096,
    batch_size: int = 512,
    parallel: int = 8,
    kv_type: str = "f16",
    spill_bytes: int = 1 << 28,
    spill_disk_bytes: int = 0,
    spill_directory: Path | None = None,
) -> Iterator[Bench]:
    """Run the embedded model, or another, in one thread; closed in the end."""
    load = Load(
        path=str(path or resources.embedded_model()),
        context_size=context_size,
        cells=cells,
        batch_size=batch_size,
        ubatch_size=batch_size,
        threads=1,
        threads_batch=1,
        gpu_layers=0,
        kv_type=kv_type,
        load_mode="mmap",
        parallel=parallel,
    )
    log = NativeLog()
    runner = Runner(load, log, lambda _: True)
    template = ChatTemplate(runner.chat_template, runner.vocabulary)
    spills = SpillStore(
        memory_bytes=spill_bytes, disk_bytes=spill_disk_bytes, directory=spill_directory, key=runner.identity
    )
    cache = Cache(runner, spills)
    pace = StepPace(runner.warm_up(), budget_s=0.1, reading_s=0.25)
    engine = Engine(runner, template, cache, pace, parallel=parallel)
    try:
        yield Bench(engine, runner, cache, template)
    finally:
        engine.close()


def chat(*contents: str, system: Message = SYSTEM) -> list[Message]:
    """A system message, then what user and assistant say in turns."""
    roles = ("user", "assistant")
    return [system, *(Message(roles[at % 2], content) for at, content in enumerate(contents))]
