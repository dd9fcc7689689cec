"""What the database keeps, each part by what it is of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from ai_server.memory.accepted import AcceptedUtterances
from ai_server.memory.declarations import Declarations
from ai_server.memory.facts import Facts
from ai_server.memory.names import Names
from ai_server.memory.personalities import Personalities
from ai_server.memory.personas import ChosenPersonas
from ai_server.memory.privacy.answers import Answers
from ai_server.memory.privacy.audit import Audit
from ai_server.memory.reminders import Reminders
from ai_server.memory.said_rules import SaidRules
from ai_server.memory.search.embeddings import Embedder, Embeddings
from ai_server.memory.search.search import Search
from ai_server.memory.storage.database import Database
from ai_server.memory.summaries import Summaries
from ai_server.memory.turns import Turns
from ai_server.memory.undelivered import Undelivered
from ai_server.memory.voice import Voices
from ai_server.settings import Settings

_OF_A_ROBOT = 8
"""So many names, rules that spoke and people with manners of their own are kept for each robot, on average."""


@dataclass(frozen=True, slots=True)
class Stores:
    """What is kept over restarts."""

    accepted: AcceptedUtterances
    answers: Answers
    audit: Audit
    declarations: Declarations
    facts: Facts
    names: Names
    personalities: Personalities
    personas: ChosenPersonas
    reminders: Reminders
    said_rules: SaidRules
    search: Search
    summaries: Summaries
    turns: Turns
    undelivered: Undelivered
    voices: Voices

    @classmethod
    def of(
        cls, database: Database, settings: Settings, *, mask: Callable[[str], str], embedder: Embedder | None
    ) -> Stores:
        """Return the stores of a database.

        Args:
            database: open.
            settings: valid ones.
            mask: what becomes of words that wait to be answered.
            embedder: makes vectors of what was said; None where it is found by its words alone.
        """
        robots = settings.naila_max_robots
        return cls(
            accepted=AcceptedUtterances(database, mask=mask),
            answers=Answers(database),
            audit=Audit(database),
            declarations=Declarations(database, max_robots=robots, max_actions=settings.naila_max_actions),
            facts=Facts(database, max_facts=settings.naila_max_facts, mask=mask),
            names=Names(database, max_names=_OF_A_ROBOT * robots),
            personalities=Personalities(database, max_kept=_OF_A_ROBOT * robots),
            personas=ChosenPersonas(database, max_robots=robots),
            reminders=Reminders(
                database,
                max_per_robot=settings.naila_max_reminders,
                max_in_all=settings.naila_max_reminders * robots,
                mask=mask,
            ),
            said_rules=SaidRules(database, max_kept=_OF_A_ROBOT * robots),
            search=Search(database, Embeddings(database, embedder) if embedder else None),
            summaries=Summaries(database, max_facts=settings.naila_max_facts),
            turns=Turns(
                database,
                pause=timedelta(minutes=settings.naila_conversation_pause_min),
                max_facts=settings.naila_max_facts,
            ),
            undelivered=Undelivered(database),
            voices=Voices(database, max_robots=robots),
        )
