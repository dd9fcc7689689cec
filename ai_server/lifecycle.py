"""What starts in which order, what stops in which, and what happens when a part fails."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import time
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import structlog

from ai_server import __version__, hardware
from ai_server.brain.language import Languages
from ai_server.configfile import ConfigError
from ai_server.gguf import ModelFileError, ModelHeader, read_header
from ai_server.llm.chat import ModelError
from ai_server.llm.manner import Manner, manner_of, wishes_of
from ai_server.llm.service import EngineState, ModelService
from ai_server.masking import Masking
from ai_server.memory.storage.database import Database, DatabaseError
from ai_server.memory.storage.places import place_of
from ai_server.mqtt.connection import Connection, Publication
from ai_server.mqtt.options import BrokerOptions, TlsFileError
from ai_server.protocol import topics
from ai_server.protocol.status import State, Status
from ai_server.settings import Settings
from ai_server.telemetry import logs
from ai_server.telemetry.condition import Condition
from ai_server.telemetry.loop_lag import LoopLag
from ai_server.telemetry.meters import Meters
from ai_server.telemetry.systemd import Notifier, Watchdog, watchdog_interval

if TYPE_CHECKING:
    from ai_server.brain.graph import Brain
    from ai_server.brain.skills.forecast import WeatherProvider
    from ai_server.house import House
    from ai_server.llm.embedding import Embedder

log = structlog.get_logger(__name__)


_NEWS_S = 10.0
"""How often systemd hears that a slow start goes on."""

_STALE_S = 30.0
"""A part that was silent for so long has stopped: the watchdog is fed no more."""

_SAME_SIGNAL_S = 0.2
"""A second signal so soon after the first is the same wish."""

_AGAIN_S = 5.0
"""A start looks again so often for room on the disk, or for the database's server."""

_FLUSH_S = 3.0
"""What the broker gets to acknowledge the last publications."""


def serve(settings: Settings, began: float) -> int:
    """Run the daemon until it is asked to stop.

    Args:
        settings: valid ones.
        began: `time.monotonic()` when reading them began.

    Returns:
        The exit code: 0 after an orderly end, 1 where a part that nothing works without failed.
    """
    logs.configure(settings.naila_log_level, settings.naila_log_format)
    _log_phase("settings", (time.monotonic() - began) * 1000)
    return asyncio.run(_run_until_signalled(Daemon(settings)))


async def _run_until_signalled(daemon: Daemon) -> int:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _on_signal, daemon, number)
    return await daemon.run()


def _on_signal(daemon: Daemon, number: signal.Signals) -> None:
    if daemon.stopping_s is not None:
        if daemon.stopping_s < _SAME_SIGNAL_S:
            return  # some programs signal both a process and its group
        log.warning("a second signal: leaving at once", signal=number.name)
        os._exit(128 + number)
    log.info("stopping", signal=number.name)
    daemon.stop()


