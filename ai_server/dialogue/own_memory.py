"""A robot's wish that what it remembers be forgotten, or sent to it; never what is another robot's."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict

import structlog

from ai_server.brain.robots import Robots
from ai_server.memory.privacy.audit import Audit
from ai_server.memory.privacy.erasure import Erasure
from ai_server.memory.privacy.selection import Selection
from ai_server.memory.privacy.steward import selected
from ai_server.memory.privacy.transfer import Transfer
from ai_server.memory.storage.database import DatabaseError
from ai_server.mqtt.connection import PublishPostponed, PublishRefused
from ai_server.mqtt.outbox import Outbox
from ai_server.protocol.device import Control
from ai_server.protocol.errors import ErrorCode, ErrorMessage
from ai_server.protocol.memory import MemoryAnswer, export_parts
from ai_server.protocol.parts import ReplyTooLargeError
from ai_server.telemetry.meters import Meters

log = structlog.get_logger(__name__)

_AGAIN_S = 0.1
"""What found no room on the way to the broker is offered again so often."""


class OwnMemory:
    """Grants robots their `forget` and `export`; `max_payload_bytes` is for robots that declare none."""

    def __init__(
        self,
        *,
        erasure: Erasure,
        transfer: Transfer,
        audit: Audit,
        outbox: Outbox,
        robots: Robots,
        meters: Meters,
        max_payload_bytes: int,
    ) -> None:
        self._erasure = erasure
        self._transfer = transfer
        self._audit = audit
        self._outbox = outbox
        self._robots = robots
        self._meters = meters
        self._max_payload_bytes = max_payload_bytes
        self._exporting: set[str] = set()

    async def forget(self, device_id: str, control: Control, silenced: Sequence[asyncio.Future[None]] = ()) -> None:
        """Erase what a control means, once what was being said has ended, and tell the robot how much that was."""
        if silenced:
            await asyncio.wait(silenced)
        selection = self._selected(device_id, control)
        if selection is None:
            return
        try:
            erased = await self._erasure.erase(selection, by=_who(device_id))
        except DatabaseError as error:
            self._refuse(device_id, control, ErrorCode.STORAGE_UNAVAILABLE, str(error))
            return
        answer = MemoryAnswer(command="forget", request_id=control.request_id, erased=asdict(erased))
        self._outbox.memory(device_id, answer)

    async def export(self, device_id: str, control: Control) -> None:
        """Send what a control means in parts, each when the broker has the one before."""
        if device_id in self._exporting:
            self._refuse(device_id, control, ErrorCode.BUSY, "command: an export is on its way to this robot")
            return
        selection = self._selected(device_id, control)
        if selection is None:
            return
        self._exporting.add(device_id)
        try:
            await self._export(device_id, control, selection)
        except DatabaseError as error:
            self._refuse(device_id, control, ErrorCode.STORAGE_UNAVAILABLE, str(error))
        except ReplyTooLargeError as error:
            self._refuse(device_id, control, ErrorCode.REPLY_TOO_LARGE, f"max_payload_bytes: {error}")
        except PublishRefused as error:
            self._refuse(device_id, control, ErrorCode.REPLY_TOO_LARGE, f"payload: the broker refused a part: {error}")
        finally:
            self._exporting.discard(device_id)

    def _selected(self, device_id: str, control: Control) -> Selection | None:
        """Return what a control means; None where that cannot be, and the robot was told."""
        try:
            return selected(device_id, control)
        except ValueError as error:
            self._refuse(device_id, control, ErrorCode.INVALID_FIELD, f"about: {error}")
            return None

    async def _export(self, device_id: str, control: Control, selection: Selection) -> None:
        declared = self._robots.robot(device_id).capabilities.max_payload_bytes
        exported = self._transfer.export(selection)
        lines = 0
        try:
            async for part in export_parts(exported, control.request_id, declared or self._max_payload_bytes):
                await self._deliver(device_id, part)
                lines += (part.text or "").count("\n")
        finally:  # also what was sent before it broke off
            await self._audit.note(_who(device_id), "export", selection.scope, lines)

    async def _deliver(self, device_id: str, part: MemoryAnswer) -> None:
        while True:
            try:
                await self._outbox.memory(device_id, part)
            except PublishPostponed:
                await asyncio.sleep(_AGAIN_S)
            else:
                return

    def _refuse(self, device_id: str, control: Control, code: ErrorCode, message: str) -> None:
        log.error("a control was not obeyed", device_id=device_id, command=control.command, reason=message)
        self._meters.error(code)
        error = ErrorMessage(
            error_code=code, error_message=message, correlation_id=control.request_id, device_id=device_id
        )
        self._outbox.error(error, "brain")


def _who(device_id: str) -> str:
    return f"robot:{device_id}"
