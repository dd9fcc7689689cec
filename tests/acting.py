"""What robots were told to do, for tests of what stands around it."""

from __future__ import annotations

from ai_server import resources
from ai_server.brain.robots import Robots
from ai_server.brain.wording import Wording
from ai_server.dialogue.deeds import Deeds
from ai_server.dialogue.delivery import Delivery
from ai_server.dialogue.limits import ActionLimit
from ai_server.memory.storage.database import Database
from ai_server.memory.turns import Turns
from ai_server.memory.undelivered import Undelivered
from ai_server.mqtt.outbox import Outbox
from ai_server.telemetry.meters import Meters
from tests.minding import unadapted


def deeds_of(robots: Robots, undelivered: Undelivered, outbox: Outbox, meters: Meters) -> Deeds:
    """Of up to 8 robots, at five actions a second."""
    wording = Wording.load(resources.config_dir() / "phrases" / "actions.toml")
    return Deeds(
        limit=ActionLimit(rate_per_device=5, max_robots=8, may_report=lambda _: True),
        wording=lambda: wording,
        robots=robots,
        undelivered=undelivered,
        outbox=outbox,
        meters=meters,
        max_robots=8,
    )


def delivery_of(robots: Robots, turns: Turns, outbox: Outbox, meters: Meters, database: Database) -> Delivery:
    """With personalities that stay as they are, and nothing masked."""
    return Delivery(
        robots=robots, turns=turns, outbox=outbox, meters=meters, adaptation=unadapted(database), masking=None
    )
