"""The daemon's figures: what it counts itself and what its parts show, as metrics and as the health of services."""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil
from typing import Literal

import msgspec
import psutil

from ai_server.bounded import Newest
from ai_server.llm.wire import Statistics
from ai_server.protocol.errors import ErrorCode
from ai_server.protocol.reply import Reply
from ai_server.protocol.status import (
    ActionFigures,
    ConfigFigures,
    EngineFigures,
    Health,
    LlmFigures,
    MemoryFigures,
    Metrics,
    MqttFigures,
    ProcessFigures,
    Quantiles,
    QueueFigures,
    ServiceHealth,
)

WINDOW = 1000
"""Quantiles and error rates are over so many of the last turns."""

_MIB = 1024 * 1024

_RATED_ROBOTS = 32
_RATED_S = 60.0
"""A robot's tokens a second are shown for so long after its reply."""

ServiceStatus = Literal["healthy", "degraded", "unhealthy", "unknown"]


@dataclass(frozen=True, kw_only=True)
class LlmObservation:
    """What the model service shows.

    Attributes:
        status: `loaded` once it can answer, `unloaded` before that or where no model is wanted, `error` if it broke.
        model_name: the file's name or the catalogue's.
        context_length: tokens.
        temperature: of the sampling.
        acceleration: where the layers run: cpu, cuda, metal, vulkan, ...
        pid: the engine's process; None while there is none.
        restarts: how often the engine was started again.
        reason: why it is not `loaded`.
        statistics: the engine's newest; None before its first.
        step_ms: how long each of its last steps took.
        hop_ms: how long each of the last pieces of text took from the engine's process.
    """

    status: Literal["loaded", "unloaded", "error"]
    model_name: str | None = None
    context_length: int | None = None
    temperature: float | None = None
    acceleration: str = "cpu"
    pid: int | None = None
    restarts: int = 0
    reason: str = ""
    statistics: Statistics | None = None
    step_ms: tuple[float, ...] = ()
    hop_ms: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class MqttObservation:
    """What the connection shows: its figures, milliseconds of the last round trip, and why it is not connected."""

    figures: MqttFigures
    round_trip_ms: float | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class DatabaseObservation:
    """What the database shows.

    Attributes:
        turns: stored.
        facts: that hold.
        summaries: stored.
        erasures: that are not over.
        size_bytes: on the disk.
        write_ms: how long each of the last writing transactions took.
        transactions: since the start.
        failures: of those, refused by the database.
        error: why the last transaction failed; empty where it did not.
        set_aside: where the file is that was found damaged at the start; empty where all was well.
    """

    turns: int = 0
    facts: int = 0
    summaries: int = 0
    erasures: int = 0
    size_bytes: int = 0
    write_ms: tuple[float, ...] = ()
    transactions: int = 0
    failures: int = 0
    error: str = ""
    set_aside: str = ""


@dataclass(frozen=True)
class ConfigObservation:
    """What the files that people edit show: their figures, and in a line what is wrong with them."""

    figures: ConfigFigures
    ailment: str


@dataclass(frozen=True, kw_only=True)
class Observations:
    """What the parts of the daemon show at one moment.

    Attributes:
        llm: the model service.
        mqtt: the connection.
        database: the database.
        config: the files that people edit.
        waiting: utterances in the queues.
        running: utterances being answered.
        robots: known.
        event_loop_lag_ms: see `LoopLag`.
        actions_expired: that the broker did not have in time, since the start.
    """

    llm: LlmObservation
    mqtt: MqttObservation
    database: DatabaseObservation
    config: ConfigObservation = ConfigObservation(ConfigFigures(), "")
    waiting: int = 0
    running: int = 0
    robots: int = 0
    event_loop_lag_ms: float = 0
    actions_expired: int = 0


