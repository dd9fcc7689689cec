from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from ai_server.brain.listening import Listening
from ai_server.brain.opening import Moment, Opening
from ai_server.brain.past import Past
from ai_server.brain.robots import Situation
from ai_server.protocol.utterance import Utterance


class Ear:
    """Openings that are told apart by their minute, and what was read behind which."""

    def __init__(self) -> None:
        self.now = 0.0
        self.opened = 0
        self.read: list[tuple[int, str]] = []
        self.listening = Listening(self._open, self._read, clock=lambda: self.now)

    def _open(self, device_id: str, user_id: str | None) -> Opening:
        moment = Moment(datetime(2026, 11, 21, 14, self.opened, tzinfo=UTC), Situation())
        self.opened += 1
        return Opening(moment, asyncio.create_task(self._past()))

    async def _past(self) -> Past | None:
        return Past()

    def _read(self, partial: Utterance, moment: Moment, past: Past) -> None:
        self.read.append((moment.now.minute, partial.text))

    def hear(self, words: str, device_id: str = "rover", user_id: str | None = None) -> None:
        partial = Utterance(device_id=device_id, request_id="q", text=words, is_final=False, user_id=user_id)
        self.listening.hear(partial)


@pytest.fixture
def ear() -> Ear:
    return Ear()


async def test_an_opening_serves_until_the_end_and_no_longer(ear):
    ear.hear("one")
    await asyncio.sleep(0.01)
    ear.hear("one two")
    assert ear.read == [(0, "one"), (0, "one two")]
    opening = ear.listening.end("rover", None)
    assert opening is not None
    assert opening.moment.now.minute == 0
    assert ear.listening.end("rover", None) is None


async def test_an_opening_is_for_thirty_seconds(ear):
    ear.hear("one")
    await asyncio.sleep(0.01)
    ear.now = 30
    ear.hear("one two")
    ear.now = 31
    ear.hear("one two three")
    await asyncio.sleep(0.01)
    assert ear.read == [(0, "one"), (0, "one two"), (1, "one two three")]
    ear.now = 62
    assert ear.listening.end("rover", None) is None


async def test_an_opening_is_for_the_person_who_speaks(ear):
    ear.hear("one", user_id="ada")
    ear.hear("one two", user_id="bob")
    assert ear.opened == 2
    assert ear.listening.end("rover", "ada") is None
    ear.hear("one", user_id="ada")
    assert ear.listening.end("rover", "ada") is not None


async def test_nothing_is_read_any_more_after_the_end(ear):
    ear.hear("one")
    ear.listening.end("rover", None)
    await asyncio.sleep(0.01)
    assert ear.read == []


async def test_robots_that_never_say_the_rest_are_forgotten(ear):
    for number in range(50):
        ear.now = 10.0 * number
        ear.hear("one", f"r{number}")
        await asyncio.sleep(0.001)
    assert len(ear.listening._heard) <= 4
