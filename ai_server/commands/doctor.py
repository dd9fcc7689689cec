"""`naila doctor`: looks at all that the brain needs, a line each, and says how to mend what is wrong."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import typer

from ai_server import hardware, resources
from ai_server.brain.characters import CharacterFiles
from ai_server.brain.prompt import Prompt
from ai_server.commands.engine import Engine, EngineError
from ai_server.configfile import ConfigError
from ai_server.gguf import ModelFileError, ModelHeader, read_header
from ai_server.hardware import Host
from ai_server.llm.manner import wishes_of
from ai_server.memory.storage.database import DatabaseError
from ai_server.memory.storage.inspection import inspect_database
from ai_server.memory.storage.places import place_of
from ai_server.memory.storage.sqlite_file import SqliteFile
from ai_server.mqtt.connection import Connection, Publication
from ai_server.mqtt.options import BrokerOptions, TlsFileError
from ai_server.plan import Plan, PlanError, plan
from ai_server.settings import Settings, SettingsError, load_settings
from ai_server.telemetry import logs

_BROKER_TIMEOUT_S = 8.0
_ENGINE_TIMEOUT_S = 30.0
_HOURS_TOLD = 48
"""So many hours of a backup's age are told as hours, more as days."""

_VISITOR = {"mqtt_client_id": "naila-doctor", "mqtt_session_expiry_s": 0}
"""The doctor leaves no session behind at the broker."""


class _ProblemError(Exception):
    """What is wrong, and how to mend it."""


@dataclass(slots=True)
class _Findings:
    """What one look found that a later one builds on."""

    header: ModelHeader | None = None
    host: Host | None = None


def examine(env_file: Path) -> int:
    """Look at everything and print a line each; return 0, or 1 where something is wrong, 2 where it is the settings."""
    logs.configure("error", "console")
    try:
        settings = load_settings(env_file)
    except SettingsError as error:
        for problem in error.problems:
            _print("settings", problem, wrong=True)
        return 2
    source = str(env_file) if env_file.is_file() else "the environment and defaults"
    _print("settings", f"all {len(Settings.model_fields)} are valid, from {source}")
    return 0 if asyncio.run(_examine(settings)) else 1


async def _examine(settings: Settings) -> bool:
    findings = _Findings()
    looks: tuple[tuple[str, Callable[[Settings, _Findings], Awaitable[str]]], ...] = (
        ("directory", _look_at_directory),
        ("config", _look_at_config),
        ("model", _look_at_model),
        ("engine", _look_at_engine),
        ("hardware", _look_at_hardware),
        ("plan", _look_at_plan),
        ("broker", _look_at_broker),
        ("database", _look_at_database),
    )
    well = True
    for name, look in looks:
        try:
            _print(name, await look(settings, findings))
        except (
            _ProblemError,
            EngineError,
            ConfigError,
            ModelFileError,
            PlanError,
            DatabaseError,
            TlsFileError,
        ) as error:
            _print(name, str(error), wrong=True)
            well = False
    return well


async def _look_at_directory(settings: Settings, _: _Findings) -> str:
    directory = settings.data_dir
    nearest = next(path for path in (directory, *directory.parents) if path.exists())
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise _ProblemError(f"{nearest} cannot be written: give this user the right, or set NAILA_DATA_DIR")
    free = os.statvfs(nearest)
    return f"{directory}, {free.f_bavail * free.f_frsize / 1e9:.1f} GB free"


async def _look_at_config(settings: Settings, _: _Findings) -> str:
    config = settings.config_dir
    Prompt.load(config / "prompts" / "compact.txt")
    characters = CharacterFiles(
        config, persona=settings.naila_persona, prompt="system", cache=settings.cache_dir
    ).current
    lines = ["the shipped files" if config == resources.config_dir() else str(config)]
    for name, persona in sorted(characters.personas.items()):
        default = ", the default" if name == settings.naila_persona else ""
        own = f"examples: {len(persona.examples)}, own answers: {len(persona.fallback)}"
        lines.append(f"persona {name}{default}: {persona.name}, {persona.character}; {own}")
    if characters.problems:
        raise _ProblemError("\n".join([*characters.problems, *lines[1:]]))
    return "\n".join(lines)


