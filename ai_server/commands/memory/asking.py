"""Asking the daemon, which holds the database while it runs, over MQTT."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from types import TracebackType
from typing import Self

from pydantic import ValidationError

from ai_server.commands.link import Broker, Link, RobotError
from ai_server.mqtt.options import BrokerOptions
from ai_server.protocol import topics
from ai_server.protocol.operator import OperatorRequest, OperatorResponse, command_of
from ai_server.protocol.status import State, Status
from ai_server.settings import Settings

_AGAIN_S = 2.0
_AGAIN_AT_MOST_S = 30.0
_GIVE_UP_S = 600.0
"""Forgetting much of a large database on a slow disk takes minutes."""


class NoAnswerError(Exception):
    """The daemon cannot be asked, or does not answer; the message says what to look at."""


class DaemonLink:
    """A connection to the broker for asking one request after another; use it as an async context manager.

    A request goes out again, under its id, until it is answered: the daemon does it once.
    """

    def __init__(self, settings: Settings) -> None:
        options = BrokerOptions.from_settings(settings)
        broker = Broker(
            options.host,
            options.port,
            options.username,
            options.password,
            options.tls.context() if options.tls else None,
        )
        self._link = Link(
            broker,
            f"naila-memory-{os.getpid()}",
            protocol=options.protocol,
            subscriptions=[(topics.response("+"), 1), (topics.STATUS, 1)],
            last_will=None,
            owner=self,
        )
        self._answers: asyncio.Queue[OperatorResponse | NoAnswerError] = asyncio.Queue()
        self._lost: str | None = None
        self._status: Status | None = None

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            NoAnswerError: if the broker cannot be reached, or lets nobody in.
        """
        try:
            await self._link.open()
        except RobotError as error:
            raise NoAnswerError(str(error)) from None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Disconnect."""
        await self._link.close()

    async def ask(self, request: OperatorRequest) -> OperatorResponse:
        """Return what the daemon answers.

        Raises:
            NoAnswerError: if it does not.
        """
        topic = topics.REQUEST.format(command=command_of(request))
        payload = request.model_dump_json(exclude_none=True).encode()
        patience_s = _AGAIN_S
        try:
            async with asyncio.timeout(_GIVE_UP_S):
                while True:
                    self._link.publish(topic, payload)
                    if answer := await self._answer(request.id, patience_s):
                        return answer
                    self._require_daemon()
                    patience_s = min(2 * patience_s, _AGAIN_AT_MOST_S)
        except TimeoutError:
            raise NoAnswerError(
                f"The daemon did not answer within {_GIVE_UP_S / 60:.0f} minutes{self._loss()}. It may be at it still: "
                f"look at its log, and whether {topics.response('+')} may be read on the broker at {self._link.broker}."
            ) from None

    async def _answer(self, request_id: str, patience_s: float) -> OperatorResponse | None:
        try:
            async with asyncio.timeout(patience_s):
                while True:
                    response = await self._answers.get()
                    if isinstance(response, NoAnswerError):
                        raise response
                    if response.id == request_id:
                        return response
        except TimeoutError:
            return None

    def _require_daemon(self) -> None:
        """See that the status on this broker is that of a daemon that runs.

        Raises:
            NoAnswerError: if it is not.
        """
        if self._status is None or self._status.state is State.OFFLINE:
            raise NoAnswerError(
                f"The daemon holds the database, and is not on the broker at {self._link.broker}{self._loss()}. Is "
                "that its broker? Or stop the daemon, and ask again."
            )

    def _loss(self) -> str:
        return f"; the connection was lost: {self._lost}" if self._lost else ""

    def link_up(self) -> None:
        """Take note."""
        self._lost = None

    def link_down(self, reason: str) -> None:
        """Take note."""
        self._lost = reason

    def publication_refused(self, reason: str) -> None:
        """Give up: the access list lets this user ask nothing."""
        self._answers.put_nowait(NoAnswerError(f"The broker at {self._link.broker} refused the request: {reason}."))

    def received(self, topic: str, payload: bytes) -> None:
        """Take an answer, or the daemon's status; what is neither is passed over."""
        with suppress(ValidationError):
            if topic == topics.STATUS:
                self._status = Status.model_validate_json(payload) if payload else None
            else:
                self._answers.put_nowait(OperatorResponse.model_validate_json(payload))
