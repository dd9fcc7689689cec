"""The parts between the broker, the engine and the database, each handed what it needs.

Importing this imports LangGraph, which takes half a second.
"""

from __future__ import annotations

import functools
import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ai_server.brain.alarms import Alarms
from ai_server.brain.characters import CharacterFiles
from ai_server.brain.facts.by_model import ModelFacts
from ai_server.brain.graph import Brain
from ai_server.brain.hearing import Hearing
from ai_server.brain.hostclock import HostClock
from ai_server.brain.known import Known
from ai_server.brain.language import Languages
from ai_server.brain.past import Pasts
from ai_server.brain.personality import Adaptation
from ai_server.brain.recall import Recall
from ai_server.brain.reflection import Reflection
from ai_server.brain.robot_personas import RobotPersonas
from ai_server.brain.robots import Robots
from ai_server.brain.sensor_watch import SensorWatch
from ai_server.brain.skills.forecast import WeatherProvider
from ai_server.brain.skills.parts import Parts
from ai_server.brain.skills.registry import Skills
from ai_server.dialogue.deeds import Deeds
from ai_server.dialogue.delivery import Delivery
from ai_server.dialogue.dialogue import Dialogue
from ai_server.dialogue.intake import Intake
from ai_server.dialogue.limits import ActionLimit, Limits
from ai_server.dialogue.operators import Operators
from ai_server.dialogue.own_memory import OwnMemory
from ai_server.dialogue.speaking_first import SpeakingFirst
from ai_server.llm.failover import Failover
from ai_server.llm.fallback import Fallback
from ai_server.llm.manner import Manner
from ai_server.llm.service import ModelService
from ai_server.masking import Masking, unmasked
from ai_server.memory.privacy.erasure import Erasure, is_remembered
from ai_server.memory.privacy.retention import Retention
from ai_server.memory.privacy.steward import Steward
from ai_server.memory.privacy.transfer import Transfer
from ai_server.memory.search.embeddings import Embedder
from ai_server.memory.storage.database import Database
from ai_server.mqtt.connection import Connection
from ai_server.mqtt.epochs import Epochs
from ai_server.mqtt.inbox import Inbox
from ai_server.mqtt.outbox import Outbox
from ai_server.reporter import Reporter
from ai_server.settings import Settings
from ai_server.stores import Stores
from ai_server.telemetry.condition import Condition
from ai_server.telemetry.loop_lag import LoopLag
from ai_server.telemetry.meters import Meters

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Ground:
    """What stands before the house is built.

    Attributes:
        settings: valid ones.
        connection: to the broker, not yet begun.
        engine: runs the model; None where there is none.
        manner: how it is asked to speak.
        database: open.
        files: read.
        languages: tells what is spoken; None where the model speaks English alone.
        meters: count what happens.
        lag: of the event loop.
        condition: of the daemon.
        weather: who knows the weather; None where the settings do not allow to ask.
        embedder: makes vectors of what was said; None where no model for that is configured.
    """

    settings: Settings
    connection: Connection
    engine: ModelService | None
    manner: Manner
    database: Database
    files: CharacterFiles
    languages: Languages | None
    meters: Meters
    lag: LoopLag
    condition: Condition
    weather: WeatherProvider | None = None
    embedder: Embedder | None = None


@dataclass(frozen=True, slots=True)
class House:
    """The parts that are run, told or asked from outside."""

    connection: Connection
    files: CharacterFiles
    brain: Brain
    outbox: Outbox
    dialogue: Dialogue
    intake: Intake
    reporter: Reporter
    robots: Robots
    stores: Stores
    personas: RobotPersonas
    deeds: Deeds
    erasure: Erasure
    reflection: Reflection
    retention: Retention
    alarms: Alarms
    speaking_first: SpeakingFirst
    watch: SensorWatch

    async def resume(self) -> None:
        """Take up what an earlier process left: what robots declared, chose and were told, and their utterances.

        Raises:
            DatabaseError: if it cannot be read.
        """
        self.robots.restore(await self.stores.declarations.load())
        await self.personas.load()
        await self.stores.voices.load()
        await self.stores.names.load()
        await self.watch.load()
        await self.deeds.resume()
        await self.intake.resume()  # in line before anything new


