"""Tells from the words alone how somebody seems to feel: by the files of `config/feelings/`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

from ai_server.brain.intent.phrases import Automaton, TemplateError
from ai_server.configfile import ConfigError, ConfigModel, load_toml, toml_files
from ai_server.protocol.terms import EMOTIONS, Emotion

_SIGNS = "signs.toml"
_APOSTROPHES = str.maketrans("’ʼ`´", "''''")  # noqa: RUF001
_SYLLABLE = "[\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3]"
_WORD = re.compile(rf"{_SYLLABLE}|(?:(?!{_SYLLABLE})\w)+(?:'(?:(?!{_SYLLABLE})\w)+)*")
_CLAUSE = re.compile(r"([^.!?…,;:\n。！？，、；：]+)([.!?…,;:\n。！？，、；：]*)")  # noqa: RUF001
_EXCLAMATIONS = frozenset("!！")  # noqa: RUF001
_EDGE = "_"

_SURE, _SIGN, _HINT, _ENOUGH = 4, 3, 1, 2
_NEGATED: Mapping[Emotion, Emotion] = {"happy": "sad"}
_NEGATION_REACHES = 3
_OTHERS_REACH = 2


class _Phrases(ConfigModel):
    phrases: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()


class _Language(ConfigModel):
    spellings: Mapping[str, str] = {}
    lists: Mapping[str, str] = {}
    negations: frozenset[str] = frozenset()
    intensifiers: frozenset[str] = frozenset()
    conditions: frozenset[str] = frozenset()
    contrasts: frozenset[str] = frozenset()
    neutral: _Phrases = _Phrases()
    happy: _Phrases = _Phrases()
    sad: _Phrases = _Phrases()
    angry: _Phrases = _Phrases()
    surprised: _Phrases = _Phrases()


class _Signs(ConfigModel):
    happy: tuple[str, ...]
    sad: tuple[str, ...]
    angry: tuple[str, ...]
    surprised: tuple[str, ...]


class Feelings:
    """Reads feelings out of what people say, in each language that has a file.

    It would rather say nothing than something wrong: only what somebody says of themselves counts, not a word by
    itself.
    """

    def __init__(self, languages: Mapping[str, _Lexicon], signs: _Signs) -> None:
        self._languages = languages
        self._signs: dict[str, Emotion] = {
            sign: emotion for emotion in EMOTIONS[1:] for sign in getattr(signs, emotion)
        }
        first = "".join(sorted({sign[0] for sign in self._signs}))
        longest_first = sorted(self._signs, key=len, reverse=True)
        self._sign = re.compile(f"(?=[{re.escape(first)}])(?:{'|'.join(map(_sign, longest_first))})")

    @classmethod
    def load(cls, folder: Path) -> Feelings:
        """Read `config/feelings/`: a file for each language, and `signs.toml`.

        Raises:
            ConfigError: if a file is wrong, or `signs.toml` is missing.
        """
        signs = load_toml(folder / _SIGNS, _Signs)
        paths = [path for path in toml_files(folder) if path.name != _SIGNS]
        return cls({path.stem: _load(path) for path in paths}, signs)

    def of(self, words: str, language: str) -> Emotion | None:
        """Return how somebody seems to feel who says this; None where the words do not tell.

        Args:
            words: what was said; emoji and emoticons in it count in every language.
            language: a primary tag of BCP 47.
        """
        scores: Counter[Emotion] = Counter()
        signs = self._sign.findall(words)
        for sign in signs:
            scores[self._signs[sign]] += _SIGN
        if lexicon := self._languages.get(language):
            lexicon.score(self._sign.sub(" ", words) if signs else words, scores)
        emotion, score = max(scores.items(), key=itemgetter(1), default=(None, 0))
        return emotion if score >= _ENOUGH else None


@dataclass(frozen=True, slots=True)
class _Found:
    """A phrase in a clause: what it tells, whether for sure, and where it begins and ends."""

    emotion: Emotion
    is_sure: bool
    start: int
    end: int


class _Lexicon:
    """The phrases of one language."""

    def __init__(self, content: _Language) -> None:
        self._content = content
        self._rules: list[tuple[Emotion, bool]] = []
        templates: list[str] = []
        for emotion in EMOTIONS:
            of_emotion: _Phrases = getattr(content, emotion)
            for is_sure, several in ((True, of_emotion.phrases), (False, of_emotion.hints)):
                templates += several
                self._rules += [(emotion, is_sure)] * len(several)
        self._phrases = Automaton.of(templates, content.lists, self._split)

    def score(self, text: str, scores: Counter[Emotion]) -> None:
        """Add what the phrases in a text tell; a "but" takes half of its weight from what came before."""
        for clause, end in _CLAUSE.findall(text.translate(_APOSTROPHES)):
            part = [_EDGE]
            for word in self._split(clause):
                if word in self._content.contrasts:
                    self._score_part([*part, _EDGE], end, scores)
                    part = [_EDGE]
                    for emotion in scores:
                        scores[emotion] //= 2
                else:
                    part.append(word)
            self._score_part([*part, _EDGE], end, scores)

    def _score_part(self, words: Sequence[str], end: str, scores: Counter[Emotion]) -> None:
        before = 0
        for found in self._find(words):
            emotion = self._meant(found, words[before : found.start])
            if emotion and emotion != "neutral":
                scores[emotion] += self._weight(found, words, end)
            before = found.end

    def _find(self, words: Sequence[str]) -> Iterator[_Found]:
        at = 0
        while at < len(words):
            matches = self._phrases.matches(words, at)
            if matches:
                longest = matches[-1]
                emotion, is_sure = self._rules[longest.rule]
                yield _Found(emotion, is_sure, at, longest.end)
                at = max(longest.end - (words[longest.end - 1] == _EDGE), at + 1)
            else:
                at += 1

    def _meant(self, found: _Found, before: Sequence[str]) -> Emotion | None:
        """Return what a phrase tells behind the words before it; None where they take it back."""
        if not self._content.conditions.isdisjoint(before[-_OTHERS_REACH:]):
            return None
        if self._content.negations.isdisjoint(before[-_NEGATION_REACHES:]):
            return found.emotion
        return _NEGATED.get(found.emotion) if found.is_sure else None

    def _weight(self, found: _Found, words: Sequence[str], end: str) -> int:
        if found.is_sure:
            return _SURE
        if "?" in end:
            return 0
        is_phrase = found.end - found.start > 1
        near = words[max(0, found.start - _OTHERS_REACH) : found.end if is_phrase else found.start]
        return _HINT + (not self._content.intensifiers.isdisjoint(near)) + (not _EXCLAMATIONS.isdisjoint(end))

    def _split(self, text: str) -> list[str]:
        spoken = _WORD.findall(text.casefold())
        return [word for short in spoken for word in self._content.spellings.get(short, short).split()]


def _sign(text: str) -> str:
    """Return the pattern of a sign; an emoticon stands by itself."""
    return rf"(?<!\w){re.escape(text)}(?!\w)" if text.isascii() else re.escape(text)


def _load(path: Path) -> _Lexicon:
    try:
        return _Lexicon(load_toml(path, _Language))
    except TemplateError as error:
        raise ConfigError(path, str(error)) from None
