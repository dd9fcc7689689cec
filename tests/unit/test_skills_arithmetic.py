"""Sums in words and figures: exact, and bounded whatever is asked."""

from __future__ import annotations

import ast
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_server.brain.skills.arithmetic import calculate
from ai_server.brain.skills.sums import SumError, value_of
from tests.asking import Asker


@pytest.mark.parametrize(
    ("language", "said", "value"),
    [
        ("en", "what is twelve times seven", 84),
        ("en", "15 percent of 80", 12),
        ("en", "a hundred plus 20 percent", 120),
        ("en", "80 minus 15 %", 68),
        ("en", "what percent of 80 is 20", 25),
        ("en", "20 is what percentage of 80", 25),
        ("en", "square root of 144", 12),
        ("en", "the cube root of 27", 3),
        ("en", "half of 90", 45),
        ("en", "two thirds of nine", 6),
        ("en", "two and three quarters plus one", Fraction(15, 4)),
        ("en", "one and a half times two", 3),
        ("en", "three point five times two", 7),
        ("en", "two to the power of ten", 1024),
        ("en", "2 to the third power", 8),
        ("en", "five squared", 25),
        ("en", "5 factorial", 120),
        ("en", "add 3 and 4", 7),
        ("en", "subtract 5 from 9", 4),
        ("en", "divide ninety by four", Fraction(45, 2)),
        ("en", "multiply 6 by 7", 42),
        ("en", "the product of 6 and 7", 42),
        ("en", "how much is 1,500 plus 12, please?", 1512),
        ("en", "minus five plus two", -3),
        ("en", "-2^2", -4),
        ("en", "2^3^2", 512),
        ("en", "(3 + 4) × 2", 14),  # noqa: RUF001
        ("en", "7 x 8 =", 56),
        ("en", "10 mod 3", 1),
        ("en", "0.1 + 0.2", Fraction(3, 10)),
        ("en", "what's the average of 5 and 7", 6),
        ("en", "add up 3, 4 and 5", 12),
        ("en", "what do you get if you add 3 and 4", 7),
        ("en", "how many times does four go into twenty", 5),
        ("en", "take away 3 from 9", 6),
        ("en", "double seven", 14),
        ("en", "8 halved", 4),
        ("en", "20 percent off 80", 64),
        ("en", "what is the tip on 50 dollars at 15 percent", Fraction(15, 2)),
        ("en", "remainder when 10 is divided by 3", 1),
        ("en", "one third plus one quarter", Fraction(7, 12)),
        ("es", "cuánto es doce por siete", 84),
        ("es", "la media de 4 y 8", 6),
        ("es", "cuántas veces cabe 4 en 20", 5),
        ("es", "el 15 por ciento de 80", 12),
        ("es", "raíz cuadrada de 144", 12),
        ("es", "la mitad de 90", 45),
        ("es", "un tercio de noventa", 30),
        ("es", "1.500,5 más 1", Fraction(3003, 2)),
        ("es", "tres coma cinco más uno", Fraction(9, 2)),
        ("es", "cinco al cuadrado", 25),
        ("es", "suma 3 y 4", 7),
        ("es", "divide 10 entre 4", Fraction(5, 2)),
        ("es", "el doble de ocho", 16),
        ("de", "was ist zwölf mal sieben", 84),
        ("de", "15 Prozent von 80", 12),
        ("de", "Wurzel aus 144", 12),
        ("de", "die dritte Wurzel aus 27", 3),
        ("de", "die Hälfte von 90", 45),
        ("de", "ein Viertel von acht", 2),
        ("de", "drei und vier", 7),
        ("de", "1.500,5 + 1", Fraction(3003, 2)),
        ("de", "drei Komma fünf plus eins", Fraction(9, 2)),
        ("de", "zwei hoch zehn", 1024),
        ("de", "rechne mal fünf plus sieben", 12),
        ("de", "der Durchschnitt von 4 und 8", 6),
        ("de", "wie oft passt 4 in 20", 5),
        ("de", "wie viel Prozent von 80 sind 20", 25),
        ("de", "ziehe 5 von 9 ab", 4),
        ("ja", "12 * 7", 84),
    ],
)
def test_a_sum_is_understood(language: str, said: str, value: Fraction | int) -> None:
    assert calculate(said, language) == value


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("7 divided by 0", "by_zero"),
        ("5 mod 0", "by_zero"),
        ("0 ^ -1", "by_zero"),
        ("0 / 0", "by_zero"),
        ("square root of -4", "not_real"),
        ("(-8) ^ 0.5", "not_real"),
        ("factorial of 2.5", "not_real"),
        ("9**9**9", "too_big"),
        ("10 ^ 40", "too_big"),
        ("1000 factorial", "too_big"),
        ("9^9^9^9 - 9^9^9^9", "too_big"),
        ("2 ^ 99999.5", "too_big"),
        ("((2^2000)^2)^2", "too_big"),
        ("5", "unclear"),
        ("", "unclear"),
        ("what is love", "unclear"),
        ("2 + ", "unclear"),
        ("2 + bananas", "unclear"),
        ("two of three", "unclear"),
        ("one over", "unclear"),
        ("((((2))", "unclear"),
        ("(" * 90 + "1", "unclear"),
        ("__import__('os')", "unclear"),
        ("1 + " * 200 + "1", "unclear"),
    ],
)
def test_what_has_no_value_is_refused_for_its_reason(said: str, why: str) -> None:
    with pytest.raises(SumError, match=f"^{why}$"):
        calculate(said, "en")


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("22 / 7", "That is about 3.14."),
        ("1 / 8", "That is 0.125."),
        ("2 / 3 / 1000", "That is about 0.000667."),
        ("square root of 2", "That is about 1.41."),
        ("1 - 3", "That is minus 2."),
        ("2 ^ 64", "That is 18446744073709551616."),
        ("7 / 0", "Nothing can be divided by zero."),
        ("9^9^9", "That is too big for me to work out."),
        ("sqrt -1", "No number is the answer to that."),
        ("what is love", "I did not understand that as a sum."),
    ],
)
async def test_a_result_is_said_plainly(asker: Asker, said: str, answer: str) -> None:
    assert (await asker.call("calculate", expression=said)).text == answer