def read_files(settings: Settings, manner: Manner) -> CharacterFiles:
    """Read what people edit, and learn from the phrases what was not learnt before: that takes seconds.

    Raises:
        ConfigError: if a file is missing or wrong.
    """
    return CharacterFiles(
        settings.config_dir, persona=settings.naila_persona, prompt=manner.prompt, cache=settings.cache_dir
    )


def _pasts(ground: Ground, stores: Stores, adaptation: Adaptation) -> Pasts:
    """Return what reads the past; a model of the compact prompt was taught to read turns alone."""
    settings = ground.settings
    if ground.manner.prompt != "system":
        return Pasts(turns=stores.turns, history_tokens=settings.naila_history_tokens, known=None, recall=None)
    known = Known(
        name=stores.names.person,
        facts=stores.facts,
        summaries=stores.summaries,
        personality=adaptation.words,
        token_budget=settings.naila_known_tokens,
        now=_now,
    )
    recall = Recall(stores.search, _now)
    return Pasts(turns=stores.turns, history_tokens=settings.naila_history_tokens, known=known, recall=recall)


def _reflection(ground: Ground, stores: Stores, inbox: Inbox) -> Reflection:
    """Return what reflects in idle time; a model of the compact prompt was not taught to."""
    model = ground.engine if ground.manner.prompt == "system" else None
    return Reflection(
        turns=stores.turns,
        summaries=stores.summaries,
        model=model,
        finder=ModelFacts(lambda: ground.files.current.fact_rules) if model else None,
        busy=lambda: inbox.unanswered > 0,
        forget=model.forget if model else _nothing_to_forget,
        history_tokens=ground.settings.naila_history_tokens,
        now=_now,
    )


def _nothing_to_forget(_conversation_id: str) -> None:
    pass


def _erasure(
    ground: Ground, stores: Stores, brain: Brain, personas: RobotPersonas, forget: Callable[[str, str | None], None]
) -> Erasure:
    async def refresh() -> None:
        await stores.names.load()
        await stores.voices.load()
        await personas.load()

    return Erasure(
        ground.database,
        data_dir=ground.settings.data_dir,
        forget=forget,
        forget_all=brain.forget_all,
        refresh=refresh,
    )


def _steward(ground: Ground, stores: Stores, erasure: Erasure) -> Steward:
    return Steward(
        database=ground.database,
        erasure=erasure,
        facts=stores.facts,
        transfer=Transfer(ground.database),
        personalities=stores.personalities,
        audit=stores.audit,
        backups=ground.settings.backup_dir,
    )


def _now() -> datetime:
    return datetime.now().astimezone()


