"""The figures: what is counted, and how it is put together."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ai_server.llm.wire import Statistics
from ai_server.protocol.errors import ErrorCode
from ai_server.protocol.reply import Reply, Timings, Usage
from ai_server.protocol.status import EngineFigures, Metrics, MqttFigures, Quantiles, State, Status
from ai_server.telemetry.loop_lag import LoopLag
from ai_server.telemetry.meters import (
    WINDOW,
    DatabaseObservation,
    LlmObservation,
    Meters,
    MqttObservation,
    Observations,
    quantiles,
)

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
LOADED = LlmObservation(
    status="loaded", model_name="naila-tiny.gguf", context_length=4096, temperature=0.0, pid=None, restarts=2
)
CONNECTED = MqttObservation(figures=MqttFigures(connected=True, protocol="5", connects=1, received=10, published=7))


def seen(**parts: Any) -> Observations:
    default: dict[str, Any] = {"llm": LOADED, "mqtt": CONNECTED, "database": DatabaseObservation()}
    return Observations(**default | parts)


def reply(**fields: Any) -> Reply:
    timings = Timings(queue_ms=10, first_token_ms=60, total_ms=210, tokens_per_second=33.333)
    usage = Usage(prompt_tokens=100, cached_tokens=75, completion_tokens=5)
    given = {"request_id": "q", "device_id": "rover", "text": "Hi", "source": "llm", "timings": timings, "usage": usage}
    return Reply(**given | fields)


@pytest.fixture
def meters() -> Meters:
    return Meters()


@pytest.fixture
def engine() -> Iterator[subprocess.Popen[bytes]]:
    script = "import sys; print('up', flush=True); sys.stdin.read()"
    process = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    yield process
    process.communicate()


def test_metrics_before_the_first_turn_are_unset_or_zero(meters: Meters) -> None:
    metrics = meters.metrics(seen())
    assert (metrics.inference_time_ms, metrics.tokens_generated, metrics.tokens_per_second) == (None, 0, None)
    assert metrics.llm.first_token_ms == Quantiles()
    assert metrics.llm.cache_hit_ratio is None
    assert metrics.temperature == 0.0


def test_metrics_travel_as_json_and_back(meters: Meters) -> None:
    meters.turn_finished(reply())
    metrics = meters.metrics(seen())
    assert Metrics.model_validate_json(metrics.to_json()) == metrics
    assert set(json.loads(metrics.to_json())) >= {"llm_status", "hardware_acceleration", "mqtt", "queue", "process"}


def test_figures_of_one_reply_are_those_of_the_models_last(meters: Meters) -> None:
    meters.turn_finished(reply())
    meters.turn_finished(reply(source="skill", usage=Usage(), timings=Timings(total_ms=1)))
    metrics = meters.metrics(seen())
    assert (metrics.inference_time_ms, metrics.tokens_generated, metrics.tokens_per_second) == (200.0, 5, 33.33)
    assert metrics.llm.first_token_ms.p50 == 60
    assert metrics.llm.total_ms.p99 == 210


def test_turns_are_counted_by_who_answered_and_by_how_they_ended(meters: Meters) -> None:
    for source in ("llm", "llm", "skill", "fallback"):
        meters.turn_finished(reply(source=source))
    meters.turn_finished(reply(finish_reason="length"))
    meters.turn_finished(reply(finish_reason="cancelled"))
    meters.turn_finished(reply(finish_reason="error"))
    meters.turn_finished(reply(finish_reason="expired", source="fallback"))
    meters.error(ErrorCode.BUSY)
    metrics = meters.metrics(seen(waiting=3, running=1))
    assert (metrics.llm.turns, metrics.llm.skill_turns, metrics.llm.fallback_turns) == (5, 1, 1)
    assert metrics.queue.model_dump() == {
        "waiting": 3,
        "running": 1,
        "answered": 5,
        "busy": 1,
        "expired": 1,
        "cancelled": 1,
        "failed": 1,
    }


def test_the_cache_hit_ratio_is_over_all_prompts(meters: Meters) -> None:
    meters.turn_finished(reply(usage=Usage(prompt_tokens=300, cached_tokens=0)))
    meters.turn_finished(reply(usage=Usage(prompt_tokens=100, cached_tokens=100)))
    llm = meters.metrics(seen()).llm
    assert (llm.prompt_tokens, llm.cached_tokens, llm.cache_hit_ratio) == (400, 100, 0.25)


def test_refused_messages_are_added_to_those_that_the_connection_refused(meters: Meters) -> None:
    meters.message_refused(ErrorCode.INVALID_FIELD)
    figures = meters.metrics(seen(mqtt=MqttObservation(figures=MqttFigures(refused=2)))).mqtt
    assert figures.refused == 3


def test_every_error_is_counted_by_its_code(meters: Meters) -> None:
    assert meters.metrics(seen()).errors == {}
    meters.error(ErrorCode.BUSY)
    meters.message_refused(ErrorCode.TOO_MANY_ROBOTS)
    for _ in range(2):
        meters.message_refused(ErrorCode.RATE_LIMITED)
    meters.error(ErrorCode.INTERNAL)
    metrics = meters.metrics(seen())
    assert metrics.errors == {"busy": 1, "internal": 1, "rate_limited": 2, "too_many_robots": 1}
    assert (metrics.mqtt.refused, metrics.queue.busy) == (3, 1)


WORKING = Statistics(
    active=2, cells=4096, cells_used=700, tokens_per_second=41.237, drafted_tokens=8, accepted_tokens=6, steps=3
)


def test_the_engines_own_figures_are_published_all_of_them(meters: Meters) -> None:
    assert set(Statistics.__struct_fields__) <= EngineFigures.model_fields.keys()
    observed = dataclasses.replace(LOADED, statistics=WORKING, step_ms=(3.0, 1.0, 2.0), hop_ms=(0.251,))
    engine = meters.metrics(seen(llm=observed)).engine
    assert (engine.active, engine.cells, engine.cells_used, engine.steps) == (2, 4096, 700, 3)
    assert (engine.tokens_per_second, engine.acceptance) == (41.24, 0.75)
    assert (engine.step_ms.p50, engine.step_ms.p99, engine.hop_ms.p95) == (2, 3, 0.25)


def test_an_engine_that_has_told_nothing_yet_is_all_zeros(meters: Meters) -> None:
    assert meters.metrics(seen()).engine == EngineFigures()


def rates(meters: Meters) -> dict[str, float]:
    return meters.metrics(seen()).engine.tokens_per_second_by_robot


def test_each_robots_rate_is_its_last_replys_by_the_model(meters: Meters) -> None:
    meters.turn_finished(reply(device_id="rover", timings=Timings(total_ms=1, tokens_per_second=10)))
    meters.turn_finished(reply(device_id="rover", timings=Timings(total_ms=1, tokens_per_second=12.345)))
    meters.turn_finished(reply(device_id="rover", source="skill", timings=Timings(total_ms=1)))
    meters.turn_finished(reply(device_id="arm", timings=Timings(total_ms=1)))  # one token has no rate
    assert rates(meters) == {"rover": 12.35}


def test_rates_are_of_the_last_minute(meters: Meters, monkeypatch: pytest.MonkeyPatch) -> None:
    began = time.monotonic()
    meters.turn_finished(reply())
    monkeypatch.setattr(time, "monotonic", lambda: began + 59)
    assert rates(meters)
    monkeypatch.setattr(time, "monotonic", lambda: began + 70)
    assert not rates(meters)


def test_rates_are_of_the_robots_heard_last(meters: Meters) -> None:
    for number in range(40):
        meters.turn_finished(reply(device_id=f"robot-{number}"))
    meters.turn_finished(reply(device_id="robot-8"))
    meters.turn_finished(reply(device_id="robot-40"))
    assert list(rates(meters)) == [*(f"robot-{number}" for number in range(10, 40)), "robot-8", "robot-40"]


def test_dropped_readings_and_split_replies_are_counted(meters: Meters) -> None:
    meters.reading_dropped()
    meters.reply_split()
    meters.reply_split()
    figures = meters.metrics(seen()).mqtt
    assert (figures.readings_dropped, figures.replies_split) == (1, 2)


def keys(value: Any, prefix: str = "") -> set[str]:
    """Return the path of every key."""
    if not isinstance(value, dict):
        return {prefix}
    return set().union(*(keys(each, f"{prefix}.{name}") for name, each in value.items()))


def test_the_payloads_in_the_docs_have_the_keys_that_are_published(meters: Meters) -> None:
    blocks = re.findall(r"```json\n(.*?)```", OPERATIONS.read_text(), flags=re.DOTALL)
    documented = [keys(json.loads(block)) for block in blocks]
    meters.turn_finished(reply())
    meters.message_refused(ErrorCode.INVALID_FIELD)
    status = Status(state=State.READY, version="0.1.0", model="naila-tiny.gguf")
    published = (status, meters.metrics(seen()), meters.health(seen()))
    assert documented == [keys(json.loads(each.to_json())) for each in published]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], (None, None, None)),
        ([7.123], (7.12, 7.12, 7.12)),
        ([2, 1], (1, 2, 2)),
        (range(100, 0, -1), (50, 95, 99)),
        (range(1, 1001), (500, 950, 990)),
    ],
)
def test_quantiles_are_exact(values: Any, expected: tuple[float | None, ...]) -> None:
    found = quantiles(values)
    assert (found.p50, found.p95, found.p99) == expected


def test_quantiles_forget_all_but_the_last_thousand_turns(meters: Meters) -> None:
    for _ in range(WINDOW):
        meters.turn_finished(reply(timings=Timings(total_ms=5000)))
    for _ in range(WINDOW):
        meters.turn_finished(reply(timings=Timings(total_ms=5)))
    assert meters.metrics(seen()).llm.total_ms.p99 == 5


def test_the_daemons_own_process_is_measured(meters: Meters) -> None:
    process = meters.metrics(seen(event_loop_lag_ms=1.234)).process
    assert process.rss_mb > 10
    assert process.threads >= 1
    assert process.open_files >= 3
    assert process.uptime_s >= 0
    assert process.event_loop_lag_ms == 1.23
    assert process.engine_rss_mb is None


def test_the_engines_process_is_measured_until_it_is_gone(meters: Meters, engine: subprocess.Popen[bytes]) -> None:
    running = seen(llm=LlmObservation(status="loaded", pid=engine.pid))
    assert (meters.metrics(running).process.engine_rss_mb or 0) > 1
    assert (meters.health(running).services["llm"].memory_usage_mb or 0) > 1
    engine.communicate()
    assert meters.metrics(running).process.engine_rss_mb is None


def test_an_engine_that_was_started_again_is_the_one_measured(meters: Meters, engine: subprocess.Popen[bytes]) -> None:
    meters.metrics(seen(llm=LlmObservation(status="loaded", pid=os.getpid())))
    restarted = meters.metrics(seen(llm=LlmObservation(status="loaded", pid=engine.pid)))
    assert restarted.process.engine_rss_mb != restarted.process.rss_mb


def test_database_figures_are_passed_on_with_quantiles(meters: Meters) -> None:
    observation = DatabaseObservation(
        turns=12, facts=5, summaries=2, erasures=1, size_bytes=4096, write_ms=(1.0, 2.0, 3.0)
    )
    memory = meters.metrics(seen(database=observation)).memory
    assert (memory.facts, memory.summaries, memory.erasures) == (5, 2, 1)
    assert (memory.turns, memory.database_bytes, memory.write_ms.p50) == (12, 4096, 2.0)


def statuses(meters: Meters, **parts: Any) -> dict[str, str]:
    return {name: service.status for name, service in meters.health(seen(**parts)).services.items()}


def test_services_that_were_not_observed_yet_are_unknown(meters: Meters) -> None:
    unseen = MqttObservation(figures=MqttFigures())
    found = statuses(meters, mqtt=unseen, llm=LlmObservation(status="unloaded"))
    assert found == {"mqtt": "unknown", "brain": "unknown", "llm": "unknown", "memory": "unknown", "config": "healthy"}


def test_services_that_work_are_healthy(meters: Meters) -> None:
    meters.turn_finished(reply())
    found = statuses(meters, database=DatabaseObservation(transactions=3))
    assert set(found.values()) == {"healthy"}


def test_a_broker_that_is_gone_is_unhealthy_and_says_why(meters: Meters) -> None:
    gone = MqttObservation(figures=MqttFigures(connects=1), reason="Connection refused")
    service = meters.health(seen(mqtt=gone)).services["mqtt"]
    assert (service.status, service.detail) == ("unhealthy", "Connection refused")


def test_the_brokers_error_rate_is_the_share_of_messages_refused(meters: Meters) -> None:
    meters.message_refused(ErrorCode.INVALID_FIELD)
    service = meters.health(seen(mqtt=MqttObservation(figures=CONNECTED.figures, round_trip_ms=0.555))).services["mqtt"]
    assert (service.error_rate, service.response_time_ms) == (0.1, 0.56)


def test_a_broken_model_is_unhealthy_and_says_why(meters: Meters) -> None:
    broken = LlmObservation(status="error", reason="the file is truncated")
    service = meters.health(seen(llm=broken)).services["llm"]
    assert (service.status, service.detail) == ("unhealthy", "the file is truncated")


def test_a_model_whose_last_turn_fell_back_is_degraded_with_its_error_rate(meters: Meters) -> None:
    for source in ("llm", "skill", "llm", "llm", "fallback"):
        meters.turn_finished(reply(source=source))
    service = meters.health(seen()).services["llm"]
    assert (service.status, service.error_rate, service.response_time_ms) == ("degraded", 0.25, 210)


def test_a_model_that_nobody_wants_fails_nobody(meters: Meters) -> None:
    meters.turn_finished(reply(source="fallback"))
    service = meters.health(seen(llm=LlmObservation(status="unloaded", reason="no model"))).services["llm"]
    assert (service.status, service.error_rate, service.detail) == ("unknown", 0, "no model")


def test_a_brain_whose_last_turn_failed_is_degraded_until_one_succeeds(meters: Meters) -> None:
    meters.turn_finished(reply(finish_reason="error"))
    assert statuses(meters)["brain"] == "degraded"
    meters.turn_finished(reply())
    service = meters.health(seen()).services["brain"]
    assert (service.status, service.error_rate) == ("healthy", 0.5)


def test_a_database_that_was_begun_anew_is_healthy_and_says_where_the_damaged_one_is(meters: Meters):
    anew = DatabaseObservation(transactions=4, set_aside="/data/naila.db.damaged-1")
    memory = meters.health(seen(database=anew)).services["memory"]
    assert memory.status == "healthy"
    assert "/data/naila.db.damaged-1" in memory.detail


def test_a_database_whose_last_transaction_failed_is_unhealthy_and_says_why(meters: Meters) -> None:
    full = DatabaseObservation(transactions=4, failures=1, error="the disk is full")
    service = meters.health(seen(database=full)).services["memory"]
    assert (service.status, service.error_rate, service.detail) == ("unhealthy", 0.25, "the disk is full")


def test_health_knows_the_hosts_load_and_memory(meters: Meters) -> None:
    health = meters.health(seen())
    assert len(health.system_load) == 3
    assert health.memory_total_mb >= health.memory_available_mb > 0


async def test_a_blocked_event_loop_shows_in_its_lag() -> None:
    lag = LoopLag()
    task = asyncio.create_task(lag.run())
    await asyncio.sleep(0)
    time.sleep(0.6)  # noqa: ASYNC251  blocking the loop is the point
    await asyncio.sleep(0.01)
    assert lag.worst_ms > 200
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_moving_event_loop_is_alive() -> None:
    lag = LoopLag()
    began = lag.last_alive
    task = asyncio.create_task(lag.run())
    await asyncio.sleep(0.3)
    assert lag.last_alive > began
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
