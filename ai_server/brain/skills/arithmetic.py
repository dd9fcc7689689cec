"""Sums in words and figures."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal, localcontext
from fractions import Fraction

from ai_server.brain.skills.forms import Forms
from ai_server.brain.skills.parts import Parts
from ai_server.brain.skills.skill import Answer, Question, Skill
from ai_server.brain.skills.sum_words import ENGLISH, GERMAN, SPANISH
from ai_server.brain.skills.sums import SumError, value_of
from ai_server.brain.skills.tool import takes, text

_WORDS = {"en": ENGLISH, "es": SPANISH, "de": GERMAN}
_NUMBER_ALONE = re.compile(r"[-+\s]*[\d.]*")
_BIGGEST = 10**30
_EXACT_PLACES = 6
"""A result with no more decimal places is said whole."""

_ROUNDED_PLACES = 2
_SIGNIFICANT = 3
"""Digits of a rounded result that is less than one."""

_MOST_PLACES = 12


def skills(parts: Parts) -> Iterable[Skill]:
    """Return the skill of this module."""
    return (Arithmetic(parts),)


class Arithmetic:
    """Works out sums, in figures or in words."""

    name = "calculate"
    description = "Work out a sum, such as 12 * 7, 15 % of 80 or the square root of 144."
    intents = frozenset({"calculation"})
    parameters = takes("expression", expression=text("the sum, in figures and signs or in words", 200))

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def answer(self, question: Question) -> Answer:
        """Return the result, rounded where it has many decimal places, or why there is none."""
        sayings, language = self._parts.sayings(), question.language
        try:
            value = _asked(question)
        except SumError as error:
            return Answer(sayings.say(language, f"arithmetic.{error}"))
        result, is_exact = _spoken(value, sayings.form(language))
        return Answer(sayings.say(language, "arithmetic.result" if is_exact else "arithmetic.rounded", result=result))


def _asked(question: Question) -> Fraction:
    """Return the value of the slot's sum, or of the words themselves where that is none."""
    expression = str(question.slots.get("expression", ""))
    try:
        return calculate(expression, question.language)
    except SumError as error:
        if str(error) != "unclear":
            raise
    return calculate(question.text, question.language)


def calculate(said: str, language: str) -> Fraction:
    """Return the value of a sum as somebody said it: in figures and signs, or in English, Spanish or German words.

    Raises:
        SumError: see `sums.value_of`; `too_big` also where nobody would listen to the result.
    """
    written = _WORDS.get(language, ENGLISH).written(said)
    if _NUMBER_ALONE.fullmatch(written):
        raise SumError("unclear")
    value = value_of(written)
    if abs(value) >= _BIGGEST:
        raise SumError("too_big")
    return value


def _spoken(value: Fraction, form: Forms) -> tuple[str, bool]:
    """Return a result as it is said, and whether that is all of it."""
    with localcontext(prec=60):
        decimal = Decimal(value.numerator) / Decimal(value.denominator)
    if (value * 10**_EXACT_PLACES).denominator == 1:
        return form.number(decimal, _EXACT_PLACES), True
    places = _ROUNDED_PLACES if abs(value) >= 1 else min(_MOST_PLACES, _SIGNIFICANT - 1 - decimal.adjusted())
    return form.number(decimal, places), False
