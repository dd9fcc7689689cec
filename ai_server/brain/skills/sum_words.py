"""Sums in English, Spanish and German words as sums in figures and signs."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Mapping

from ai_server.brain.skills.numerals import in_digits

_LONGEST = 300

_SIGNS = {"×": "*", "·": "*", "x": "*", "÷": "/", ":": "/", "**": "^", "√": " sqrt ", "²": "^2 ", "³": "^3 ", "−": "-"}  # noqa: RUF001
_SIGN = re.compile(r"(?<![^\W\d_])x(?![^\W\d_])|\*\*|[×·÷:√²³−]")  # noqa: RUF001
_ENDS = re.compile(r"^[\s¿¡]+|[\s?!.=,;]+$")
_DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d)")
_PAUSE = re.compile(r"[,;](?!\d)")
_MIXED = re.compile(r"\b(\d+) and (?:(\d+) )?(\(1/\d+\))")
_SEVERAL = re.compile(r"\b(\d+) (\(1/\d+\))")


_NUMBER = r"-?\d+(?:\.\d+)?"
_LIST = rf"{_NUMBER}(?:(?: and| y| und|,)*\s+{_NUMBER})+"


class SumWords:
    """What a language calls figures and signs."""

    def __init__(
        self,
        language: str,
        *,
        shares: Mapping[str, str],
        lists: Mapping[str, str],
        orders: Mapping[str, str],
        signs: Mapping[str, str],
        fillers: str,
        has_decimal_comma: bool = False,
    ) -> None:
        """Take the words, in lower case.

        Args:
            language: its primary tag of BCP 47.
            shares: patterns of the words for fractions, and those; and of what would be read as a number.
            lists: patterns of what is said before two or more numbers, without accents, and what is made of them: a
                sign to put between them, or `mean`.
            orders: patterns of whole ways of asking, without accents, and the sums that they mean.
            signs: what signs are called, without accents.
            fillers: words that a sum means the same without, without accents.
            has_decimal_comma: 1.500,5 is written, and not 1,500.5.
        """
        self._language = language
        self._shares = [(re.compile(rf"\b(?:{words})\b"), f" {share} ") for words, share in shares.items()]
        self._lists = [(re.compile(rf"\b(?:{words}) ({_LIST})"), sign) for words, sign in lists.items()]
        self._orders = [(re.compile(rf"\b{order}"), meant) for order, meant in orders.items()]
        self._signs = {**dict.fromkeys(fillers.split(), ""), **signs}
        longest_first = sorted(self._signs, key=len, reverse=True)
        self._sign = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)")
        self._has_decimal_comma = has_decimal_comma
        self._group = group = "." if has_decimal_comma else ","
        self._grouped = re.compile(rf"(?<![\d.,])\d{{1,3}}(?:[{group}]\d{{3}})+(?![{group}]?\d)")

    def written(self, said: str) -> str:
        """Return a sum in figures and signs; words that mean neither are left in it."""
        text = said[:_LONGEST].lower().replace("’", "'")  # noqa: RUF001
        for pattern, share in self._shares:
            text = pattern.sub(share, text)
        text = self._figures(in_digits(text, self._language))
        text = _ENDS.sub("", " ".join(_plain(text).split()))
        for pattern, sign in self._lists:
            text = pattern.sub(functools.partial(_listed, sign), text)
        for pattern, meant in self._orders:
            text = pattern.sub(meant, text, count=1)
        text = _SIGN.sub(lambda match: _SIGNS[match[0]], text)
        text = " ".join(self._sign.sub(lambda match: f" {self._signs[match[0]]} ", text).split())
        text = _MIXED.sub(lambda match: f"({match[1]} + {match[2] or 1} * {match[3]})", text)
        return _SEVERAL.sub(r"(\1 * \2)", text)

    def _figures(self, text: str) -> str:
        text = self._grouped.sub(lambda match: match[0].replace(self._group, ""), text)
        text = _DECIMAL_COMMA.sub(".", text) if self._has_decimal_comma else text
        return _PAUSE.sub(" ", text)


def _listed(sign: str, match: re.Match[str]) -> str:
    numbers = re.findall(_NUMBER, match[1])
    if sign == "mean":
        return f"(({' + '.join(numbers)}) / {len(numbers)})"
    return f"({f' {sign} '.join(numbers)})"


def _plain(text: str) -> str:
    """Return a text without its accents; what is no letter stays as it is."""
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(character for character in decomposed if not unicodedata.combining(character)).replace("ß", "ss")


ENGLISH = SumWords(
    "en",
    shares={
        "half|halves": "(1/2)",
        "thirds?": "(1/3)",
        "quarters?|fourths?": "(1/4)",
        "fifths?": "(1/5)",
        "sixths?": "(1/6)",
        "eighths?": "(1/8)",
        "tenths?": "(1/10)",
    },
    lists={
        "add|add up|add together|sum of|total of": "+",
        "multiply|product of": "*",
        "average of|mean of": "mean",
    },
    orders={
        r"what (?:percent|percentage) of (.+?) (?:is|are) (.+)": r"(\2) / (\1) * 100",
        r"(?:what is )?(\S+) is (?:what|which) (?:percent|percentage) of (.+)": r"(\1) / (\2) * 100",
        r"add (.+?) (?:to|and|plus) (.+)": r"(\1) + (\2)",
        r"(?:subtract|take away|take) (.+?) (?:away )?from (.+)": r"(\2) - (\1)",
        r"multiply (.+?) (?:by|with|and|times) (.+)": r"(\1) * (\2)",
        r"divide (.+?) by (.+)": r"(\1) / (\2)",
        r"sum of (.+?) and (.+)": r"(\1) + (\2)",
        r"difference (?:between|of) (.+?) and (.+)": r"(\1) - (\2)",
        r"product of (.+?) and (.+)": r"(\1) * (\2)",
        r"quotient of (.+?) and (.+)": r"(\1) / (\2)",
        r"square (?:of )?(\d\S*)": r"(\1) ^ 2",
        r"cube (?:of )?(\d\S*)": r"(\1) ^ 3",
        r"halve (.+)": r"(\1) / 2",
        r"(?:how (?:many times|often) )(?:does|do|will|can) (.+?) (?:go|fit) in(?:to)? (.+)": r"(\2) / (\1)",
        r"(?:remainder|rest) (?:when|if|of|from) (.+?) (?:is )?divided by (.+)": r"(\1) mod (\2)",
        r"(?:remainder|rest) (?:when|if) (?:you )?(?:divide) (.+?) by (.+)": r"(\1) mod (\2)",
        r"(\S+) (?:%|percent) (?:off|discount on|less than) (.+)": r"(\2) - \1 %",
        r"(?:tip|tax|interest) (?:on|of|for) (.+?) (?:at|of|with) (\S+) percent": r"\2 % of (\1)",
        r"to the (?:\(1/)?(\d+)(?:st|nd|rd|th|\))(?: power)?": r"^ \1",
    },
    signs={
        "plus": "+",
        "added to": "+",
        "minus": "-",
        "less": "-",
        "take away": "-",
        "negative": "-",
        "times": "*",
        "multiplied by": "*",
        "multiplied with": "*",
        "divided by": "/",
        "over": "/",
        "to the power of": "^",
        "to the power": "^",
        "raised to the power of": "^",
        "raised to": "^",
        "raised": "",
        "doubled": "* 2",
        "tripled": "* 3",
        "halved": "/ 2",
        "tip on": "of",
        "tax on": "of",
        "squared": "^ 2",
        "cubed": "^ 3",
        "square root of": "sqrt",
        "root of": "sqrt",
        "cube root of": "cbrt",
        "cubic root of": "cbrt",
        "percent": "%",
        "per cent": "%",
        "of": "of",
        "double": "2 *",
        "twice": "2 *",
        "triple": "3 *",
        "modulo": "mod",
        "mod": "mod",
        "factorial": "!",
        "factorial of": "fact",
        "sqrt": "sqrt",
        "and": "and",
    },
    fillers=(
        "what is what's whats how much many are do does make makes equal equals calculate compute work out evaluate "
        "solve please tell me give can could you the a an result answer value i want need to know would be if it now "
        "get when we together dollar dollars euro euros pounds bill"
    ),
)

SPANISH = SumWords(
    "es",
    shares={
        "mitad|medio": "(1/2)",
        "tercios?|tercera parte": "(1/3)",
        "cuartos?|cuarta parte": "(1/4)",
        "quintos?|quinta parte": "(1/5)",
        "décimos?|décima parte": "(1/10)",
        "por cien(?:to)?": "%",
    },
    lists={
        "suma|sumar|sumame|suma de|total de": "+",
        "multiplica|multiplicar|producto de": "*",
        "media de|promedio de": "mean",
    },
    orders={
        r"cuantas veces (?:cabe|entra|esta) (.+?) en (.+)": r"(\2) / (\1)",
        r"que (?:porcentaje|tanto %) de (.+?) (?:es|son) (.+)": r"(\2) / (\1) * 100",
        r"suma(?:r|me)? (.+?) (?:y|mas|con|a) (.+)": r"(\1) + (\2)",
        r"resta(?:r|me|le)? (.+?) (?:a|de) (.+)": r"(\2) - (\1)",
        r"suma de (.+?) (?:y|mas) (.+)": r"(\1) + (\2)",
        r"diferencia entre (.+?) y (.+)": r"(\1) - (\2)",
        r"producto de (.+?) (?:y|por) (.+)": r"(\1) * (\2)",
    },
    signs={
        "mas": "+",
        "menos": "-",
        "por": "*",
        "veces": "*",
        "multiplicado por": "*",
        "entre": "/",
        "dividido por": "/",
        "dividido entre": "/",
        "dividido": "/",
        "sobre": "/",
        "elevado a": "^",
        "elevado a la": "^",
        "al cuadrado": "^ 2",
        "al cubo": "^ 3",
        "raiz cuadrada de": "sqrt",
        "raiz de": "sqrt",
        "raiz cubica de": "cbrt",
        "de": "of",
        "del": "of",
        "doble de": "2 *",
        "triple de": "3 *",
        "modulo": "mod",
        "factorial de": "fact",
        "por favor": "",
        "y": "and",
    },
    fillers=(
        "cuanto cuantos cuantas cual que es son da dan hace hacen el la los las un una resultado valor "
        "calcula calcular calculame dime decir puedes podrias multiplica multiplicar divide dividir me saber "
        "quiero"
    ),
    has_decimal_comma=True,
)

GERMAN = SumWords(
    "de",
    shares={
        "hälfte|halb|halbe|halben": "(1/2)",
        "drittel": "(1/3)",
        "viertel": "(1/4)",
        "fünftel": "(1/5)",
        "achtel": "(1/8)",
        "zehntel": "(1/10)",
    },
    lists={
        "addiere|summe von|summe aus": "+",
        "multipliziere|produkt von|produkt aus": "*",
        "durchschnitt von|durchschnitt aus|mittelwert von|mittelwert aus": "mean",
    },
    orders={
        r"wie oft (?:passt|geht) (.+?) in (.+)": r"(\2) / (\1)",
        r"wie ?viel prozent von (.+?) (?:ist|sind) (.+)": r"(\2) / (\1) * 100",
        r"addiere (.+?) (?:und|zu|mit) (.+)": r"(\1) + (\2)",
        r"(?:subtrahiere|ziehe|zieh) (.+?) von (.+?)(?: ab)?$": r"(\2) - (\1)",
        r"multipliziere (.+?) (?:mit|und) (.+)": r"(\1) * (\2)",
        r"(?:dividiere|teile) (.+?) durch (.+)": r"(\1) / (\2)",
        r"summe (?:aus|von) (.+?) und (.+)": r"(\1) + (\2)",
        r"differenz (?:zwischen|aus|von) (.+?) und (.+)": r"(\1) - (\2)",
        r"produkt (?:aus|von) (.+?) und (.+)": r"(\1) * (\2)",
        r"(?:3\.?|dritten?|kubik) ?wurzel (?:aus|von)": "cbrt",
    },
    signs={
        "plus": "+",
        "und": "+",
        "minus": "-",
        "weniger": "-",
        "mal": "*",
        "multipliziert mit": "*",
        "geteilt durch": "/",
        "dividiert durch": "/",
        "durch": "/",
        "hoch": "^",
        "zum quadrat": "^ 2",
        "im quadrat": "^ 2",
        "quadratwurzel aus": "sqrt",
        "quadratwurzel von": "sqrt",
        "wurzel aus": "sqrt",
        "wurzel von": "sqrt",
        "cbrt": "cbrt",
        "prozent": "%",
        "von": "of",
        "doppelte von": "2 *",
        "modulo": "mod",
        "rechne mal": "",
        "sag mal": "",
        "fakultat": "!",
        "fakultat von": "fact",
    },
    fillers=(
        "was wie viel wieviel ist sind ergibt ergeben macht machen gibt das die der den dem ein eine einem "
        "rechne berechne aus bitte eben mir sag sage kannst du ergebnis"
    ),
    has_decimal_comma=True,
)
