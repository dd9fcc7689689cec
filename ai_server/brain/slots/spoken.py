"""What was said as plain tokens: lower case, numbers in digits, and where each token stands in the words."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from text_to_num import find_numbers

MAX_CHARACTERS = 4000
"""No more of an utterance is looked at."""

_TOKEN = re.compile(
    r"(?P<half_of_day>[ap]\.\s?m\b\.?)"
    r"|(?P<ordinal>\d+(?:st|nd|rd|th|º|ª|\.º|\.ª)(?!\w))"
    r"|(?P<digits>(?:(?<![\w.,])-)?\d+(?:[.,:/-]\d+)*)"
    r"|(?P<sign_of_a_word>[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3])"
    r"|(?P<word>[^\W\d_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]+(?:['’][^\W\d_]+)*)"  # noqa: RUF001
    r"|(?P<sign>[%°½¼¾/+*×])"  # noqa: RUF001
    r"|(?P<comma>[,、，])"
    r"|(?P<stop>[.!?;:。！？\n])"
)
_THOUSANDS = {True: re.compile(r"-?\d{1,3}(?:\.\d{3})+(?:,\d+)?"), False: re.compile(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?")}
_DECIMAL = re.compile(r"-?\d+,\d+")
_APOSTROPHES = str.maketrans("", "", "'’")  # noqa: RUF001
_STOP = "|"
_MOST_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a language writes numbers.

    Attributes:
        language: its primary tag, as `text_to_num` has it; empty where that library does not know the language.
        has_decimal_comma: 1.500,5 and not 1,500.5.
        ordinal_dot: the fifth is written "5."; followed by more words, that is an ordinal.
        variants: spellings of number words that `text_to_num` does not know, and those that it does.
        accents: letters that are also left without their accent, and the letter without.
        seldom_ordinal: words that are ordinals only after one of `before_ordinal`, alone or with `tens` between, such
            as "second".
        before_ordinal: see above.
        tens: see above.
    """

    language: str
    has_decimal_comma: bool = False
    ordinal_dot: bool = False
    variants: Mapping[str, str] = field(default_factory=dict)
    accents: Mapping[int, str] | None = None
    seldom_ordinal: frozenset[str] = frozenset()
    before_ordinal: frozenset[str] = frozenset()
    tens: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Spoken:
    """An utterance as tokens.

    Attributes:
        text: the tokens with a space between: words in lower case, `7`, `2.5`, `7:30`, `#5` for the fifth, `|` for the
            end of a sentence.
    """

    text: str
    _starts: Sequence[int]
    _spans: Sequence[tuple[int, int]]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where in the words a stretch of `text` stands."""
        first = bisect_right(self._starts, start) - 1
        last = bisect_right(self._starts, end - 1) - 1
        return self._spans[first][0], self._spans[last][1]


@dataclass(slots=True)
class _Token:
    """A token as `text_to_num` takes it."""

    form: str
    number_word: str
    start: int
    end: int
    apart: bool = False
    no_number: bool = False

    def text(self) -> str:
        return self.number_word

    def nt_separated(self, _previous: _Token) -> bool:
        return self.apart

    def not_a_number_part(self) -> bool:
        return self.no_number


def listen(words: str, spelling: Spelling) -> Spoken:
    """Return the tokens of an utterance, its numbers in digits."""
    tokens = _tokens(words, spelling)
    forms: list[str] = []
    spans: list[tuple[int, int]] = []
    at = 0
    for number in find_numbers(tokens, spelling.language, threshold=0.0) if spelling.language else ():
        for token in tokens[at : number.start]:
            forms.append(token.form)
            spans.append((token.start, token.end))
        forms.append(_in_digits(number.text, number.value, is_ordinal=number.is_ordinal))
        spans.append((tokens[number.start].start, tokens[number.end - 1].end))
        at = number.end
    for token in tokens[at:]:
        forms.append(token.form)
        spans.append((token.start, token.end))
    starts, position = [], 0
    for form in forms:
        starts.append(position)
        position += len(form) + 1
    return Spoken(" ".join(forms), starts, spans)


def _in_digits(text: str, value: float, *, is_ordinal: bool) -> str:
    if is_ordinal:
        return f"#{int(value)}"
    if text.isdecimal():
        return text
    return str(int(value)) if value == int(value) else str(value)


def _tokens(words: str, spelling: Spelling) -> list[_Token]:
    tokens: list[_Token] = []
    apart = False
    for match in _TOKEN.finditer(words):
        kind = match.lastgroup
        if kind == "comma":
            apart = True
            continue
        form = _form(match, words, spelling)
        if not form:
            apart = True
            continue
        token = _Token(form, spelling.variants.get(form, form), match.start(), match.end(), apart)
        token.no_number = kind != "word" or _is_no_number(form, tokens, spelling)
        tokens.append(token)
        apart = False
    return tokens


def _form(match: re.Match[str], words: str, spelling: Spelling) -> str:
    text = match[0].lower()
    match match.lastgroup:
        case "half_of_day":
            return text[0] + "m"
        case "ordinal":
            return "#" + re.sub(r"\D", "", text)
        case "digits":
            return _digits(text, words[match.end() : match.end() + 3], spelling)
        case "word":
            form = text.translate(_APOSTROPHES)
            return form.translate(spelling.accents) if spelling.accents else form
        case "stop":
            before = words[: match.start()]
            return "" if spelling.ordinal_dot and before[-1:].isdigit() else _STOP
        case _:
            return text


def _digits(text: str, following: str, spelling: Spelling) -> str:
    if len(text) > _MOST_DIGITS:
        return _STOP
    if spelling.ordinal_dot and text.isdecimal() and re.match(r"\. ?[^\W\d]", following):
        return "#" + text
    if _THOUSANDS[spelling.has_decimal_comma].fullmatch(text):
        text = text.replace("." if spelling.has_decimal_comma else ",", "")
    return text.replace(",", ".") if _DECIMAL.fullmatch(text) else text


def _is_no_number(form: str, before: Sequence[_Token], spelling: Spelling) -> bool:
    if form not in spelling.seldom_ordinal:
        return False
    last = [token.form for token in before[-2:]]
    if last and last[-1] in spelling.tens:
        last.pop()
    return not last or last[-1] not in spelling.before_ordinal