class Meters:
    """Counts what becomes of utterances. Fed and read on the event loop; reading takes about a millisecond."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._process = psutil.Process()
        self._process.cpu_percent()
        self._engine: psutil.Process | None = None
        self._answered = 0
        self._errors: Counter[ErrorCode] = Counter()
        self._refused = 0
        self._readings_dropped = 0
        self._replies_split = 0
        self._expired = 0
        self._cancelled = 0
        self._failed = 0
        self._actions = ActionFigures()
        self._turns = {"llm": 0, "skill": 0, "fallback": 0}
        self._prompt_tokens = 0
        self._cached_tokens = 0
        self._last: Reply | None = None
        self._rates = Newest[str, tuple[float, float]](_RATED_ROBOTS)
        """When each robot's last reply by the model ended, and its tokens a second; the oldest first."""
        self._first_token_ms: deque[float] = deque(maxlen=WINDOW)
        self._total_ms: deque[float] = deque(maxlen=WINDOW)
        self._brain_ms: deque[float] = deque(maxlen=WINDOW)
        self._brain_failed: deque[bool] = deque(maxlen=WINDOW)
        self._model_failed: deque[bool] = deque(maxlen=WINDOW)

    def turn_finished(self, reply: Reply) -> None:
        """Count a turn by its reply, whichever way it ended."""
        self._count(reply)
        if reply.finish_reason == "expired":
            return
        self._turns[reply.source] += 1
        self._brain_ms.append(_working_ms(reply))
        self._brain_failed.append(reply.finish_reason == "error")
        if reply.source != "skill":
            self._model_failed.append(reply.source == "fallback" or reply.finish_reason == "error")
        if reply.source == "llm":
            self._count_model(reply)

    def spoke_first(self) -> None:
        """Count a reply that nobody asked for; it took no time that anybody waited."""
        self._turns["skill"] += 1

    def message_refused(self, code: ErrorCode) -> None:
        """Count a message that broke the protocol or a limit."""
        self._refused += 1
        self.error(code)

    def error(self, code: ErrorCode) -> None:
        """Count an error, told or not."""
        self._errors[code] += 1

    def reading_dropped(self) -> None:
        """Count a sensor reading that came over its robot's rate."""
        self._readings_dropped += 1

    def reply_split(self) -> None:
        """Count a reply that was longer than its robot can take, and went out in parts."""
        self._replies_split += 1

    def action_sent(self) -> None:
        """Count an action that was handed to the outbox."""
        self._actions.sent += 1

    def action_ended(self, status: Literal["done", "failed", "refused"]) -> None:
        """Count what came of an action."""
        setattr(self._actions, status, getattr(self._actions, status) + 1)

    def action_unanswered(self) -> None:
        """Count an action of which nothing was heard in time."""
        self._actions.unanswered += 1

    def action_result_unknown(self) -> None:
        """Count a result of no action that is known, or one more of the same."""
        self._actions.unknown += 1

    def action_dropped(self, code: ErrorCode) -> None:
        """Count an action over the rate of its robot."""
        self._actions.dropped += 1
        self.error(code)

    def metrics(self, seen: Observations) -> Metrics:
        """Return the payload of `naila/ai/metrics`."""
        last = self._last
        return Metrics(
            llm_status=seen.llm.status,
            model_name=seen.llm.model_name,
            inference_time_ms=_rounded(_working_ms(last)) if last else None,
            tokens_generated=last.usage.completion_tokens if last else 0,
            tokens_per_second=_rounded(last.timings.tokens_per_second) if last else None,
            context_length=seen.llm.context_length,
            temperature=_rounded(seen.llm.temperature),
            hardware_acceleration=seen.llm.acceleration,
            robots=seen.robots,
            mqtt=self._mqtt(seen.mqtt.figures),
            queue=self._queue(seen),
            actions=self._actions.model_copy(update={"expired": seen.actions_expired}),
            errors={str(code): count for code, count in sorted(self._errors.items())},
            llm=self._llm(seen.llm),
            engine=self._engine_at_work(seen.llm),
            memory=MemoryFigures(
                turns=seen.database.turns,
                facts=seen.database.facts,
                summaries=seen.database.summaries,
                erasures=seen.database.erasures,
                database_bytes=seen.database.size_bytes,
                write_ms=quantiles(seen.database.write_ms),
            ),
            config=seen.config.figures,
            process=self._process_figures(seen),
        )

    def health(self, seen: Observations) -> Health:
        """Return the payload of `naila/system/health/services`."""
        memory = psutil.virtual_memory()
        return Health(
            services={
                "mqtt": self._mqtt_health(seen.mqtt),
                "brain": self._brain_health(),
                "llm": self._llm_health(seen.llm),
                "memory": _database_health(seen.database),
                "config": _config_health(seen.config),
            },
            system_load=[_round(load) for load in os.getloadavg()],
            memory_total_mb=_mb(memory.total),
            memory_available_mb=_mb(memory.available),
        )

    def _count(self, reply: Reply) -> None:
        match reply.finish_reason:
            case "stop" | "length":
                self._answered += 1
            case "cancelled":
                self._cancelled += 1
            case "expired":
                self._expired += 1
            case "error":
                self._failed += 1

    def _count_model(self, reply: Reply) -> None:
        self._last = reply
        self._prompt_tokens += reply.usage.prompt_tokens
        self._cached_tokens += reply.usage.cached_tokens
        self._total_ms.append(reply.timings.total_ms)
        if reply.timings.first_token_ms is not None:
            self._first_token_ms.append(reply.timings.first_token_ms)
        if reply.timings.tokens_per_second is not None:
            self._rates[reply.device_id] = time.monotonic(), _round(reply.timings.tokens_per_second)

    def _mqtt(self, figures: MqttFigures) -> MqttFigures:
        return figures.model_copy(
            update={
                "refused": figures.refused + self._refused,
                "readings_dropped": figures.readings_dropped + self._readings_dropped,
                "replies_split": self._replies_split,
            }
        )

    def _queue(self, seen: Observations) -> QueueFigures:
        return QueueFigures(
            waiting=seen.waiting,
            running=seen.running,
            answered=self._answered,
            busy=self._errors[ErrorCode.BUSY],
            expired=self._expired,
            cancelled=self._cancelled,
            failed=self._failed,
        )

    def _llm(self, llm: LlmObservation) -> LlmFigures:
        return LlmFigures(
            turns=self._turns["llm"],
            fallback_turns=self._turns["fallback"],
            skill_turns=self._turns["skill"],
            first_token_ms=quantiles(self._first_token_ms),
            total_ms=quantiles(self._total_ms),
            prompt_tokens=self._prompt_tokens,
            cached_tokens=self._cached_tokens,
            cache_hit_ratio=_ratio(self._cached_tokens, self._prompt_tokens),
            restarts=llm.restarts,
        )

    def _engine_at_work(self, llm: LlmObservation) -> EngineFigures:
        told = llm.statistics or Statistics()
        since = time.monotonic() - _RATED_S
        return EngineFigures(
            **msgspec.structs.asdict(told)
            | {
                "tokens_per_second": _round(told.tokens_per_second),
                "tokens_per_second_by_robot": {name: rate for name, (at, rate) in self._rates.items() if at >= since},
                "step_ms": quantiles(llm.step_ms),
                "hop_ms": quantiles(llm.hop_ms),
                "acceptance": _ratio(told.accepted_tokens, told.drafted_tokens),
            }
        )

    def _process_figures(self, seen: Observations) -> ProcessFigures:
        engine_rss, engine_cpu = self._engine_figures(seen.llm.pid)
        with self._process.oneshot():
            return ProcessFigures(
                uptime_s=_round(time.monotonic() - self._started),
                rss_mb=_mb(self._process.memory_info().rss),
                engine_rss_mb=engine_rss,
                cpu_percent=_round(self._process.cpu_percent() + engine_cpu),
                threads=self._process.num_threads(),
                open_files=self._process.num_fds(),
                event_loop_lag_ms=_round(seen.event_loop_lag_ms),
            )

    def _engine_figures(self, pid: int | None) -> tuple[float | None, float]:
        if pid is None:
            self._engine = None
            return None, 0
        try:
            if self._engine is None or self._engine.pid != pid:
                self._engine = psutil.Process(pid)
            with self._engine.oneshot():
                return _mb(self._engine.memory_info().rss), self._engine.cpu_percent()
        except psutil.NoSuchProcess:
            self._engine = None
            return None, 0

    def _mqtt_health(self, mqtt: MqttObservation) -> ServiceHealth:
        figures = self._mqtt(mqtt.figures)
        status: ServiceStatus = "unhealthy"
        if figures.connected:
            status = "healthy"
        elif figures.connects == 0 and not mqtt.reason:
            status = "unknown"
        return ServiceHealth(
            status=status,
            response_time_ms=_rounded(mqtt.round_trip_ms),
            error_rate=_ratio(figures.refused, figures.received) or 0,
            detail=mqtt.reason,
        )

    def _brain_health(self) -> ServiceHealth:
        status: ServiceStatus = "unknown"
        if self._brain_failed:
            status = "degraded" if self._brain_failed[-1] else "healthy"
        return ServiceHealth(
            status=status,
            response_time_ms=quantiles(self._brain_ms).p50,
            error_rate=_ratio(sum(self._brain_failed), len(self._brain_failed)) or 0,
            memory_usage_mb=_mb(self._process.memory_info().rss),
        )

    def _llm_health(self, llm: LlmObservation) -> ServiceHealth:
        if llm.status == "unloaded":
            return ServiceHealth(status="unknown", detail=llm.reason)
        status: ServiceStatus = "unhealthy"
        if llm.status == "loaded":
            status = "degraded" if self._model_failed and self._model_failed[-1] else "healthy"
        return ServiceHealth(
            status=status,
            response_time_ms=quantiles(self._total_ms).p50,
            error_rate=_ratio(sum(self._model_failed), len(self._model_failed)) or 0,
            memory_usage_mb=self._engine_figures(llm.pid)[0],
            detail=llm.reason,
        )