async def _look_at_model(settings: Settings, findings: _Findings) -> str:
    if settings.model_path is None:
        return "none (LLM_MODEL_PATH=none): the fallback answers"
    findings.header = header = await asyncio.to_thread(read_header, settings.model_path)
    return f"{header.path}: {header.name}, {header.layers} layers, {header.file_bytes / 1e6:.0f} MB, whole"


async def _look_at_engine(_: Settings, findings: _Findings) -> str:
    engine = await Engine.start(_ENGINE_TIMEOUT_S)
    await engine.end()
    findings.host = hardware.detect(engine.devices)
    names = ", ".join(device.name for device in engine.devices)
    version = metadata.version("llama-cpp-python")
    return f"llama-cpp-python {version}, {engine.build}, devices: {names or 'CPU alone'}"


async def _look_at_hardware(_: Settings, findings: _Findings) -> str:
    host = findings.host or hardware.detect()
    quota = "" if host.cpu_quota is None else f", quota {host.cpu_quota:g} CPUs"
    return f"{host.cpu_model}, {host.usable_cores} cores{quota}, {host.memory_usable / 2**30:.1f} GiB of memory free"


async def _look_at_plan(settings: Settings, findings: _Findings) -> str:
    if findings.header is None or findings.host is None:
        return "none without a model and an engine"
    chosen = plan(findings.host, findings.header, wishes_of(settings))
    summary = (
        f"{chosen.threads} threads, {chosen.gpu_layers} GPU layers, context {chosen.context_size}, "
        f"KV cache {chosen.cells} {chosen.kv_type}, {chosen.parallel} replies at once, {chosen.memory.total >> 20} MiB"
    )
    return "\n".join([summary, *(_decision(chosen, name) for name in chosen.reasons)])


def _decision(chosen: Plan, name: str) -> str:
    value = getattr(chosen, name)
    if name == "memory":
        return f"{name}: {chosen.reasons[name]}"
    shown = f"{value >> 20} MiB" if name.endswith("_bytes") else value
    return f"{name} {shown}: {chosen.reasons[name]}"


async def _look_at_broker(settings: Settings, _: _Findings) -> str:
    connection = Connection(
        options=BrokerOptions.from_settings(settings.model_copy(update=_VISITOR)),
        subscriptions=(),
        will=Publication("naila/system/doctor", b"", qos=0, retain=False),
        on_connected=lambda: None,
    )
    await connection.start()
    try:
        await connection.wait_connected(_BROKER_TIMEOUT_S)
    except TimeoutError as error:
        raise _ProblemError(str(error)) from None
    else:
        return f"{settings.mqtt_host}:{settings.mqtt_port}, MQTT {connection.state.protocol}"
    finally:
        await connection.close()


async def _look_at_database(settings: Settings, _: _Findings) -> str:
    place = place_of(settings)
    report = await asyncio.to_thread(inspect_database, place)
    if not report.exists:
        return "none yet: it is made at the first start"
    kind = "PostgreSQL; what encrypts it is its server's affair"
    if isinstance(place, SqliteFile):
        kind = (
            f"a file of SQLite, {'encrypted' if place.key else 'not encrypted (NAILA_DATABASE_KEY_FILE encrypts it)'}"
        )
    return "\n".join(
        [
            f"{place}: sound, {report.turns} turns, {report.size_bytes / 1e6:.1f} MB",
            kind,
            _newest_backup(settings.backup_dir),
        ]
    )


def _newest_backup(directory: Path) -> str:
    """Say how old the newest backup is, of those with the names that `naila memory backup` gives them."""
    try:
        newest = max((path.stat().st_mtime for path in directory.glob("*.backup")), default=None)
    except OSError as error:
        return f"backups: {directory} cannot be read ({error.strerror})"
    if newest is None:
        return f"backups: none in {directory}; `naila memory backup` makes one"
    hours = (time.time() - newest) / 3600
    age = f"{hours:.0f} hours" if hours < _HOURS_TOLD else f"{hours / 24:.0f} days"
    return f"backups: the newest in {directory} is {age} old"


def _print(name: str, text: str, *, wrong: bool = False) -> None:
    sign = typer.style("WRONG", fg="red", bold=True) if wrong else typer.style("ok   ", fg="green")
    first, *more = text.splitlines()
    typer.echo(f"{sign} {name:<10} {first}")
    for line in more:
        typer.echo(f"{'':<17}{line}")
