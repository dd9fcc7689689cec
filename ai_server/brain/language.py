"""Tells in which language somebody spoke, so that the robot can answer in it."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # it reads tables: 60 MB that a brain which speaks English alone has no use for
    from py3langid.langid import LanguageIdentifier

NAMES = {
    "en": "English",
    "zh": "Chinese",
    "ja": "Japanese",
    "es": "Spanish",
    "fr": "French",
    "de": "German",
    "ru": "Russian",
    "ko": "Korean",
    "pt": "Portuguese",
    "it": "Italian",
}
"""The English names of the languages that are told apart by their words."""

_OTHER_NAMES = {
    "ar": "Arabic",
    "bg": "Bulgarian",
    "ca": "Catalan",
    "cs": "Czech",
    "da": "Danish",
    "el": "Greek",
    "fa": "Persian",
    "fi": "Finnish",
    "he": "Hebrew",
    "hi": "Hindi",
    "hr": "Croatian",
    "hu": "Hungarian",
    "id": "Indonesian",
    "nb": "Norwegian",
    "nl": "Dutch",
    "no": "Norwegian",
    "pl": "Polish",
    "ro": "Romanian",
    "sk": "Slovak",
    "sr": "Serbian",
    "sv": "Swedish",
    "th": "Thai",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "vi": "Vietnamese",
}

_LATIN = ("de", "en", "es", "fr", "it", "pt")
_LEAST_PROBABILITY = 0.6
"""At this, 114 of 120 short utterances in these six languages are told, and every one of them rightly."""
_FEWEST_LETTERS = 4

_SCRIPT = re.compile(
    "(?P<kana>[\u3041-\u30ff]+)|(?P<han>[\u3400-\u9fff]+)|(?P<hangul>[\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3]+)"
    "|(?P<cyrillic>[\u0400-\u04ff]+)|(?P<latin>[A-Za-z\u00c0-\u024f]+)"
)
_LETTERS_OF_A_SIGN = 3
_SIGNS = frozenset({"kana", "han", "hangul"})


def name(language: str) -> str:
    """Return what a language is called in English; its tag where no name is known."""
    return NAMES.get(language) or _OTHER_NAMES.get(language, language)


def primary(tag: str) -> str:
    """Return the language of a BCP 47 tag, without script and region: `pt` of `pt-BR`."""
    return tag.partition("-")[0].lower()


def named(tag: str | None) -> str | None:
    """Return the language of what a message says of its own, a tag of BCP 47; None where it says nothing."""
    return primary(tag) if tag and primary(tag) != "und" else None


class Languages:
    """Chooses the language to answer in.

    Reading the model of the library that tells languages apart takes a second of one core and 60 MB, so one instance
    serves all robots; telling one takes 0.1 ms.

    Args:
        default: what is answered in where nothing tells, a tag of BCP 47: the first language of the persona.
    """

    def __init__(self, default: str) -> None:
        self._default = primary(default)
        self._identifier = _identifier()

    def of(self, utterance_language: str | None, words: str, last: str | None) -> str:
        """Return the language to answer in, as a primary tag of BCP 47 such as `de`.

        What the message says wins. Otherwise it is what the words are in, among those of `NAMES`: Russian, Chinese,
        Japanese and Korean by their scripts, the others by their letters. Words that are short, or could be of several
        languages, change nothing; nor do Latin letters where `last` is a language that is not told by its words.

        Args:
            utterance_language: what the message said that it is in, a tag of BCP 47.
            words: what was said.
            last: what the robot was answered in before.
        """
        known = primary(last) if last else self._default
        return named(utterance_language) or self._told(words, known) or known

    def _told(self, words: str, known: str) -> str | None:
        letters = _letters(words)
        if not letters:
            return None
        script, count = letters.most_common(1)[0]
        match script:
            case "latin":
                return self._of_latin(words) if known in NAMES and count >= _FEWEST_LETTERS else None
            case "cyrillic":
                return "ru" if known in NAMES else None
            case "hangul":
                return "ko"
            case _:
                return "ja" if letters["kana"] or known == "ja" else "zh"

    def _of_latin(self, words: str) -> str | None:
        language, probability = self._identifier.classify(words.casefold())
        return str(language) if probability >= _LEAST_PROBABILITY else None


def _letters(words: str) -> Counter[str]:
    """Count the letters of each script; a sign that stands for a syllable or a word weighs as much as three."""
    counts: Counter[str] = Counter()
    for run in _SCRIPT.finditer(words):
        script = str(run.lastgroup)
        counts[script] += len(run[0]) * (_LETTERS_OF_A_SIGN if script in _SIGNS else 1)
    return counts


def _identifier() -> LanguageIdentifier:
    """Return an identifier of the six languages alone: the tables of the other 133 take 25 MB."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415

    every = LanguageIdentifier.from_model_file(MODEL_FILE)
    every.set_languages(_LATIN)
    return LanguageIdentifier(
        every.nb_ptc,
        every.nb_pc,
        every.nb_classes,
        every.tk_nextmove,
        every.tk_output,
        norm_probs=True,
        tk_row=every.tk_row,
    )
