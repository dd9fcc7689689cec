"""Personalities drift: slowly, within bounds, back again, each with its person alone."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from ai_server import resources
from ai_server.brain.personality import (
    MOST,
    MOST_A_DAY,
    MOST_A_TURN,
    Adaptation,
    drifted,
    levels_of,
    words_of,
)
from ai_server.brain.tones import Tones
from ai_server.memory.personalities import Drift, Personalities, Traits
from ai_server.memory.storage.database import Database
from ai_server.memory.turns import Turn
from ai_server.protocol.reply import Reply

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TONES = Tones.load(resources.config_dir() / "tones")
MIDDLE = Traits(0.5, 0.5, 0.5, 0.5, 0.5)
ALMOST = 1e-9

tones = st.builds(Traits, *[st.sampled_from([-1.0, 0.0, 1.0])] * 5)
pauses = st.sampled_from([timedelta(seconds=5), timedelta(hours=5), timedelta(days=2), timedelta(hours=-3)])
conversations = st.lists(st.tuples(tones, pauses), max_size=80)


def after(said: list[tuple[Traits, timedelta]], drift: Drift | None = None) -> list[Drift]:
    """Return the drift after each turn that left one."""
    found, at = [], NOON
    for tone, pause in said:
        at += pause
        drift = drifted(drift, tone, at)
        if drift is not None:
            found.append(drift)
    return found


@given(conversations)
def test_no_trait_ever_leaves_its_bounds(said: list[tuple[Traits, timedelta]]) -> None:
    for drift in after(said):
        assert all(-MOST - ALMOST <= moved <= MOST + ALMOST for moved in drift.traits)


@given(conversations)
def test_no_turn_moves_a_trait_far(said: list[tuple[Traits, timedelta]]) -> None:
    found = [Drift(Traits(), 0.0, NOON), *after(said)]
    for before, then in pairwise(found):
        for old, new in zip(before.traits, then.traits, strict=True):
            assert abs(new - old) <= MOST_A_TURN + ALMOST


@given(st.lists(tones, max_size=150))
def test_no_day_moves_a_trait_far(said: list[Traits]) -> None:
    for drift in after([(tone, timedelta(seconds=10)) for tone in said]):
        assert all(abs(moved) <= MOST_A_DAY + ALMOST for moved in drift.traits)
        assert 0 <= drift.moved <= MOST_A_DAY + ALMOST


@given(conversations)
def test_traits_return_to_the_persona_when_the_manner_is_neutral_again(said: list[tuple[Traits, timedelta]]) -> None:
    drift = ([Drift(Traits(), 0.0, NOON), *after(said)])[-1]
    quiet = after([(Traits(), timedelta(hours=2))] * 400, drift)
    for before, then in pairwise([drift, *quiet]):
        assert all(abs(new) <= abs(old) + ALMOST for old, new in zip(before.traits, then.traits, strict=True))
    assert quiet[-1].traits == Traits()


def test_a_tone_that_lasts_takes_a_trait_as_far_as_it_goes_and_the_opposite_one_back() -> None:
    polite = [(Traits(formality=1.0), timedelta(hours=2))] * 200
    found = after(polite)[-1]
    assert found.traits == Traits(formality=MOST)
    rude = [(Traits(formality=-1.0), timedelta(hours=2))] * 200
    assert after(rude, found)[-1].traits == Traits(formality=-MOST)


def test_a_day_of_politeness_changes_nothing_that_is_said_and_a_week_does() -> None:
    turn = (Traits(formality=1.0), timedelta(minutes=15))
    day = after([turn] * 40)[-1]
    assert levels_of(MIDDLE, day.traits, "=====") == "====="
    week = after([turn] * 40 * 14)[-1]
    assert levels_of(MIDDLE, week.traits, "=====") == "==+=="


def test_a_tone_that_says_nothing_begins_no_drift() -> None:
    assert drifted(None, Traits(), NOON) is None


@given(st.lists(st.floats(-0.02, 0.02), min_size=1, max_size=60))
def test_a_level_does_not_flicker(steps: list[float]) -> None:
    """A trait that wavers within the margin about where "high" begins changes its level once at most."""
    levels, changes = "=====", 0
    for step in steps:
        new = levels_of(MIDDLE, Traits(warmth=0.15 + step), levels)
        changes += new != levels
        levels = new
    assert changes <= 1


def test_levels_have_words_but_for_the_middle() -> None:
    assert words_of("=====") == ""
    assert words_of("+====") == "With this person you are: warm and affectionate."
    assert words_of("-+-==") == (
        "With this person you are: reserved and matter-of-fact; lively and full of energy; casual."
    )
    assert len({words_of("====" + level) for level in "-=+"} | {words_of(level + "====") for level in "-=+"}) == 5


def test_the_persona_and_the_drift_together_stay_from_0_to_1() -> None:
    assert levels_of(Traits(1.0, 0.0, 0.9, 0.1, 0.5), Traits(0.2, -0.2, -0.2, 0.2, 0.1), "=====") == "+-+-="


def turn(words: str, *, user_id: str | None = "ada", device_id: str = "rover", at: datetime = NOON) -> Turn:
    reply = Reply(
        request_id=f"q{at.timestamp()}{user_id}", device_id=device_id, text="Hi.", source="llm", language="en"
    )
    return Turn(at=at, words=words, reply=reply, user_id=user_id)


class Household:
    """Robots whose personalities drift, over a real database; `persona` is what all of them begin from."""

    def __init__(self, database: Database, *, enabled: bool = True) -> None:
        self.database = database
        self.persona = MIDDLE
        self.kept = Personalities(database, max_kept=100)
        self.adaptation = Adaptation(self.kept, tones=lambda: TONES, traits=lambda _: self.persona, enabled=enabled)

    async def says(self, words: str, *, times: int = 1, user_id: str | None = "ada", device_id: str = "rover") -> None:
        def store(connection: Connection) -> None:
            for number in range(times):
                at = NOON + timedelta(hours=2 * number)
                self.adaptation.drift(connection, turn(words, user_id=user_id, device_id=device_id, at=at))

        await self.database.run(store)

    async def words(self, since: datetime, user_id: str | None = "ada", device_id: str = "rover") -> str:
        return await self.adaptation.words(device_id, user_id, since)


async def test_who_speaks_formally_is_spoken_to_formally_and_nobody_else_is(database: Database) -> None:
    household = Household(database)
    await household.says("Would you please tell me the time, sir?", times=150)
    began = datetime.now(UTC)
    assert await household.words(began) == "With this person you are: formal and courteous."
    assert await household.words(began, user_id="ben") == ""
    assert await household.words(began, user_id=None) == ""
    assert await household.words(began, device_id="owl") == ""


@pytest.mark.parametrize("seed", range(5))
async def test_however_people_take_turns_each_moves_their_own_traits_alone(database: Database, seed: int) -> None:
    household, chance = Household(database), random.Random(seed)
    said = ("please", "yo dude", "haha", "I love you", "stop", "how high is the moon")
    people = [(device_id, user_id) for device_id in ("rover", "owl") for user_id in ("ada", "ben", None)]
    alone: dict[tuple[str, str | None], Drift | None] = dict.fromkeys(people)

    def store(connection: Connection) -> None:
        for number in range(300):
            (device_id, user_id), words = chance.choice(people), chance.choice(said)
            at = NOON + timedelta(minutes=40 * number)
            household.adaptation.drift(connection, turn(words, user_id=user_id, device_id=device_id, at=at))
            before = alone[device_id, user_id]
            alone[device_id, user_id] = drifted(before, TONES.of(words, "en"), at)

    await database.run(store)
    kept = {(each.device_id, each.user_id): each.drift for each in await household.kept.all()}
    assert kept == alone


async def test_people_whom_a_robot_does_not_know_share_what_it_is_like(database: Database) -> None:
    household = Household(database)
    await household.says("Tell me a joke", times=150, user_id=None)
    assert await household.words(datetime.now(UTC), user_id=None) == (
        "With this person you are: playful, with a joke now and then."
    )
    assert await household.words(datetime.now(UTC), user_id="ada") == ""


async def test_what_is_said_changes_at_most_once_in_a_conversation(database: Database) -> None:
    household = Household(database)
    began = datetime.now(UTC)
    await household.says("please", times=150)
    first = await household.words(began)
    assert "formal" in first
    await household.says("yo dude", times=300)
    assert await household.words(began) == first
    assert await Household(database).words(began) == first, "after a restart too"
    assert "casual" in await household.words(datetime.now(UTC))


async def test_another_persona_is_heard_at_once_and_the_drift_stays(database: Database) -> None:
    household = Household(database)
    began = datetime.now(UTC)
    await household.says("please", times=150)
    assert await household.words(began) == "With this person you are: formal and courteous."
    household.persona = Traits(0.9, 0.5, 0.3, 0.5, 0.5)
    assert await household.words(began) == "With this person you are: warm and affectionate."
    household.persona = Traits(0.9, 0.5, 0.6, 0.5, 0.5)
    assert await household.words(began) == "With this person you are: warm and affectionate; formal and courteous."


async def test_switched_off_nothing_drifts_and_nothing_is_said(database: Database) -> None:
    household = Household(database, enabled=False)
    household.persona = Traits(0.9, 0.9, 0.9, 0.9, 0.9)
    await household.says("please", times=20)
    assert await household.kept.all() == []
    assert await household.words(datetime.now(UTC)) == ""


async def test_a_robot_that_speaks_of_its_own_accord_moves_nothing(database: Database) -> None:
    household = Household(database)
    await household.says("")
    assert await household.kept.all() == []
