"""`naila bench`: how close this host gets to its physical limit with the configured model."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

import msgspec
import typer

from ai_server import hardware
from ai_server.commands.engine import Answer, Engine, EngineError
from ai_server.gguf import ModelFileError, ModelHeader, read_header
from ai_server.llm.chat import Message, Sampling
from ai_server.llm.manner import wishes_of
from ai_server.llm.wire import Generate, Text
from ai_server.plan import Plan, PlanError, plan
from ai_server.settings import Settings
from ai_server.telemetry import logs

_LONGEST_BUFFER = 512 << 20
_BUSY_LOAD = 0.5
_REPLY_TOKENS = 32
_PROMPT_TOKENS = 512

_RAMBLING = Sampling(temperature=100, top_p=1, seed=1)
"""Every likely token alike: whatever the model, its replies hardly ever end before their time."""
_WORDS = ("river", "window", "seven", "paper", "music", "garden", "letter", "winter", "market", "silver", "kitchen")


@dataclass(frozen=True, slots=True)
class Rate:
    """One measure, in tokens a second; `limit` is None where it is not known."""

    measure: str
    measured: float
    limit: float | None = None

    @property
    def share(self) -> float | None:
        """How much of the limit is reached."""
        return self.measured / self.limit if self.limit else None


@dataclass(frozen=True, slots=True)
class Bench:
    """What was measured, and what it is measured against.

    Attributes:
        model: its name and quantisation.
        plan: how it was loaded.
        token_bytes: of the weights, read for each token.
        kv_bytes: read for each token for each token before it in the conversation.
        flops_per_token: two for each weight that a token passes through.
        bandwidth: bytes a second of memory; None where a GPU computes.
        load: how many processors other programs kept busy in the minute before.
        rates: of one reply, of several at once, and of a prompt.
    """

    model: str
    plan: Plan
    token_bytes: int
    kv_bytes: int
    flops_per_token: int
    bandwidth: float | None
    load: float
    rates: tuple[Rate, Rate, Rate]

    @property
    def prompt_flops(self) -> float:
        """The floating-point operations a second that reading the prompt took."""
        return self.rates[-1].measured * self.flops_per_token


def decode_limit(bandwidth: float, token_bytes: int, kv_bytes: float, replies: int = 1) -> float:
    """Return how many tokens a second memory allows at most.

    A step reads all weights once, and of each reply its own part of the KV cache; it gives each reply one token.

    Args:
        bandwidth: bytes a second.
        token_bytes: of the weights.
        kv_bytes: of the KV cache of one conversation, as far as it is filled.
        replies: generated at once.
    """
    return replies * bandwidth / (token_bytes + replies * kv_bytes)


def run_bench(settings: Settings, *, seconds: float, as_json: bool) -> int:
    """Measure, print a table or JSON, and return 0, or 1 where nothing can be measured.

    Args:
        settings: the daemon's.
        seconds: each measure is repeated until it has taken so long.
        as_json: instead of the table.
    """
    logs.configure("error", "console")
    try:
        bench = asyncio.run(_measure(settings, seconds))
    except (EngineError, ModelFileError, PlanError) as error:
        typer.echo(str(error), err=True)
        return 1
    if as_json:
        typer.echo(_json(bench))
    else:
        _print_table(bench)
    return 0


async def _measure(settings: Settings, seconds: float) -> Bench:
    if settings.model_path is None:
        raise EngineError("There is no model to measure: LLM_MODEL_PATH is none.")
    load = os.getloadavg()[0]
    header = await asyncio.to_thread(read_header, settings.model_path)
    engine = await Engine.start()
    try:
        chosen = plan(hardware.detect(engine.devices), header, wishes_of(settings))
        bandwidth = await _measure_memory(header, chosen)
        _say(f"Loading {header.name} ...")
        await engine.load(header.path, chosen)
        return await _measure_engine(_Workload(engine, seconds), header, chosen, bandwidth, load)
    finally:
        await engine.end()


async def _measure_memory(header: ModelHeader, chosen: Plan) -> float | None:
    if chosen.acceleration != "cpu":
        return None
    from ai_server.commands.bandwidth import read_bandwidth

    _say(f"Reading memory with {chosen.threads} threads ...")
    return await asyncio.to_thread(read_bandwidth, min(header.token_bytes, _LONGEST_BUFFER), chosen.threads)


async def _measure_engine(
    workload: _Workload, header: ModelHeader, chosen: Plan, bandwidth: float | None, load: float
) -> Bench:
    prompt = min(_PROMPT_TOKENS, chosen.context_size // 2)
    _say(f"Reading prompts of {prompt} tokens ...")
    reading = await workload.read(prompt)
    _say("Generating one reply ...")
    one, one_cells = await workload.generate(1)
    _say(f"Generating {chosen.parallel} at once ...")
    many, many_cells = await workload.generate(chosen.parallel)
    kv_bytes = header.kv_bytes_per_token(chosen.kv_type)
    one_limit = many_limit = None
    if bandwidth is not None:
        one_limit = decode_limit(bandwidth, header.token_bytes, one_cells * kv_bytes)
        many_limit = decode_limit(bandwidth, header.token_bytes, many_cells * kv_bytes, chosen.parallel)
        many_limit = min(many_limit, reading)  # a token of a reply takes as much computing as one of a prompt
    return Bench(
        model=f"{header.name}, {header.quantisation}",
        plan=chosen,
        token_bytes=header.token_bytes,
        kv_bytes=kv_bytes,
        flops_per_token=2 * header.token_parameters,
        bandwidth=bandwidth,
        load=load,
        rates=(
            Rate("one reply", one, one_limit),
            Rate(f"replies at once: {chosen.parallel}", many, many_limit),
            Rate(f"a prompt of {prompt} tokens", reading),
        ),
    )


class _Workload:
    """What the engine is asked to do, each for so many seconds at least."""

    def __init__(self, engine: Engine, seconds: float) -> None:
        self._engine = engine
        self._seconds = seconds
        self._rng = random.Random(1)  # noqa: S311  no two prompts may begin alike

    async def generate(self, count: int) -> tuple[float, float]:
        """Return the tokens a second of so many replies together, and the tokens of each that were in the KV cache."""
        made, seconds, cells = 0.0, 0.0, 0.0
        async for answers in self._repeat(lambda: [_request("Tell me a story.", _REPLY_TOKENS)] * count):
            rate, took = rate_of(answers)
            made, seconds = made + rate * took, seconds + took
            cells = fmean(answer.begun.prompt_tokens + answer.done.completion_tokens / 2 for answer in answers)
        if not seconds:
            raise EngineError("The model ends its replies at once: no rate can be measured with it.")
        return made / seconds, cells

    async def read(self, tokens: int) -> float:
        """Return how many tokens of prompts of about so many are read in a second."""
        (probe,) = await self._engine.answer([self._prompt(100)])
        words = 100 * tokens // probe.begun.prompt_tokens
        read, seconds = 0, 0.0
        async for (answer,) in self._repeat(lambda: [self._prompt(words)]):
            read += answer.begun.prompt_tokens - answer.begun.cached_tokens
            seconds += answer.done.prefill_ms / 1000
        return read / seconds

    def _prompt(self, words: int) -> Generate:
        return _request(" ".join(self._rng.choices(_WORDS, k=words)), 1)

    async def _repeat(self, requests: Callable[[], Sequence[Generate]]) -> AsyncIterator[list[Answer]]:
        ends = time.monotonic() + self._seconds
        yield await self._engine.answer(requests())
        while time.monotonic() < ends:
            yield await self._engine.answer(requests())


def rate_of(answers: Sequence[Answer]) -> tuple[float, float]:
    """Return the tokens a second of all replies together, and the seconds in which all of them were being generated.

    Both are 0 where there was no such time.
    """
    if len(answers) == 1:
        seconds = answers[0].done.decode_ms / 1000
        return ((answers[0].done.completion_tokens - 1) / seconds if seconds else 0), seconds
    if not all(answer.texts for answer in answers):
        return 0, 0
    began = max(answer.texts[0].at for answer in answers)
    ended = min(answer.texts[-1].at for answer in answers)
    if ended <= began:
        return 0, 0
    return sum(_rate_between(answer.texts, began, ended) for answer in answers), (ended - began) / 1e9


def _rate_between(texts: Sequence[Text], began: int, ended: int) -> float:
    """Return the tokens a second of one reply from its last text before one time to its last before another."""
    first = max(text.at for text in texts if text.at <= began)
    later = [text for text in texts if first < text.at <= ended]
    return sum(text.tokens for text in later) / (later[-1].at - first) * 1e9 if later else 0


def _request(words: str, max_tokens: int) -> Generate:
    return Generate(
        id=0,
        conversation_id="",
        messages=(Message("system", "You are a robot."), Message("user", words)),
        sampling=_RAMBLING,
        max_tokens=max_tokens,
        date=dt.datetime.now().astimezone().date().isoformat(),
    )


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _json(bench: Bench) -> str:
    figures = {
        "model": bench.model,
        "acceleration": bench.plan.acceleration,
        "threads": bench.plan.threads,
        "bytes_read_per_token": bench.token_bytes,
        "kv_bytes_per_token": bench.kv_bytes,
        "flops_per_token": bench.flops_per_token,
        "load_before": bench.load,
        "memory_bytes_per_second": bench.bandwidth,
        "prompt_flops_per_second": bench.prompt_flops,
        "rates": [
            {"measure": rate.measure, "tokens_per_second": rate.measured, "limit": rate.limit, "share": rate.share}
            for rate in bench.rates
        ],
    }
    return msgspec.json.format(msgspec.json.encode(figures)).decode()


def _print_table(bench: Bench) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("tokens a second", title=bench.model)
    for column in ("measured", "limit", "share"):
        table.add_column(column, justify="right")
    for rate in bench.rates:
        limit = "" if rate.limit is None else _figures(rate.limit)
        table.add_row(rate.measure, _figures(rate.measured), limit, "" if rate.share is None else f"{rate.share:.0%}")
    Console().print(table)
    for line in _notes(bench):
        typer.echo(line)


def _notes(bench: Bench) -> list[str]:
    notes = [_memory_note(bench)]
    weights = bench.flops_per_token // 2
    notes.append(f"Prompt: {bench.prompt_flops / 1e9:,.0f} GFLOP/s, two operations for each of {weights:,} weights.")
    if bench.load > _BUSY_LOAD:
        notes.append(
            f"Other programs kept {bench.load:.1f} processors busy in the minute before: all of it may be too low."
        )
    return notes


def _memory_note(bench: Bench) -> str:
    each = f"{bench.token_bytes / 1e6:,.1f} MB of weights are read for each token"
    if bench.bandwidth is None:
        where = f"{bench.plan.acceleration} computes, and its memory's bandwidth cannot be measured from here"
        return f"{where}: see its data sheet. {each}, and one reply gets no more tokens than that allows."
    memory = f"Memory: {bench.bandwidth / 1e9:.1f} GB/s with {bench.plan.threads} threads; {each}."
    if bench.token_bytes < _LONGEST_BUFFER:
        return f"{memory} So few may stay in the processor's cache, as did what was read to measure."
    return memory


def _figures(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.1f}"
