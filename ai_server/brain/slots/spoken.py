"""What was said as plain tokens: lower case, numbers in digits, and where each token stands in the words."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from text_to_num import Occurence, find_numbers

MAX_CHARACTERS = 4000
"""No more of an utterance is looked at."""

_TOKEN = re.compile(
    r"(?P<half_of_day>[apAP]\.\s?[mM]\b\.?)"
    r"|(?P<ordinal>\d+(?:st|nd|rd|th|º|ª|\.º|\.ª)(?!\w))"
    r"|(?P<digits>(?:(?<![\w.,])-)?(?:\d+|(?<![\w.,])\.\d+)(?:[.,:/-]\d+)*)"
    r"|(?P<sign_of_a_word>[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3])"
    r"|(?P<word>[^\W\d_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]+(?:['’][^\W\d_]+)*)"  # noqa: RUF001
    r"|(?P<sign>[%°½¼¾/+*×])"  # noqa: RUF001
    r"|(?P<comma>[,、，])"  # noqa: RUF001
    r"|(?P<stop>[.!?;:。！？\n])"  # noqa: RUF001
)
_THOUSANDS = {True: re.compile(r"-?\d{1,3}(?:\.\d{3})+(?:,\d+)?"), False: re.compile(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?")}
_DECIMAL = re.compile(r"-?\d+,\d+")
_APOSTROPHES = str.maketrans("", "", "'’")  # noqa: RUF001
STOP = "|"
"""The token of the end of a sentence, and of what cannot be read."""
_MOST_DIGITS = 15
_SCALES = frozenset({1e2, 1e3, 1e6, 1e9})

_Piece = tuple[str, tuple[int, int]]
"""A token and where it stands in the words."""


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a language writes numbers.

    Attributes:
        language: its primary tag, as `text_to_num` has it; empty where that library does not know the language.
        has_decimal_comma: 1.500,5 and not 1,500.5.
        ordinal_dot: the fifth is written "5."; followed by more words, that is an ordinal.
        variants: spellings of number words that `text_to_num` does not know, and those that it does.
        accents: what `str.translate` takes to leave out accents that many do not write.
        seldom_ordinal: words that are ordinals only after one of `before_ordinal`, alone or with `tens` between, such
            as "second".
        before_ordinal: see above.
        tens: see above.
    """

    language: str
    has_decimal_comma: bool = False
    ordinal_dot: bool = False
    variants: Mapping[str, str] = field(default_factory=dict)
    accents: Mapping[int, int] = field(default_factory=dict)
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

    @property
    def piece(self) -> _Piece:
        return self.form, (self.start, self.end)

    def text(self) -> str:
        return self.number_word

    def nt_separated(self, _previous: _Token) -> bool:
        return self.apart

    def not_a_number_part(self) -> bool:
        return self.no_number


def listen(words: str, spelling: Spelling) -> Spoken:
    """Return the tokens of an utterance, its numbers in digits."""
    pieces = _pieces(_tokens(words, spelling), spelling.language)
    starts = accumulate((len(form) + 1 for form, _ in pieces), initial=0)
    return Spoken(" ".join(form for form, _ in pieces), list(starts), [span for _, span in pieces])


def _pieces(tokens: Sequence[_Token], language: str) -> list[_Piece]:
    """Return the tokens with each number in words as one of them."""
    pieces: list[_Piece] = []
    done = 0
    for number in find_numbers(tokens, language, threshold=0.0) if language else ():
        pieces += [token.piece for token in tokens[done : number.start]]
        first, last = tokens[number.start], tokens[number.end - 1]
        form, start = _in_digits(number), first.start
        if number.start > done and not first.apart and pieces[-1][0].isdecimal() and number.value in _SCALES:
            counted, (start, _) = pieces.pop()
            form = str(int(counted) * int(number.value))
        pieces.append((form, (start, last.end)))
        done = number.end
    return pieces + [token.piece for token in tokens[done:]]


def _in_digits(number: Occurence) -> str:
    if number.is_ordinal:
        return f"#{int(number.value)}"
    if number.text.isdecimal():
        return str(number.text)
    return str(int(number.value)) if number.value == int(number.value) else str(number.value)


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
            return form.translate(spelling.accents)
        case "stop":
            is_after_digit = words[max(0, match.start() - 1) : match.start()].isdigit()
            return "" if spelling.ordinal_dot and is_after_digit else STOP
        case _:
            return text


def _digits(text: str, following: str, spelling: Spelling) -> str:
    if len(text) > _MOST_DIGITS:
        return STOP
    if spelling.ordinal_dot and text.isdecimal() and re.match(r"\. ?[^\W\d]", following):
        return "#" + text
    if _THOUSANDS[spelling.has_decimal_comma].fullmatch(text):
        text = text.replace("." if spelling.has_decimal_comma else ",", "")
    if text.lstrip("-").startswith("."):
        text = text.replace(".", "0.", 1)
    return text.replace(",", ".") if _DECIMAL.fullmatch(text) else text


def _is_no_number(form: str, before: Sequence[_Token], spelling: Spelling) -> bool:
    if form not in spelling.seldom_ordinal:
        return False
    last = [token.form for token in before[-2:]]
    if last and last[-1] in spelling.tens:
        last.pop()
    return not last or last[-1] not in spelling.before_ordinal
