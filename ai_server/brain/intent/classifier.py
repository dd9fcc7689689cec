"""Tells from an utterance what the person wants: by phrases that match it as a whole, else by what it is most like."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from ai_server.brain.intent.intent import Intent
from ai_server.brain.intent.judge import Judge
from ai_server.brain.intent.matcher import Context, PhraseMatcher
from ai_server.brain.intent.phrasefile import Phrasebook, PhraseFiles
from ai_server.brain.intent.phrases import TemplateError
from ai_server.brain.intent.samples import CONVERSATION, Sampler
from ai_server.brain.intent.slotreader import Reader
from ai_server.brain.intent.words import Spoken, Words
from ai_server.configfile import ConfigError

_ENGLISH = "en"
_NOTHING = Intent(CONVERSATION, 1.0)


class IntentClassifier:
    """Understands utterances in every language that has phrases.

    Args:
        books: the phrases, by language.
        matchers: match phrases, by language.
        judges: judge what no phrase matches, by language.
    """

    def __init__(
        self, books: Mapping[str, Phrasebook], matchers: Mapping[str, PhraseMatcher], judges: Mapping[str, Judge]
    ) -> None:
        self._books = books
        self._matchers = matchers
        self._judges = judges

    @classmethod
    def load(cls, folder: Path, *, names: Iterable[str] = (), cache: Path | None = None) -> IntentClassifier:
        """Read the files of `config/intents/`, and learn from them what was not learnt before.

        Args:
            folder: holds the files of all languages.
            names: what robots are called; said before or after a phrase, a name is a courtesy.
            cache: the folder that keeps what was learnt; None keeps nothing.

        Raises:
            ConfigError: if a file is wrong.
        """
        names = tuple(names)
        files = PhraseFiles(folder, needed=(_ENGLISH,))
        matchers: dict[str, PhraseMatcher] = {}
        judges: dict[str, Judge] = {}
        books = files.phrasebooks()
        for language, book in books.items():
            try:
                matcher = PhraseMatcher(language, book, names, Reader())
            except TemplateError as error:
                words = Words(book.spellings)
                raise files.mistake(language, words.of) or ConfigError(folder, str(error)) from None
            matchers[language] = matcher
            if judge := Judge.of(book, matcher.words, cache):
                judges[language] = judge
        return cls(books, matchers, judges)

    @property
    def languages(self) -> Sequence[str]:
        """The languages that have phrases, as primary tags of BCP 47."""
        return sorted(self._books)

    def warm(self, language: str = _ENGLISH) -> None:
        """Match a sentence of every phrase of a language, so that no person waits for what is made on first use.

        That takes about a second, and may be done in another thread while utterances are classified.
        """
        matcher, now = self._matchers[language], datetime.now(UTC).astimezone()
        for text in Sampler(self._books[language], matcher.words).one_each():
            matcher.match(matcher.words.spoken(text), now)

    def classify(
        self, text: str, *, language: str = _ENGLISH, context: Context | None = None, now: datetime | None = None
    ) -> Intent:
        """Return what an utterance is for.

        Args:
            text: what was said.
            language: a primary tag of BCP 47; phrases of English are understood besides.
            context: what the last skill answered, if this may go on from there.
            now: what dates and times count from; None for the present.
        """
        now = now or datetime.now(UTC).astimezone()
        matcher = self._matchers.get(language)
        if matcher is None:
            return self._match(_ENGLISH, text, now) or _NOTHING
        spoken = matcher.words.spoken(text)
        if context and (following := _followed(matcher, spoken, context, now)):
            return following
        if matched := matcher.match(spoken, now):
            return _chosen(matched, context) if context else matched
        if language != _ENGLISH and (matched := self._match(_ENGLISH, text, now)):
            return matched
        return self._judged(language, matcher, spoken, now)

    def _match(self, language: str, text: str, now: datetime) -> Intent | None:
        matcher = self._matchers.get(language)
        return matcher.match(matcher.words.spoken(text), now) if matcher else None

    def _judged(self, language: str, matcher: PhraseMatcher, spoken: Spoken, now: datetime) -> Intent:
        judge = self._judges.get(language)
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