def quantiles(values: Iterable[float]) -> Quantiles:
    """Return the exact 50th, 95th and 99th percentile by nearest rank, to a hundredth."""
    ordered = sorted(values)
    if not ordered:
        return Quantiles()
    p50, p95, p99 = (_round(ordered[ceil(len(ordered) * percent / 100) - 1]) for percent in (50, 95, 99))
    return Quantiles(p50=p50, p95=p95, p99=p99)


def _database_health(database: DatabaseObservation) -> ServiceHealth:
    status: ServiceStatus = "unknown"
    if database.transactions:
        status = "unhealthy" if database.error else "healthy"
    return ServiceHealth(
        status=status,
        response_time_ms=quantiles(database.write_ms).p50,
        error_rate=_ratio(database.failures, database.transactions) or 0,
        detail=database.error or (database.set_aside and f"begun anew; the damaged file is {database.set_aside}"),
    )


def _config_health(config: ConfigObservation) -> ServiceHealth:
    """What is wrong is not used: what the files held before is."""
    return ServiceHealth(status="degraded" if config.ailment else "healthy", detail=config.ailment)


def _working_ms(reply: Reply) -> float:
    return reply.timings.total_ms - reply.timings.queue_ms


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _round(value: float) -> float:
    return round(value, 2)


def _rounded(value: float | None) -> float | None:
    return None if value is None else _round(value)


def _mb(count: int) -> float:
    return _round(count / _MIB)
