"""A fact that its owner puts right."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, select, update

from ai_server.memory.facts import Fact, NewFact, store
from ai_server.memory.schema import facts


class CorrectionError(Exception):
    """A fact cannot be put right so; nothing was changed."""


def correct(connection: Connection, number: int, value: str, text: str | None, *, at: datetime) -> int:
    """Have a fact with another value take the place of one that holds, which is kept as its history.

    Args:
        connection: in a transaction that may write.
        number: the fact's id.
        value: what is right.
        text: the sentence to tell it back with; None for the old one with the new value in place of the old.
        at: now.

    Returns:
        The id of the fact that holds from now on.

    Raises:
        CorrectionError: if there is no such fact, it holds no more, or its sentence needs to be said anew.
    """
    old = _fact(connection, number)
    if text is None and old.value not in old.text:
        raise CorrectionError("text: the old sentence does not hold the old value as it stands: say the whole new one")
    right = NewFact(
        subject=old.subject,
        kind=old.kind,
        value=value,
        text=text or old.text.replace(old.value, value),
        confidence=1,
        source="owner",
        household=old.household,
    )
    store(connection, [right], device_id=old.device_id, user_id=old.user_id, turn_id=None, at=at)
    new_id = _id_of(connection, right, old)
    if new_id != number:
        superseded = update(facts).where(facts.c.id == number, facts.c.superseded_at.is_(None))
        connection.execute(superseded.values(superseded_at=at, superseded_by=new_id))
    return new_id


def _fact(connection: Connection, number: int) -> Fact:
    row = connection.execute(select(facts).where(facts.c.id == number)).mappings().first()
    if row is None:
        raise CorrectionError(f"fact: there is none with the id {number}")
    fact = Fact(**row)
    if fact.superseded_at is not None:
        instead = f"; {fact.superseded_by} holds in its place" if fact.superseded_by is not None else ""
        raise CorrectionError(f"fact: {number} holds no more{instead}")
    return fact


def _id_of(connection: Connection, right: NewFact, old: Fact) -> int:
    whose = facts.c.household if right.household else and_(~facts.c.household, _is_of(old))
    found = select(facts.c.id).where(
        whose,
        facts.c.subject == right.subject,
        facts.c.kind == right.kind,
        facts.c.value == right.value,
        facts.c.superseded_at.is_(None),
    )
    return int(connection.execute(found).scalars().one())


def _is_of(fact: Fact) -> ColumnElement[bool]:
    return and_(facts.c.device_id == fact.device_id, facts.c.user_id == fact.user_id)
