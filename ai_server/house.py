"""The parts between the broker, the engine and the database, each handed what it needs.

Importing this imports LangGraph, which takes half a second.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from ai_server.brain.alarms import Alarms
from ai_server.brain.characters import CharacterFiles
from ai_server.brain.graph import Brain
from ai_server.brain.hearing import Hearing
from ai_server.brain.hostclock import HostClock
from ai_server.brain.known import Known
from ai_server.brain.language import Languages
from ai_server.brain.past import Pasts
from ai_server.brain.recall import Recall
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
from ai_server.dialogue.speaking_first import SpeakingFirst
from ai_server.llm.failover import Failover
from ai_server.llm.fallback import Fallback
from ai_server.llm.manner import Manner
from ai_server.llm.service import ModelService
from ai_server.memory.accepted import AcceptedUtterances
from ai_server.memory.database import Database
from ai_server.memory.declarations import Declarations
from ai_server.memory.facts import Facts
from ai_server.memory.names import Names
from ai_server.memory.personas import ChosenPersonas
from ai_server.memory.reminders import Reminders
from ai_server.memory.said_rules import SaidRules
from ai_server.memory.search import Search
from ai_server.memory.summaries import Summaries
from ai_server.memory.turns import Turns
from ai_server.memory.undelivered import Undelivered
from ai_server.memory.voice import Voices
from ai_server.mqtt.connection import Connection
from ai_server.mqtt.epochs import Epochs
from ai_server.mqtt.inbox import Inbox
from ai_server.mqtt.outbox import Outbox
from ai_server.reporter import Reporter
from ai_server.settings import Settings
from ai_server.telemetry.condition import Condition
from ai_server.telemetry.loop_lag import LoopLag
from ai_server.telemetry.meters import Meters

_NAMES_OF_A_ROBOT = 8
_RULES_OF_A_ROBOT = 8
"""So many of each are kept for each robot, on average."""


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
        languages: tells what is spoken; None where nothing but English is.
        meters: count what happens.
        lag: of the event loop.
        condition: of the daemon.
        weather: who knows the weather; None where the settings do not allow to ask.
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
    declarations: Declarations
    personas: RobotPersonas
    deeds: Deeds
    voices: Voices
    names: Names
    alarms: Alarms
    speaking_first: SpeakingFirst
    watch: SensorWatch

    async def resume(self) -> None:
        """Take up what an earlier process left: what robots declared, chose and were told, and their utterances.

        Raises:
            DatabaseError: if it cannot be read.
        """
        self.robots.restore(await self.declarations.load())
        await self.personas.load()
        await self.voices.load()
        await self.names.load()
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


def _pasts(ground: Ground, turns: Turns) -> Pasts:
    """Return what reads the past; a model of the compact prompt was taught to read turns alone."""
    settings, database = ground.settings, ground.database
    if ground.manner.prompt != "system":
        return Pasts(turns=turns, history_tokens=settings.naila_history_tokens, known=None, recall=None)
    known = Known(facts=Facts(database), summaries=Summaries(database), personality=_no_manner, now=_now)
    recall = Recall(Search(database), _now)
    return Pasts(turns=turns, history_tokens=settings.naila_history_tokens, known=known, recall=recall)


async def _no_manner(_device_id: str, _user_id: str | None, _since: datetime) -> str:
    return ""


def _now() -> datetime:
    return datetime.now().astimezone()


def build(ground: Ground) -> House:
    """Build the house."""
    settings, connection, database, files = ground.settings, ground.connection, ground.database, ground.files
    turns, undelivered, epochs = Turns(database), Undelivered(database), Epochs()
    robots = Robots(max_robots=settings.naila_max_robots, max_sensors=settings.naila_max_sensors)
    declarations = Declarations(database, max_robots=settings.naila_max_robots, max_actions=settings.naila_max_actions)
    personas = RobotPersonas(
        ChosenPersonas(database, max_robots=settings.naila_max_robots), max_robots=settings.naila_max_robots
    )
    voices = Voices(database, max_robots=settings.naila_max_robots)
    names = Names(database, max_names=_NAMES_OF_A_ROBOT * settings.naila_max_robots)
    alarms = Alarms(
        reminders=Reminders(
            database,
            max_per_robot=settings.naila_max_reminders,
            max_in_all=settings.naila_max_reminders * settings.naila_max_robots,
        ),
        sayings=lambda: files.current.sayings,
        clock=HostClock(),
    )
    skills = Skills.discover(
        Parts(
            sayings=lambda: files.current.sayings,
            rng=random.Random(),  # noqa: S311  no secret
            voices=voices,
            names=names,
            alarms=alarms,
            facts=Facts(database),
            fact_rules=lambda: files.current.fact_rules,
            weather=ground.weather,
            location=settings.naila_location or "",
        )
    )
    outbox = Outbox(connection, undelivered)
    inbox = Inbox(
        AcceptedUtterances(database), per_device=settings.naila_queue_per_device, total=settings.naila_queue_total
    )
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
        turns=turns,
        undelivered=undelivered,
        outbox=outbox,
        meters=ground.meters,
        max_robots=settings.naila_max_robots,
    )
    brain = Brain(
        files=files,
        personas=personas,
        robots=robots,
        failures=deeds.failures,
        hearing=Hearing(lambda: files.current.feelings, ground.languages),
        skills=skills,
        names=names,
        voices=voices,
        pasts=_pasts(ground, turns),
        model=Failover(ground.engine, Fallback(files.voice, rng=random.Random())),  # noqa: S311  no secret
        manner=ground.manner,
        max_actions=settings.naila_max_actions_per_reply,
        least_confidence=settings.naila_heard_confidence,
        reply_timeout_s=settings.naila_reply_timeout_s,
        now=_now,
    )
    delivery = Delivery(robots=robots, turns=turns, outbox=outbox, meters=ground.meters)
    dialogue = Dialogue(
        brain=brain,
        delivery=delivery,
        turns=turns,
        inbox=inbox,
        outbox=outbox,
        epochs=epochs,
        meters=ground.meters,
        deeds=deeds,
        action_ttl=timedelta(seconds=settings.naila_action_ttl_s),
    )
    speaking_first = SpeakingFirst(
        robots=robots,
        turns=turns,
        outbox=outbox,
        deeds=deeds,
        answering=dialogue.answering,
        meters=ground.meters,
        action_ttl=timedelta(seconds=settings.naila_action_ttl_s),
    )
    watch = SensorWatch(
        rules=lambda: files.current.rules,
        said=SaidRules(database, max_kept=_RULES_OF_A_ROBOT * settings.naila_max_robots),
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
        meters=ground.meters,
        deeds=deeds,
        declarations=declarations,
        files=files,
        personas=personas,
        watch=watch,
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
        database=database,
        turns=turns,
        meters=ground.meters,
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
        declarations=declarations,
        personas=personas,
        deeds=deeds,
        voices=voices,
        names=names,
        alarms=alarms,
        speaking_first=speaking_first,
        watch=watch,
    )
