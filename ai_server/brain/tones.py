"""Tells the tone of what is said, by the signs of it in the files of `config/tones/`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ai_server.brain.intent.phrases import Automaton, TemplateError
from ai_server.brain.intent.words import Words
from ai_server.configfile import ConfigError, ConfigModel, load_toml, toml_files
from ai_server.memory.personalities import Traits

_SIGNS = "signs.toml"
_CLAUSE = re.compile(r"[^.!?…,;:\n¡¿]+")
_EXCLAMATION = re.compile("[!！]")  # noqa: RUF001
_LETTER = re.compile(r"[^\W\d_]")
_SHOUTED_LETTERS = 6
_LONG_WORDS = 25
_EDGE = "_"
_NEGATION_REACHES = 2


class _Phrases(ConfigModel):
    more: tuple[str, ...] = ()
    less: tuple[str, ...] = ()


class _Traits(ConfigModel):
    warmth: _Phrases = _Phrases()
    energy: _Phrases = _Phrases()
    formality: _Phrases = _Phrases()
    humour: _Phrases = _Phrases()
    directness: _Phrases = _Phrases()

    def each(self) -> Iterator[tuple[int, int, tuple[str, ...]]]:
        """Yield for each trait, by its number, and each direction, 1 or -1, the phrases."""
        for number, trait in enumerate(Traits._fields):
            phrases: _Phrases = getattr(self, trait)
            yield number, 1, phrases.more
            yield number, -1, phrases.less


class _Language(_Traits):
    spellings: Mapping[str, str] = {}
    lists: Mapping[str, str] = {}
    negations: frozenset[str] = frozenset()


class Tones:
    """Tells the tone of what is said, in each language that has a file.

    In the others only what needs no words counts: exclamation marks, capital letters and emoji.
    """

    def __init__(self, languages: Mapping[str, _Lexicon], signs: _Traits) -> None:
        self._languages = languages
        self._signs = {sign: (trait, way) for trait, way, several in signs.each() for sign in several}
        self._sign = re.compile("|".join(map(re.escape, self._signs)) or "(?!)")

    @classmethod
    def load(cls, folder: Path) -> Tones:
        """Read `config/tones/`: a file for each language, and `signs.toml`.

        Raises:
            ConfigError: if a file is wrong, or `signs.toml` is missing.
        """
        signs = load_toml(folder / _SIGNS, _Traits)
        paths = [path for path in toml_files(folder) if path.name != _SIGNS]
        return cls({path.stem: _load(path) for path in paths}, signs)

    def of(self, words: str, language: str) -> Traits:
        """Return the tone of what is said: for each trait 1 where it asks for more of it, -1 for less, 0 for neither.

        Args:
            words: what was said, as it was written or heard.
            language: a primary tag of BCP 47.
        """
        tone = [0] * len(Traits._fields)
        for sign in self._sign.findall(words):
            trait, way = self._signs[sign]
            tone[trait] += way
        if _EXCLAMATION.search(words) or _is_shouted(words):
            tone[Traits._fields.index("energy")] += 1
        if lexicon := self._languages.get(language):
            lexicon.add(words, tone)
        return Traits(*(float(max(-1, min(1, value))) for value in tone))


class _Lexicon:
    """The phrases of one language."""

    def __init__(self, content: _Language) -> None:
        self._words = Words(content.spellings)
        self._negations = content.negations
        self._rules: list[tuple[int, int]] = []
        templates: list[str] = []
        for trait, way, several in content.each():
            templates += several
            self._rules += [(trait, way)] * len(several)
        self._phrases = Automaton.of(templates, content.lists, self._words.of)

    def add(self, text: str, tone: list[int]) -> None:
        """Add to a tone what the phrases in a text tell; who talks at length is not direct."""
        length = 0
        for clause in _CLAUSE.findall(text):
            words = self._words.of(clause)
            length += len(words)
            self._add_clause([_EDGE, *words, _EDGE], tone)
        if length >= _LONG_WORDS:
            tone[Traits._fields.index("directness")] -= 1

    def _add_clause(self, words: Sequence[str], tone: list[int]) -> None:
        at = 0
        while at < len(words):
            matches = self._phrases.matches(words, at)
            if not matches:
                at += 1
                continue
            longest = matches[-1]
            if self._negations.isdisjoint(words[max(0, at - _NEGATION_REACHES) : at]):
                trait, way = self._rules[longest.rule]
                tone[trait] += way
            at = max(longest.end - (words[longest.end - 1] == _EDGE), at + 1)


def _is_shouted(words: str) -> bool:
    letters = _LETTER.findall(words)
    return len(letters) >= _SHOUTED_LETTERS and all(letter.isupper() for letter in letters)


def _load(path: Path) -> _Lexicon:
    try:
        return _Lexicon(load_toml(path, _Language))
    except TemplateError as error:
        raise ConfigError(path, str(error)) from None