class Daemon:
    """The life of one daemon: its parts are built here, each handed what it needs."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stop = asyncio.Event()
        self._stopped_at: float | None = None
        self._notifier = Notifier.from_environment()
        self._condition = Condition(self._notifier, settings.model_path.name if settings.model_path else None)
        self._meters = Meters()
        self._lag = LoopLag()
        self._brain: Brain | None = None

    async def run(self) -> int:
        """Start every part, serve until `stop`, and end in order; return the exit code."""
        log.info("naila starts", version=__version__, pid=os.getpid(), data=str(self._settings.data_dir))
        code = 1
        try:
            async with AsyncExitStack() as parts:
                code = await self._live(parts)
        except (DatabaseError, ConfigError, TlsFileError) as error:
            log.error("naila cannot start", reason=str(error))  # noqa: TRY400  the reason says it all
        log.info("naila has stopped", exit_code=code)
        return code

    def stop(self) -> None:
        """Ask the daemon to end in order: it finishes what runs, and says goodbye."""
        self._stopped_at = self._stopped_at or time.monotonic()
        self._stop.set()

    @property
    def stopping_s(self) -> float | None:
        """Seconds since it was asked to end; None before that."""
        return None if self._stopped_at is None else time.monotonic() - self._stopped_at

    async def _live(self, parts: AsyncExitStack) -> int:
        """Go through the phases; `parts` ends what was started, the newest first."""
        with _phase("hardware"):
            engine, manner = await self._begin_loading(parts)
        with _phase("storage"):
            database = await self._open_database()
            parts.push_async_callback(database.close)
        with _phase("brain"):
            connection = self._connection()
            house = await self._build(parts, connection, engine, manner, database)
        self._condition.enter(State.LOADING)
        if engine:
            self._on_engine(engine.state)  # it may be loaded already
        with _phase("mqtt"):
            parts.push_async_callback(connection.close)
            await connection.start()
            # Before the connection is up: a broker may want what it kept acknowledged before it answers a SUBSCRIBE.
            tasks = self._start_tasks(house, engine, database)
            await self._unless_stopped(connection.wait_connected())
        if engine:
            with _phase("model"):
                await self._unless_stopped(_settled(engine))
            _log_phase("warm-up", engine.state.warmup_ms or 0)  # the last part of the model's phase
        failed = await self._serve(tasks)
        await self._drain(house, tasks)
        return 1 if failed else 0

    async def _open_database(self) -> Database:
        """Open the database; what passes is waited for, since a service that gave up would stay down.

        Raises:
            DatabaseError: if it cannot be opened, or the disk was full, or the server away, until the daemon was asked
                to stop.
        """
        place = place_of(self._settings)
        while True:
            try:
                return await Database.open(place)
            except DatabaseError as error:
                if not error.passing or self._stop.is_set():
                    raise
                log.error("waiting for the database", reason=str(error))  # noqa: TRY400
                self._notifier.status(str(error))
                await self._unless_stopped(asyncio.sleep(_AGAIN_S))

    async def _begin_loading(self, parts: AsyncExitStack) -> tuple[ModelService | None, Manner]:
        """Start the engine's process, which takes its time, before everything else."""
        host = hardware.detect()
        log.info("host", cpu=host.cpu_model, cores=host.usable_cores, memory_free_gib=_gib(host.memory_usable))
        path = self._settings.model_path
        if path is None:
            self._condition.ail("llm", "no model is configured (LLM_MODEL_PATH=none): the fallback answers")
            return None, manner_of(self._settings, None)
        if self._settings.database_key_file:
            log.info("no conversations are kept on the disk beside the encrypted database")
        engine = ModelService(
            path,
            wishes_of(self._settings),
            hang_timeout_s=self._settings.llm_hang_timeout_s,
            on_change=self._on_engine,
            spill_directory=self._settings.spill_dir,
        )
        parts.push_async_callback(engine.close)
        await engine.start()
        return engine, manner_of(self._settings, _header(path))

    def _on_engine(self, state: EngineState) -> None:
        if state.status == "loaded" and self._brain:
            self._brain.prepare()
        ails = state.status == "error" or (state.status == "loading" and state.restarts > 0)
        self._condition.ail("llm", f"{state.reason}: the fallback answers" if ails else "")
        if self._condition.phase is not State.LOADING:
            return
        if state.status == "loaded":
            self._condition.enter(State.READY)
        elif state.progress:
            self._condition.enter(State.LOADING, f"the model is {10 * int(10 * state.progress)} % loaded")

    def _connection(self) -> Connection:
        return Connection(
            options=BrokerOptions.from_settings(self._settings),
            subscriptions=topics.SUBSCRIPTIONS,
            will=Publication(topics.STATUS, self._will(), qos=1, retain=True),
            on_connected=self._condition.announce_again,
        )

    async def _build(
        self,
        parts: AsyncExitStack,
        connection: Connection,
        engine: ModelService | None,
        manner: Manner,
        database: Database,
    ) -> House:
        # What imports LangGraph, or reads tables of languages, takes a second or two: in a thread, so that the engine
        # is told meanwhile what to load.
        module = await asyncio.to_thread(import_module, "ai_server.house")
        files = await asyncio.to_thread(module.read_files, self._settings, manner)
        languages = None if manner.english_only else await asyncio.to_thread(Languages, "en")
        ground = module.Ground(
            settings=self._settings,
            connection=connection,
            engine=engine,
            manner=manner,
            database=database,
            files=files,
            languages=languages,
            weather=await self._weather(parts),
            embedder=await self._embedder(parts),
            meters=self._meters,
            lag=self._lag,
            condition=self._condition,
        )
        house: House = module.build(ground)
        self._condition.publish = house.outbox.status
        self._brain = house.brain
        await house.resume()
        return house

    async def _embedder(self, parts: AsyncExitStack) -> Embedder | None:
        """Return what makes vectors of what was said, where a model for that is configured; it loads on first use."""
        if self._settings.embedding_model is None:
            return None
        module = await asyncio.to_thread(import_module, "ai_server.llm.embedding")
        embedder: Embedder = module.Embedder(self._settings.embedding_model)
        parts.push_async_callback(embedder.close)
        return embedder

    async def _weather(self, parts: AsyncExitStack) -> WeatherProvider | None:
        """Return who may be asked for the weather; the HTTP client is imported where somebody may."""
        if not self._settings.naila_weather:
            return None
        httpx2 = await asyncio.to_thread(import_module, "httpx2")
        open_meteo = await asyncio.to_thread(import_module, "ai_server.brain.open_meteo")
        client = httpx2.AsyncClient(headers={"User-Agent": f"naila/{__version__}"})
        provider: WeatherProvider = open_meteo.OpenMeteo(
            await parts.enter_async_context(client),
            forecast_url=self._settings.naila_weather_url,
            geocoding_url=self._settings.naila_geocoding_url,
        )
        return provider

    def _will(self) -> bytes:
        path = self._settings.model_path
        lost = "the brain is gone without a goodbye"
        return Status(
            state=State.OFFLINE, reason=lost, version=__version__, model=path.name if path else None
        ).to_json()

    async def _unless_stopped(self, waiting: Coroutine[Any, Any, None]) -> None:
        """Wait for a part, as long as it takes; systemd hears that the start goes on."""
        task = asyncio.create_task(waiting)
        stop = asyncio.create_task(self._stop.wait())
        while not task.done() and not stop.done():
            self._notifier.extend_timeout(3 * _NEWS_S)
            await asyncio.wait({task, stop}, timeout=_NEWS_S, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if not task.done():
            task.cancel()

    def _start_tasks(
        self, house: House, engine: ModelService | None, database: Database
    ) -> dict[str, asyncio.Task[None]]:
        running: dict[str, Coroutine[Any, Any, None]] = {
            "intake": house.intake.run(),
            "outbox": house.outbox.run(),
            "files": house.files.run(),
            "alarms": house.alarms.run(house.speaking_first),
            "reporter": house.reporter.run(self._settings.naila_metrics_interval_s),
            "erasure": house.erasure.run(),
            "reflection": house.reflection.run(),
            "search": house.stores.search.run(),
            "retention": house.retention.run(),
            "loop lag": self._lag.run(),
        }
        interval = watchdog_interval()
        if interval:
            parts = {
                "event loop": lambda: self._lag.last_alive,
                "network thread": lambda: _last_moved(house.connection),
                "database": lambda: database.last_alive,
                "engine": lambda: _last_life(engine),
            }
            stale_after = max(_STALE_S, 3 * self._settings.naila_metrics_interval_s)
            running["watchdog"] = Watchdog(self._notifier, parts, interval=interval, stale_after=stale_after).run()
        return {name: asyncio.create_task(work, name=name) for name, work in running.items()}

    async def _serve(self, tasks: dict[str, asyncio.Task[None]]) -> bool:
        """Serve until asked to stop; return whether it was a part of the daemon that failed."""
        if not self._stop.is_set():
            self._notifier.ready()
            if self._settings.model_path is None:
                self._condition.enter(State.READY)
            # What knows phone numbers: before the first line of the log, or turn, that may hold one.
            await asyncio.to_thread(Masking.of_host(os.environ).load)
            _settle_garbage_collection()
        stop = asyncio.create_task(self._stop.wait())
        await asyncio.wait({stop, *tasks.values()}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        failed = [name for name, task in tasks.items() if task.done()]
        for name in failed:
            log.critical("a part of the daemon failed", part=name, exc_info=tasks[name].exception())
        return bool(failed)

    async def _drain(self, house: House, tasks: dict[str, asyncio.Task[None]]) -> None:
        with _phase("drain"):
            self._notifier.stopping()
            self._condition.enter(State.DRAINING)
            tasks["intake"].cancel()
            await house.dialogue.drain(self._settings.naila_drain_timeout_s)
            for task in tasks.values():
                task.cancel()
            await asyncio.wait(tasks.values())
            self._condition.enter(State.OFFLINE)
            if house.connection.state.connected:
                await house.outbox.flush(_FLUSH_S)


def _settle_garbage_collection() -> None:
    """Leave out of all further collections what the start made, which stays: it takes 30 ms to look through."""
    gc.collect()
    gc.freeze()
    # CPython puts a full collection off until a quarter as many objects are new as the last one left (its
    # Modules/gcmodule.c): after one that leaves none, the cycles that each turn of LangGraph leaves go soon.
    gc.collect()


async def _settled(engine: ModelService) -> None:
    """Wait until the model is loaded, or it is known that it cannot be."""
    try:
        await engine.wait_loaded()
    except ModelError:
        return  # the state tells, and the fallback answers


def _header(path: os.PathLike[str]) -> ModelHeader | None:
    try:
        return read_header(path)  # type: ignore[arg-type]
    except ModelFileError:
        return None  # the model service finds the same, and says so


def _last_moved(connection: Connection) -> float:
    """Return when the network thread last moved; while it connects, a slow name lookup may hold it."""
    state = connection.state
    return state.last_alive if state.connected else time.monotonic()


def _last_life(engine: ModelService | None) -> float:
    """Return when the engine last moved; one that is not loaded is watched over by its service."""
    if engine is None or engine.state.status != "loaded":
        return time.monotonic()
    return engine.state.last_sign_of_life or time.monotonic()


def _gib(count: int) -> float:
    return round(count / 2**30, 1)


@contextmanager
def _phase(name: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    _log_phase(name, (time.monotonic() - started) * 1000)


def _log_phase(name: str, took_ms: float) -> None:
    log.info("phase done", phase=name, took_ms=round(took_ms))
