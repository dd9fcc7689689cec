"""What owners and operators ask of the memory, done on the database: in the daemon, and without one by the commands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from ai_server.memory.facts import Facts, NewFact
from ai_server.memory.personalities import Personalities
from ai_server.memory.privacy.audit import Audit
from ai_server.memory.privacy.corrections import CorrectionError, correct
from ai_server.memory.privacy.erasure import Erasure
from ai_server.memory.privacy.overview import count_rows
from ai_server.memory.privacy.selection import Selection
from ai_server.memory.privacy.transfer import ImportLineError, Transfer
from ai_server.memory.storage.backup import back_up
from ai_server.memory.storage.database import Database
from ai_server.protocol.errors import ErrorCode
from ai_server.protocol.operator import (
    BackupRequest,
    CorrectRequest,
    ForgetRequest,
    ImportRequest,
    OperatorRequest,
    OperatorResponse,
    RememberRequest,
    ResetPersonalityRequest,
    StatsRequest,
)
from ai_server.protocol.scope import Scope

NOTE = "note"
"""The kind of a fact in an owner's own words."""

_Result = dict[str, JsonValue]


class _RefusedError(Exception):
    """A request cannot be done, and nothing of it was."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code


class Steward:
    """Carries out requests; each is noted in the audit log."""

    def __init__(
        self,
        *,
        database: Database,
        erasure: Erasure,
        facts: Facts,
        transfer: Transfer,
        personalities: Personalities,
        audit: Audit,
        backups: Path,
    ) -> None:
        """Take what does the work; `backups` is the folder that backups are written to."""
        self._database = database
        self._erasure = erasure
        self._facts = facts
        self._transfer = transfer
        self._personalities = personalities
        self._audit = audit
        self._backups = backups

    async def carry_out(self, request: OperatorRequest) -> OperatorResponse:
        """Do what is asked; the response says what came of it.

        Raises:
            DatabaseError: if the database refused; the same can be asked again.
        """
        try:
            result = await self._do(request)
        except _RefusedError as refusal:
            return OperatorResponse(id=request.id, ok=False, error_code=refusal.code, error_message=str(refusal))
        return OperatorResponse(id=request.id, result=result)

    async def _do(self, request: OperatorRequest) -> _Result:
        deeds: Mapping[type[OperatorRequest], Callable[[Any], Awaitable[_Result]]] = {
            ForgetRequest: self._forget,
            CorrectRequest: self._correct,
            RememberRequest: self._remember,
            ImportRequest: self._import,
            BackupRequest: self._back_up,
            ResetPersonalityRequest: self._reset_personality,
            StatsRequest: self._count,
        }
        return await deeds[type(request)](request)

    async def _forget(self, request: ForgetRequest) -> _Result:
        try:
            selection = replace(selected(request.device_id, request), facts=frozenset(request.facts))
        except ValueError as error:
            raise _RefusedError(ErrorCode.INVALID_FIELD, f"about: {error}") from None
        erased = await self._erasure.erase(selection, by=request.by, everything=request.everything)
        return {**asdict(erased)}

    async def _correct(self, request: CorrectRequest) -> _Result:
        try:
            fact = await self._database.run(
                lambda connection: correct(connection, request.fact, request.value, request.text, at=datetime.now(UTC))
            )
        except CorrectionError as error:
            raise _RefusedError(ErrorCode.INVALID_FIELD, str(error)) from None
        await self._audit.note(request.by, "correct", f"fact {request.fact}", 1)
        return {"fact": fact}

    async def _remember(self, request: RememberRequest) -> _Result:
        fact = NewFact(
            subject=NOTE,
            kind=NOTE,
            value=request.text,
            text=request.text,
            confidence=1,
            source="owner",
            household=request.household,
        )
        await self._facts.add(request.device_id, request.user_id, [fact], at=datetime.now(UTC))
        selection = Selection(device_id=request.device_id, user_id=request.user_id or "")
        await self._audit.note(request.by, "remember", selection.scope, 1)
        return {"facts": 1}

    async def _import(self, request: ImportRequest) -> _Result:
        try:
            imported = await self._transfer.import_lines(
                request.lines, first=request.first, device_id=request.device_id, user_id=request.user_id
            )
        except ImportLineError as error:
            raise _RefusedError(ErrorCode.INVALID_FIELD, f"lines: {error}") from None
        await self._audit.note(request.by, "import", "lines", len(request.lines))
        return {**asdict(imported)}

    async def _back_up(self, request: BackupRequest) -> _Result:
        target = self._backups / (request.name or backup_name(datetime.now(UTC)))
        if target.exists():
            raise _RefusedError(ErrorCode.INVALID_FIELD, f"name: there is a {target.name} already")
        size = await back_up(self._database.place, target)
        await self._audit.note(request.by, "backup", target.name, 1)
        return {"file": str(target), "bytes": size}

    async def _reset_personality(self, request: ResetPersonalityRequest) -> _Result:
        count = await self._personalities.reset(request.device_id, request.user_id)
        selection = Selection(device_id=request.device_id, user_id=request.user_id)
        await self._audit.note(request.by, "correct", f"personalities of {selection.scope}", count)
        return {"reset": count}

    async def _count(self, _: StatsRequest) -> _Result:
        return {**await self._database.read(count_rows)}


def backup_name(at: datetime) -> str:
    """Return what a backup is called where nobody chose a name."""
    return f"naila-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}.backup"


def selected(device_id: str | None, scope: Scope) -> Selection:
    """Return what a message means by its scope.

    Raises:
        ValueError: if there is no word in `about`.
    """
    return Selection(
        device_id=device_id, user_id=scope.user_id, about=scope.about, since=scope.since, until=scope.until
    )
