"""Masks what people say and nobody else should read: names such as `<email>` and `<phone>` take its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from itertools import pairwise
from typing import Any

_COMMON_REGIONS = ("US", "GB", "DE", "ES")
"""Where the host's locale names no country."""

_LOCALE = re.compile(r"[a-z]{2,3}_([A-Z]{2})\b")
_LOCALE_VARIABLES = ("LC_ALL", "LC_TELEPHONE", "LANG")

_FEW_DIGITS = re.compile(r"\d(?:[^\d\n]{0,3}\d){5}")
"""Everything that is masked for its digits has these at least."""

_EMAIL = re.compile(r"(?<![\w.%+/-])[\w%+-](?:[\w.%+-]{0,62}[\w%+-])?@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}\b(?!@)")

_SPOKEN_DOT = re.compile(r" (?:dot|punkt|punto|point) ", re.IGNORECASE)
_SPOKEN_EMAIL = re.compile(
    r"\b(?P<name>[\w-]+(?:(?: (?:dot|punkt|punto|point|underscore|unterstrich|guion bajo) |\.)[\w-]+){0,4})"
    r" (?:at|ät|arroba|arobase|klammeraffe) [\w-]+(?:(?: (?:dot|punkt|punto|point) |\.)[\w-]+){0,3}"
    r" (?:dot|punkt|punto|point) (?:com|org|net|edu|gov|info|io|dev|me|de|es|fr|it|at|ch|eu|us|mx|ar|co uk|uk)\b",
    re.IGNORECASE,
)
_OF_EMAIL = re.compile(
    r"mail|address|adresse|correo|dirección|direccion|courriel|write to|contact|\d| dot | punkt ",
    re.IGNORECASE,
)

_IBAN = re.compile(r"\b[a-z]{2} ?\d{2}(?:[ -]?[a-z0-9]){11,30}\b", re.IGNORECASE)
_END_OF_WORD = re.compile(r"(?<=\w)\b")

_CARD = re.compile(r"(?<![A-Za-z0-9_.+#=-])\d{2,19}(?:[ -]\d{2,6}){0,6}(?![A-Za-z0-9_-]|\.\d)")
_ISSUED = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|3(?:0[0-5]|[689]\d)\d{11}"  # Diners Club
    r"|(?:6011|64[4-9]\d|65\d\d|62\d\d|35(?:2[89]|[3-8]\d))\d{12,15}"  # Discover, UnionPay, JCB
    r"|(?:50|5[6-9]|6[37])\d{14,17}"  # Maestro
)

_IDENTITIES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<![\w-])\d{3}-\d\d-\d{4}(?![\w-])"), "us.ssn"),
    (re.compile(r"\b\d{8}[ -]?[a-z]\b", re.IGNORECASE), "es.dni"),
    (re.compile(r"\b[xyz][ -]?\d{7}[ -]?[a-z]\b", re.IGNORECASE), "es.nie"),
    (re.compile(r"\b[a-z]{6}\d\d[a-z]\d\d[a-z]\d{3}[a-z]\b", re.IGNORECASE), "it.codicefiscale"),
    (re.compile(r"(?<![\w.-])[12] ?\d\d ?\d\d ?\d\d ?\d{3} ?\d{3} ?\d\d(?![\w-])"), "fr.nir"),
    (re.compile(r"(?<![\w.])\d{3}\.\d{3}\.\d{3}-\d\d(?!\w)"), "br.cpf"),
    (re.compile(r"\b\d{17}[\dx]\b", re.IGNORECASE), "cn.ric"),
    (re.compile(r"\b\d{6}-\d{7}\b"), "kr.rrn"),
    (re.compile(r"\b\d{6}[-+]\d{4}\b"), "se.personnummer"),
    (re.compile(r"\b[a-z]{4}\d{6}[hm][a-z]{5}[0-9a-z]\d\b", re.IGNORECASE), "mx.curp"),
    (re.compile(r"(?<![\w-])\d{2} \d{3} \d{3} \d{3}(?![\w-])"), "de.idnr"),
    (re.compile(r"(?<![\w-])(?<!\d )\d{4} \d{4} \d{4}(?! ?[\w-])"), "in_.aadhaar"),
)
"""How numbers that a state gives people are written, and the module of `stdnum` that knows the right ones."""

