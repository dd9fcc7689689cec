"""Which rows a selection selects, but for the facts that it names."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table, select

from ai_server.memory.privacy.mentions import Mention, strings_in
from ai_server.memory.privacy.selection import Selection
from ai_server.memory.schema import facts, inbox, names, outbox, reminders, summaries, turns
from ai_server.memory.storage.database import Database

_READ_AT_ONCE = 200
"""So many rows are looked through at once: it takes milliseconds."""
_CHUNK = 500
"""So many ids are in one statement."""

SPOKEN: Mapping[Table, tuple[str, ...]] = {
    turns: ("words", "text", "actions"),
    facts: ("subject", "kind", "value", "text"),
    summaries: ("text",),
    names: ("name",),
    reminders: ("name", "text"),
    inbox: ("text",),
    outbox: ("payload",),
}
"""Where each table holds what was said, or what came of it."""

_MOMENTS: Mapping[Table, str] = {
    turns: "at",
    facts: "learned_at",
    names: "said_at",
    reminders: "set_at",
    inbox: "arrived_at",
}
"""When it was said; what is not here is as old as its turns."""


class Selected:
    """The rows that a selection selects.

    What speaks of its words, where it has some, is found by looking through all there is, in small reads, so that turns
    are stored in between.

    Attributes:
        is_everything: nothing limits them.
        mention: what is looked for; None where words do not matter.
        told: the turns of which only the bracketed line or the trace speaks of it; `ids` has them not.
    """

    def __init__(self, selection: Selection) -> None:
        self.is_everything = selection.is_everything
        self.mention = None if selection.about is None else Mention(selection.about)
        self.told: set[int] = set()
        self._selection = selection
        self._tables = [table for table in SPOKEN if self.mention and _can_ask(table, selection)]
        self._ids: dict[Table, set[int]] = defaultdict(set)
        self._seen: dict[Table, int] = defaultdict(int)

    @classmethod
    async def of(cls, database: Database, selection: Selection) -> Selected:
        """Look through all there is now.

        Raises:
            DatabaseError: if the database refused.
        """
        selected = cls(selection)
        for table in selected._tables:
            while await database.read(partial(selected._look, table)):
                pass
        return selected

    def catch_up(self, connection: Connection) -> None:
        """Look through what came since."""
        for table in self._tables:
            while self._look(table, connection):
                pass

    def ids(self, connection: Connection, table: Table) -> set[int]:
        """Return the ids of a table's rows, as far as these tell themselves that they are selected."""
        if self.mention is not None:
            return set(self._ids[table])
        if self._selection.is_of_facts_alone or not _can_ask(table, self._selection):
            return set()
        query = select(table.c.id).where(*self._selection.limits(table, _MOMENTS.get(table)))
        if table is names and self._selection.user_id is not None:
            query = query.where(names.c.bearer == "person")
        return set(connection.execute(query).scalars())

    def _look(self, table: Table, connection: Connection) -> bool:
        """Look through some more rows of a table; False where there were none."""
        columns = [table.c[name] for name in SPOKEN[table]]
        aside = [turns.c.facts, turns.c.trace] if table is turns else []
        rows = connection.execute(
            select(table.c.id, *columns, *aside)
            .where(table.c.id > self._seen[table], *self._selection.limits(table, _MOMENTS.get(table)))
            .order_by(table.c.id)
            .limit(_READ_AT_ONCE)
        ).all()
        for number, *values in rows:
            if self._speaks(values[: len(columns)]):
                self._ids[table].add(number)
            elif self._speaks(values[len(columns) :]):
                self.told.add(number)
            self._seen[table] = number
        return bool(rows)

    def _speaks(self, values: Sequence[Any]) -> bool:
        return self.mention is not None and self.mention.is_in(*(text for value in values for text in _texts(value)))


def _can_ask(table: Table, selection: Selection) -> bool:
    """Say whether a table's rows tell themselves whether they are selected; else their turns do."""
    if selection.user_id is not None and "user_id" not in table.c:
        return False
    return table in _MOMENTS or (selection.since is None and selection.until is None)


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts in a value of a column; a payload is JSON, or else read as text."""
    if not isinstance(value, bytes):
        yield from strings_in(value)
        return
    text = value.decode(errors="replace")
    try:
        yield from strings_in(json.loads(text))
    except ValueError:
        yield text


def chunks(ids: Iterable[int]) -> Iterator[list[int]]:
    """Yield ids, ascending, so many at a time as one statement takes."""
    rest = iter(sorted(ids))
    while some := list(islice(rest, _CHUNK)):
        yield some
