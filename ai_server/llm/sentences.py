"""Cuts words into sentences while they still come in, where a voice would pause."""

from __future__ import annotations

import re

# ruff: noqa: RUF001

_MARKS = ".!?…؟।"
_CJK_MARKS = "。！？｡"
_CLOSERS = "\"'”’“‘»«)]」』）】》"

_ANY_MARK = re.escape(_MARKS + _CJK_MARKS)
_CLOSER = re.escape(_CLOSERS)
_OPENERS = " \t\u00a0\u202f\"'“„‚‘«»(¿¡"
_CJK = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_PAUSE = re.compile(
    rf"(?P<line>\n)"
    rf"|[{_ANY_MARK}]*[{_CJK_MARKS}][{_CLOSER}]*(?=[^{_ANY_MARK}{_CLOSER}])"
    rf"|(?P<marks>[{re.escape(_MARKS)}]+)[{_CLOSER}]*(?=[\s{_CJK}])"
)
_CLAUSE = re.compile(rf"[,;:—–](?=\s)|(?P<cjk>[，；：]|(?<=[\u3040-\u30ff])、)(?=\S)|(?<=[{_CJK}])(?P<dash>——)(?=\S)")
_LAST_WORD = re.compile(r"[\w.\-ºª°]*$")
_NEXT_WORD = re.compile(r"(?P<word>\w*)(?P<after>\W?)")
_INITIALS = re.compile(r"\w(\.\w)+")
_DIGITS = re.compile(r"\d{1,4}")
_ROMAN = re.compile(r"[IVX]{2,}|[VX]")
_HANGUL = re.compile("[\uac00-\ud7a3]")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# The dot after these ends no sentence: titles, and what introduces something.
_GO_ON = _set(
    "dr mr mrs ms prof st mt vs e.g i.e approx cf sgt capt lt gen rev messrs "
    "bzw ca evtl ggf vgl inkl zzgl z.b d.h z u d i "
    "sr sra srta dra uds ud núm aprox p.ej "
    "mme mlle env c.-à-d p.ex "
    "sig sigg dott ing avv sig.ra dott.ssa "
    "exmo exma pág ee "
    "напр проф ул тов т.е т.к"
)
# The dot after these, and after initials with dots, ends a sentence only where a new one visibly begins.
_PERHAPS = _set(
    "etc inc ltd jr dept max min str tel usw u.a ecc es av ex ej pag ed ud uu a b p h j.-c "
    "г гг др т.д т.п руб коп см им стр тыс д т п с е к р н"
)
# The dot after these ends a sentence unless a number follows.
_BEFORE_NUMBERS = _set(
    "no nos nr n nº n° fig vol ch chap art abs kap sec p pp pág pag cap bd ziff str tel "
    "jan feb mar apr jun jul aug sep sept oct nov dec sun mon tue wed thu fri sat "
    "рис гл ст"
)
# After these a number with a dot is an ordinal, as in "am 3. Mai".
_BEFORE_ORDINALS = _set(
    "am der die das dem den des vom zum zur im beim ab bis seit mein meine meinem meinen dein deine deinem sein ihr "
    "unser unsere jeder jede jedes jeden dieser diese dieses ein eine einen einem erst nach vor"
)
_GERMAN_MONTHS = _set(
    "januar jänner februar märz april mai juni juli august september oktober november dezember jahrhundert stock klasse"
)

_FIRST_CLAUSE = 30
_FIRST_CLAUSE_HANGUL = 16
_FIRST_CLAUSE_CJK = 10


class SentenceCutter:
    """Collects words and gives them back as sentences, each as soon as it is certain that it has ended.

    A sentence ends after `.`, `!`, `?`, `…`, their relatives in other scripts, and at a line's end; not within numbers
    (`3.5`, `14.05`), after abbreviations (`Dr.`, `z. B.`, `No. 5`), initials and ordinals (`am 3. Mai`), and never
    before its first letter or digit. So that a voice can start soon, the very first one may end at a comma, colon or
    dash once it has 30 characters (16 in Korean, 10 in Chinese or Japanese). White space is collapsed. The result does
    not depend on how the text was split across feeds.
    """

    def __init__(self) -> None:
        self._sentence = ""
        self._given = 0
        self._first = True
        self._quotes = 0
        self._settled = 0

    @property
    def rest(self) -> str:
        """The whole of the sentence that has not ended yet; its first clause may have been given back already."""
        return _collapse(self._sentence)

    def feed(self, text: str) -> list[str]:
        """Add words; return the sentences that are complete by now."""
        self._sentence += text
        sentences: list[str] = []
        while True:
            end, self._settled = _sentence_end(self._sentence, self._settled, self._quotes)
            if self._first:
                sentences += self._first_clause(end or len(self._sentence))
            if end is None:
                return sentences
            sentences += _speakable(self._sentence[self._given : end])
            self._quotes += _opened_quotes(self._sentence[:end])
            self._sentence = self._sentence[end:]
            self._given, self._settled, self._first = 0, 0, False

    def close(self) -> list[str]:
        """Return what is left as the last sentence, if it holds a letter or a digit; the cutter is empty then."""
        left = _speakable(self._sentence[self._given :])
        self._sentence, self._given, self._settled, self._quotes = "", 0, 0, 0
        self._first = self._first and not left
        return left

    def _first_clause(self, limit: int) -> list[str]:
        for clause in _CLAUSE.finditer(self._sentence, 0, limit):
            words = _collapse(self._sentence[: clause.end()])
            if len(words) >= _shortest_clause(words, is_cjk=bool(clause["cjk"] or clause["dash"])):
                self._given, self._first = clause.end(), False
                return [words]
        return []