_PHONE = re.compile(
    r"(?<![A-Za-z0-9_.,=#/:@$€£+-])"
    r"(?:tel:)?(?:\+ ?|\(\+?)?\d(?:[ \u00a0()./\u2010-\u2013-]{0,3}\d){6,63}(?![A-Za-z0-9_])"
)
_NO_PHONE = re.compile(
    r"(?:19|20)\d\d[-./]?(?:0[1-9]|1[0-2])[-./]?(?:[0-2]\d|3[01])\b.*"  # a date
    r"|\d{1,2}[-./]\d{1,2}[-./](?:19|20)\d\d\b.*"
    r"|\d{1,3}(?:\.\d{1,3}){3}"  # an IP address
    r"|.*\b(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\b.*"
    r"|(?!\d{3}\.\d{3}\.\d{4}$)\d+\.\d+(?:\.\d+)?(?:-\d+)?"  # a decimal or a version
    r"|\d{4} ?[-–] ?\d{4}"  # noqa: RUF001  years
)
_UNIT = re.compile(
    r" ?(?:[%°€$£]|(?:bytes?|[kmgt]i?b|bits?|tokens?|ns|[mµu]?s|secs?|seconds?|minutes?|hours?|days?|years?|times"
    r"|steps?|characters|rows?|lines?|people|inhabitants|habitantes|personas|einwohner|menschen|leute|stars?|degrees?|grad"
    r"|grados|[kcm]?m|km/h|met(?:re|er)s?|metros|kilomet(?:re|er)s?|kilómetros|miles|millas|kg|kilos?|g|tons?|tonnen"
    r"|euros?|dollars?|dólares|pesos|pounds|cents|sekunden|stunden|jahren?|años|veces|schritte|zeichen|hz|[kmg]hz"
    r"|volts?|watts?|joules?|parameters|points?|squared)\b"
    r"|(?:times|plus|minus|divided by|mal|geteilt durch|por|más|menos|entre|[*×÷^]) ?\d)",  # noqa: RUF001
    re.IGNORECASE,
)
_OF_QUANTITY = re.compile(
    r"(?:\b(?:isbn|issn|ean):?|\b(?:times|plus|minus|by|root of|power of|mal|durch|wurzel aus|por|más|menos|entre)"
    r"|\bcuadrada de|[*×÷^=]) ?$",  # noqa: RUF001
    re.IGNORECASE,
)
_OF_PHONE = re.compile(
    r"\b(?:(?:tele)?phone|landline|call|cell|mobile|dial|fax|sms|whatsapp|text me|reach me|ring me"
    r"|(?:my|our|her|his|their) number|tel|telefon\w*|handy\w*|ruf|rufen|anrufen|erreich\w*"
    r"|(?:meine|unsere|ihre|seine) nummer|teléfono|telefono|móvil|movil|llama\w*|llámame|celular"
    r"|(?:mi|su|nuestro) número|marca|portable|appelle\w*)\b",
    re.IGNORECASE,
)
_HINT_REACHES = 40
_COUNTED = 4


def unmasked(text: str) -> str:
    """Return a text as it is: what is stored where nothing is to be masked."""
    return text


