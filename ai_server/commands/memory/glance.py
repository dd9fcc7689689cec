"""What is known of people, at a glance in the middle of a conversation."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

from sqlalchemy import Connection

from ai_server.commands.memory.opening import who
from ai_server.memory import audit
from ai_server.memory.facts import Fact
from ai_server.memory.overview import facts_of
from ai_server.memory.places import place_of
from ai_server.memory.selection import Selection
from ai_server.settings import Settings

_AT_MOST = 50


def known_facts(settings: Settings, device_id: str) -> Sequence[Fact]:
    """Return the newest facts that a robot was told, and note in the audit log that somebody looked.

    Raises:
        DatabaseError: if the database cannot be used.
    """
    selection = Selection(device_id=device_id)

    def look(connection: Connection) -> list[Fact]:
        facts = facts_of(connection, selection, superseded=False, limit=_AT_MOST)
        audit.note(connection, who=who(), what="read", scope=f"facts of {selection.scope}", count=len(facts))
        return facts

    with closing(place_of(settings).visit()) as store:
        return store.transact(look, writing=True)
