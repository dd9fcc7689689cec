"""`python -m benchmarks.engine`: the engine against `llama_cpp.Llama` and a bare loop over llama.cpp, as one table.

The engine is a process that is told by its socket what the daemon tells it. Its peers are processes too:

- `llama_cpp.Llama` as most projects use it (`benchmarks.llama_class`): one object, one request after the other, and
  nothing set but the context and the threads;
- a bare loop over `llama_decode` and `llama_sampler_sample` with nothing around it (`benchmarks.bare_llama`): the
  limit.

All have the same threads and sampling, the bare loop also the engine's batches, KV type and flash attention. They take
turns in every round, and none computes while another is measured. The engine's weights lie in huge pages, as
`ai_server.llm.process` has it, the others' as they lie by themselves. Times are this process's: from the command to the
first words that arrive. Tokens arrive one by one where a step takes longer than the 50 ms for which the engine gathers
words.

Python's share of a step is what the engine's thread spends outside of llama.cpp, from the start of one `llama_decode`
to that of the next: `benchmarks.traced_engine` puts a stopwatch around each of llama.cpp's functions, in a process of
its own.

Memory is what is resident of the engine's process after it has talked with eight robots: libraries that this process
has mapped as well, as the daemon has, by half, others as a whole, but not the pages of the mapped model file; less the
weights that llama.cpp has copied out of that file, less the KV cache, less what is spilled to memory. The sizes of
these are llama.cpp's own words, heard by the bare loop under the same load, and the engine's.

The weights are random, in a shape of Llama's and with its vocabulary, since speed does not depend on what they are:
see `benchmarks.random_model`. What is said is noise, so that speculation does not help here.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec
import psutil
from rich.console import Console

from ai_server import hardware
from ai_server.gguf import read_header
from ai_server.llm.chat import Message
from ai_server.llm.wire import Forget, Listen, Load, Prepare
from ai_server.plan import Wishes, plan
from benchmarks.conversations import Conversation, say_together, words
from benchmarks.engine_client import Engine, Reply, decode_rate
from benchmarks.figures import Comparison, Figure, Measure, table
from benchmarks.peers import LlamaClassPeer, LlamaPeer, running_llama, running_llama_class
from benchmarks.random_model import SHAPES, WEIGHTS, Weights, write_random_model

ROBOTS = 8
ANSWERED = 4
"""So many robots are being answered when the long prompt arrives."""
PERSONA, UTTERANCE, LONG_UTTERANCE, PARTIAL, PREFILL, LONG_PROMPT, HISTORY = 200, 12, 60, 4, 490, 1990, 1000
"""Words; the vocabulary of Llama 3 has a token for each."""
HISTORY_TURNS = 4
CONTEXT, CELLS = 4096, 16384
REPLY_TOKENS = 16
LONG_REPLY_TOKENS = 1024
ORDINARY_STEPS = 24
LARGE_BYTES = 2 << 30
COPIES = 4
"""By default a model is measured where memory holds it so often: two processes have it at once, and a mapped file."""
SPILL_BYTES, SPILL_DISK_BYTES = 1 << 30, 8 << 30
MIB = 1 << 20


@dataclass(frozen=True)
class Extent:
    """How long and how often everything is done.

    Attributes:
        tokens: decoded by one robot.
        shared_tokens: decoded by each of eight; the first must not be done before the last begins.
        peer_turns: so many of the robots does `llama_cpp.Llama` answer in a round, one after the other; in turns each
            costs it the whole history.
        laps: so often do all robots take turns in a round.
        rest_s: between turns, as people leave more than that.
        partial_s: between partial transcripts; people take more than a second for four words.
    """

    rounds: int
    tokens: int = 128
    shared_tokens: int = 160
    peer_turns: int = 4
    laps: int = 2
    rest_s: float = 0.3
    partial_s: float = 0.4


THOROUGH = Extent(rounds=5)
LARGE = Extent(rounds=2, tokens=48, peer_turns=1, laps=1, rest_s=1.5, partial_s=1.6)


@dataclass
class Samples:
    """What was measured, a list for each round: of ours, and of what it is compared with."""

    ours: list[list[float]] = field(default_factory=list)
    peer: list[list[float]] = field(default_factory=list)

    def add(self, ours: list[float], peer: list[float] | None = None) -> None:
        self.ours.append(ours)
        if peer is not None:
            self.peer.append(peer)


class EngineBench:
    """One run of all measures on one model.

    Attributes:
        notes: what else is worth knowing of the run, in sentences.
    """

    def __init__(self, model: Path, directory: Path, extent: Extent) -> None:
        self.notes: list[str] = []
        self._directory = directory
        self._extent = extent
        self._load = _load_command(model)
        self._scale = self._load.context_size / CONTEXT
        self._rng = random.Random(1)
        self._persona = self._words(PERSONA)
        self._names = (f"robot-{number}" for number in itertools.count(1))
        self._decode = Samples()
        self._prefill = Samples()
        self._together = Samples()
        self._of_limit = Samples()
        self._turns = Samples()
        self._alone = Samples()
        self._listened = Samples()
        self._stutter = Samples()
        self._restarts = Samples()
        self._restores = Samples()
        self._share_of_one = Samples()
        self._share_of_eight = Samples()
        self._memory = Samples()
        self._fixed_bytes = 0.0

    def measure(self) -> None:
        """Take all samples; where this is broken off, `measures` has what there is."""
        self._measure_limits()
        with running_llama_class(self._load) as llama:
            self._measure_company(llama)
            self._measure_turns(llama)
        self._measure_interruptions()
        self._measure_spilling()
        self._measure_shares()

    def measures(self) -> list[Measure]:
        rows = [
            _compared("one robot: decode against the bare loop, tokens/s", self._decode, 0.98, at_most=False),
            _compared("one robot: 512 tokens of a prompt against it, tokens/s", self._prefill, 0.97, at_most=False),
            _compared("8 robots at once against Llama: decode, tokens/s", self._together, 1.5, at_most=False),
            _compared("the same against the bare loop with 8 sequences", self._of_limit, 0.95, at_most=False),
            _compared("8 robots in turns against Llama: first token, ms", self._turns, 0.1),
            _compared("the same against one robot alone, ms", self._alone, 1.3),
            _compared("60 words with partials against without: first token, ms", self._listened, 1 / 3),
            _compared("longest gap while 2,000 tokens are read, against a step, ms", self._stutter, 3),
            _compared("first token after a restart against warm, ms", self._restarts, 1.5),
            _compared("first token, restored against read again, ms", self._restores, 0.1),
            _compared("Python's share of a step with 1 sequence, %", self._share_of_one, 2, by="itself"),
            _compared("Python's share of a step with 8 sequences, %", self._share_of_eight, 4, by="itself"),
            _compared("memory beyond weights, KV cells and spill, MB", self._memory, 120, by="itself"),
        ]
        return [row for row in rows if row]

    def _measure_limits(self) -> None:
        with self._running_engine() as engine, running_llama(self._load) as bare:
            self._fixed_bytes = (bare.anonymous_weights_mib + bare.kv_mib) * MIB
            self.notes.append(f"llama.cpp computes in {bare.scratch_mib:.0f} MiB, as far as they are touched.")
            for number in range(self._extent.rounds):
                self._tell("decode and prefill", number)
                self._measure_decode(engine, bare)
                self._measure_prefill(engine, bare)
                self._measure_limit_together(engine, bare)

    def _measure_company(self, llama: LlamaClassPeer) -> None:
        with self._running_engine() as engine:
            for number in range(self._extent.rounds):
                self._tell("8 robots at once", number)
                self._measure_together(engine, llama)

    def _measure_interruptions(self) -> None:
        with self._running_engine() as engine:
            for number in range(self._extent.rounds):
                self._tell("partial transcripts and a long prompt", number)
                self._measure_listening(engine)
                self._measure_stutter(engine)

    def _measure_decode(self, engine: Engine, bare: LlamaPeer) -> None:
        conversation = self._new_conversation()
        reply = conversation.say(engine, self._words(UTTERANCE), self._extent.tokens)
        self._forget(engine, conversation)
        tokens = 1 + sum(heard.tokens for heard in reply.heard[1:])
        generated = bare.generate(reply.prompt_tokens, tokens)
        self._decode.add([decode_rate([reply])], [(tokens - 1) / generated.decode_s])

    def _measure_prefill(self, engine: Engine, bare: LlamaPeer) -> None:
        conversation = self._new_conversation()
        reply = conversation.say(engine, self._words(PREFILL), 1)
        self._forget(engine, conversation)
        count = reply.prompt_tokens - reply.cached_tokens
        generated = bare.generate(reply.prompt_tokens, 1, cached=reply.cached_tokens)
        self._prefill.add([count / reply.first_token_ms * 1000], [count / generated.prefill_s])

    def _measure_together(self, engine: Engine, llama: LlamaClassPeer) -> None:
        asked, replies = self._talk_together(engine)
        answered = asked[: self._extent.peer_turns]
        answers = [llama.answer(messages, self._extent.shared_tokens) for messages in answered]
        rate = sum(answer.decoded for answer in answers) / sum(answer.decode_s for answer in answers)
        self._together.add([decode_rate(replies)], [rate])

    def _measure_limit_together(self, engine: Engine, bare: LlamaPeer) -> None:
        _, replies = self._talk_together(engine)
        tokens = self._extent.shared_tokens
        generated = bare.generate(replies[0].prompt_tokens, tokens, sequences=ROBOTS)
        self._of_limit.add([decode_rate(replies)], [ROBOTS * (tokens - 1) / generated.decode_s])

    def _talk_together(self, engine: Engine) -> tuple[list[tuple[Message, ...]], list[Reply]]:
        """Have eight new robots be answered at once; return what each was asked, and the replies."""
        said = [(self._new_conversation(), self._words(UTTERANCE)) for _ in range(ROBOTS)]
        asked = [robot.with_words(text) for robot, text in said]
        replies = say_together(engine, said, self._extent.shared_tokens)
        self._forget(engine, *(robot for robot, _ in said))
        return asked, replies

    def _measure_turns(self, llama: LlamaClassPeer) -> None:
        """Let eight robots have a past; then in each round restart, and have them go on, first one of them alone."""
        spill = self._directory / "spill"
        spill.mkdir()
        load = msgspec.structs.replace(
            self._load, spill_bytes=SPILL_BYTES, spill_disk_bytes=SPILL_DISK_BYTES, spill_directory=str(spill)
        )
        robots = [self._new_conversation() for _ in range(ROBOTS)]
        with self._running_engine(load) as engine:
            self._tell("8 histories", 0)
            for robot in robots:
                self._give_history(engine, robot)
        for number in range(self._extent.rounds):
            self._tell("8 robots in turns", number)
            in_turn = robots[number % ROBOTS :] + robots[: number % ROBOTS]
            with self._running_engine(load) as engine:
                restarted = [self._turn(engine, in_turn[0])]
                alone = [self._turn(engine, in_turn[0]) for _ in range(3)]
                restarted += [self._turn(engine, robot) for robot in in_turn[1:]]
                turns = [self._turn(engine, robot) for _ in range(self._extent.laps) for robot in in_turn]
                self._note_cached(f"Round {number + 1} of turns, after the restart", restarted)
                self._note_cached(f"Round {number + 1} of turns, warm", turns)
                self._memory.add([self._own_memory_mb(engine)])
            asked = [robot.with_words(self._words(UTTERANCE)) for robot in in_turn[: self._extent.peer_turns]]
            peer = [llama.answer(messages, REPLY_TOKENS).first_token_s * 1000 for messages in asked]
            self._turns.add(_first_tokens(turns), peer)
            self._alone.add(_first_tokens(turns), _first_tokens(alone))
            self._restarts.add(_first_tokens(restarted), _first_tokens(turns))

    def _measure_listening(self, engine: Engine) -> None:
        robot = self._new_conversation()
        self._turn(engine, robot)
        without = self._turn(engine, robot, LONG_UTTERANCE)
        spoken = self._words(LONG_UTTERANCE)
        each = spoken.split()
        for heard in range(PARTIAL, len(each), PARTIAL):
            engine.send(Listen(robot.id, robot.with_words(" ".join(each[:heard]))))
            engine.rest(self._extent.partial_s)
        listened = robot.say(engine, spoken, REPLY_TOKENS)
        self._forget(engine, robot)
        self._listened.add(_first_tokens([listened]), _first_tokens([without]))

    def _measure_stutter(self, engine: Engine) -> None:
        robots = [self._new_conversation() for _ in range(ANSWERED)]
        replies = [robot.begin(engine, self._words(UTTERANCE), self._scaled(LONG_REPLY_TOKENS)) for robot in robots]
        engine.listen(lambda: all(reply.done or len(reply.heard) > ORDINARY_STEPS for reply in replies))
        newcomer = self._new_conversation()
        long = newcomer.begin(engine, self._words(LONG_PROMPT), 1)
        ordinary = [gap for reply in replies for gap in reply.gaps_ms(end=long.sent)]
        engine.finish(long)
        lengths = [len(reply.heard) for reply in replies]
        engine.listen(
            lambda: all(reply.done or len(reply.heard) > was for reply, was in zip(replies, lengths, strict=True))
        )
        gaps = [gap for reply in replies for gap in reply.gaps_ms(start=long.sent, end=long.ended)]
        engine.cancel(*replies)
        self._forget(engine, newcomer, *robots)
        if ordinary and gaps:
            self._stutter.add([max(gaps)], [statistics.median(ordinary)])
            self.notes.append(f"{long.prompt_tokens - long.cached_tokens} tokens were read in {_s(long)} meanwhile.")

    def _measure_spilling(self) -> None:
        """Give two robots a cache that holds one of them, and have them take turns."""
        cells = _padded(self._scaled(PERSONA + int(1.6 * HISTORY)))
        load = msgspec.structs.replace(self._load, cells=cells, context_size=cells, spill_bytes=SPILL_BYTES)
        with self._running_engine(load) as engine:
            robots = [self._new_conversation() for _ in range(2)]
            for robot in robots:
                self._give_history(engine, robot)
            for number in range(self._extent.rounds):
                self._tell("spill and restore", number)
                restored = [self._turn(engine, robot) for robot in robots]
                stranger = self._new_conversation()
                stranger.messages += self._past()
                fresh = self._turn(engine, stranger)
                self._forget(engine, stranger)
                self._restores.add(_first_tokens(restored), _first_tokens([fresh]))
                self._note_cached(f"Round {number + 1} of spilling, restored", restored)
                self._note_cached(f"Round {number + 1} of spilling, read again", [fresh])

    def _measure_shares(self) -> None:
        trace = self._directory / "trace.json"
        ones: list[tuple[int, int]] = []
        eights: list[tuple[int, int]] = []
        with self._running_engine(trace=trace) as engine:
            for number in range(self._extent.rounds):
                self._tell("Python's share", number)
                robots = [self._new_conversation() for _ in range(ROBOTS)]
                alone = robots[0].say(engine, self._words(UTTERANCE), self._extent.tokens)
                ones.append((alone.first, alone.heard[-1].at))
                said = [(robot, self._words(UTTERANCE)) for robot in robots]
                together = say_together(engine, said, self._extent.shared_tokens)
                eights.append((max(reply.first for reply in together), min(reply.heard[-1].at for reply in together)))
                self._forget(engine, *robots)
        calls = json.loads(trace.read_text(encoding="ascii"))
        for samples, spans in ((self._share_of_one, ones), (self._share_of_eight, eights)):
            for share in (_share_outside(calls, *span) for span in spans):
                if share is not None:
                    samples.add([share * 100])

    @contextlib.contextmanager
    def _running_engine(self, load: Load | None = None, trace: Path | None = None) -> Iterator[Engine]:
        with Engine(load or self._load, trace) as engine:
            engine.send(Prepare(self._new_conversation().with_words("")[:1]))
            engine.rest(self._extent.rest_s)
            yield engine
        if accepted := engine.statistics.accepted_tokens:
            self.notes.append(f"Speculation guessed {accepted} tokens right: this model repeats itself.")
        self.notes.append(f"The engine took {engine.end_s:.2f} s to end.")

    def _give_history(self, engine: Engine, robot: Conversation) -> None:
        for _ in range(HISTORY_TURNS):
            robot.say(engine, self._words(HISTORY // HISTORY_TURNS - REPLY_TOKENS), REPLY_TOKENS)
        engine.rest(self._extent.rest_s)

    def _past(self) -> list[Message]:
        """Return a history that the engine has not seen."""
        return [
            message
            for _ in range(HISTORY_TURNS)
            for message in (
                Message("user", self._words(HISTORY // HISTORY_TURNS - REPLY_TOKENS)),
                Message("assistant", words(self._rng, REPLY_TOKENS)),
            )
        ]

    def _turn(self, engine: Engine, robot: Conversation, length: int = UTTERANCE) -> Reply:
        reply = robot.say(engine, self._words(length), REPLY_TOKENS)
        engine.rest(self._extent.rest_s)
        return reply

    def _forget(self, engine: Engine, *robots: Conversation) -> None:
        for robot in robots:
            engine.send(Forget(robot.id))
        engine.rest(self._extent.rest_s)

    def _own_memory_mb(self, engine: Engine) -> float:
        shared = {part.path for part in psutil.Process().memory_maps() if part.path.startswith("/")}
        maps = psutil.Process(engine.pid).memory_maps()
        resident = sum(part.rss / (1 + (part.path in shared)) for part in maps if part.path != self._load.path)
        return (resident - self._fixed_bytes - engine.statistics.spilled_bytes) / 1e6

    def _tell(self, what: str, number: int) -> None:
        print(f"{time.strftime('%H:%M:%S')} {what}, round {number + 1} of {self._extent.rounds}", file=sys.stderr)

    def _note_cached(self, what: str, replies: Sequence[Reply]) -> None:
        left = [reply.prompt_tokens - reply.cached_tokens for reply in replies]
        longest = max(reply.prompt_tokens for reply in replies)
        self.notes.append(f"{what}: {min(left)} to {max(left)} tokens were read of prompts of up to {longest}.")

    def _new_conversation(self) -> Conversation:
        return Conversation.opened(next(self._names), self._persona)

    def _words(self, count: int) -> str:
        return words(self._rng, self._scaled(count))

    def _scaled(self, count: int) -> int:
        """Return what is left of a length where the model's context is shorter than is usual."""
        return max(4, int(count * self._scale))


