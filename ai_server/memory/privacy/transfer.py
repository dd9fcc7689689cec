"""Taking what is remembered along: out of a database as lines of JSON, and into one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import structlog
from pydantic import ValidationError
from sqlalchemy import Connection, Table, func, insert, select, update

from ai_server.memory.facts import note_said
from ai_server.memory.privacy.records import (
    KINDS,
    ConversationRecord,
    FactName,
    FactRecord,
    Header,
    NameRecord,
    Record,
    RecordError,
    ReminderRecord,
    SummaryRecord,
    TurnRecord,
    read_line,
    record_of,
)
from ai_server.memory.privacy.selected import Selected, chunks
from ai_server.memory.privacy.selection import Selection
from ai_server.memory.schema import conversations, facts, summaries, turns
from ai_server.memory.storage.database import Database

log = structlog.get_logger(__name__)

_AT_ONCE = 200
"""So many lines are written in one transaction."""


class ImportLineError(ValueError):
    """A line cannot be imported; the message says which, and why.

    Attributes:
        line: its number, from 1.
    """

    def __init__(self, line: int, what: str) -> None:
        super().__init__(f"line {line}: {what}")
        self.line = line


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of some lines.

    Attributes:
        added: what was not known.
        known: what was: it stays as it is, or became newer.
        left_out: summaries of turns that are not here.
    """

    added: int = 0
    known: int = 0
    left_out: int = 0

    def __add__(self, other: Imported) -> Imported:
        return Imported(self.added + other.added, self.known + other.known, self.left_out + other.left_out)


class Transfer:
    """Exports and imports. Every method can raise `DatabaseError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def export(self, selection: Selection) -> AsyncIterator[str]:
        """Yield the lines of an export, without line ends, the header first; what is erased meanwhile is missing.

        Conversations, turns, summaries, facts, names, personalities, and reminders, voices and personas of robots. With
        times or words, summaries only as far as they are selected themselves.
        """
        yield Header(exported_at=datetime.now(UTC), scope=selection.scope).model_dump_json()
        selected = await Selected.of(self._database, selection)
        for kind in KINDS:
            for some in _batches(await self._database.read(partial(_ids, kind, selected))):
                for line in await self._database.read(partial(_lines, kind, some)):
                    yield line

    async def import_file(self, path: Path, *, device_id: str | None = None, user_id: str | None = None) -> Imported:
        """Import a file, in steps; nothing of it where a line of it is wrong.

        Args:
            path: of an export.
            device_id: into this robot, instead of the file's.
            user_id: into this person, instead of the file's.

        Raises:
            ImportLineError: a line is wrong; nothing was imported.
            OSError: the file cannot be read.
        """
        into = _Into(device_id, user_id)
        for first, some in _steps(path):
            for number, record in check_lines(some, first=first):
                into.move(number, record)
        imported = Imported()
        for first, some in _steps(path):
            imported += await self.import_lines(some, first=first, device_id=device_id, user_id=user_id)
        return imported

    async def import_lines(
        self, lines: Sequence[str], *, first: int = 1, device_id: str | None = None, user_id: str | None = None
    ) -> Imported:
        """Import lines of an export in one transaction: all of them, or none. The same again changes nothing.

        What refers to something finds it among these lines, or in the database.

        Args:
            lines: with line ends or without; empty ones are passed over.
            first: the number of the first one, for messages.
            device_id: into this robot, instead of the file's.
            user_id: into this person, instead of the file's.

        Raises:
            ImportLineError: a line is wrong, or is to go where those before it went, and is of another robot or person.
        """
        into = _Into(device_id, user_id)
        records = [into.move(number, record) for number, record in check_lines(lines, first=first)]
        return await self._database.run(lambda connection: _Import(connection).take_in(records))


def check_lines(lines: Iterable[str], *, first: int = 1) -> list[tuple[int, Record]]:
    """Return the records in lines of an export with the numbers of their lines, as an import takes them.

    Raises:
        ImportLineError: a line is wrong.
    """
    records = []
    for number, line in enumerate(lines, first):
        if not line.strip():
            continue
        try:
            record = read_line(line)
        except RecordError as error:
            raise ImportLineError(number, str(error)) from None
        if isinstance(record, Record):
            records.append((number, record))
    return records


# Out.


def _ids(kind: type[Record], selected: Selected, connection: Connection) -> list[int]:
    """Return the ids of what is selected of a kind, in the order of the export."""
    if kind is FactRecord:
        return _newest_facts_first(connection, selected.ids(connection, facts))
    ids = selected.ids(connection, kind.table)
    if kind is ConversationRecord:
        for table in (turns, summaries):
            ids |= _conversations_of(connection, table, selected.ids(connection, table))
    return sorted(ids)


def _conversations_of(connection: Connection, table: Table, ids: Iterable[int]) -> set[int]:
    found: set[int] = set()
    for some in chunks(ids):
        query = select(table.c.conversation_id).distinct().where(table.c.id.in_(some))
        found.update(connection.execute(query).scalars())
    return found


def _newest_facts_first(connection: Connection, ids: Iterable[int]) -> list[int]:
    """Return facts so that each comes after what took its place."""
    rows = [
        row
        for some in chunks(ids)
        for row in connection.execute(select(facts.c.id, facts.c.superseded_at).where(facts.c.id.in_(some)))
    ]
    holding = sorted(row.id for row in rows if row.superseded_at is None)
    history = sorted((row.superseded_at, row.id) for row in rows if row.superseded_at is not None)
    return holding + [number for _, number in reversed(history)]


def _lines(kind: type[Record], ids: Sequence[int], connection: Connection) -> list[str]:
    rows = {row["id"]: row for row in connection.execute(kind.query.where(kind.table.c.id.in_(ids))).mappings()}
    lines = []
    for number in ids:
        if number not in rows:
            continue
        try:
            lines.append(record_of(kind, dict(rows[number])).model_dump_json(exclude_none=True))
        except ValidationError as error:
            log.error("a damaged row is left out", table=kind.table.name, id=number, count=error.error_count())  # noqa: TRY400
    return lines


def _batches(ids: list[int]) -> Iterator[list[int]]:
    rest = iter(ids)
    while some := list(islice(rest, _AT_ONCE)):
        yield some


# In.


def _steps(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield some lines of a file at a time, with the number of the first."""
    with path.open(encoding="utf-8", errors="replace") as lines:
        first = 1
        while some := list(islice(lines, _AT_ONCE)):
            yield first, some
            first += len(some)


