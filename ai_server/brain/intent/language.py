"""What is understood of one language: its phrases, and what is learnt from them."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from functools import cached_property

import msgspec
from pydantic import TypeAdapter

from ai_server.brain.intent.cache import Cache, fingerprint
from ai_server.brain.intent.judge import Judge
from ai_server.brain.intent.matcher import Compiled, PhraseMatcher
from ai_server.brain.intent.phrasefile import Phrasebook, PhraseFiles
from ai_server.brain.intent.phrases import TemplateError
from ai_server.brain.intent.slotreader import Reader
from ai_server.brain.intent.words import Words
from ai_server.configfile import ConfigError

_PHRASES_VERSION = "2"
_LEARNT_VERSION = "15"
"""Of how it is made: another one makes what is cached worthless."""

_BOOK = TypeAdapter(Phrasebook)
_BOOK_VERSION = fingerprint(json.dumps(_BOOK.json_schema(), sort_keys=True))
"""Another one where a phrase book has other fields: what an older program kept is not for this one."""


class _Phrases(msgspec.Struct, frozen=True):
    book: bytes
    compiled: Compiled


class Language:
    """The phrases of a language, and what was learnt from them; both are read on first use.

    Args:
        tag: its primary tag of BCP 47.
        phrases: as `read` made or recalled them.
        names: what robots are called.
        cache: keeps what is learnt.
    """

    def __init__(self, tag: str, phrases: bytes, names: Sequence[str], cache: Cache) -> None:
        self._tag = tag
        self._encoded = phrases
        self._names = names
        self._cache = cache
        self._learning = threading.Lock()

    @classmethod
    def read(cls, tag: str, files: PhraseFiles, names: Sequence[str], cache: Cache) -> Language:
        """Return a language; its files are read only where the cache does not know their content.

        Raises:
            ConfigError: if one of the files is wrong.
        """
        kind, key = f"phrases-{tag}", fingerprint(_PHRASES_VERSION, _BOOK_VERSION, *files.contents(tag))
        phrases = cache.recall(kind, key)
        if phrases is None:
            phrases = _compiled(tag, files)
            if not files.have_changed(tag):
                cache.keep(kind, key, phrases)
        return cls(tag, phrases, names, cache)

    @cached_property
    def matcher(self) -> PhraseMatcher:
        """Matches the phrases."""
        return PhraseMatcher(self._tag, self._book, self._names, Reader(), self._phrases.compiled)

    @property
    def judge(self) -> Judge | None:
        """Judges what no phrase matches; None before it is learnt, and where there is too little to learn from."""
        return self._judges[0] if self._judges else None

    @property
    def is_learnt(self) -> bool:
        """Whether there is nothing left to learn."""
        return bool(self._judges) or not Judge.can_learn(self._taught)

    def learn(self) -> None:
        """Learn from the phrases what was not learnt before: that takes a second or two. Any thread may call it."""
        with self._learning:
            if self.is_learnt:
                return
            learnt = Judge.learn(self._taught, self.matcher.words)
            self._cache.keep(self._kind, self._key, learnt)
            self._judges.append(Judge(self._taught.groups, learnt))

    @cached_property
    def _phrases(self) -> _Phrases:
        return msgspec.msgpack.decode(self._encoded, type=_Phrases)

    @cached_property
    def _book(self) -> Phrasebook:
        return _BOOK.validate_json(self._phrases.book)

    @cached_property
    def _taught(self) -> Phrasebook:
        return self._book.taught

    @cached_property
    def _judges(self) -> list[Judge]:
        """Hold the one that was learnt, as soon as it is."""
        learnt = self._cache.recall(self._kind, self._key)
        return [Judge(self._taught.groups, learnt)] if learnt else []

    @cached_property
    def _key(self) -> str:
        return fingerprint(_LEARNT_VERSION, self._phrases.book)

    @property
    def _kind(self) -> str:
        return f"learnt-{self._tag}"


def _compiled(tag: str, files: PhraseFiles) -> bytes:
    book = files.phrasebook(tag)
    try:
        compiled = Compiled.of(book)
        if misanswered := files.misanswered(tag):
            raise misanswered
    except TemplateError as error:
        raise files.mistake(tag, Words(book.spellings).of) or ConfigError(files.folder, str(error)) from None
    return msgspec.msgpack.encode(_Phrases(_BOOK.dump_json(book), compiled))
