"""What is remembered, at a glance: noted in the audit log, like every look at it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

from sqlalchemy import Connection

from ai_server.commands.memory.asker import who
from ai_server.memory.facts import Fact
from ai_server.memory.privacy import audit
from ai_server.memory.privacy.overview import facts_of
from ai_server.memory.privacy.selection import Selection
from ai_server.memory.storage.inspection import find_turn
from ai_server.memory.storage.store import Place
from ai_server.memory.turns import Turn

_AT_MOST = 50


def known_facts(place: Place, device_id: str) -> Sequence[Fact]:
    """Return the newest facts that a robot was told.

    Raises:
        DatabaseError: if the database cannot be used.
    """
    selection = Selection(device_id=device_id)

    def look(connection: Connection) -> list[Fact]:
        facts = facts_of(connection, selection, superseded=False, limit=_AT_MOST)
        audit.note(connection, who=who(), what="read", scope=f"facts of {selection.scope}", count=len(facts))
        return facts

    with closing(place.visit()) as store:
        return store.transact(look, "write")


def turn_to_explain(place: Place, request_id: str | None, device_id: str | None) -> Turn | None:
    """Return the newest turn of a request, or of a robot, or of both, or of all; None where there is none.

    Raises:
        DatabaseError: if the database cannot be used.
    """
    turn = find_turn(place, request_id=request_id, device_id=device_id)
    if turn is None:
        return None
    scope = f"turn of robot {turn.reply.device_id}, request {turn.reply.request_id}"
    with closing(place.visit()) as store:
        store.transact(lambda connection: audit.note(connection, who=who(), what="read", scope=scope, count=1), "write")
    return turn
