"""What the brain says when there is no model, or when it broke: written answers, through the model's interface."""

from __future__ import annotations

import random
import re
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Annotated

from pydantic import AfterValidator, Field, RootModel

from ai_server.bounded import Newest
from ai_server.configfile import ConfigModel, load_toml
from ai_server.llm.chat import ChatEvent, ChatRequest, Finished, Started
from ai_server.llm.reply import ReplyParser
from ai_server.protocol.terms import EMOTIONS, Emotion

_WORDS_PER_DELTA = 3
_CONVERSATIONS = 1000
_EVERYBODYS = "en"
_FORM = re.compile(rf"\[({'|'.join(EMOTIONS)})\] [^\s{{}}\[\]][^{{}}\[\]]*")


def _answer(value: str) -> str:
    if not _FORM.fullmatch(value):
        raise ValueError(f"must be [emotion] and then words, the emotion one of {', '.join(EMOTIONS)}: {value!r}")
    template = Template(value)
    if not template.is_valid() or set(template.get_identifiers()) - {"name"}:
        raise ValueError(f"may hold $name and no other placeholder; a dollar sign is written $$: {value!r}")
    return value


AnswerText = Annotated[str, AfterValidator(_answer)]
"""An answer as a model would give it, `[emotion] words`; `$name` is the robot's name."""

AnswerList = Annotated[tuple[AnswerText, ...], Field(min_length=1)]


class AnswersByEmotion(ConfigModel):
    """The answers to one intent, by how the person seems to feel; `neutral` serves where a feeling has none."""

    neutral: AnswerList
    happy: AnswerList | None = None
    sad: AnswerList | None = None
    angry: AnswerList | None = None
    surprised: AnswerList | None = None

    def choices(self, emotion: Emotion) -> tuple[str, ...]:
        """Return what may be answered to a person who feels so."""
        choices: tuple[str, ...] | None = getattr(self, emotion)
        return choices or self.neutral


def _with_conversation(answers: dict[str, AnswersByEmotion]) -> dict[str, AnswersByEmotion]:
    if "conversation" not in answers:
        raise ValueError("needs a [conversation] table: its answers serve where an intent has none")
    return answers


class Answers(RootModel[Annotated[dict[str, AnswersByEmotion], AfterValidator(_with_conversation)]]):
    """The written answers of one language, by intent. Those to `conversation` serve where an intent has none."""

    def choices(self, intent: str, emotion: Emotion) -> tuple[str, ...]:
        """Return what may be answered to this intent of a person who feels so."""
        return self.root.get(intent, self.root["conversation"]).choices(emotion)

    def with_own(self, own: Mapping[str, AnswersByEmotion]) -> Answers:
        """Return these answers with those of a persona in their place, intent by intent."""
        return Answers({**self.root, **own})


class WrittenAnswers:
    """The written answers of all languages; English ones serve where a language has none.

    Args:
        languages: by the primary tag of BCP 47; `en` is among them.
    """

    def __init__(self, languages: Mapping[str, Answers]) -> None:
        self._languages = languages

    @classmethod
    def load(cls, folder: Path) -> WrittenAnswers:
        """Read `config/phrases/fallback/`, a file for each language.

        Raises:
            ConfigError: if one is wrong, or `en.toml` is missing.
        """
        paths = {folder / f"{_EVERYBODYS}.toml", *folder.glob("[!.]*.toml")}
        return cls({path.stem: load_answers(path) for path in sorted(paths)})

    def of(self, language: str) -> Answers:
        """Return the answers in a language, a primary tag of BCP 47."""
        return self._languages.get(language) or self._languages[_EVERYBODYS]

    def with_own(self, own: Mapping[str, AnswersByEmotion], language: str) -> WrittenAnswers:
        """Return these answers with those of a persona in their place, in its language, a tag of BCP 47."""
        primary = language.partition("-")[0].lower()
        return WrittenAnswers({**self._languages, primary: self.of(primary).with_own(own)}) if own else self


def load_answers(path: Path) -> Answers:
    """Read a file of `config/phrases/fallback/`.

    Raises:
        ConfigError: if it is missing or wrong.
    """
    return load_toml(path, Answers)


@dataclass(frozen=True, slots=True)
class Voice:
    """Who speaks where no model does: what the robot is called, and what it may say."""

    name: str
    answers: WrittenAnswers


class Fallback:
    """A `ChatModel` without a model: it answers by the request's language, intent and emotion, at once and always.

    It never gives the same answer twice in a row in one conversation, where there is more than one to choose from.

    Args:
        voice: who answers a request, at the moment of asking.
        rng: chooses among the answers; the same state gives the same choices.
    """

    def __init__(self, voice: Callable[[ChatRequest], Voice], *, rng: random.Random) -> None:
        self._voice = voice
        self._rng = rng
        self._last = Newest[str, str](_CONVERSATIONS)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        """Yield the events of one reply; see `ChatModel.stream`. Raises nothing."""
        voice = self._voice(request)
        raw = Template(self._choose(voice, request)).substitute(name=voice.name)
        parser = ReplyParser()
        yield Started("fallback")
        for words in _groups(raw):
            for event in parser.feed(words):
                yield event
        for event in parser.close(truncated=False):
            yield event
        yield Finished("stop", parser.text)

    def _choose(self, voice: Voice, request: ChatRequest) -> str:
        choices = voice.answers.of(request.language).choices(request.intent, request.emotion)
        last = self._last.get(request.conversation_id)
        answer = self._rng.choice([choice for choice in choices if choice != last] or choices)
        self._last[request.conversation_id] = answer
        return answer


def _groups(raw: str) -> list[str]:
    words = re.findall(r"\S+\s*", raw)
    return ["".join(words[at : at + _WORDS_PER_DELTA]) for at in range(0, len(words), _WORDS_PER_DELTA)]