def _compared(
    what: str, samples: Samples, aim: float, *, by: Comparison = "ratio", at_most: bool = True
) -> Measure | None:
    """Return the row of the table; none where replies ended before there was anything to measure."""
    if not samples.ours:
        return None
    peer = Figure.of(samples.peer) if samples.peer else None
    return Measure(what, Figure.of(samples.ours), aim, peer, by, at_most)


def _first_tokens(replies: Sequence[Reply]) -> list[float]:
    return [reply.first_token_ms for reply in replies]


def _share_outside(calls: Sequence[tuple[str, int, int]], start: int, end: int) -> float | None:
    """Return the share of the time outside of llama.cpp, from the first decode call in a span of time to the last."""
    decodes = [began for name, began, _ in calls if name == "llama_decode" and start <= began <= end]
    if len(decodes) < 2:
        return None
    first, last = decodes[0], decodes[-1]
    inside = sum(ended - began for _, began, ended in calls if first <= began < last)
    return 1 - inside / (last - first)


def _s(reply: Reply) -> str:
    return f"{reply.first_token_ms / 1000:.1f} s"


def _padded(cells: int) -> int:
    """Round up as llama.cpp does."""
    return -(-cells // 256) * 256


def _load_command(model: Path) -> Load:
    header = read_header(model)
    planned = plan(hardware.detect(), header, Wishes(gpu_layers=0))
    context_size = min(CONTEXT, header.context_length)
    return Load(
        path=str(model),
        context_size=context_size,
        cells=_padded(CELLS * context_size // CONTEXT),
        batch_size=planned.batch_size,
        ubatch_size=planned.ubatch_size,
        threads=planned.threads,
        threads_batch=planned.threads_batch,
        gpu_layers=0,
        kv_type=planned.kv_type,
        flash_attention=planned.flash_attention,
        load_mode=planned.load_mode,
        parallel=ROBOTS,
    )


class _BusyTime:
    """How much of the processors' time goes to others than this process and its children, since it was made."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._all, self._own = self._spent()

    def share_of_others(self) -> float:
        """Return it as a share of all that there was. Children count once they have ended."""
        everything, own = self._spent()
        elapsed = (time.monotonic() - self._started) * (psutil.cpu_count() or 1)
        return max(0.0, (everything - self._all) - (own - self._own)) / elapsed

    @staticmethod
    def _spent() -> tuple[float, float]:
        spent = psutil.cpu_times()
        return sum(spent) - spent.idle - getattr(spent, "iowait", 0.0), sum(os.times()[:4])


def _run(model: Path, directory: Path, *, quick: bool) -> None:
    extent = LARGE if model.stat().st_size > LARGE_BYTES else THOROUGH
    if quick:
        extent = replace(extent, rounds=1)
    bench = EngineBench(model, directory, extent)
    busy = _BusyTime()
    try:
        bench.measure()
    finally:
        bench.notes.append(
            f"Other processes took {busy.share_of_others():.1%} of the time of the processors meanwhile."
        )
        console = Console(width=None if sys.stdout.isatty() else 140)
        console.print(table(f"{model.name}, {extent.rounds} rounds", bench.measures()))
        console.print(*bench.notes, sep="\n", highlight=False)


def _shapes_that_fit(weights: Weights) -> list[str]:
    free = psutil.virtual_memory().available
    return [name for name, shape in SHAPES.items() if COPIES * shape.file_bytes(weights) <= free]


def main() -> None:
    """Measure, print a table for each model, and return an exit code of 0 whatever the figures are."""
    parser = argparse.ArgumentParser(description="The engine against llama_cpp.Llama and a bare loop over llama.cpp.")
    parser.add_argument(
        "--shape",
        choices=list(SHAPES),
        action="append",
        help="of a model of random weights; by default all that memory holds",
    )
    parser.add_argument("--weights", choices=list(WEIGHTS), default="q4_k_m", help="how random weights are quantised")
    parser.add_argument("--vocabulary", type=Path, help="llama.cpp's models/ggml-vocab-llama-bpe.gguf, for the shapes")
    parser.add_argument("--model", type=Path, help="a GGUF file instead of the shapes")
    parser.add_argument("--quick", action="store_true", help="one round: to see that it runs, not to quote")
    options = parser.parse_args()
    if not (options.model or options.vocabulary):
        parser.error("give --model, or --vocabulary: llama.cpp's source has it as models/ggml-vocab-llama-bpe.gguf")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the engine and the peers end too
    if options.model:
        with tempfile.TemporaryDirectory(prefix="naila-bench-") as name:
            _run(options.model.resolve(), Path(name), quick=options.quick)
        return
    weights = WEIGHTS[options.weights]
    for shape in options.shape or _shapes_that_fit(weights):
        with tempfile.TemporaryDirectory(prefix="naila-bench-") as name:
            model = Path(name) / f"random-{shape}-{options.weights}.gguf"
            write_random_model(model, options.vocabulary, SHAPES[shape], weights)
            _run(model, Path(name), quick=options.quick)


if __name__ == "__main__":
    main()
