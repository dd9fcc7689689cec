"""How a robot's personality drifts with how a person speaks to it, and what prompts say of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

from sqlalchemy import Connection

from ai_server.brain.tones import Tones
from ai_server.memory.personalities import Drift, Personalities, Spoken, Traits
from ai_server.memory.turns import Turn

MOST = 0.2
"""No trait drifts farther from the persona's."""

MOST_A_TURN = 0.01
MOST_A_DAY = 0.05
"""A trait moves no farther within a day of UTC, to and fro added up."""

_RATE = 0.02
"""So much of the way to where it would end a trait goes in one turn."""

_GAIN = 2.0
"""A tone that every second utterance has takes a trait as far as it goes."""

_NOTHING = 1e-3
"""What has come back to so little is forgotten."""

_HIGH, _LOW, _MARGIN = 0.65, 0.35, 0.05
"""From where on a trait is high or low; it stays so until it is back by the margin."""

_WORDS = {
    "warmth": {"-": "reserved and matter-of-fact", "+": "warm and affectionate"},
    "energy": {"-": "calm and quiet", "+": "lively and full of energy"},
    "formality": {"-": "casual", "+": "formal and courteous"},
    "humour": {"-": "serious, without jokes", "+": "playful, with a joke now and then"},
    "directness": {"-": "gentle, never blunt", "+": "brief and straight to the point"},
}


def drifted(drift: Drift | None, tone: Traits, at: datetime) -> Drift | None:
    """Return how far the traits have moved after one more turn.

    Each goes a small part of the way to where the tone would take it for good, and comes back where the tone says
    nothing of it: an exponential moving average, bounded by `MOST`, `MOST_A_TURN` and `MOST_A_DAY`.

    Args:
        drift: so far; None for not at all.
        tone: for each trait from -1 to 1, as `Tones.of` tells it.
        at: when the turn was.

    Returns:
        The new one; None where there was none, and the tone begins none.
    """
    if drift is None and not any(tone):
        return None
    before = drift or Drift(Traits(), 0.0, at)
    steps = [_step(moved, asked) for moved, asked in zip(before.traits, tone, strict=True)]
    spent = before.moved if _day(before.at) == _day(at) else 0.0
    longest = max(map(abs, steps))
    share = min(1.0, max(0.0, MOST_A_DAY - spent) / longest) if longest else 0.0
    traits = (_bounded(moved + step * share, MOST) for moved, step in zip(before.traits, steps, strict=True))
    return Drift(Traits(*traits), spent + longest * share, at)


def levels_of(persona: Traits, drift: Traits, before: str) -> str:
    """Return the level of each trait, `-` (low), `=` (middle) or `+` (high), in the order of `Traits`.

    Args:
        persona: the persona's traits, each from 0 to 1.
        drift: what is added to them.
        before: the levels so far; a trait keeps its own until it has left it clearly.
    """
    values = (min(1.0, max(0.0, own + moved)) for own, moved in zip(persona, drift, strict=True))
    return "".join(_level(value, level) for value, level in zip(values, before, strict=True))


def words_of(levels: str) -> str:
    """Return what a prompt says of traits with these levels; empty where all are in the middle."""
    said = [_WORDS[trait].get(level, "") for trait, level in zip(Traits._fields, levels, strict=True)]
    manner = "; ".join(filter(None, said))
    return f"With this person you are: {manner}." if manner else ""


class Adaptation:
    """Has robots' personalities drift with how people speak to them, and says in prompts what they are like.

    Args:
        personalities: keeps them.
        tones: returns what tells the tone of what is said, which people may edit.
        traits: returns those of the persona that a robot has, by its `device_id`.
        enabled: False has nothing drift and nothing said.
    """

    def __init__(
        self,
        personalities: Personalities,
        *,
        tones: Callable[[], Tones],
        traits: Callable[[str], Traits],
        enabled: bool,
    ) -> None:
        self._personalities = personalities
        self._tones = tones
        self._traits = traits
        self._enabled = enabled

    async def words(self, device_id: str, user_id: str | None, since: datetime) -> str:
        """Return what the prompts of a conversation say of the robot's manner with a person; empty for nothing.

        It changes at most once in a conversation, also over a restart, but for another persona.

        Args:
            device_id: the robot.
            user_id: the person; None for whoever it does not know.
            since: when the conversation began.

        Raises:
            DatabaseError: if it cannot be read, or a change of it cannot be stored.
        """
        if not self._enabled:
            return ""
        persona = self._traits(device_id)
        own = _plain_levels(persona)
        found = await self._personalities.find(device_id, user_id)
        if found is None:
            return words_of(own)
        spoken = found.spoken
        if spoken is None or spoken.of_persona != own:
            before = own
        elif spoken.at >= since:
            return words_of(spoken.levels)
        else:
            before = spoken.levels
        levels = levels_of(persona, found.drift.traits, before)
        if spoken is None or (spoken.levels, spoken.of_persona) != (levels, own):
            await self._personalities.speak(device_id, user_id, Spoken(levels, own, datetime.now(UTC)))
        return words_of(levels)

    def drift(self, connection: Connection, turn: Turn) -> None:
        """Have the robot's personality follow how a person spoke, within the transaction that stores the turn."""
        if not self._enabled or not turn.words:
            return
        reply = turn.reply
        tone = self._tones().of(turn.words, reply.language)
        self._personalities.change(
            connection, reply.device_id, turn.user_id, lambda drift: drifted(drift, tone, turn.at)
        )


def _plain_levels(persona: Traits) -> str:
    """Return the levels that a persona has by itself."""
    return levels_of(persona, Traits(), "=" * len(persona))


def _step(moved: float, asked: float) -> float:
    if not asked and abs(moved) < _NOTHING:
        return -moved
    return _bounded(_RATE * (_GAIN * MOST * asked - moved), MOST_A_TURN)


def _bounded(value: float, most: float) -> float:
    return max(-most, min(most, value))


def _day(at: datetime) -> date:
    return at.astimezone(UTC).date()


def _level(value: float, before: str) -> str:
    if value >= _HIGH - (_MARGIN if before == "+" else 0.0):
        return "+"
    if value <= _LOW + (_MARGIN if before == "-" else 0.0):
        return "-"
    return "="
