"""Forgetting for good: what is erased leaves the tables, the files, and what the engine keeps."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, Row, Select, Table, and_, delete, exists, func, insert, or_, select, update

from ai_server.memory.privacy import audit
from ai_server.memory.privacy.mentions import Mention, strings_in
from ai_server.memory.privacy.sayings import Sayings
from ai_server.memory.privacy.selected import SPOKEN, Selected, chunks
from ai_server.memory.privacy.selection import Selection
from ai_server.memory.schema import (
    chosen_personas,
    conversations,
    erasures,
    facts,
    inbox,
    names,
    outbox,
    personalities,
    reminders,
    summaries,
    turns,
    voice_settings,
)
from ai_server.memory.storage.database import Database, DatabaseError
from ai_server.memory.storage.scrub import Scrubber

log = structlog.get_logger(__name__)

RECALLED = "remembers: "
"""What begins the last part of a turn's bracketed line, where search had found something for its words."""

_SET_ASIDE = ("*.damaged-*", "*.replaced-*")
"""What became of databases that were damaged, or that a backup took the place of."""

_NOT_YET = "what is erased is in files still: this is tried again every minute"

_INTERVAL_S = 60.0

_PATIENCE_S = 2.0
"""So long an erasure waits for who reads the database before it returns."""

Person = tuple[str, str]
"""A robot's `device_id`, and the `user_id` of who speaks with it; empty for whoever it does not know."""

_OF_ROBOTS = (voice_settings, chosen_personas)


@dataclass(frozen=True, slots=True)
class Erased:
    """What is gone, or would be: how many rows of each kind.

    Attributes:
        turns: what was said and answered.
        facts: also those that no longer held.
        summaries: they are made anew from what stays.
        names: of people and robots.
        reminders: timers, alarms and reminders.
        personalities: how robots had come to speak with people.
        settings: voices and personas that were chosen for robots.
        waiting: utterances that were not answered yet.
        publications: replies and actions, delivered or not.
        cleaned: turns that stay, without what they had recalled of what is gone.
        scrubbed: nothing of it is in the files any more; else a reader held that up, and it follows.
    """

    turns: int = 0
    facts: int = 0
    summaries: int = 0
    names: int = 0
    reminders: int = 0
    personalities: int = 0
    settings: int = 0
    waiting: int = 0
    publications: int = 0
    cleaned: int = 0
    scrubbed: bool = False


@dataclass(slots=True)
class _Found:
    """What is to go, by the ids of its rows."""

    ids: dict[Table, set[int]] = field(default_factory=lambda: defaultdict(set))
    told: set[int] = field(default_factory=set)
    """Turns that stay, but whose bracketed line or trace speaks of it."""
    people: set[Person] = field(default_factory=set)
    """Of whom something is to go."""
    reaches_all: bool = False
    """It was said for the household, or is a robot's name: it is in what everybody's conversation begins with."""


