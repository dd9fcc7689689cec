"""What a turn comes to, whoever answered it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ai_server.brain.events import Understood
from ai_server.brain.intent.intent import Intent
from ai_server.brain.robots import Robots
from ai_server.brain.routing import Decision
from ai_server.dialogue.running_turn import RunningTurn
from ai_server.llm.chat import Finished, Started
from ai_server.memory.storage.database import Database
from ai_server.memory.undelivered import Undelivered
from ai_server.mqtt.connection import Connection, Publication
from ai_server.mqtt.epochs import Epochs
from ai_server.mqtt.inbox import Waiting
from ai_server.mqtt.options import BrokerOptions
from ai_server.mqtt.outbox import Outbox
from ai_server.protocol.utterance import Utterance
from ai_server.telemetry.meters import Meters
from tests.acting import deeds_of


@pytest.mark.parametrize(
    ("model_language", "source", "language"),
    [("en", "llm", "en"), ("en", "skill", "de"), ("en", "fallback", "de"), (None, "llm", "de")],
)
async def test_what_a_model_says_that_speaks_english_alone_is_called_english(
    database: Database, model_language: str | None, source: str, language: str
) -> None:
    connection = Connection(
        options=BrokerOptions("127.0.0.1"),
        subscriptions=(),
        will=Publication("naila/ai/status", b""),
        on_connected=lambda: None,
    )
    undelivered, epochs, robots = Undelivered(database), Epochs(), Robots(max_robots=8, max_sensors=8)
    outbox = Outbox(connection, undelivered)
    deeds = deeds_of(robots, undelivered, outbox, Meters())
    utterance = Utterance(device_id="rover", request_id="q1", text="wie spät ist es")
    turn = RunningTurn(Waiting(utterance, 0.0, epochs.now()), outbox, epochs, deeds, timedelta(seconds=30))
    decision = Decision("model", "it is conversation")
    turn.handle(Understood(Intent("conversation", 1.0), "", decision, "de", model_language=model_language))
    turn.handle(Started(source))
    turn.handle(Finished("stop", "Hm."))
    assert turn.reply().language == language
