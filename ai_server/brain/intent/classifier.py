"""Tells from an utterance what the person wants: by phrases that match it as a whole, else by what it is most like."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from ai_server.brain.intent.cache import Cache
from ai_server.brain.intent.commandwords import CommandWords
from ai_server.brain.intent.intent import Intent
from ai_server.brain.intent.language import Language
from ai_server.brain.intent.matcher import Context, PhraseMatcher
from ai_server.brain.intent.phrasefile import PhraseFiles
from ai_server.brain.intent.samples import CONVERSATION
from ai_server.brain.intent.words import Spoken

_ENGLISH = "en"
_NOTHING = Intent(CONVERSATION, 1.0)


class IntentClassifier:
    """Understands utterances in every language that has phrases.

    Args:
        languages: by their primary tags of BCP 47.
    """

    def __init__(self, languages: Mapping[str, Language]) -> None:
        self._languages = languages

    @classmethod
    def load(cls, folder: Path, *, names: Iterable[str] = (), cache: Path | None = None) -> IntentClassifier:
        """Read the files of `config/intents/` that the cache does not know yet, check them, and compile their phrases.

        Nothing is learnt: `warm` does that. A cache that knows all the files makes this a matter of milliseconds; a
        file that is new to it takes up to a second.

        Args:
            folder: holds the files of all languages.
            names: what robots are called; said before or after a phrase, a name is a courtesy.
            cache: the folder that keeps what was made of the files; None keeps nothing.

        Raises:
            ConfigError: if a file is wrong.
        """
        names, kept = tuple(names), Cache(cache)
        files = PhraseFiles(folder, needed=(_ENGLISH,))
        return cls({language: Language.read(language, files, names, kept) for language in files.languages})

    @property
    def languages(self) -> Sequence[str]:
        """The languages that have phrases, as primary tags of BCP 47."""
        return sorted(self._languages)

    def is_warm(self, language: str) -> bool:
        """Return whether nothing is left for `warm` to do; true for a language that has no phrases."""
        return language not in self._languages or self._languages[language].is_learnt

    def warm(self, language: str = _ENGLISH) -> None:
        """Make a language ready, and learn from its phrases what was not learnt before.

        What is not in the cache takes a second or two; it may be done in another thread while utterances are
        classified. Nothing happens where a language has no phrases.
        """
        for tag in {language, _ENGLISH} & self._languages.keys():
            self._languages[tag].matcher.warm()
        if language in self._languages:
            self._languages[language].learn()

    def classify(
        self,
        text: str,
        *,
        language: str = _ENGLISH,
        context: Context | None = None,
        now: datetime | None = None,
        called: str = "",
    ) -> Intent:
        """Return what an utterance is for.

        The first utterance in a language takes some 50 ms where nobody called `warm`. Until what its phrases teach is
        learnt or recalled, what no phrase matches is conversation.

        Args:
            text: what was said.
            language: a primary tag of BCP 47; phrases of English are understood besides.
            context: what the last skill answered, if this may go on from there.
            now: what dates and times count from; None for the present.
            called: what people named the robot, if not as its persona; said around a phrase it is a courtesy.
        """
        now = now or datetime.now(UTC).astimezone()
        if language not in self._languages:
            return self._match(_ENGLISH, text, now, called) or _NOTHING
        matcher = self._languages[language].matcher
        spoken = matcher.words.spoken(text, called)
        if context and (following := _followed(matcher, spoken, context, now)):
            return following
        if matched := matcher.match(spoken, now):
            return _chosen(matched, context) if context else matched
        if language != _ENGLISH and (matched := self._match(_ENGLISH, text, now, called)):
            return matched
        return self._judged(language, matcher, spoken, now)

    def commands(self, language: str) -> Sequence[CommandWords]:
        """Return how bodies are told to do something in a language, and in English after it."""
        tags = dict.fromkeys((language, _ENGLISH))
        return [self._languages[tag].matcher.commands for tag in tags if tag in self._languages]

    def _match(self, language: str, text: str, now: datetime, called: str) -> Intent | None:
        if language not in self._languages:
            return None
        matcher = self._languages[language].matcher
        return matcher.match(matcher.words.spoken(text, called), now)

    def _judged(self, language: str, matcher: PhraseMatcher, spoken: Spoken, now: datetime) -> Intent:
        judge = self._languages[language].judge
        if judge is None:
            return _NOTHING
        judged = judge.judge(matcher.bare(spoken))
        if judged.intent == CONVERSATION:
            return Intent(CONVERSATION, judged.probability)
        slots = {**judged.slots, **matcher.slots(spoken, judged.intent, now)}
        return Intent(judged.intent, judged.probability, slots, "classifier", judged.response)


def _followed(matcher: PhraseMatcher, spoken: Spoken, context: Context, now: datetime) -> Intent | None:
    chosen = matcher.choose(spoken, context, now) if context.choices else None
    return chosen or matcher.follow(spoken, context, now)


def _chosen(matched: Intent, context: Context) -> Intent:
    """Return the choice that a yes or a no is, where one was asked for."""
    said = {"affirm": "yes", "deny": "no"}.get(matched.name, "")
    if said not in context.choices:
        return matched
    return Intent(context.intent, matched.confidence, {**context.slots, "choice": said}, "context")
