"""Coins and dice."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ai_server.brain.skills.numerals import in_digits
from ai_server.brain.skills.parts import Parts
from ai_server.brain.skills.skill import Answer, Question, Skill
from ai_server.brain.skills.tool import number_of, takes, whole

_MOST = 20
"""Coins or dice at a time: a list of more is no answer to listen to."""

_FEWEST_SIDES = 2
_MOST_SIDES = 1000
_USUAL_SIDES = 6

_SIDES = re.compile(
    r"(?<![^\W\d_])[dw] ?(\d+)\b|\b(\d+)[ -]?(?:sided|sides?|faces|faced|caras|lados|seitig\w*|seiten)\b"
)
_COUNT = re.compile(
    r"\b(\d+) +(?:[^\W\d]+ )?(?:coins?|monedas?|münzen?|dice|die|dados?|würfel)\b|\b(\d+) (?:times|veces|mal)\b"
)
_PAIR = re.compile(r"\b(?:pair|couple|par|paar)\b(?: of| de)?")
_TWICE = re.compile(r"\b(?:twice|zweimal)\b")


def skills(parts: Parts) -> Iterable[Skill]:
    """Return the skills of this module."""
    return Coins(parts), Dice(parts)


class Coins:
    """Flips coins."""

    name = "flip_coin"
    description = "Flip a coin, or several."
    intents = frozenset({"coin_flip"})
    parameters = takes(count=whole("how many", 1, _MOST))

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def answer(self, question: Question) -> Answer:
        """Return on which sides they fell."""
        sayings, language = self._parts.sayings(), question.language
        count = _count(question)
        if count > _MOST:
            return Answer(sayings.say(language, "chance.too_many", most=_MOST))
        sides = [self._parts.rng.choice(("heads", "tails")) for _ in range(count)]
        if count == 1:
            return Answer(sayings.say(language, f"chance.{sides[0]}"))
        results = sayings.form(language).listing(sayings.say(language, f"chance.one_{side}") for side in sides)
        return Answer(sayings.say(language, "chance.coins", results=results))


class Dice:
    """Rolls dice of any number of sides: "two d20", "three dice"."""

    name = "roll_dice"
    description = "Roll a die, or several, of six sides or of any other number."
    intents = frozenset({"dice_roll"})
    parameters = takes(count=whole("how many", 1, _MOST), sides=whole("of each, usually 6", _FEWEST_SIDES, _MOST_SIDES))

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def answer(self, question: Question) -> Answer:
        """Return what they show."""
        sayings, language = self._parts.sayings(), question.language
        count, sides = _count(question), _sides(question)
        if count > _MOST:
            return Answer(sayings.say(language, "chance.too_many", most=_MOST))
        if not _FEWEST_SIDES <= sides <= _MOST_SIDES:
            return Answer(sayings.say(language, "chance.no_such_die", fewest=_FEWEST_SIDES, most=_MOST_SIDES))
        rolled = [self._parts.rng.randint(1, sides) for _ in range(count)]
        if count == 1:
            return Answer(sayings.say(language, "chance.die", result=rolled[0]))
        results = sayings.form(language).listing(map(str, rolled))
        return Answer(sayings.say(language, "chance.dice", results=results, sum=sum(rolled)))


def _count(question: Question) -> int:
    words = _SIDES.sub(" die ", in_digits(question.text, question.language))
    return max(1, _wanted(question, "count", _COUNT.search(_TWICE.sub("2 times", _PAIR.sub("2", words)))) or 1)


def _sides(question: Question) -> int:
    sides = _wanted(question, "sides", _SIDES.search(in_digits(question.text, question.language)))
    return _USUAL_SIDES if sides is None else sides


def _wanted(question: Question, slot: str, match: re.Match[str] | None) -> int | None:
    """Return the number that a person's words hold, or else that of the slot; a model's arguments go before words."""
    said = int(next(group for group in match.groups() if group)[:9]) if match else None
    number = number_of(question, slot)
    given = None if number is None else round(number)
    return said or given if question.intent else given or said
