"""Looks at every part now and then, and publishes what it sees: metrics and health."""

from __future__ import annotations

import asyncio
from typing import Literal

import structlog

from ai_server.brain.characters import CharacterFiles
from ai_server.brain.robots import Robots
from ai_server.dialogue.dialogue import Dialogue
from ai_server.llm.manner import Manner
from ai_server.llm.service import EngineState, EngineWork, ModelService
from ai_server.memory.privacy.overview import count_rows, count_unfinished
from ai_server.memory.storage.database import Database, DatabaseError
from ai_server.mqtt.connection import Connection
from ai_server.mqtt.inbox import Inbox
from ai_server.mqtt.outbox import Outbox
from ai_server.protocol.status import ConfigFigures, MqttFigures
from ai_server.telemetry.condition import Condition
from ai_server.telemetry.loop_lag import LoopLag
from ai_server.telemetry.meters import (
    ConfigObservation,
    DatabaseObservation,
    LlmObservation,
    Meters,
    MqttObservation,
    Observations,
)

log = structlog.get_logger(__name__)

_LLM_STATUS: dict[str, Literal["loaded", "unloaded", "error"]] = {"loaded": "loaded", "error": "error"}


class Reporter:
    """Publishes the figures of the whole daemon while it is connected; its look at the database keeps that awake."""

    def __init__(
        self,
        *,
        connection: Connection,
        outbox: Outbox,
        inbox: Inbox,
        dialogue: Dialogue,
        robots: Robots,
        engine: ModelService | None,
        manner: Manner,
        database: Database,
        files: CharacterFiles,
        meters: Meters,
        lag: LoopLag,
        condition: Condition,
    ) -> None:
        self._connection = connection
        self._outbox = outbox
        self._inbox = inbox
        self._dialogue = dialogue
        self._robots = robots
        self._engine = engine
        self._manner = manner
        self._database = database
        self._files = files
        self._meters = meters
        self._lag = lag
        self._condition = condition

    async def run(self, interval: float) -> None:
        """Report every `interval` seconds until cancelled.

        Raises:
            DatabaseError: if the database is damaged: nothing can be promised with it any more.
        """
        while True:
            await self.report()
            await asyncio.sleep(interval)

    async def report(self) -> None:
        """Look once, and publish where there is a connection.

        Raises:
            DatabaseError: if the database is damaged.
        """
        observations = await self._observe()
        self._condition.ail("memory", observations.database.error)
        if self._connection.state.connected:
            self._outbox.metrics(self._meters.metrics(observations))
            self._outbox.health(self._meters.health(observations))

    async def _observe(self) -> Observations:
        database = await self._look_at_database()  # first: what follows is of one moment
        return Observations(
            llm=self._llm(),
            mqtt=self._mqtt(),
            database=database,
            config=self._config(),
            waiting=len(self._inbox),
            running=self._dialogue.running,
            robots=len(self._robots),
            event_loop_lag_ms=self._lag.worst_ms,
            actions_expired=self._outbox.expired,
        )

    def _config(self) -> ConfigObservation:
        current = self._files.current
        figures = ConfigFigures(
            personas=len(current.personas),
            reloads=self._files.reloads,
            refusals=self._files.refusals,
            problems=len(current.problems),
        )
        return ConfigObservation(figures, current.ailment)

    def _llm(self) -> LlmObservation:
        state = self._engine.state if self._engine else EngineState(reason="no model is configured")
        work = self._engine.work if self._engine else EngineWork()
        return LlmObservation(
            status=_LLM_STATUS.get(state.status, "unloaded"),
            model_name=(state.model.name or state.model.path.name) if state.model else None,
            context_length=state.context_size,
            temperature=self._manner.sampling.temperature,
            acceleration=state.plan.acceleration if state.plan else "cpu",
            pid=state.pid,
            restarts=state.restarts,
            reason=state.reason or "",
            statistics=work.statistics,
            step_ms=work.step_ms,
            hop_ms=work.hop_ms,
        )

    def _mqtt(self) -> MqttObservation:
        state = self._connection.state
        figures = MqttFigures(
            connected=state.connected,
            protocol=state.protocol,
            connects=state.connects,
            received=state.received,
            published=state.published,
            undelivered=state.undelivered,
        )
        return MqttObservation(figures=figures, round_trip_ms=self._outbox.round_trip_ms, reason=state.last_error)

    async def _look_at_database(self) -> DatabaseObservation:
        rows, erasures, error = dict[str, int](), 0, ""
        try:
            rows = await self._database.read(count_rows)
            erasures = await self._database.read(count_unfinished)
            await self._database.ping()
        except DatabaseError as refusal:
            if refusal.damaged:
                raise  # the next start sets the file aside
            error = str(refusal)
        database = self._database
        return DatabaseObservation(
            turns=rows.get("turns", 0),
            facts=rows.get("facts", 0),
            summaries=rows.get("summaries", 0),
            erasures=erasures,
            size_bytes=database.size_bytes,
            write_ms=database.write_ms,
            transactions=database.transactions,
            failures=database.failures,
            error=error,
            set_aside=str(database.set_aside or ""),
        )