def build(ground: Ground) -> House:
    """Build the house."""
    settings, connection, files, meters = ground.settings, ground.connection, ground.files, ground.meters
    masking = Masking.of_host(os.environ) if settings.naila_mask_stored else None
    mask = masking.mask if masking else unmasked
    stores = Stores.of(ground.database, settings, mask=mask, embedder=ground.embedder)
    turns, epochs, action_ttl = stores.turns, Epochs(), timedelta(seconds=settings.naila_action_ttl_s)
    robots = Robots(max_robots=settings.naila_max_robots, max_sensors=settings.naila_max_sensors)
    personas = RobotPersonas(stores.personas, max_robots=settings.naila_max_robots)
    adaptation = Adaptation(
        stores.personalities,
        tones=lambda: files.current.tones,
        traits=lambda device_id: files.current.persona(personas.of(robots.robot(device_id))).traits.values,
        enabled=settings.naila_personality,
    )
    alarms = Alarms(reminders=stores.reminders, sayings=lambda: files.current.sayings, clock=HostClock())
    skills = Skills.discover(
        Parts(
            sayings=lambda: files.current.sayings,
            rng=random.Random(),  # noqa: S311  no secret
            voices=stores.voices,
            names=stores.names,
            alarms=alarms,
            facts=stores.facts,
            fact_rules=lambda: files.current.fact_rules,
            is_remembered=functools.partial(is_remembered, ground.database),
            weather=ground.weather,
            location=settings.naila_location or "",
        )
    )
    outbox = Outbox(connection, stores.undelivered)
    inbox = Inbox(stores.accepted, per_device=settings.naila_queue_per_device, total=settings.naila_queue_total)
    limits = Limits(
        robots=robots,
        max_robots=settings.naila_max_robots,
        rate_per_device=settings.naila_rate_per_device,
        sensor_rate_per_device=settings.naila_sensor_rate_per_device,
    )
    deeds = Deeds(
        limit=ActionLimit(
            rate_per_device=settings.naila_action_rate,
            max_robots=settings.naila_max_robots,
            may_report=limits.may_report,
        ),
        wording=lambda: files.current.wording,
        robots=robots,
        undelivered=stores.undelivered,
        outbox=outbox,
        meters=meters,
        max_robots=settings.naila_max_robots,
    )
    brain = Brain(
        files=files,
        personas=personas,
        robots=robots,
        failures=deeds.failures,
        hearing=Hearing(lambda: files.current.feelings, ground.languages),
        skills=skills,
        names=stores.names,
        voices=stores.voices,
        pasts=_pasts(ground, stores, adaptation),
        model=Failover(ground.engine, Fallback(files.voice, rng=random.Random())),  # noqa: S311  no secret
        manner=ground.manner,
        max_actions=settings.naila_max_actions_per_reply,
        least_confidence=settings.naila_heard_confidence,
        reply_timeout_s=settings.naila_reply_timeout_s,
        now=_now,
    )

    def forget(device_id: str, user_id: str | None) -> None:
        brain.forget(device_id, [user_id or ""])

    erasure, reflection = _erasure(ground, stores, brain, personas, forget), _reflection(ground, stores, inbox)
    retention = Retention(
        ground.database, settings.naila_database_mb * _MIB, days=settings.naila_retention_days, forget=forget
    )
    delivery = Delivery(
        robots=robots, turns=turns, outbox=outbox, meters=meters, adaptation=adaptation, masking=masking
    )
    dialogue = Dialogue(
        brain=brain,
        delivery=delivery,
        turns=turns,
        erasure=erasure,
        heard=reflection.interrupt,
        inbox=inbox,
        outbox=outbox,
        epochs=epochs,
        meters=meters,
        deeds=deeds,
        action_ttl=action_ttl,
    )
    speaking_first = SpeakingFirst(
        robots=robots,
        turns=turns,
        delivery=delivery,
        outbox=outbox,
        deeds=deeds,
        answering=dialogue.answering,
        meters=meters,
        action_ttl=action_ttl,
    )
    watch = SensorWatch(
        rules=lambda: files.current.rules,
        said=stores.said_rules,
        speaker=speaking_first,
        robots=robots,
        sayings=lambda: files.current.sayings,
    )
    intake = Intake(
        connection=connection,
        inbox=inbox,
        dialogue=dialogue,
        delivery=delivery,
        robots=robots,
        limits=limits,
        outbox=outbox,
        epochs=epochs,
        meters=meters,
        deeds=deeds,
        declarations=stores.declarations,
        files=files,
        personas=personas,
        watch=watch,
        operators=Operators(steward=_steward(ground, stores, erasure), answers=stores.answers, outbox=outbox),
        own_memory=OwnMemory(
            erasure=erasure,
            transfer=Transfer(ground.database),
            audit=stores.audit,
            outbox=outbox,
            robots=robots,
            meters=meters,
            max_payload_bytes=settings.naila_max_payload_bytes,
        ),
        speaking_first=speaking_first,
        max_payload_bytes=settings.naila_max_payload_bytes,
        max_nesting=settings.naila_max_nesting,
        max_actions=settings.naila_max_actions,
    )
    reporter = Reporter(
        connection=connection,
        outbox=outbox,
        inbox=inbox,
        dialogue=dialogue,
        robots=robots,
        files=files,
        engine=ground.engine,
        manner=ground.manner,
        database=ground.database,
        meters=meters,
        lag=ground.lag,
        condition=ground.condition,
    )

    def tell_of_files() -> None:
        ground.condition.ail("config", files.current.ailment)
        brain.prepare()

    files.on_change = tell_of_files
    ground.condition.ail("config", files.current.ailment)
    return House(
        connection=connection,
        files=files,
        brain=brain,
        outbox=outbox,
        dialogue=dialogue,
        intake=intake,
        reporter=reporter,
        robots=robots,
        stores=stores,
        personas=personas,
        deeds=deeds,
        erasure=erasure,
        reflection=reflection,
        retention=retention,
        alarms=alarms,
        speaking_first=speaking_first,
        watch=watch,
    )
