"""Cuts words into sentences while they still come in, where a voice would pause."""

from __future__ import annotations

import re

# ruff: noqa: RUF001

_MARKS = ".!?…؟।"
_CJK_MARKS = "。！？｡"
_CLOSERS = "\"'”’»)]*」』）】》"

_ANY_MARK = re.escape(_MARKS + _CJK_MARKS)
_CLOSER = re.escape(_CLOSERS)
_CJK = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_PAUSE = re.compile(
    rf"(?P<line>\n)"
    rf"|[{_ANY_MARK}]*[{_CJK_MARKS}][{_CLOSER}]*(?=[^{_ANY_MARK}{_CLOSER}])"
    rf"|(?P<marks>[{re.escape(_MARKS)}]+)[{_CLOSER}]*(?=[\s{_CJK}])"
)
_CLAUSE = re.compile(r"[,;:—–](?=\s)|(?P<cjk>[，；：])(?=\S)")
_LAST_WORD = re.compile(r"[\w.]*$")
_INITIALS = re.compile(r"\w(\.\w)+")

# The dot after these ends no sentence.
_TITLES = frozenset({"dr", "mr", "mrs", "ms", "prof", "st", "mt", "vs", "e.g", "i.e", "approx", "fig", "cf"})
# The dot after these, and after initials with dots, ends a sentence only where a new one visibly begins.
_PERHAPS = frozenset({"etc", "inc", "ltd", "jr", "sr"})

_FIRST_CLAUSE = 40
_FIRST_CLAUSE_CJK = 12


class SentenceCutter:
    """Collects words and gives them back as sentences, each as soon as it is certain that it has ended.

    A sentence ends after `.`, `!`, `?`, `…`, their relatives in other scripts, and at a line's end; not within numbers
    (`3.5`), after abbreviations (`Dr.`) and initials, and never before its first letter or digit. So that a voice can
    start soon, the very first one may end at a comma once it has 40 characters (12 in Chinese or Japanese). White
    space is collapsed. The result does not depend on how the text was split across feeds.
    """

    def __init__(self) -> None:
        self._sentence = ""
        self._given = 0
        self._first = True

    @property
    def rest(self) -> str:
        """The whole of the sentence that has not ended yet; its first clause may have been given back already."""
        return _collapse(self._sentence)

    def feed(self, text: str) -> list[str]:
        """Add words; return the sentences that are complete by now."""
        self._sentence += text
        sentences: list[str] = []
        while True:
            end = _sentence_end(self._sentence)
            if self._first:
                sentences += self._first_clause(end)
            if end is None:
                return sentences
            sentences += _speakable(self._sentence[self._given : end])
            self._sentence = self._sentence[end:]
            self._given, self._first = 0, False

    def close(self) -> list[str]:
        """Return what is left as the last sentence, if it holds a letter or a digit; the cutter is empty then."""
        left = _speakable(self._sentence[self._given :])
        self._sentence, self._given, self._first = "", 0, self._first and not left
        return left

    def _first_clause(self, limit: int | None) -> list[str]:
        for clause in _CLAUSE.finditer(self._sentence, 0, limit or len(self._sentence)):
            words = _collapse(self._sentence[: clause.end()])
            if len(words) >= (_FIRST_CLAUSE_CJK if clause["cjk"] else _FIRST_CLAUSE):
                self._given, self._first = clause.end(), False
                return [words]
        return []


def ends_sentence(text: str) -> bool:
    """Say whether a text that breaks off here breaks off after a full sentence; `It is 3.` may have been `3.5`."""
    bare = text.rstrip(_CLOSERS)
    words = bare.rstrip(_MARKS + _CJK_MARKS)
    if bare[len(words) :] == ".":
        return not words[-1:].isdigit() and not _dot_goes_on(words)
    return bare != words


def _sentence_end(text: str) -> int | None:
    for pause in _PAUSE.finditer(text):
        words = text[: pause.start()]
        if not _speakable(words):
            continue
        if pause["marks"] != ".":
            return pause.end()
        if _dot_goes_on(words):
            continue
        if not _perhaps_goes_on(words):
            return pause.end()
        following = text[pause.end() :].lstrip(" \t")
        if not following:
            return None
        if following[0].isupper():
            return pause.end()
    return None


def _dot_goes_on(words: str) -> bool:
    word = _last_word(words)
    initial = len(word) == 1 and word.isupper() and word != "I"
    return initial or word.lower() in _TITLES or (word.isdigit() and words.strip() == word)


def _perhaps_goes_on(words: str) -> bool:
    word = _last_word(words)
    return word.lower() in _PERHAPS or _INITIALS.fullmatch(word) is not None


def _last_word(words: str) -> str:
    found = _LAST_WORD.search(words[-16:])
    return found[0] if found else ""


def _speakable(text: str) -> list[str]:
    return [_collapse(text)] if any(map(str.isalnum, text)) else []


def _collapse(text: str) -> str:
    return " ".join(text.split())