class Masking:
    """Masks e-mail addresses, phone numbers, payment cards, bank accounts and the numbers that states give people.

    A number is masked only if it is valid: by its check digits, or by the numbering plan of its country. What it takes
    to know phone numbers is loaded with the first text that may have one, unless `load` did so before.

    Args:
        regions: the countries, by ISO 3166, whose phone numbers are known without their country code.
    """

    def __init__(self, regions: Sequence[str]) -> None:
        self._regions = tuple(regions)

    @classmethod
    def of_host(cls, environment: Mapping[str, str]) -> Masking:
        """Return one for the country of the locale in a process's environment; for some common ones without one."""
        for name in _LOCALE_VARIABLES:
            if found := _LOCALE.match(environment.get(name, "")):
                return cls((found[1],))
        return cls(_COMMON_REGIONS)

    def load(self) -> None:
        """Load what it takes to know numbers: a tenth of a second, for a thread of its own where nothing may wait."""
        self.mask("+1 202 456 1414, 4111 1111 1111 1111, DE89 3704 0044 0532 0130 00")

    def mask(self, text: str) -> str:
        """Return a text with what must not be read replaced by what it is, such as `<email>`."""
        if "@" in text:
            text = _EMAIL.sub("<email>", text)
        if _SPOKEN_DOT.search(text):
            text = _SPOKEN_EMAIL.sub(_spoken_email, text)
        if not _FEW_DIGITS.search(text):
            return text
        text = _IBAN.sub(_iban, text)
        text = _CARD.sub(_card, text)
        for pattern, module in _IDENTITIES:
            text = pattern.sub(_identity(module), text)
        return _PHONE.sub(self._phone, text)

    def mask_all(self, value: Any) -> Any:
        """Return a value with every string in it masked; mappings, lists and tuples are gone through but for keys.

        Of anything else that would show something to mask, the masked `repr` takes the place.
        """
        if isinstance(value, str):
            return self.mask(value)
        if value is None or isinstance(value, (int, float)):
            return value
        if isinstance(value, Mapping):
            return {key: self.mask_all(each) for key, each in value.items()}
        if type(value) in {list, tuple}:
            return type(value)(map(self.mask_all, value))
        shown = repr(value)
        masked = self.mask(shown)
        return value if masked == shown else masked

    def _phone(self, found: re.Match[str]) -> str:
        written = found[0]
        before = found.string[max(0, found.start() - _HINT_REACHES) : found.start()]
        if _is_quantity(before, written, found.string[found.end() : found.end() + _HINT_REACHES]):
            return written
        from phonenumbers import Leniency, PhoneNumberMatcher  # noqa: PLC0415  takes a moment

        leniency = Leniency.POSSIBLE if _OF_PHONE.search(before) else Leniency.VALID
        for region in self._regions or (None,):
            spans = [(each.start, each.end) for each in PhoneNumberMatcher(written, region, leniency)]
            if spans:
                return _replaced(written, spans, "<phone>")
        return written


def _is_quantity(before: str, written: str, after: str) -> bool:
    """Say whether a number is a date, a quantity, a part of a sum or somebody counting, by what is around too."""
    if _NO_PHONE.fullmatch(written) or _OF_QUANTITY.search(before) or _UNIT.match(after):
        return True
    counted = written.split(" ")
    if len(counted) < _COUNTED or not all(map(str.isdecimal, counted)):
        return False
    is_even = len({int(second) - int(first) for first, second in pairwise(counted)}) == 1
    return is_even or ({len(each) for each in counted} == {1, 2} and counted[0] != "0")


def _replaced(text: str, spans: Sequence[tuple[int, int]], name: str) -> str:
    for start, end in reversed(spans):
        text = f"{text[:start]}{name}{text[end:]}"
    return text


def _spoken_email(found: re.Match[str]) -> str:
    return "<email>" if _OF_EMAIL.search(found.string, 0, found.end("name")) else found[0]


def _iban(found: re.Match[str]) -> str:
    """Return the name of an account number that these characters begin with; else the characters."""
    from stdnum import iban  # noqa: PLC0415  takes a moment

    for end in _ends(found[0]):
        if iban.is_valid(found[0][:end], check_country=False):
            return f"<iban>{found[0][end:]}"
    return found[0]


def _ends(text: str) -> Iterator[int]:
    yield from sorted((each.start() for each in _END_OF_WORD.finditer(text)), reverse=True)


def _card(found: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", found[0])
    if not _ISSUED.fullmatch(digits):
        return found[0]
    from stdnum import luhn  # noqa: PLC0415  takes a moment

    return "<card>" if luhn.is_valid(digits) else found[0]


def _identity(module: str) -> Callable[[re.Match[str]], str]:
    def name(found: re.Match[str]) -> str:
        return "<id>" if import_module(f"stdnum.{module}").is_valid(found[0]) else found[0]

    return name
