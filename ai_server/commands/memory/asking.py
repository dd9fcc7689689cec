"""Asking the daemon, which holds the database while it runs, over MQTT."""

from __future__ import annotations

import asyncio
import os
from types import TracebackType
from typing import Self

from pydantic import ValidationError

from ai_server.commands.link import Broker, Link, RobotError
from ai_server.mqtt.options import BrokerOptions
from ai_server.protocol import topics
from ai_server.protocol.operator import OperatorRequest, OperatorResponse, command_of
from ai_server.settings import Settings

_AGAIN_S = 5.0
_GIVE_UP_S = 30.0


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
            subscriptions=[(topics.response("+"), 1)],
            last_will=None,
            owner=self,
        )
        self._answers: asyncio.Queue[OperatorResponse | NoAnswerError] = asyncio.Queue()
        self._lost: str | None = None

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
        try:
            async with asyncio.timeout(_GIVE_UP_S):
                while True:
                    self._link.publish(topic, payload)
                    if answer := await self._answer(request.id):
                        return answer
        except TimeoutError:
            raise NoAnswerError(self._silence()) from None

    async def _answer(self, request_id: str) -> OperatorResponse | None:
        try:
            async with asyncio.timeout(_AGAIN_S):
                while True:
                    response = await self._answers.get()
                    if isinstance(response, NoAnswerError):
                        raise response
                    if response.id == request_id:
                        return response
        except TimeoutError:
            return None

    def _silence(self) -> str:
        lost = f"; the connection was lost: {self._lost}" if self._lost else ""
        return (
            f"The daemon holds the database, and did not answer on the broker at {self._link.broker} within "
            f"{_GIVE_UP_S:.0f} seconds{lost}. Is it on this broker, and may {topics.response('+')} be read there? "
            "Or stop it, and ask again."
        )

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
        """Take an answer; whatever else comes on its topics is none."""
        del topic
        try:
            self._answers.put_nowait(OperatorResponse.model_validate_json(payload))
        except ValidationError:
            return