class Erasure:
    """Erases what is selected.

    Args:
        database: what it is erased from.
        data_dir: where databases are that were set aside: they are deleted, too.
        forget: has the engine, and whatever else holds something of a person in memory, forget one person's
            conversation with one robot; None for whoever it does not know.
        forget_all: has the engine forget everything that it keeps.
        refresh: has what is held in memory of the tables (names, voices, personas, personalities) be read anew.
    """

    def __init__(
        self,
        database: Database,
        *,
        data_dir: Path,
        forget: Callable[[str, str | None], None],
        forget_all: Callable[[], None],
        refresh: Callable[[], Awaitable[None]],
    ) -> None:
        self._database = database
        self._scrubber = Scrubber(database)
        self._data_dir = data_dir
        self._forget = forget
        self._forget_all = forget_all
        self._refresh = refresh
        self._lately: dict[int, tuple[Selection, Sayings]] = {}
        """What was selected, by the ids of erasures that are not over."""

    async def erase(self, selection: Selection, *, by: str, everything: bool = False) -> Erased:
        """Erase what is selected, and what came of it, for good.

        It is gone from the tables, in one transaction, when this returns. From the files, too, unless somebody reads
        the database at the time; `run` sees to it then, and to what was said before and is being answered meanwhile.

        Args:
            selection: what to erase.
            by: who wants it, for the audit log.
            everything: must be said of a selection that selects everything.

        Raises:
            ValueError: the selection is empty, and `everything` was not said.
            DatabaseError: if the database refused; nothing is erased then.
        """
        if selection.is_everything and not everything:
            raise ValueError("nothing says what to erase; for everything, say so")
        selected = await Selected.of(self._database, selection)
        sayings = await Sayings.of(self._database, selection.facts)
        number, found = await self._database.run(
            lambda connection: _erase(connection, selection, selected, sayings, by)
        )
        self._lately[number] = selection, sayings
        erased = _counts(found)
        log.info("erased", by=by, scope=selection.scope, turns=erased.turns, facts=erased.facts)
        try:
            scrubbed = await self._have_forgotten(await self._database.read(_unfinished), _PATIENCE_S)
        except (DatabaseError, OSError) as error:
            log.error(_NOT_YET, reason=str(error))  # noqa: TRY400  the reason says it all
            scrubbed = False
        return _counts(found, scrubbed=scrubbed)

    async def run(self) -> None:
        """Finish erasures, also of a process that was killed, until cancelled: `resume` at once, then every minute."""
        seen: set[int] = set()
        while True:
            try:
                seen = await self.resume(seen)
            except (DatabaseError, OSError) as error:
                log.error(_NOT_YET, reason=str(error))  # noqa: TRY400
            await asyncio.sleep(_INTERVAL_S)

    async def resume(self, seen: Collection[int] = ()) -> set[int]:
        """Have all that was erased lately forgotten and scrubbed once more.

        A turn that was being answered at the time was stored after it, and may have told the engine again what is
        erased; and an engine that outlives a daemon that was killed writes down what it had read. So all is erased once
        more, as far as it was said before, and an erasure is over with the second time.

        Args:
            seen: the erasures that this was done for a minute ago: they are over if nothing holds up the scrubbing.

        Returns:
            Those that are not over.

        Raises:
            DatabaseError: if the database refused.
            OSError: if a file could not be changed or deleted.
        """
        unfinished = await self._database.read(_unfinished)
        for each in unfinished:
            await self._erase_again(each)
        ids = {each.id for each in unfinished}
        if not ids or not await self._have_forgotten(unfinished):
            return ids
        over = ids.intersection(seen)
        done = delete(erasures).where(erasures.c.id.in_(over))
        await self._database.run(lambda connection: connection.execute(done).close())
        for number in over:
            self._lately.pop(number, None)
        return ids - over

    async def _erase_again(self, erasure: Row[Any]) -> None:
        if erasure.id not in self._lately:
            return
        selection, sayings = self._lately[erasure.id]
        before = _said_before(selection, erasure.at)
        if before is None:
            return
        selected = await Selected.of(self._database, before)
        await sayings.look_on(self._database, erasure.at)
        people = {(device_id, user_id) for device_id, user_id in erasure.touched}
        again = _Found(people=people, reaches_all=erasure.all_touched)

        def work(connection: Connection) -> None:
            selected.catch_up(connection)
            _delete(connection, before, _find(connection, selected, sayings, again), selected.mention)

        await self._database.run(work)

    async def _have_forgotten(self, unfinished: Sequence[Row[Any]], patience_s: float = 0) -> bool:
        """Have everything forget what the tables hold no more; return whether the files have, too."""
        if any(each.all_touched for each in unfinished):
            self._forget_all()
        for device_id, user_id in {tuple(person) for each in unfinished for person in each.touched}:
            self._forget(device_id, user_id or None)
        await self._refresh()
        await asyncio.to_thread(_delete_set_aside, self._data_dir)
        scrubbed = await self._scrubber.scrub(patience_s)
        if not scrubbed:
            log.warning(_NOT_YET, reason="somebody reads the database, or writes to it from another program")
        return scrubbed


async def preview(database: Database, selection: Selection) -> Erased:
    """Return what an erasure of this would erase; nothing is changed.

    Raises:
        DatabaseError: if the database refused.
    """
    selected = await Selected.of(database, selection)
    sayings = await Sayings.of(database, selection.facts)

    def work(connection: Connection) -> Erased:
        selected.catch_up(connection)
        sayings.catch_up(connection)
        return _counts(_find(connection, selected, sayings, _Found()))

    return await database.read(work)