class _Into:
    """Gives records to another robot or person."""

    def __init__(self, device_id: str | None, user_id: str | None) -> None:
        self._wanted = {"device_id": device_id, "user_id": user_id}
        self._from: dict[str, str] = {}

    def move(self, line: int, record: Record) -> Record:
        """Return a record as it is to be.

        Raises:
            ImportLineError: what is to be replaced is another than in the records before.
        """
        changes = {}
        for field, wanted in self._wanted.items():
            if wanted is None or not _has(record, field):
                continue
            old = getattr(record, field)
            if self._from.setdefault(field, old) != old:
                raise ImportLineError(line, f"{field}: is {old!r} here, and {self._from[field]!r} in the lines before")
            changes[field] = wanted
        return record.model_copy(update=changes)


def _has(record: Record, field: str) -> bool:
    """Say whether a field tells whose a record is; a robot's name is nobody's, as is what nobody known had set."""
    if field == "user_id" and isinstance(record, NameRecord):
        return record.bearer == "person"
    if field == "user_id" and isinstance(record, ReminderRecord):
        return bool(record.user_id)
    return field in type(record).model_fields


class _Import:
    """Takes records in, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._conversations: dict[tuple[str, str, datetime], int] = {}
        self._ends: dict[int, int] = {}
        self._counts = {"added": 0, "known": 0, "left_out": 0}

    def take_in(self, records: Iterable[Record]) -> Imported:
        """Take in what is not known."""
        for record in records:
            self._counts[self._take_in(record)] += 1
        return Imported(**self._counts)

    def _take_in(self, record: Record) -> str:
        match record:
            case ConversationRecord():
                return self._take_in_conversation(record)
            case TurnRecord():
                return self._take_in_turn(record)
            case SummaryRecord():
                return self._take_in_summary(record)
            case FactRecord():
                return self._take_in_fact(record)
            case _:
                return self._take_in_row(record, record.model_dump(exclude={"type"}))

    def _take_in_row(self, record: Record, row: dict[str, Any]) -> str:
        table = record.table
        same = [table.c[name].is_not_distinct_from(row[name]) for name in record.key]
        known = self._connection.execute(select(table).where(*same).order_by(table.c.id).limit(1)).mappings().first()
        if known is None:
            self._connection.execute(insert(table), row)
            return "added"
        if record.moment and row[record.moment] > known[record.moment]:
            self._connection.execute(update(table).where(table.c.id == known["id"]).values(row))
        return "known"

    def _take_in_conversation(self, record: ConversationRecord) -> str:
        place = record.device_id, record.user_id, record.started_at
        if self._find_conversation(*place) is not None:
            return "known"
        row = record.model_dump(exclude={"type"})
        self._conversations[place] = self._add(conversations, row)
        return "added"

    def _take_in_turn(self, record: TurnRecord) -> str:
        if self._turn(record.device_id, record.request_id) is not None:
            return "known"
        place = record.device_id, record.user_id, record.conversation
        conversation = self._find_conversation(*place)
        if conversation is None:
            began = dict(zip(("device_id", "user_id", "started_at"), place, strict=True))
            conversation = self._conversations[place] = self._add(conversations, began)
        end = self._end(conversation) + record.history_tokens
        row = record.model_dump(exclude={"type", "conversation", "actions"})
        actions = [action.model_dump(mode="json", exclude_none=True) for action in record.actions]
        self._add(turns, {**row, "actions": actions, "conversation_id": conversation, "history_end": end})
        self._ends[conversation] = end
        return "added"

    def _take_in_summary(self, record: SummaryRecord) -> str:
        conversation = self._find_conversation(record.device_id, record.user_id, record.conversation)
        to_turn = self._turn(record.device_id, record.to_request)
        if conversation is None or to_turn is None:
            return "left_out"
        from_turn = None if record.from_request is None else self._turn(record.device_id, record.from_request)
        same = (
            summaries.c.conversation_id == conversation,
            summaries.c.to_turn_id == to_turn,
            summaries.c.made_by == record.made_by,
        )
        if self._connection.execute(select(summaries.c.id).where(*same)).first():
            return "known"
        row = record.model_dump(exclude={"type", "conversation", "from_request", "to_request"})
        links = {"conversation_id": conversation, "from_turn_id": from_turn or to_turn, "to_turn_id": to_turn}
        self._add(summaries, {**row, **links})
        return "added"

    def _take_in_fact(self, record: FactRecord) -> str:
        row = record.model_dump(exclude={"type", "request", "superseded_by"})
        turn = None if record.request is None else self._turn(record.device_id, record.request)
        newer = None if record.superseded_by is None else self._fact(record, record.superseded_by)
        taken = self._take_in_row(record, {**row, "turn_id": turn, "superseded_by": newer})
        name = FactName(**{field: getattr(record, field) for field in FactName.model_fields})
        if (number := self._fact(record, name)) is not None:
            note_said(self._connection, number, turn)
        return taken

    def _add(self, table: Table, row: dict[str, Any]) -> int:
        return int(self._connection.execute(insert(table).returning(table.c.id), row).scalar_one())

    def _turn(self, device_id: str, request_id: str) -> int | None:
        query = select(turns.c.id).where(turns.c.device_id == device_id, turns.c.request_id == request_id)
        return self._connection.execute(query).scalar()

    def _find_conversation(self, device_id: str, user_id: str, started_at: datetime) -> int | None:
        place = device_id, user_id, started_at
        if place not in self._conversations:
            of_person = (conversations.c.device_id == device_id, conversations.c.user_id == user_id)
            query = select(conversations.c.id).where(*of_person, conversations.c.started_at == started_at).limit(1)
            number = self._connection.execute(query).scalar()
            if number is None:
                return None
            self._conversations[place] = number
        return self._conversations[place]

    def _end(self, conversation: int) -> int:
        if conversation not in self._ends:
            query = select(func.max(turns.c.history_end)).where(turns.c.conversation_id == conversation)
            self._ends[conversation] = self._connection.execute(query).scalar() or 0
        return self._ends[conversation]

    def _fact(self, of: FactRecord, name: FactName) -> int | None:
        query = select(facts.c.id).where(
            facts.c.device_id == of.device_id,
            facts.c.user_id == of.user_id,
            facts.c.subject == name.subject,
            facts.c.kind == name.kind,
            facts.c.value == name.value,
            facts.c.learned_at == name.learned_at,
        )
        return self._connection.execute(query.limit(1)).scalar()
