"""Numbers in words as numbers in digits."""

from __future__ import annotations

from text_to_num import alpha2digit

_LANGUAGES = frozenset({"ca", "de", "en", "es", "fr", "it", "nl", "pt"})
_LONGEST = 500


def in_digits(text: str, language: str) -> str:
    """Return the first 500 characters of a text in lower case, and its numbers in digits, where they were words.

    Where the language's number words are not known, English ones are read.
    """
    known = language if language in _LANGUAGES else "en"
    return str(alpha2digit(text[:_LONGEST].lower(), known, 0))