async def is_remembered(database: Database, selection: Selection) -> bool:
    """Say whether there is anything to erase but utterances that are still to be answered.

    Raises:
        DatabaseError: if the database refused.
    """
    counts = asdict(await preview(database, selection))
    return any(count for name, count in counts.items() if name != "waiting")


def _said_before(selection: Selection, moment: datetime) -> Selection | None:
    """Return what of a selection was said before a moment; None where nothing can have been."""
    if selection.is_of_facts_alone:
        return selection
    if selection.since is not None and selection.since >= moment:
        return None
    return replace(selection, until=min(selection.until or moment, moment))


def _delete_set_aside(data_dir: Path) -> None:
    for pattern in _SET_ASIDE:
        for path in data_dir.glob(pattern):
            with suppress(FileNotFoundError):
                path.unlink()
                log.warning("a database that was set aside is deleted: nobody looks for what is in it", path=str(path))


# What is to go.


def _find(connection: Connection, selected: Selected, sayings: Sayings, found: _Found) -> _Found:
    """Add to what is found already, and return that."""
    for table in (*SPOKEN, personalities, *_OF_ROBOTS):
        found.ids[table] = selected.ids(connection, table)
    for some in chunks(found.ids[turns]):
        found.ids[facts].update(connection.execute(select(facts.c.id).where(facts.c.turn_id.in_(some))).scalars())
    found.ids[facts] |= sayings.facts
    found.ids[turns] |= sayings.turns
    found.told |= selected.told - found.ids[turns]
    for some in chunks(found.ids[turns]):
        _follow(connection, some, found)
    _note_people(connection, found)
    found.reaches_all |= selected.is_everything or _reaches_all(connection, found)
    return found


def _follow(connection: Connection, some: Sequence[int], found: _Found) -> None:
    """Find what came of some turns, but for the facts."""
    of_turns = turns.c.id.in_(some)
    later = turns.alias()
    set_by_turn = and_(
        reminders.c.device_id == turns.c.device_id,
        reminders.c.set_at.between(turns.c.at, turns.c.replied_at),
        ~exists().where(  # utterances of a robot are answered in order: an earlier one was answered then
            later.c.device_id == turns.c.device_id,
            reminders.c.set_at.between(later.c.at, later.c.replied_at),
            later.c.replied_at < turns.c.replied_at,
        ),
    )
    covers_turn = and_(turns.c.conversation_id == summaries.c.conversation_id, turns.c.id <= summaries.c.to_turn_id)
    of_request = and_(turns.c.device_id == outbox.c.device_id, turns.c.request_id == outbox.c.request_id)
    queries: Mapping[Table, Select[Any]] = {
        summaries: select(summaries.c.id).where(covers_turn, of_turns),
        outbox: select(outbox.c.id).where(of_request, of_turns),
        reminders: select(reminders.c.id).where(set_by_turn, of_turns),
    }
    for table, query in queries.items():
        found.ids[table].update(connection.execute(query).scalars())


def _note_people(connection: Connection, found: _Found) -> None:
    of_people = {table: found.ids[table] for table in (facts, summaries, names, personalities, reminders)}
    for table, ids in {**of_people, turns: found.ids[turns] | found.told}.items():
        for some in chunks(ids):
            query = select(table.c.device_id, table.c.user_id).distinct().where(table.c.id.in_(some))
            found.people.update((row.device_id, row.user_id) for row in connection.execute(query))


def _reaches_all(connection: Connection, found: _Found) -> bool:
    shared = {facts: facts.c.household, names: names.c.bearer == "robot"}
    return any(
        connection.execute(select(table.c.id).where(condition, table.c.id.in_(some)).limit(1)).first()
        for table, condition in shared.items()
        for some in chunks(found.ids[table])
    )


def _counts(found: _Found, *, scrubbed: bool = False) -> Erased:
    counted = {table: len(ids) for table, ids in found.ids.items()}
    return Erased(
        turns=counted.get(turns, 0),
        facts=counted.get(facts, 0),
        summaries=counted.get(summaries, 0),
        names=counted.get(names, 0),
        reminders=counted.get(reminders, 0),
        personalities=counted.get(personalities, 0),
        settings=sum(counted.get(table, 0) for table in _OF_ROBOTS),
        waiting=counted.get(inbox, 0),
        publications=counted.get(outbox, 0),
        cleaned=len(found.told),
        scrubbed=scrubbed,
    )


