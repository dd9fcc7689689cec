"""The exact value of a sum: a small parser over fractions, bounded in time and memory."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction

_MOST_TOKENS = 100
_DEEPEST = 30
_MOST_BITS = 4096
"""Of a numerator or denominator on the way; what is spoken is shorter by far."""

_MOST_FACTORIAL = 450
_DIGITS = 50
"""Of what is no fraction, such as the square root of two."""

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d{1,400}(?:\.\d{1,400})?|\.\d{1,400})|(?P<sign>sqrt|cbrt|fact|mod|of|[-+*/^()%!]))"
)


class SumError(Exception):
    """A sum has no value that can be said; the message is the saying's name: why."""


@dataclass(frozen=True, slots=True)
class _Value:
    of: Fraction
    is_percent: bool = False
    """It is a bare `15 %`: added to something, it is that share of it."""

    @property
    def is_share(self) -> bool:
        """Whether it may be a part of something: three of five is no sum."""
        return self.is_percent or self.of.denominator > 1


def value_of(written: str) -> Fraction:
    """Return the value of a sum in figures and signs: exact, but for roots that are no fractions.

    The signs are `+ - * / ^ ( ) % !`, `mod`, `of` for `*` after a percentage or a fraction, and `sqrt`, `cbrt` and
    `fact` before what they apply to.
    A percentage that is added or subtracted is one of what stands before it: `100 + 20 %` is 120.

    Raises:
        SumError: `unclear` where it is no sum, `by_zero`, `not_real` or `too_big`.
    """
    return _Parser(_tokens(written)).parse()


def _tokens(written: str) -> list[str]:
    tokens: list[str] = []
    at, end = 0, len(written.rstrip())
    while at < end:
        match = _TOKEN.match(written, at)
        if match is None or len(tokens) == _MOST_TOKENS:
            raise SumError("unclear")
        tokens.append(match[0].strip())
        at = match.end()
    return tokens


class _Parser:
    """By recursive descent: a sum of products of signed powers of what stands alone."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = [*tokens, ""]
        self._at = 0
        self._depth = 0

    def parse(self) -> Fraction:
        value = self._sum().of
        if self._next:
            raise SumError("unclear")
        return value

    @property
    def _next(self) -> str:
        return self._tokens[self._at]

    def _take(self, *signs: str) -> str:
        token = self._next
        if token not in signs:
            return ""
        self._at += 1
        return token

    def _sum(self) -> _Value:
        left = self._product()
        while sign := self._take("+", "-"):
            right = self._product()
            amount = left.of * right.of if right.is_percent else right.of
            left = _Value(_bounded(left.of + amount if sign == "+" else left.of - amount))
        return left

    def _product(self) -> _Value:
        left = self._signed()
        while sign := self._take("*", "/", "of", "mod"):
            if sign == "of" and not left.is_share:
                raise SumError("unclear")
            left = _Value(_PRODUCTS[sign](left.of, self._signed().of))
        return left

    def _signed(self) -> _Value:
        negative = False
        while sign := self._take("+", "-"):
            negative ^= sign == "-"
        value = self._power()
        return _Value(-value.of, value.is_percent) if negative else value

    def _power(self) -> _Value:
        base = self._applied()
        if not self._take("^"):
            return base
        return _Value(_power(base.of, self._nested(self._signed).of))

    def _applied(self) -> _Value:
        if function := self._take(*_FUNCTIONS):
            return _Value(_FUNCTIONS[function](self._nested(self._signed).of))
        value = self._alone()
        while sign := self._take("%", "!"):
            value = _Value(value.of / 100, is_percent=True) if sign == "%" else _Value(_factorial(value.of))
        return value

    def _alone(self) -> _Value:
        if self._take("("):
            value = self._nested(self._sum)
            if not self._take(")"):
                raise SumError("unclear")
            return _Value(value.of)
        if not self._next[:1].isdigit() and not self._next.startswith("."):
            raise SumError("unclear")
        self._at += 1
        return _Value(_bounded(Fraction(self._tokens[self._at - 1])))

    def _nested(self, part: Callable[[], _Value]) -> _Value:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise SumError("unclear")
        value = part()
        self._depth -= 1
        return value


def _bounded(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > _MOST_BITS:
        raise SumError("too_big")
    return value


def _product(left: Fraction, right: Fraction) -> Fraction:
    return _bounded(left * right)


def _quotient(left: Fraction, right: Fraction) -> Fraction:
    if not right:
        raise SumError("by_zero")
    return _bounded(left / right)


def _remainder(left: Fraction, right: Fraction) -> Fraction:
    if not right:
        raise SumError("by_zero")
    return _bounded(left % right)


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if not base and exponent < 0:
        raise SumError("by_zero")
    bits = max(base.numerator.bit_length(), base.denominator.bit_length())
    if abs(exponent) * bits > _MOST_BITS:
        raise SumError("too_big")
    if exponent.denominator == 1:
        return _bounded(base**exponent.numerator)
    if base < 0:
        raise SumError("not_real")
    return _inexact(lambda: _decimal(base) ** _decimal(exponent))


def _square_root(value: Fraction) -> Fraction:
    if value < 0:
        raise SumError("not_real")
    root = Fraction(math.isqrt(value.numerator), math.isqrt(value.denominator))
    return root if root**2 == value else _inexact(lambda: _decimal(value).sqrt())


def _cube_root(value: Fraction) -> Fraction:
    size = abs(value)
    approximate = _inexact(lambda: _decimal(size) ** (Decimal(1) / Decimal(3))) if size else size
    whole = Fraction(round(approximate))
    root = whole if whole**3 == size else approximate
    return -root if value < 0 else root


def _factorial(value: Fraction) -> Fraction:
    if value.denominator != 1 or value < 0:
        raise SumError("not_real")
    if value > _MOST_FACTORIAL:
        raise SumError("too_big")
    return Fraction(math.factorial(value.numerator))


def _inexact(work: Callable[[], Decimal]) -> Fraction:
    with localcontext(prec=_DIGITS):
        return Fraction(work())


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


_PRODUCTS: Mapping[str, Callable[[Fraction, Fraction], Fraction]] = {
    "*": _product,
    "of": _product,
    "/": _quotient,
    "mod": _remainder,
}
_FUNCTIONS: Mapping[str, Callable[[Fraction], Fraction]] = {
    "sqrt": _square_root,
    "cbrt": _cube_root,
    "fact": _factorial,
}