async def test_where_the_expression_is_no_sum_the_words_themselves_are_worked_out(asker: Asker) -> None:
    assert (await asker.ask("calculation", "double seven", expression="seven")).text == "That is 14."


async def test_without_an_expression_the_words_themselves_are_worked_out(asker: Asker) -> None:
    assert (await asker.ask("calculation", "what's 6 times 7?")).text == "That is 42."


_NUMBERS = st.integers(0, 9999).map(str) | st.decimals(0, 999, places=3).map(str)
_EXPRESSIONS = st.recursive(
    _NUMBERS,
    lambda inner: st.builds("{} {} {}".format, inner, st.sampled_from("+-*/"), inner) | inner.map("({})".format),
    max_leaves=15,
)


def _exactly(node: ast.expr, source: str) -> Fraction:
    """Work out an expression by Python's own grammar, over fractions."""
    if isinstance(node, ast.Constant):
        return Fraction(ast.get_source_segment(source, node) or "")
    assert isinstance(node, ast.BinOp)
    left, right = _exactly(node.left, source), _exactly(node.right, source)
    match node.op:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case _:
            return left / right


@given(_EXPRESSIONS)
def test_sums_of_figures_are_exact(expression: str) -> None:
    plain = " ".join(part.lstrip("0") or "0" if part.isdigit() else part for part in expression.split(" "))
    try:
        expected = _exactly(ast.parse(plain, mode="eval").body, plain)
    except ZeroDivisionError:
        with pytest.raises(SumError, match="by_zero"):
            value_of(plain)
    else:
        assert value_of(plain) == expected


_PIECES = st.sampled_from(
    (
        *("9", "99999999", "0", "0.5", ".1", "1e9", "+", "-", "*", "/", "^", "**", "(", ")", "%", "!", ",", "."),
        *("sqrt", "cbrt", "fact", "mod", "of", "and", "half", "third", "twelve", "times", "plus", "squared", "percent"),
        *("x", "÷", "√", "²", "factorial", "minus", "más", "entre", "raíz", "wurzel", "aus", "hoch", "mal", "\x00"),
        *(
            "add up",
            "average of",
            "3, 4 and 5",
            "how many times does",
            "go into",
            "to the third power",
            "subtract",
            "from",
        ),
    )
)


@given(st.lists(_PIECES, max_size=60).map(" ".join) | st.text(max_size=300), st.sampled_from(["en", "es", "de", "zh"]))
def test_whatever_is_asked_ends_with_a_number_or_a_reason(said: str, language: str) -> None:
    try:
        value = calculate(said, language)
    except SumError as error:
        assert str(error) in {"unclear", "by_zero", "not_real", "too_big"}
    else:
        assert abs(value) < 10**30


@pytest.mark.parametrize(
    "said", ["(" * 5000, "9" * 5000, "9^" * 5000 + "9", "-" * 5000 + "1", "1 !" + "!" * 5000, "add " * 1000]
)
def test_an_endless_sum_is_refused(said: str) -> None:
    with pytest.raises(SumError):
        calculate(said, "en")
    with pytest.raises(SumError):
        value_of(said)