# How it goes.


def _erase(
    connection: Connection, selection: Selection, selected: Selected, sayings: Sayings, by: str
) -> tuple[int, _Found]:
    """Erase, note it, and return the number of the erasure."""
    selected.catch_up(connection)
    sayings.catch_up(connection)
    found = _find(connection, selected, sayings, _Found())
    _delete(connection, selection, found, selected.mention)
    gone = sum(map(len, found.ids.values()))
    audit.note(connection, who=by, what="erase", scope=selection.scope, count=gone)
    row = {"at": datetime.now(UTC), "touched": sorted(found.people), "all_touched": found.reaches_all}
    return int(connection.execute(insert(erasures).returning(erasures.c.id), row).scalar_one()), found


def _delete(connection: Connection, selection: Selection, found: _Found, mention: Mention | None) -> None:
    found.told |= _recalling(connection, found)
    _have_told_anew(connection, found)
    for some in chunks(found.told):
        _clean(connection, some, mention)
    for table, ids in found.ids.items():
        for some in chunks(ids):
            connection.execute(delete(table).where(table.c.id.in_(some)))
    _delete_conversations(connection, selection, found)


def _recalling(connection: Connection, found: _Found) -> set[int]:
    """Return the turns that stay and may have recalled what goes."""
    query = select(turns.c.id).where(turns.c.facts.contains(RECALLED, autoescape=True))
    if found.reaches_all:
        return set(connection.execute(query).scalars()) - found.ids[turns]
    recalling: set[int] = set()
    for device_id, user_id in found.people:
        of_person = query.where(turns.c.device_id == device_id, turns.c.user_id == user_id)
        recalling.update(connection.execute(of_person).scalars())
    return recalling - found.ids[turns]


def _clean(connection: Connection, some: Sequence[int], mention: Mention | None) -> None:
    """Take what goes out of the bracketed lines and traces of turns that stay."""
    query = select(turns.c.id, turns.c.device_id, turns.c.user_id, turns.c.facts, turns.c.trace).where(
        turns.c.id.in_(some)
    )
    for row in connection.execute(query).all():
        line = row.facts.partition(RECALLED)[0].rstrip(" ;,")
        speaks = mention is not None and mention.is_in(line)
        tells = mention is not None and mention.is_in(*strings_in(row.trace))
        values = {"facts": "" if speaks else line, "trace": None if tells else row.trace}
        connection.execute(update(turns).where(turns.c.id == row.id).values(values))


def _have_told_anew(connection: Connection, found: _Found) -> None:
    """Have summaries made anew of the conversations of which something goes."""
    for table in (turns, summaries):
        for some in chunks(found.ids[table]):
            of_rows = conversations.c.id.in_(select(table.c.conversation_id).where(table.c.id.in_(some)))
            connection.execute(update(conversations).where(of_rows).values(reflected_at=None))


def _delete_conversations(connection: Connection, selection: Selection, found: _Found) -> None:
    """Delete the conversations without a turn, but for the newest of those of whom something stays."""
    empty = ~exists().where(turns.c.conversation_id == conversations.c.id)
    if selection.is_whole:
        connection.execute(delete(conversations).where(empty, *selection.limits(conversations)))
        return
    other = conversations.alias()
    newest = (
        select(func.max(other.c.id))
        .where(other.c.device_id == conversations.c.device_id, other.c.user_id == conversations.c.user_id)
        .scalar_subquery()
    )
    silent = ~exists().where(turns.c.device_id == conversations.c.device_id, turns.c.user_id == conversations.c.user_id)
    for device_id, user_id in found.people:
        of_person = and_(conversations.c.device_id == device_id, conversations.c.user_id == user_id)
        connection.execute(delete(conversations).where(of_person, empty, or_(conversations.c.id < newest, silent)))


def _unfinished(connection: Connection) -> Sequence[Row[Any]]:
    return connection.execute(select(erasures).order_by(erasures.c.id)).all()
