"""What operators asked and was done: the same request again is answered, and not done again."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, bindparam, delete, insert, select

from ai_server.memory.schema import operator_answers
from ai_server.memory.storage.database import Database

_FIND = select(operator_answers.c.answer).where(
    operator_answers.c.command == bindparam("command"), operator_answers.c.request_id == bindparam("request_id")
)
_DROP_OLD = delete(operator_answers).where(operator_answers.c.id <= bindparam("of_old"))
_KEEP = insert(operator_answers).returning(operator_answers.c.id)


class Answers:
    """The last `max_kept` answers, by command and the id of the request. Every method can raise `DatabaseError`."""

    def __init__(self, database: Database, *, max_kept: int = 1000) -> None:
        self._database = database
        self._max_kept = max_kept

    async def find(self, command: str, request_id: str) -> bytes | None:
        """Return what was answered to a request; None where it is new."""
        request = {"command": command, "request_id": request_id}
        return await self._database.read(lambda connection: connection.execute(_FIND, request).scalar())

    async def keep(self, command: str, request_id: str, answer: bytes) -> None:
        """Keep what was answered to a request."""
        row = {"command": command, "request_id": request_id, "answer": answer}
        await self._database.run(lambda connection: self._keep(connection, row))

    def _keep(self, connection: Connection, row: Mapping[str, object]) -> None:
        newest = connection.execute(_KEEP, row).scalar_one()
        connection.execute(_DROP_OLD, {"of_old": newest - self._max_kept})