def ends_sentence(text: str) -> bool:
    """Say whether a text that breaks off here breaks off after a full sentence; `It is 3.` may have been `3.5`."""
    bare = text.rstrip(_CLOSERS + " ")
    words = bare.rstrip(_MARKS + _CJK_MARKS)
    if bare[len(words) :] == ".":
        return (
            not words[-1:].isdigit() and not _always_goes_on(words) and _last_word(words).lower() not in _BEFORE_NUMBERS
        )
    return bare != words


def _sentence_end(text: str, settled: int, quotes: int) -> tuple[int | None, int]:
    """Return where the first sentence ends, None where that is not certain yet; and up to where none can end.

    Args:
        text: what is cut.
        settled: up to where none can end, as returned for the text when it was shorter.
        quotes: how many French quotations are open at its beginning.
    """
    for pause in _PAUSE.finditer(text, settled):
        words = text[: pause.start()]
        if not _speakable(words):
            continue
        if pause["line"]:
            return pause.end(), pause.end()
        end = _after_quote(text, pause.end()) if quotes + _opened_quotes(words) > 0 else pause.end()
        goes_on = pause["marks"] == "." and _goes_on(words, text[end:])
        if goes_on is None or end == len(text):
            return None, pause.start()
        if not goes_on and (end == pause.end() or text[end].isspace()):
            end -= pause[0].endswith('"') and words.count('"') % 2 == 0 and not text[end].isspace()
            return end, end
    return None, len(text.rstrip(_MARKS + _CJK_MARKS + _CLOSERS))


def _opened_quotes(words: str) -> int:
    return words.count("«") - words.count("»")


def _after_quote(text: str, end: int) -> int:
    """Return where a French quotation ends, if all that follows is its mark; the end of the text while that is open."""
    ahead = text[end:].lstrip(" \u00a0\u202f")
    return len(text) - len(ahead) + ahead.startswith("»") if ahead[:1] in ("", "»") else end


def _goes_on(words: str, following: str) -> bool | None:
    """Say whether a sentence goes on behind a dot; None while that depends on what is still to come."""
    if _always_goes_on(words):
        return True
    word, ahead = _last_word(words), following.lstrip(_OPENERS)
    if _DIGITS.fullmatch(word):
        return _is_ordinal(words, ahead)
    before_number = word.lower() in _BEFORE_NUMBERS
    perhaps = word.lower() in _PERHAPS or _INITIALS.fullmatch(word) or _ROMAN.fullmatch(word)
    if not ahead:
        return None if before_number or perhaps else False
    return (before_number and ahead[0].isdigit()) or (bool(perhaps) and not ahead[0].isupper())


def _is_ordinal(words: str, ahead: str) -> bool | None:
    *_, before, _ = ["", *words.split()]
    following = _NEXT_WORD.match(ahead)
    if before.lower() in _BEFORE_ORDINALS:
        return True
    if not following or not ahead:
        return None
    word = following["word"].lower()
    if not following["after"] and any(month.startswith(word) for month in _GERMAN_MONTHS):
        return None
    return ahead[0].islower() or word in _GERMAN_MONTHS


def _always_goes_on(words: str) -> bool:
    word = _last_word(words)
    if word == "I":
        return False
    is_initial = len(word) == 1 and word.isupper()
    return is_initial or word.lower() in _GO_ON or (word.isdigit() and words.strip() == word)


def _last_word(words: str) -> str:
    found = _LAST_WORD.search(words[-16:])
    return found[0] if found else ""


def _shortest_clause(words: str, *, is_cjk: bool) -> int:
    if is_cjk:
        return _FIRST_CLAUSE_CJK
    return _FIRST_CLAUSE_HANGUL if _HANGUL.search(words) else _FIRST_CLAUSE


def _speakable(text: str) -> list[str]:
    return [_collapse(text)] if any(map(str.isalnum, text)) else []


def _collapse(text: str) -> str:
    return " ".join(text.split())
