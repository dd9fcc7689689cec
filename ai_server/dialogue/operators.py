"""What operators ask of the memory, done once and answered."""

from __future__ import annotations

import asyncio

import structlog

from ai_server.memory.privacy.answers import Answers
from ai_server.memory.privacy.steward import Steward
from ai_server.memory.storage.database import DatabaseError
from ai_server.mqtt.outbox import Outbox
from ai_server.protocol.errors import ErrorCode, ProtocolError
from ai_server.protocol.operator import OperatorRequest, OperatorResponse, command_of

log = structlog.get_logger(__name__)


class Operators:
    """Answers operators, one after the other; a request that was done is answered again and not done again."""

    def __init__(self, *, steward: Steward, answers: Answers, outbox: Outbox) -> None:
        self._steward = steward
        self._answers = answers
        self._outbox = outbox
        self._one_at_a_time = asyncio.Lock()

    async def answer(self, request: OperatorRequest) -> None:
        """Do what is asked, unless it was done before, and publish what came of it."""
        command = command_of(request)
        async with self._one_at_a_time:
            try:
                response = await self._response(command, request)
            except DatabaseError as error:
                log.error("a request was not carried out", command=command, reason=str(error))  # noqa: TRY400
                response = _refusal(request.id, ErrorCode.STORAGE_UNAVAILABLE, str(error))
        self._outbox.respond(command, response)

    def refuse(self, command: str, error: ProtocolError) -> None:
        """Tell an operator what was wrong with a request whose id could be read."""
        if error.correlation_id is not None:
            self._outbox.respond(command, _refusal(error.correlation_id, error.code, str(error)))

    async def _response(self, command: str, request: OperatorRequest) -> OperatorResponse:
        stored = await self._answers.find(command, request.id)
        if stored is not None:
            return OperatorResponse.model_validate_json(stored)
        response = await self._steward.carry_out(request.model_copy(update={"by": f"mqtt:{request.by}"}))
        log.info("a request was answered", command=command, by=request.by, ok=response.ok)
        if response.ok:
            await self._answers.keep(command, request.id, response.to_json())
        return response


def _refusal(request_id: str, code: ErrorCode, message: str) -> OperatorResponse:
    return OperatorResponse(id=request_id, ok=False, error_code=code, error_message=message)
