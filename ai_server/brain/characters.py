"""Who the robots are and how they speak and understand: the files of `config/`, also while people edit them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from ai_server.brain.facts.rules import FactRules
from ai_server.brain.feelings import Feelings
from ai_server.brain.intent.classifier import IntentClassifier
from ai_server.brain.persona import Persona
from ai_server.brain.prompt import Prompt
from ai_server.brain.rules import Rules
from ai_server.brain.skills.sayings import Sayings
from ai_server.brain.tones import Tones
from ai_server.brain.watchedfile import WatchedFile
from ai_server.brain.wording import Wording
from ai_server.configfile import ConfigError, toml_files
from ai_server.llm.chat import ChatRequest
from ai_server.llm.fallback import Voice, WrittenAnswers

log = structlog.get_logger(__name__)

LOOK_S = 1.0

_MISNAMED = "the name of a persona's file is 1 to 32 of a-z 0-9 _ - and then .toml: rename it"
_PERSONA_NAME = re.compile(r"[a-z0-9_-]{1,32}")
_MOST_WARNINGS = 1000


@dataclass(frozen=True, slots=True)
class Characters:
    """What the files held at one moment. A turn that keeps it is not touched by what is edited meanwhile.

    Attributes:
        default: who speaks where no other persona is wanted.
        personas: all of them, by the names of their files.
        prompt: the template of the system message.
        answers: what is said without a model by personas that have no answers of their own.
        wording: what is said of actions.
        sayings: what skills say.
        rules: when robots speak of their own accord.
        classifier: tells what an utterance is for; it knows the names of all personas, and is warm for their languages.
        feelings: tells from words how somebody feels.
        tones: tells from words in what tone somebody speaks.
        fact_rules: find in words what is to be known for good.
        problems: what is wrong with files, of which something older or nothing is in use.
    """

    default: Persona
    personas: Mapping[str, Persona]
    prompt: Prompt
    answers: WrittenAnswers
    wording: Wording
    sayings: Sayings
    rules: Rules
    classifier: IntentClassifier
    feelings: Feelings
    tones: Tones
    fact_rules: FactRules
    problems: tuple[str, ...] = ()
    _warned: set[str] = field(default_factory=set, compare=False, repr=False)

    def persona(self, name: str | None) -> Persona:
        """Return the persona of this name; the default one for None, and for an unknown name, which is logged once."""
        if name is None:
            return self.default
        if name in self.personas:
            return self.personas[name]
        if name not in self._warned and len(self._warned) < _MOST_WARNINGS:
            self._warned.add(name)
            known = ", ".join(sorted(self.personas))
            log.warning("there is no such persona: the default one speaks", persona=name, known=known)
        return self.default

    @property
    def ailment(self) -> str:
        """The problems in one line for operators; empty where there are none."""
        if not self.problems:
            return ""
        more = f", and {len(self.problems) - 1} more" if len(self.problems) > 1 else ""
        return f"{self.problems[0].splitlines()[0]}{more}"


class CharacterFiles:
    """Keeps `current` true to the files of `config/`.

    A file that is wrong or missing keeps what it held before and is one of the `problems`. A persona whose file is
    deleted is gone, but for the default one.

    Attributes:
        current: what is in use; each change puts another one in its place.
        reloads: files that were read again since the start.
        refusals: files that were found wrong or missing since the start.
        on_change: called on the event loop when `current` has changed, be it in its `problems` alone.
    """

    def __init__(self, folder: Path, *, persona: str, prompt: str, cache: Path | None = None) -> None:
        """Read the files.

        Args:
            folder: laid out as the shipped `config/`.
            persona: the file of the default persona, without `.toml`.
            prompt: the file of the prompt, without `.txt`.
            cache: the folder that keeps what is learnt from the phrases of intents; None keeps nothing.

        Raises:
            ConfigError: if one is missing or wrong; a persona other than the default one becomes a problem.
        """
        self.reloads = 0
        self.refusals = 0
        self.on_change: Callable[[], None] | None = None
        self._cache = cache
        self._personas = _PersonaFolder(folder / "personas", persona)
        self._prompt = WatchedFile.read(folder / "prompts" / f"{prompt}.txt", Prompt.load)
        self._answers = WatchedFile.read(folder / "phrases" / "fallback", WrittenAnswers.load)
        self._wording = WatchedFile.read(folder / "phrases" / "actions.toml", Wording.load)
        self._sayings = WatchedFile.read(folder / "phrases" / "skills", Sayings.load)
        self._rules = WatchedFile.read(folder / "rules.yaml", Rules.load)
        self._names = self._personas.spoken_names()
        self._classifier = WatchedFile.read(folder / "intents", self._load_classifier)
        self._feelings = WatchedFile.read(folder / "feelings", Feelings.load)
        self._tones = WatchedFile.read(folder / "tones", Tones.load)
        self._fact_rules = WatchedFile.read(folder / "facts", FactRules.load)
        self.current = self._snapshot()

    def voice(self, request: ChatRequest) -> Voice:
        """Return who answers a request without a model: its persona, with its own answers before the common ones."""
        persona = self.current.persona(request.persona)
        answers = self.current.answers.with_own(persona.fallback, persona.languages[0])
        return Voice(persona.name, answers)

    async def run(self, look_s: float = LOOK_S) -> None:
        """Look at the files every `look_s` seconds until cancelled; a file is read when two looks found it the same."""
        for problem in self.current.problems:
            log.error("a file is wrong", reason=problem)
        while True:
            await asyncio.sleep(look_s)
            if not await asyncio.to_thread(self._look):
                continue
            self.current = self._snapshot()
            if self.on_change:
                self.on_change()

    @property
    def _others(self) -> tuple[WatchedFile[Any], ...]:
        return (
            self._prompt,
            self._answers,
            self._wording,
            self._sayings,
            self._rules,
            self._classifier,
            self._feelings,
            self._tones,
            self._fact_rules,
        )

    def _look(self) -> bool:
        """Look at each file once; return whether anything is new."""
        read = [file for file in self._personas if file.look()]
        gone = self._personas.drop_missing()
        news = self._personas.find()
        names = self._personas.spoken_names()
        if names != self._names:
            self._names = names
            self._classifier.forget()
        read += [file for file in self._others if file.look()]
        for file in read:
            if file not in gone:
                self._report(file)
        return news or bool(read)

    def _report(self, file: WatchedFile[Any]) -> None:
        if file.problem:
            self.refusals += 1
            log.error("a file is wrong: what it held before stays in use", reason=file.problem)
        else:
            self.reloads += 1
            log.info("a file was read", path=str(file.path))

    def _load_classifier(self, path: Path) -> IntentClassifier:
        classifier = IntentClassifier.load(path, names=self._names, cache=self._cache)
        for language in sorted(self._personas.languages()):
            classifier.warm(language)
        return classifier

    def _snapshot(self) -> Characters:
        problems = (file.problem for file in (*self._personas, *self._others))
        personas = self._personas.contents()
        return Characters(
            default=personas[self._personas.default],
            personas=personas,
            prompt=self._prompt.content,
            answers=self._answers.content,
            wording=self._wording.content,
            sayings=self._sayings.content,
            rules=self._rules.content,
            classifier=self._classifier.content,
            feelings=self._feelings.content,
            tones=self._tones.content,
            fact_rules=self._fact_rules.content,
            problems=(*self._personas.problems, *(problem for problem in problems if problem)),
        )


class _PersonaFolder:
    """The files of `personas/`, as they come and go.

    Attributes:
        default: the name of the persona that is always there.
        problems: what is wrong with the folder, or with the names of files.
    """

    def __init__(self, folder: Path, default: str) -> None:
        self.default = default
        self.problems: tuple[str, ...] = ()
        self._folder = folder
        self._files = {default: WatchedFile.read(folder / f"{default}.toml", _load_persona)}
        self.find()
        for file in self:
            file.look()

    def __iter__(self) -> Iterator[WatchedFile[Persona | None]]:
        return iter(tuple(self._files.values()))

    def contents(self) -> dict[str, Persona]:
        """Return the personas, by their names; those that never were right are left out."""
        return {name: file.content for name, file in self._files.items() if file.content}

    def spoken_names(self) -> list[str]:
        """Return what they are called."""
        return sorted({persona.name for persona in self.contents().values()})

    def languages(self) -> set[str]:
        """Return what they speak, as primary tags of BCP 47."""
        return {tag.split("-")[0] for persona in self.contents().values() for tag in persona.languages}

    def find(self) -> bool:
        """Take in new files; return whether `problems` changed."""
        before = self.problems
        try:
            paths = toml_files(self._folder)
        except ConfigError as error:
            self.problems = (str(error),)
            return before != self.problems
        for path in paths:
            if path.stem not in self._files and _PERSONA_NAME.fullmatch(path.stem):
                self._files[path.stem] = WatchedFile(path, _load_persona, None)
        self.problems = tuple(f"{path}: {_MISNAMED}" for path in paths if path.stem not in self._files)
        return before != self.problems

    def drop_missing(self) -> list[WatchedFile[Persona | None]]:
        """Let go of the personas whose files were deleted, and return those files."""
        if not self._folder.is_dir():
            return []
        missing = {name: file for name, file in self._files.items() if file.is_missing and name != self.default}
        for name in missing:
            del self._files[name]
            log.info("a persona is gone", persona=name)
        return list(missing.values())


def _load_persona(path: Path) -> Persona | None:
    return Persona.load(path.parent, path.stem)
