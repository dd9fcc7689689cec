"""What operators see: the state of the brain, its figures, and the health of its parts."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class State(StrEnum):
    """The life of the brain, in order; `degraded` answers by the fallback."""

    STARTING = "starting"
    LOADING = "loading"
    READY = "ready"
    DEGRADED = "degraded"
    DRAINING = "draining"
    OFFLINE = "offline"


class _Published(BaseModel):
    model_config = ConfigDict(frozen=True, protected_namespaces=())

    timestamp: datetime = Field(default_factory=lambda: datetime.now(UTC))

    def to_json(self) -> bytes:
        """Return the payload."""
        return self.model_dump_json().encode()


class Status(_Published):
    """The payload of `naila/ai/status`, retained, and the brain's last will (`offline`)."""

    state: State
    reason: str = ""
    version: str
    model: str | None = None


class Quantiles(BaseModel):
    """Milliseconds over the last of them; None before the first."""

    p50: float | None = None
    p95: float | None = None
    p99: float | None = None


class MqttFigures(BaseModel):
    """Counted since the start."""

    connected: bool = False
    protocol: str | None = None
    connects: int = 0
    received: int = 0
    published: int = 0
    refused: int = 0
    readings_dropped: int = 0
    replies_split: int = 0
    undelivered: int = 0
    """Publications without their PUBACK."""


class QueueFigures(BaseModel):
    """Utterances that wait, and what became of the others since the start."""

    waiting: int = 0
    running: int = 0
    answered: int = 0
    busy: int = 0
    expired: int = 0
    cancelled: int = 0
    failed: int = 0


class ActionFigures(BaseModel):
    """What robots' bodies were told to do since the start, and what came of it."""

    sent: int = 0
    done: int = 0
    failed: int = 0
    refused: int = 0
    unanswered: int = 0
    """Of which nothing was heard within ten minutes."""
    unknown: int = 0
    """Results of actions that are not known, or that were heard of before."""
    dropped: int = 0
    """Over the rate of their robot."""
    expired: int = 0
    """Not published in time."""


class LlmFigures(BaseModel):
    """Who answered, and how long the model took, since the daemon's start."""

    turns: int = 0
    fallback_turns: int = 0
    skill_turns: int = 0
    first_token_ms: Quantiles = Quantiles()
    total_ms: Quantiles = Quantiles()
    prompt_tokens: int = 0
    cached_tokens: int = 0
    cache_hit_ratio: float | None = None
    restarts: int = 0


class EngineFigures(BaseModel):
    """The engine's process, since its start; docs/operations.md explains each figure."""

    active: int = 0
    waiting: int = 0
    conversations: int = 0
    cells: int = 0
    cells_used: int = 0
    prefilled_tokens: int = 0
    reused_tokens: int = 0
    restored_tokens: int = 0
    generated_tokens: int = 0
    tokens_per_second: float = 0
    tokens_per_second_by_robot: dict[str, float] = {}
    """Of each robot's last reply, where the model gave it in the last minute; the 32 newest."""
    steps: int = 0
    step_ms: Quantiles = Quantiles()
    hop_ms: Quantiles = Quantiles()
    """From the engine's process to the daemon."""
    drafted_tokens: int = 0
    accepted_tokens: int = 0
    acceptance: float | None = None
    spilled_bytes: int = 0
    spilled_disk_bytes: int = 0
    spills_refused: int = 0
    rebuilds: int = 0


class MemoryFigures(BaseModel):
    """The database."""

    turns: int = 0
    facts: int = 0
    """That hold."""
    summaries: int = 0
    erasures: int = 0
    """What was forgotten, and is in files or in the engine still."""
    database_bytes: int = 0
    write_ms: Quantiles = Quantiles()


class ConfigFigures(BaseModel):
    """The files that people edit."""

    personas: int = 0
    reloads: int = 0
    """Files that were read again since the start."""
    refusals: int = 0
    """Files that were found wrong or missing since the start."""
    problems: int = 0
    """Files that are wrong now."""


class ProcessFigures(BaseModel):
    """The daemon and its engine process, from the operating system."""

    uptime_s: float = 0
    rss_mb: float = 0
    engine_rss_mb: float | None = None
    cpu_percent: float = 0
    threads: int = 0
    open_files: int = 0
    event_loop_lag_ms: float = 0


class Metrics(_Published):
    """The payload of `naila/ai/metrics`, retained. Figures of one reply are those of the last one made by the model."""

    llm_status: Literal["loaded", "unloaded", "error"]
    model_name: str | None = None
    inference_time_ms: float | None = None
    tokens_generated: int = 0
    tokens_per_second: float | None = None
    context_length: int | None = None
    temperature: float | None = None
    hardware_acceleration: str = "cpu"
    robots: int = 0
    mqtt: MqttFigures = MqttFigures()
    queue: QueueFigures = QueueFigures()
    actions: ActionFigures = ActionFigures()
    errors: dict[str, int] = {}
    llm: LlmFigures = LlmFigures()
    engine: EngineFigures = EngineFigures()
    memory: MemoryFigures = MemoryFigures()
    config: ConfigFigures = ConfigFigures()
    process: ProcessFigures = ProcessFigures()


class ServiceHealth(BaseModel):
    """One service, from what was really observed: `unknown` until it was."""

    status: Literal["healthy", "degraded", "unhealthy", "unknown"]
    response_time_ms: float | None = None
    error_rate: float = 0
    memory_usage_mb: float | None = None
    detail: str = ""


class Health(_Published):
    """The payload of `naila/system/health/services`, retained."""

    services: dict[str, ServiceHealth]
    system_load: list[float]
    memory_total_mb: float
    memory_available_mb: float
