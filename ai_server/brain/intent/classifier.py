"""Tells from an utterance what the person wants, by phrases that must match it as a whole; the rest is conversation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from ai_server.brain.intent.intent import Intent
from ai_server.brain.intent.phrases import Automaton, TemplateError
from ai_server.configfile import ConfigError, ConfigModel, load_toml

_EXACT = 1.0
_WITH_COURTESIES = 0.95
_NO_PHRASE = 0.9
_APOSTROPHES = str.maketrans("’ʼ`´", "''''")  # noqa: RUF001
_WORD = re.compile(r"\w+(?:'\w+)*")
_SHORT_FORM = re.compile(r"n't$|'\w+$")


class _Courtesies(ConfigModel):
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


class _Phrases(ConfigModel):
    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]*$")]
    alone: bool = False
    slots: Mapping[str, str] = {}
    phrases: Annotated[tuple[str, ...], Field(min_length=1)]


class _PhraseFile(ConfigModel):
    spellings: Mapping[str, str] = {}
    lists: Mapping[str, str] = {}
    courtesies: _Courtesies = _Courtesies()
    intents: Annotated[tuple[_Phrases, ...], Field(min_length=1)]


class IntentClassifier:
    """Matches whole utterances against the phrases of one language."""

    def __init__(self, phrases: _PhraseFile, names: Iterable[str]) -> None:
        self._words = _Words(phrases.spellings)
        courtesies = phrases.courtesies
        spoken_names = [" ".join(words) for name in names if (words := self._words.of(name))]
        self._rules = [(intent, phrase) for intent in phrases.intents for phrase in intent.phrases]
        self._phrases = self._automaton(phrases.lists, [phrase for _, phrase in self._rules])
        self._before = self._automaton(phrases.lists, [*courtesies.before, *spoken_names])
        self._after = self._automaton(phrases.lists, [*courtesies.after, *spoken_names])

    @classmethod
    def load(cls, path: Path, *, names: Iterable[str] = ()) -> IntentClassifier:
        """Read a file of `config/intents/`.

        Args:
            path: the file of one language.
            names: what the robot is called; said before or after a phrase, its name is a courtesy.

        Raises:
            ConfigError: if the file is missing or wrong.
        """
        phrases = load_toml(path, _PhraseFile)
        try:
            return cls(phrases, names)
        except TemplateError as error:
            raise ConfigError(path, str(error)) from None

    def classify(self, text: str) -> Intent:
        """Return what an utterance is for."""
        words = self._words.of(text)
        ends = self._ends(words)
        for start in self._starts(words):
            for match in reversed(self._phrases.matches(words, start)):
                intent, phrase = self._rules[match.rule]
                is_whole = (start, match.end) == (0, len(words))
                if match.end in ends and (is_whole or not intent.alone):
                    confidence = _EXACT if is_whole else _WITH_COURTESIES
                    return Intent(intent.name, confidence, intent.slots, phrase)
        return Intent("conversation", _NO_PHRASE)

    def _starts(self, words: Sequence[str]) -> list[int]:
        """Return where a phrase may begin: at the first word, and after each run of courtesies."""
        starts = {0}
        for start in range(len(words)):
            if start in starts:
                starts.update(match.end for match in self._before.matches(words, start))
        return sorted(starts)

    def _ends(self, words: Sequence[str]) -> set[int]:
        """Return where a phrase may end: after the last word, and before each run of courtesies."""
        ends = {len(words)}
        for end in reversed(range(len(words))):
            if any(match.end in ends for match in self._after.matches(words, end)):
                ends.add(end)
        return ends

    def _automaton(self, lists: Mapping[str, str], templates: Iterable[str]) -> Automaton:
        return Automaton(templates, lists, self._words.of)


class _Words:
    """Splits text into lower-case words without punctuation, short spellings written out."""

    def __init__(self, spellings: Mapping[str, str]) -> None:
        self._spellings = spellings

    def of(self, text: str) -> list[str]:
        spoken = _WORD.findall(text.translate(_APOSTROPHES).casefold())
        return [word for short in spoken for word in self._write_out(short)]

    def _write_out(self, word: str) -> list[str]:
        if word in self._spellings:
            return self._spellings[word].split()
        ending = _SHORT_FORM.search(word)
        if ending and ending[0] in self._spellings:
            return [word[: ending.start()], *self._spellings[ending[0]].split()]
        return [word.replace("'", "")]
